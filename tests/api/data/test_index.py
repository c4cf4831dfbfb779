"""Sorted lists against plain sorting, and pages that lose and repeat nothing while everything around them changes."""

from __future__ import annotations

import random

import pytest

from backend.api.data.index import KEPT_SORTED, Change, Collection, Entry, Index, Item, Slice, cut, make_item

USERS = ("alice@vm-1", "bob@vm-2", "carol@vm-3")


def item(chance: random.Random, name: str, spread: int = 50) -> Item:
    keys = (chance.randrange(spread), chance.randrange(spread), chance.randrange(spread))
    body = f'"{name}{keys}"'.encode()
    return make_item(chance.choice(USERS), keys, body, "/home", good=chance.random() < 0.9)


def change_of(chance: random.Random, names: range, many: int) -> Change:
    picked = chance.sample(list(names), many)
    return {str(name): None if chance.random() < 0.4 else item(chance, str(name)) for name in picked}


def check(index: Index, wanted: dict[str, Item]) -> None:
    assert index.items == wanted
    for order in range(3):
        assert index.entries(order) == sorted((one.keys[order], name) for name, one in wanted.items())


@pytest.mark.parametrize("size", [100, 3 * KEPT_SORTED])
@pytest.mark.parametrize("seed", range(3))
def test_a_collection_is_what_a_plain_sort_makes_of_it(size: int, seed: int) -> None:
    chance = random.Random(seed)
    held = Collection(3)
    model: dict[str, Item] = {}
    for _ in range(25):
        change = change_of(chance, range(size), chance.choice([1, 5, size // 3]))
        changed = held.apply(change)
        assert changed == {
            one.owner for name, new in change.items() for one in (model.get(name), new)
            if one is not None and model.get(name) != new
        }  # fmt: skip
        for name, one in change.items():
            if one is None:
                model.pop(name, None)
            else:
                model[name] = one
        check(held.all, model)
        check(held.incomplete, {name: one for name, one in model.items() if not one.good})
        for user in USERS:
            check(held.tenant(user), {name: one for name, one in model.items() if one.owner == user})
        assert set(held.tenants) == {one.owner for one in model.values()}
        again = Collection(3)
        again.apply(dict(reversed(model.items())))
        assert again.all.version == held.all.version
        assert {user: one.version for user, one in again.tenants.items()} == {
            user: one.version for user, one in held.tenants.items()
        }


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_pages_lose_and_repeat_nothing_while_items_come_and_go(seed: int, descending: bool) -> None:
    """Many share a key, so that the order among those counts."""
    chance = random.Random(seed)
    held = Collection(3)
    names = range(400)
    held.apply({str(name): item(chance, str(name), 20) for name in names if name % 2})
    order = chance.randrange(3)
    stayed = dict(held.all.items)
    seen: list[Entry] = []
    after: Entry | None = None
    while True:
        found = held.all.find(order, Slice(chance.randrange(1, 30), after, descending))
        seen += [(held.all.items[name].keys[order], name) for name in found.ids]
        if not found.more:
            break
        after = seen[-1]
        change = change_of(chance, names, 12)
        held.apply(change)
        stayed = {name: one for name, one in stayed.items() if name not in change}
    assert seen == sorted(set(seen), reverse=descending)
    assert set(stayed) <= {name for _, name in seen}


def test_a_slice_has_bounds_and_says_whether_more_follow() -> None:
    held = [(key, str(key)) for key in range(10)]
    found = cut(held, Slice(3, first=2, end=8))
    assert (found.ids, found.total, found.more) == (["7", "6", "5"], 6, True)
    found = cut(held, Slice(3, (3, "3"), first=2, end=8))
    assert (found.ids, found.total, found.more) == (["2"], 6, False)
    found = cut(held, Slice(3, (5, "5"), False, first=2, end=8))
    assert (found.ids, found.total, found.more) == (["6", "7"], 6, False)
    assert cut(held, Slice(3, (99, ""), False, first=2, end=8)).ids == []
    assert cut(held, Slice(3, (0, ""), True, first=5, end=3)) == ([], 0, False)


def test_a_search_is_kept_until_something_changes() -> None:
    chance = random.Random(1)
    index = Index(3)
    index.apply({str(name): item(chance, str(name)) for name in range(50)})
    asked: list[str] = []

    def matches(one: Item) -> bool:
        asked.append(one.owner)
        return one.owner == "bob@vm-2"

    first = index.search(0, Slice(5), "bob", matches)
    assert len(asked) == 50
    assert index.search(0, Slice(5), "bob", matches) == first
    assert len(asked) == 50
    index.apply({"50": item(chance, "50")})
    index.search(0, Slice(5), "bob", matches)
    assert len(asked) == 101


@pytest.mark.parametrize("size", [100, 7 * KEPT_SORTED])
def test_what_is_loaded_is_what_is_applied(size: int) -> None:
    chance = random.Random(size)
    made = {str(name): item(chance, str(name)) for name in range(size)}
    loaded, applied = Collection(3), Collection(3)
    names = list(made)
    users = set()
    for start in range(0, size, 70):  # some come twice
        users |= loaded.add({name: made[name] for name in names[max(0, start - 3) : start + 70]})
    for _ in loaded.sort():
        pass
    assert users == applied.apply(made)
    for one, other in ((loaded.all, applied.all), (loaded.incomplete, applied.incomplete)):
        check(one, other.items)
        assert one.version == other.version
    assert loaded.tenants.keys() == applied.tenants.keys()
    for user, index in applied.tenants.items():
        check(loaded.tenants[user], index.items)
    loaded.apply({"0": None})
    applied.apply({"0": None})
    check(loaded.all, applied.all.items)
