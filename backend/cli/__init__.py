"""The `bsls` console script: one sub-command a module."""
