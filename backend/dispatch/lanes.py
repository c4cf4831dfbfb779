"""What waits to be delivered: a lane for each server, in which one event is under way at a time. Without I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from backend.events.resp import order

Indexed = tuple[int, bytes]
"""An event, and its place in its batch."""


@dataclass
class Piece:
    """What of a batch is to be delivered; `events` None: to be fetched first, from the place `skip` on. `again`: a dead
    letter's second chance.
    """

    id: str
    events: deque[Indexed] | None
    again: bool = False
    skip: int = 0

    @property
    def size(self) -> int:
        return sum(len(text) for _, text in self.events or ())


@dataclass
class Lane:
    """`attempts`: failed ones of the event that is next, the first one at `first`."""

    server: str
    pieces: deque[Piece] = field(default_factory=deque)
    attempts: int = 0
    first: datetime | None = None

    @property
    def head(self) -> Piece:
        return self.pieces[0]


class Lanes:
    """Events beyond `budget` bytes are dropped from memory, and fetched again when their turn comes; so servers that
    are held back do not fill the memory. A lane that was taken is nobody else's until it is given back.
    """

    def __init__(self, budget: int) -> None:
        self.count = 0  # of pieces
        self._budget = budget
        self._bytes = 0
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[Lane] = deque()

    def add(self, server: str, piece: Piece) -> Lane | None:
        """The lane, if it is new: then it is not ready, but the caller's to give back."""
        self._bytes += piece.size
        self.count += 1
        self._shed(piece)
        known = self._lanes.get(server)
        if known:
            known.pieces.append(piece)
            return None
        self._lanes[server] = Lane(server, deque([piece]))
        return self._lanes[server]

    def take(self) -> Lane | None:
        """The one that has been ready for longest."""
        return self._ready.popleft() if self._ready else None

    def give_back(self, lane: Lane) -> None:
        """Ready for its next event, if it has one."""
        if lane.pieces:
            self._ready.append(lane)
        else:
            del self._lanes[lane.server]

    def hold(self, lane: Lane) -> None:
        """It stays taken, for long."""
        self._shed(lane.head)

    def fill(self, piece: Piece, events: Sequence[Indexed]) -> None:
        """What was fetched."""
        piece.events = deque(one for one in events if one[0] >= piece.skip)
        self._bytes += piece.size

    def next_event(self, lane: Lane) -> bool:
        """The one at the front is done; whether its piece is done with it."""
        lane.attempts, lane.first = 0, None
        piece = lane.head
        if piece.events:
            self._bytes -= len(piece.events.popleft()[1])
        if piece.events:
            return False
        lane.pieces.popleft()
        self.count -= 1
        return True

    def drop(self, lane: Lane, oldest: str) -> list[str]:
        """Take out the piece at the front, which cannot be fetched, and those behind it that are not in memory and
        older than this entry of the stream (`""`: it is empty); their ids.
        """
        gone: list[str] = []
        while lane.pieces and lane.head.events is None:
            if gone and oldest and order(lane.head.id) >= order(oldest):
                break
            gone.append(lane.head.id)
            self.next_event(lane)
        return gone

    def _shed(self, piece: Piece) -> None:
        if self._bytes > self._budget and piece.events and not piece.again:
            self._bytes -= piece.size
            piece.skip, piece.events = piece.events[0][0], None
