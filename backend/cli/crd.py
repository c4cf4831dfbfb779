"""`bsls crd`: the CustomResourceDefinition, as committed under manifests/crd."""

from __future__ import annotations

import argparse
import sys

from backend.crd.generate import crd_yaml


def configure(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    sys.stdout.write(crd_yaml())
    return 0
