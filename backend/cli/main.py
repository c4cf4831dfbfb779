"""`bsls`: one sub-command a job. Modules are imported when their job is called: `repository ensure` starts quickly."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

_COMMANDS = {
    "controller": ("backend.cli.controller", "run the controller"),
    "api": ("backend.cli.api", "run the HTTP API"),
    "crd": ("backend.cli.crd", "print the CustomResourceDefinition"),
    "dead-letters": ("backend.cli.dead_letters", "what push subscriptions gave up: list, redeliver, delete"),
    "dispatcher": ("backend.cli.dispatcher", "run the dispatcher of push subscriptions"),
    "events": ("backend.cli.events", "list and follow events"),
    "log-level": ("backend.cli.log_level", "change what a running process logs"),
    "plugin": ("backend.cli.plugin", "serve the built console plugin to OpenShift's console"),
    "repository": ("backend.cli.repository", "jobs of the Kopia pod"),
    "subscriptions": ("backend.cli.subscriptions", "how push subscriptions stand; resume or delete one"),
    "user": ("backend.cli.user", "lines for user lists"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code of the sub-command; 2 for bad usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="bsls", description="File-level backup servers for virtual machines.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name, (module, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == wanted:
            importlib.import_module(module).configure(command)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
