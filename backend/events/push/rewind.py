"""Deliver a subscription once more from a place of the stream on: same events, same ids, in their order."""

from __future__ import annotations

from dataclasses import dataclass

from backend.events.connection import Client
from backend.events.errors import StoreUnavailable
from backend.events.keys import FIREHOSE
from backend.events.push.keys import PushKeys
from backend.events.push.made_scripts import REWIND

_AT_ONCE = 500
_TRIES = 3


@dataclass(frozen=True)
class Rewound:
    """`first`: the entry that is delivered next, `""`: none is there yet. `complete`: none was trimmed before it."""

    first: str
    complete: bool


async def rewind(client: Client, name: str, after: str) -> Rewound:
    """Go on with what came after this id.

    Entries are counted page by page, so that Redis serves others meanwhile. Raises StoreError.
    """
    keys = PushKeys(name)
    for _ in range(_TRIES):
        first, last, count = await _count(client, after)
        args = [keys.group.encode(), after.encode(), first.encode(), last.encode(), b"%d" % count]
        call = REWIND.text_call([FIREHOSE, keys.lease, keys.state, keys.lanes], args)
        ((done, trimmed),) = await client.ask(FIREHOSE, call)
        if done:
            return Rewound(first, not trimmed)
    raise StoreUnavailable("the stream is trimmed faster than it is counted: try again with a later position")


async def _count(client: Client, after: str) -> tuple[str, str, int]:
    """The first and the last id after this one (`""` and the same id: there is none), and how many there are."""
    first, last, count = "", after, 0
    while True:
        command = [b"XRANGE", FIREHOSE, b"(" + last.encode(), b"+", b"COUNT", b"%d" % _AT_ONCE]
        (page,) = await client.ask(FIREHOSE, command)
        if page:
            first = first or page[0][0].decode()
            last = page[-1][0].decode()
            count += len(page)
        if len(page) < _AT_ONCE:
            return first, last, count
