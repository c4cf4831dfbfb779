"""`bsls dead-letters`: what push subscriptions gave up: list it, have it delivered after all, delete it."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from backend.cli import redis_options
from backend.cli.subscriptions import complain, run
from backend.events.connection import Client
from backend.events.push.letters import EVENT, DeadLetter, DeadLetters

_ID = re.compile(r"\d{1,20}-\d{1,20}")


def configure(parser: argparse.ArgumentParser) -> None:
    jobs = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    listed = jobs.add_parser("list", help="the oldest first")
    listed.add_argument("--after", default="0-0", type=_entry_id, metavar="ID")
    listed.add_argument("-n", "--limit", type=int, default=0, metavar="COUNT", help="at most; default: all")
    listed.add_argument("-o", "--output", choices=["json", "pretty"], default="pretty", help="json: an object a line")
    again = jobs.add_parser("redeliver", help="hand events to the dispatcher once more")
    gone = jobs.add_parser("delete", help="forget them")
    for job, work in ((listed, _list), (again, _redeliver), (gone, _delete)):
        job.add_argument("name", metavar="SUBSCRIPTION")
        if job is not listed:
            job.add_argument("ids", nargs="*", type=_entry_id, metavar="ID", help="as listed")
            job.add_argument("--all", action="store_true")
        redis_options.configure(job)
        job.set_defaults(run=run, work=work)


def _entry_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no id such as 1763890942978-0")
    return text


async def _list(client: Client, options: argparse.Namespace) -> int:
    letters, after, left = DeadLetters(client, options.name), options.after, options.limit or None
    while page := await letters.page(after, min(100, left or 100)):
        for one in page:
            print(json.dumps(one.shown(), ensure_ascii=False) if options.output == "json" else pretty(one))
        after = page[-1].id
        left = left - len(page) if left else None
        if left == 0:
            break
    return 0


def pretty(letter: DeadLetter) -> str:
    """One line for people; what events hold is quoted, so that it cannot forge a line."""
    shown = letter.shown()
    if letter.kind != EVENT:
        return f"{letter.id} {letter.time} gap: {letter.count or 'some'} batches, {letter.reason}"
    event = shown["event"] if isinstance(shown["event"], dict) else {}
    what = f"{event.get('type', '?')} {event.get('id', '?')}"
    return f"{letter.id} {letter.time} {letter.server} {json.dumps(what)[1:-1]}: {letter.reason}"


async def _redeliver(client: Client, options: argparse.Namespace) -> int:
    letters = DeadLetters(client, options.name)
    return await _each(letters, options, letters.redeliver, "are handed to the dispatcher")


async def _delete(client: Client, options: argparse.Namespace) -> int:
    letters = DeadLetters(client, options.name)
    return await _each(letters, options, letters.delete, "are deleted")


async def _each(letters: DeadLetters, options: argparse.Namespace, work: Any, done: str) -> int:
    """Exit code 1 when some of the named ones are not there."""
    if bool(options.ids) == options.all:
        return complain("name the ids, or say --all", 2)
    if options.ids:
        count = await work(options.ids)
        print(f"{count} of {len(options.ids)} {done}")
        return 0 if count == len(set(options.ids)) else 1
    count, after = 0, "0-0"
    while page := await letters.page(after):
        after = page[-1].id
        count += await work([one.id for one in page])
    print(f"{count} {done}")
    return 0
