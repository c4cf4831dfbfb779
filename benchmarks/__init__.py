"""Programs that measure what we promise; each prints its figures, and exits non-zero when one is missed."""
