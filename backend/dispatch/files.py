"""Credentials and CA certificates in files, read again when they change: a mounted Secret is replaced as a whole."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST = 64 << 10


class FileProblem(Exception):
    """The text says which file, and what is wrong; never its content."""


class Watched(Generic[T]):
    """What `make` makes of a file."""

    def __init__(self, path: Path, make: Callable[[Path], T]) -> None:
        self._path = path
        self._make = make
        self._known: tuple[tuple[int, int, int], T] | None = None

    def get(self) -> T:
        """Raises FileProblem."""
        try:
            found = self._path.stat()
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._known is None or self._known[0] != mark:
                self._known = (mark, self._make(self._path))
        except ssl.SSLError:
            raise FileProblem(f"{self._path} holds no CA certificate in PEM form") from None
        except OSError as error:
            raise FileProblem(f"{self._path} cannot be read: {error.strerror}") from None
        return self._known[1]


def header_value(path: Path) -> str:
    """One line; blanks and line ends around it do not count."""
    with path.open("rb") as file:
        text = file.read(_MOST).decode("latin-1").strip()
    if not text or not text.isascii() or not text.isprintable():
        raise FileProblem(f"{path} has to hold one line of printable ASCII")
    return text


def ca_context(path: Path) -> ssl.SSLContext:
    """Trusts these CAs and no others."""
    return ssl.create_default_context(cafile=str(path))
