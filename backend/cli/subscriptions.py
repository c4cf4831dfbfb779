"""`bsls subscriptions`: how push subscriptions stand; resume one whose sink was gone, forget one for good."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from backend.cli import redis_options
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.push.made import MadeStore
from backend.events.push.made_models import Record, UnknownRecord, record_of
from backend.events.push.status import Status, Subscriptions

Job = Callable[[Client, argparse.Namespace], Awaitable[int]]


def configure(parser: argparse.ArgumentParser) -> None:
    jobs = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    status = jobs.add_parser("status", help="how they stand", description="How push subscriptions stand.")
    status.add_argument("names", nargs="*", metavar="NAME", help="default: all that ever began")
    status.add_argument("-o", "--output", choices=["json", "pretty"], default="pretty", help="json: an object a line")
    resume = jobs.add_parser("resume", help="deliver again to a sink that had answered 410")
    resume.add_argument("name", metavar="NAME")
    delete = jobs.add_parser(
        "delete",
        help="forget one that is in no settings any more, or was made through the API, with its dead letters",
    )
    delete.add_argument("name", metavar="NAME")
    for job, work in ((status, _status), (resume, _resume), (delete, _delete)):
        redis_options.configure(job)
        job.set_defaults(run=run, work=work)


def run(options: argparse.Namespace) -> int:
    """Also of `bsls dead-letters`. Exit code 1 where it could not be done, 2 for wrong arguments."""
    try:
        client = redis_options.client(options)
    except redis_options.InvalidOption as error:
        return complain(str(error), 2)
    try:
        return asyncio.run(_closing(client, options))
    except StoreError as error:
        return complain(str(error))


async def _closing(client: Client, options: argparse.Namespace) -> int:
    work: Job = options.work
    try:
        return await work(client, options)
    finally:
        await client.close()


def complain(text: str, code: int = 1) -> int:
    print(f"bsls: {text}", file=sys.stderr)
    return code


async def _status(client: Client, options: argparse.Namespace) -> int:
    all_of_them = Subscriptions(client)
    known = await all_of_them.names()
    strange = [one for one in options.names if one not in known]
    if strange:
        return complain(f"no subscription is called {strange[0]}: there are {', '.join(known) or 'none'}")
    made = await _made(client)
    for name in options.names or known:
        found, record = await all_of_them.status(name), made.get(name)
        by = {"made_by": record.owner.user, "made_as": record.made.name} if record else {}
        text = pretty(found, f" ({record.made.name} of {record.owner.user})" if record else "")
        print(json.dumps(asdict(found) | by) if options.output == "json" else text)
    return 0


async def _made(client: Client) -> dict[str, Record]:
    """Those that people made through the API, by uid."""
    found: dict[str, Record] = {}
    for uid, text in (await MadeStore(client).all()).items():
        with contextlib.suppress(UnknownRecord):
            found[uid] = record_of(text)
    return found


def pretty(status: Status, whose: str = "") -> str:
    """Some lines for people."""
    by = f"by {status.holder}" if status.holder else "by nobody at the moment"
    since = f" since {status.oldest}" if status.oldest else ""
    lines = [
        f"{status.name}{whose}: {status.phase}, {by}" + (f" ({status.reason})" if status.reason else ""),
        f"  delivered {status.delivered}, waiting {status.waiting} batches{since}, failed attempts {status.failures}",
        f"  dead letters {status.dead_letters} (dropped {status.dropped}, being redelivered {status.redelivering}), "
        f"trimmed before delivery {status.lost} batches",
        f"  last success {status.last_success or 'never'}",
    ]
    if status.error:
        lines.append(f"  last error   {status.last_error} {status.error}")
    lines += [
        f"  held back    {one.server}: {one.attempts} attempts since {one.since}, next {one.next}: {one.error}"
        for one in status.held
    ]
    return "\n".join(lines)


async def _resume(client: Client, options: argparse.Namespace) -> int:
    if await Subscriptions(client).resume(options.name):
        return 0
    return complain(f"{options.name} is not in the phase gone: there is nothing to resume")


async def _delete(client: Client, options: argparse.Namespace) -> int:
    record = (await _made(client)).get(options.name)
    if record:
        await MadeStore(client).delete(record)
        return 0
    holder = await Subscriptions(client).delete(options.name)
    if not holder:
        return 0
    return complain(f"{options.name} is being delivered by {holder}: take it out of the dispatcher's settings first")
