"""`bsls events`: list and follow the events of all servers, or of one."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Sequence

from backend.cli import redis_options
from backend.cli.event_output import Columns, Formatter, json_line
from backend.cli.event_stream import Printer, Request, notice
from backend.events.catalogue import Severity
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.keys import FIREHOSE
from backend.events.moments import parse_moment
from backend.events.reader import StreamReader
from backend.events.select import InvalidSelection, Selection, check_server, check_type

FOLLOWED_TAIL = 10
_POSITION = re.compile(r"\d{1,20}-\d{1,20}")
_EXAMPLES = """examples:
  bsls events -f                                    the last ten events, then those to come
  bsls events --since 24h --severity warning        what needed attention since yesterday
  bsls events --server backup/vms -n 100            the last hundred of one server
  bsls events --tenant alice@vm-1 --type 'snapshot.*' --since 2026-11-23T09:00:00Z
  bsls events -f -o json --after 1763890942978-0    go on where --show-position said we were

exit code: 0, also when nothing matches; 1 Redis cannot be reached or refuses us; 2 wrong arguments
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    what = parser.add_argument_group("which events (an option given twice means either; globs are allowed)")
    what.add_argument("--server", action="append", default=[], metavar="[NAMESPACE/]NAME")
    what.add_argument("-N", "--namespace", action="append", default=[], metavar="NAME")
    what.add_argument("--tenant", action="append", default=[], metavar="USER@HOST")
    what.add_argument("--type", action="append", default=[], help="such as snapshot.created, 'tls.*', or in full")
    what.add_argument("--severity", choices=[one.value for one in Severity], help="this one or worse")
    when = parser.add_argument_group("when (TIME is a duration back from now, 10m, 2h, 1d, or RFC 3339)")
    when.add_argument("--since", metavar="TIME", help="what happened then or later")
    when.add_argument("--until", metavar="TIME", help="what happened then or before")
    when.add_argument("-n", "--tail", metavar="COUNT", help="only the newest ones, or all; with -f ten by default")
    when.add_argument("--after", metavar="ID", help="only what is stored after this position of the same stream")
    when.add_argument("-f", "--follow", action="store_true", help="wait for more, also while Redis is away")
    how = parser.add_argument_group("output")
    how.add_argument("-o", "--output", choices=["json", "pretty"], default="pretty", help="json: a CloudEvent a line")
    how.add_argument("--show-position", action="store_true", help="at the end, tell on stderr where to go on")
    redis_options.configure(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    try:
        request = request_of(options, int(time.time() * 1000))
        client = redis_options.client(options)
    except (InvalidSelection, redis_options.InvalidOption) as error:
        notice(str(error))
        return 2
    signal.signal(signal.SIGINT, _interrupt)
    printer = Printer(StreamReader(client), request, _formatter(options, request))
    try:
        asyncio.run(_run(printer, client))
    except StoreError as error:
        notice(str(error))
        return 1
    except BrokenPipeError:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    except OSError as error:
        notice(f"standard output: {error.strerror}")
        return 1
    finally:
        if options.show_position and printer.position:
            notice(f"go on with --after {printer.position}")
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    """At once, also while a reader of our output makes us wait; asyncio's own handler waits for the loop."""
    raise KeyboardInterrupt


async def _run(printer: Printer, client: Client) -> None:
    try:
        await printer.run()
    finally:
        await client.close()


def _formatter(options: argparse.Namespace, request: Request) -> Formatter:
    if options.output == "json":
        return json_line
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return Columns(colour=not plain, server=request.selection.stream == FIREHOSE)


def request_of(options: argparse.Namespace, now_ms: int) -> Request:
    """What the arguments mean at that time. Raises InvalidSelection."""
    selection = Selection(
        types=tuple(map(check_type, options.type)),
        servers=tuple(map(check_server, options.server)),
        namespaces=_names("--namespace", options.namespace),
        tenants=_names("--tenant", options.tenant),
        severity=options.severity,
        since_ms=_moment("--since", options.since, now_ms),
        until_ms=_moment("--until", options.until, now_ms),
    )
    if options.follow and selection.until_ms is not None:
        raise InvalidSelection("--follow and --until exclude each other: leave one out")
    if None not in (selection.since_ms, selection.until_ms) and selection.since_ms > selection.until_ms:  # type: ignore[operator]
        raise InvalidSelection("--since is later than --until: exchange them")
    if options.after and not _POSITION.fullmatch(options.after):
        raise InvalidSelection(f"--after: {options.after!r} is no position such as 1763890942978-0")
    tail = _count(options.tail)
    if options.follow and options.tail is None and options.since is None and not options.after:
        tail = FOLLOWED_TAIL
    return Request(selection, options.after or "", tail, options.follow)


def _names(option: str, given: Sequence[str]) -> tuple[str, ...]:
    if not all(given):
        raise InvalidSelection(f"{option} needs a name")
    return tuple(given)


def _moment(option: str, text: str | None, now_ms: int) -> int | None:
    try:
        return None if text is None else parse_moment(text, now_ms)
    except ValueError as error:
        raise InvalidSelection(f"{option}: {error}") from None


def _count(text: str | None) -> int | None:
    if text is None or text == "all":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidSelection(f"--tail: {text!r} is no number of events: use a number, or all")
    return int(text)
