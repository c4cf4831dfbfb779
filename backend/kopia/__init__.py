"""Client of a running Kopia server: its gRPC session, its control API, its user list. No storage, no Kubernetes."""

import os

# gRPC's C core writes its own lines to stderr, between our JSON lines; errors reach us as exceptions anyway.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
