"""Metrics of what the API process holds: live streams and projections."""

from __future__ import annotations

from backend.api.data.room import Data
from backend.api.stream.hub import Hub
from backend.telemetry import catalogue
from backend.telemetry.instruments import Watches


def watch(hub: Hub, data: Data) -> Watches:
    watches = Watches()
    watches.one(catalogue.STREAM_CLIENTS, lambda: hub.figures.clients)
    watches.one(catalogue.STREAM_COHORTS, lambda: hub.figures.cohorts)
    watches.one(catalogue.STREAM_EVENTS, lambda: hub.figures.events)
    watches.one(catalogue.STREAM_GAPS, lambda: hub.figures.gaps)
    watches.one(catalogue.STREAM_AWAY, lambda: float(bool(hub.figures.problem)))
    watches.one(catalogue.PROJECTION_LOADS, lambda: data.loads)
    watches.one(catalogue.PROJECTIONS, lambda: data.held)
    return watches
