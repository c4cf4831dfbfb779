"""Items of one server by id, sorted by several keys at once, kept up to date with each change. Pure."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

KEPT_SORTED = 2000
"""Items from which on an index is kept sorted by every key; a smaller one is sorted when that is asked for."""
_MANY = 64  # changes at once, from which on sorting anew is cheaper than finding each place
_KEPT_SEARCHES = 8
_RUN = 5000  # entries that are sorted in one go at first

Entry = tuple[int, str]
"""A sort key and an id; the order of entries is total."""


class Item(NamedTuple):
    """`owner`: whose it is, a tenant, or a server's namespace. `keys`: one for each order. `body`: its JSON.

    What else it is searched by: `about` is a snapshot's path, or a server's states; `good` are a complete snapshot, and
    a tenant who is not overdue. `lacks`: of a snapshot, how many files could not be read.
    """

    owner: str
    keys: tuple[int, ...]
    body: bytes
    about: str
    good: bool
    digest: int
    lacks: int = 0


def make_item(
    owner: str, keys: tuple[int, ...], body: bytes, about: str = "", *, good: bool = True, lacks: int = 0
) -> Item:
    return Item(owner, keys, body, about, good, digest(body), lacks)


Change = Mapping[str, Item | None]
"""Items by id; None for gone."""


class Slice(NamedTuple):
    """A part of a sorted list: up to `limit` entries after `after`, of those with `first <= key < end`."""

    limit: int
    after: Entry | None = None
    descending: bool = True
    first: int | None = None
    end: int | None = None


class Found(NamedTuple):
    """Ids in order, how many match in all, and whether more follow."""

    ids: Sequence[str]
    total: int
    more: bool


class Index:
    """`version` is a sum over all items: equal for equal contents, wherever and however they were read."""

    def __init__(self, orders: int) -> None:
        self.items: dict[str, Item] = {}
        self._orders = orders
        self._sorted: list[list[Entry] | None] = [None] * orders
        self._searches: dict[tuple[int, object], list[Entry]] = {}
        self._sum = 0

    @property
    def version(self) -> int:
        return self._sum

    def apply(self, change: Change) -> None:
        """Add, replace and remove."""
        old = [(name, self.items[name]) for name in change if name in self.items]
        new = [(name, item) for name, item in change.items() if item is not None]
        for name, item in old:
            del self.items[name]
            self._sum -= item.digest
        for name, item in new:
            self.items[name] = item
            self._sum += item.digest
        self._sum %= 1 << 64
        self._searches.clear()
        for number, held in enumerate(self._sorted):
            if held is not None:
                gone = [(item.keys[number], name) for name, item in old]
                come = [(item.keys[number], name) for name, item in new]
                self._sorted[number] = changed(held, gone, come)
        if len(self.items) >= KEPT_SORTED:
            for number in range(self._orders):
                self.entries(number)

    def add(self, name: str, item: Item) -> None:
        """One that is not there yet, while nobody asks for an order: `sort` afterwards."""
        self.items[name] = item
        self._sum = (self._sum + item.digest) % (1 << 64)

    def sort(self) -> Iterator[None]:
        """After `add`, in steps of some milliseconds; a small index is sorted when that is asked for."""
        self._sorted = [None] * self._orders
        self._searches.clear()
        if len(self.items) < KEPT_SORTED:
            return
        for order in range(self._orders):
            runs: list[list[Entry]] = []
            items = iter(self.items.items())
            while some := [(item.keys[order], name) for name, item in islice(items, _RUN)]:
                some.sort()
                runs.append(some)
                yield
            while len(runs) > 1:
                merged = runs.pop(0) + runs.pop(0)
                merged.sort()  # two runs: merged
                runs.append(merged)
                yield
            self._sorted[order] = runs[0]

    def entries(self, order: int) -> list[Entry]:
        """All, ascending by this key; never change the list."""
        held = self._sorted[order]
        if held is None:
            held = self._sorted[order] = sorted((item.keys[order], name) for name, item in self.items.items())
        return held

    def find(self, order: int, wanted: Slice) -> Found:
        return cut(self.entries(order), wanted)

    def search(self, order: int, wanted: Slice, search: object, matches: Callable[[Item], bool]) -> Found:
        """The same among those that match. `search` names the condition: its matches are kept until the next change."""
        key = (order, search)
        kept = self._searches.get(key)
        if kept is None:
            items = self.items
            kept = [one for one in self.entries(order) if matches(items[one[1]])]
            if len(self._searches) >= _KEPT_SEARCHES:
                del self._searches[next(iter(self._searches))]
            self._searches[key] = kept
        return cut(kept, wanted)


def digest(body: bytes) -> int:
    """64 bits; a body holds its own id."""
    return int.from_bytes(hashlib.blake2b(body, digest_size=8).digest())


def changed(held: list[Entry], gone: Sequence[Entry], come: Sequence[Entry]) -> list[Entry]:
    """The list with these taken out and put in; changed in place where that is cheaper."""
    if len(gone) > _MANY:
        out = set(gone)
        held = [one for one in held if one not in out]
    else:
        for one in gone:
            del held[bisect_left(held, one)]
    if len(come) > _MANY:
        held += sorted(come)
        held.sort()  # two runs: merged, not sorted
    else:
        for one in come:
            held.insert(bisect_left(held, one), one)
    return held


def cut(held: Sequence[Entry], wanted: Slice) -> Found:
    """The part of an ascending list."""
    low = 0 if wanted.first is None else bisect_left(held, (wanted.first, ""))
    high = len(held) if wanted.end is None else bisect_left(held, (wanted.end, ""))
    total = max(0, high - low)
    if wanted.descending:
        if wanted.after is not None:
            high = min(high, bisect_left(held, wanted.after))
        start = max(low, high - wanted.limit)
        return Found([name for _, name in reversed(held[start:high])], total, start > low)
    if wanted.after is not None:
        low = max(low, bisect_right(held, wanted.after))
    stop = max(low, min(high, low + wanted.limit))
    return Found([name for _, name in held[low:stop]], total, stop < high)


class Collection:
    """All items, those of each tenant, and the incomplete ones: an index each."""

    def __init__(self, orders: int) -> None:
        self._orders = orders
        self.all = Index(orders)
        self.incomplete = Index(orders)
        self.tenants: dict[str, Index] = {}
        self._none = Index(orders)

    def tenant(self, user: str) -> Index:
        """Empty for an unknown one."""
        return self.tenants.get(user, self._none)

    def add(self, items: Mapping[str, Item]) -> set[str]:
        """As `apply`, for many new ones, while nobody asks for an order: `sort` afterwards."""
        held, tenants = self.all.items, self.tenants
        again = {name: item for name, item in items.items() if name in held}
        for name, item in items.items():
            if name in again:
                continue
            self.all.add(name, item)
            index = tenants.get(item.owner)
            if index is None:
                index = tenants[item.owner] = Index(self._orders)
            index.add(name, item)
            if not item.good:
                self.incomplete.add(name, item)
        return {item.owner for item in items.values()} | (self.apply(again) if again else set())

    def sort(self) -> Iterator[None]:
        """In steps of some milliseconds."""
        for index in (self.all, self.incomplete, *self.tenants.values()):
            yield from index.sort()

    def apply(self, change: Change) -> set[str]:
        """Whose items changed."""
        held = self.all.items
        change = {name: item for name, item in change.items() if held.get(name) != item}
        by_user: dict[str, dict[str, Item | None]] = {}
        incomplete: dict[str, Item | None] = {}
        for name, item in change.items():
            old = held.get(name)
            if old is not None:
                by_user.setdefault(old.owner, {})[name] = None
            if item is not None:
                by_user.setdefault(item.owner, {})[name] = item
            if item is not None and not item.good:
                incomplete[name] = item
            elif name in self.incomplete.items:
                incomplete[name] = None
        if change:
            self.all.apply(change)
        if incomplete:
            self.incomplete.apply(incomplete)
        for user, part in by_user.items():
            index = self.tenants.get(user) or self.tenants.setdefault(user, Index(self._orders))
            index.apply(part)
            if not index.items:
                del self.tenants[user]
        return set(by_user)
