"""What a snapshot misses and why, as its manifest tells it: files and folders that the client could not read. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from backend.kopia.redact import clean

MOST: Final = 10  # Kopia lists that many of a folder, and more of a tree
MAX_PATH: Final = 300
MAX_ERROR: Final = 300


class Unread(NamedTuple):
    """`path` is below the snapshot's own; `error` in the words of the client's system."""

    path: str
    error: str


def parse_unread(listed: object) -> tuple[Unread, ...]:
    """The first of `rootEntry.summ.errors`; the client's word, so what is none of that form is left out."""
    if not isinstance(listed, list):
        return ()
    found = []
    for one in listed[:MOST]:
        path, error = (one.get("path"), one.get("error")) if isinstance(one, dict) else (None, None)
        if isinstance(path, str) and isinstance(error, str):
            found.append(Unread(_shortened(path, MAX_PATH), _shortened(error, MAX_ERROR)))
    return tuple(found)


def _shortened(text: str, limit: int) -> str:
    """Of a longer one both ends: the name of a file, and the system's word for what was wrong, are at the end."""
    if len(text) > limit:
        head = limit // 3
        text = f"{text[:head]}…{text[head + 1 - limit :]}"
    return clean(text, limit)
