"""How often Python looks for garbage, in processes that handle much that is short-lived."""

from __future__ import annotations

import gc


def spare_collector() -> None:
    """Events and requests are many short-lived objects without cycles: look for cycles less often than Python does by
    itself, and never among what is there now.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
