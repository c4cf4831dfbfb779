"""Pages of docs that show files: each `<!-- path -->` is followed by that file, word for word. `python -m tests.pages`
brings them up to date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("docs/consuming-events.md",)
_SHOWN = re.compile(r"^<!-- (docs/examples/\S+) -->\n(?:\n```\w+\n.*?^```\n)?", re.MULTILINE | re.DOTALL)


def filled(text: str) -> str:
    """The page with the files as they are now."""
    return _SHOWN.sub(lambda shown: _block(shown[1]), text)


def _block(path: str) -> str:
    file = ROOT / path
    language = {".py": "python", ".go": "go"}[file.suffix]
    return f"<!-- {path} -->\n\n```{language}\n{file.read_text()}```\n"


def stale() -> list[str]:
    return [page for page in PAGES if filled((ROOT / page).read_text()) != (ROOT / page).read_text()]


def main() -> int:
    for page in PAGES:
        (ROOT / page).write_text(filled((ROOT / page).read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
