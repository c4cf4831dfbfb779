"""Push subscriptions as the API speaks of them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from backend.api.data.query import Query
from backend.api.openapi.route import Model
from backend.api.stream.scope import Scope
from backend.events.push.made_models import Made, Record
from backend.events.push.models import MODES, Retry
from backend.events.push.status import ACTIVE, WAITING, Status
from backend.events.push.store import stamp

NOBODY = "no dispatcher delivers it: look whether bsls dispatcher runs"
_ID = r"^\d{1,20}-\d{1,20}$"


class NewSubscription(Made):
    """Where events shall go, and which. Durations are texts such as `10s`."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"name": "mine", "sink": "https://hooks.apps.example.com/events", "servers": ["backup/*"],
         "filters": [{"prefix": {"type": "io.openshift.oadp.bsls.snapshot"}}]},
    ]})  # fmt: skip


class SubscriptionChange(Model):
    """What to change, by JSON merge patch: null puts a field back to its default. `{}` confirms the subscription.
    `paused: false` also delivers again to a sink that had answered 410.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"paused": True}]})

    sink: str | None = None
    mode: MODES | None = None
    servers: tuple[str, ...] | None = None
    filters: list[Any] | None = None
    vm_namespaces: tuple[str, ...] | None = None
    credentials: str | None = None
    paused: bool | None = None
    handshake: bool | None = Field(default=None, alias="validate")
    origin: str | None = None
    timeout: str | None = None
    max_in_flight: int | None = None
    retry: dict[str, str | int | None] | None = None
    dead_letters: int | None = None


class Subscription(Model):
    """One of the caller's own, as it was made."""

    name: str
    owner: str = Field(description="The user name of who made it.")
    created: str
    changed: str
    confirmed: str = Field(description="When the owner last made or changed it; their groups are those of then.")
    sink: str
    mode: MODES
    start: Literal["now", "earliest"]
    servers: tuple[str, ...]
    filters: list[Any] | None
    vm_namespaces: tuple[str, ...]
    credentials: str | None
    paused: bool
    handshake: bool = Field(alias="validate")
    origin: str
    timeout: str
    max_in_flight: int
    retry: Retry
    dead_letters: int


class HeldServer(Model):
    """A server whose oldest event fails, so that its later events wait."""

    server: str
    attempts: int
    since: str
    next: str
    error: str


class DeliveryState(Model):
    """How the deliveries go. Counters are of all time."""

    phase: Literal["active", "paused", "waiting", "refused", "gone"]
    reason: str | None = Field(default=None, description="Why it is not active.")
    current: bool = Field(description="The newest change is in effect.")
    position: str | None = Field(default=None, description="Up to here everything is settled; `redeliver` takes it.")
    lag_batches: int = Field(description="Of events, of all servers, that are not settled.")
    lag_since: str | None = Field(default=None, description="When the oldest of them was stored.")
    delivered: int
    failures: int = Field(description="Attempts that failed.")
    last_success: str | None = None
    last_error: str | None = None
    error: str | None = Field(default=None, description="What went wrong last.")
    dead_letters: int
    redelivering: int = Field(description="Dead letters that are to be delivered after all.")
    dropped: int = Field(description="Dead letters that had to go for newer ones.")
    lost_batches: int = Field(description="Trimmed before they were delivered.")
    held: tuple[HeldServer, ...] = Field(description="Of servers that the caller may see.")


class SubscriptionItem(Model):
    """One of a list. Of others' subscriptions the sink is told without its path; those of the dispatcher's settings
    have no owner here, and only a name and a state.
    """

    name: str
    source: Literal["api", "settings"]
    owner: str | None = None
    sink: str | None = None
    mode: MODES | None = None
    servers: tuple[str, ...] | None = None
    state: DeliveryState


class SubscriptionList(Model):
    items: tuple[SubscriptionItem, ...]
    total: int


class SubscriptionsQuery(Model):
    """The caller's own, in the order of their names."""

    all: bool = Field(default=False, description="Everybody's; for those who may list servers in all namespaces.")


class Redeliver(Model):
    """Exactly one of these: from a place of the stream on, or single dead letters."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2h"}]})

    position: str | None = Field(default=None, max_length=60, description="Of an event that was had, as streams tell.")
    since: str | None = Field(default=None, max_length=64, description="When it was stored: RFC 3339, or such as 2h.")
    dead_letters: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=100, description="Their ids.")

    @model_validator(mode="after")
    def _one(self) -> Redeliver:
        if sum(one is not None for one in (self.position, self.since, self.dead_letters)) != 1:
            raise ValueError("name exactly one of position, since and deadLetters")
        return self


class Redelivered(Model):
    """What comes once more."""

    first: str | None = Field(default=None, description="The oldest entry; absent: nothing is there yet.")
    complete: bool = Field(default=True, description="False: older entries were trimmed.")
    dead_letters: int = Field(default=0, description="How many were handed to the dispatcher.")


class DeadLetterQuery(Query):
    """Dead letters, by default the oldest first."""

    order: Literal["asc", "desc"] = Field(default="asc", description="By when they were given up.")
    source: Literal["api", "settings"] = Field(
        default="api",
        description="settings: of the subscription of this name in the dispatcher's settings; for those who may list "
        "servers in all namespaces.",
    )


class DeadLetterView(Model):
    """`event`: what was given up. `gap`: batches that were trimmed before they were delivered."""

    id: str
    kind: Literal["event", "gap"]
    time: str
    server: str = Field(description="<namespace>/<name>; empty: of several.")
    reason: str
    attempts: int | None = None
    first: str | None = None
    event: Any = None
    count: int | None = None
    after: str | None = None
    before: str | None = None


class DeadLetterPage(Model):
    items: tuple[DeadLetterView, ...]
    next: str | None = Field(default=None, description="The cursor of the next page; absent on the last one.")


def view_of(record: Record) -> Subscription:
    made = record.made.model_dump(by_alias=True)
    times = {name: _time(getattr(record, name)) for name in ("created", "changed", "confirmed")}
    return Subscription.model_validate({**made, **times, "owner": record.owner.user})


def state_of(status: Status, record: Record | None, scope: Scope) -> DeliveryState:
    """`record`: None of a subscription of the settings."""
    phase, reason = status.phase, status.reason
    if record and record.made.paused:
        phase, reason = "paused", ""
    elif phase == ACTIVE and not status.holder:
        phase, reason = WAITING, NOBODY
    held = [one for one in status.held if scope.sees_server(one.server.partition("/")[0])]
    return DeliveryState.model_validate({
        "phase": phase, "reason": reason or None, "current": record is None or status.revision == record.rev,
        "position": status.position or None, "lag_batches": status.waiting, "lag_since": status.oldest or None,
        "delivered": status.delivered, "failures": status.failures, "last_success": status.last_success or None,
        "last_error": status.last_error or None, "error": status.error or None, "dead_letters": status.dead_letters,
        "redelivering": status.redelivering, "dropped": status.dropped, "lost_batches": status.lost,
        "held": [HeldServer(server=one.server, attempts=one.attempts, since=one.since, next=one.next, error=one.error)
                 for one in held],
    })  # fmt: skip


def item_of(name: str, record: Record | None, state: DeliveryState, *, own: bool) -> SubscriptionItem:
    if record is None:
        return SubscriptionItem(name=name, source="settings", state=state)
    made = record.made
    return SubscriptionItem(
        name=made.name, source="api", owner=record.owner.user, sink=made.sink if own else made.place, mode=made.mode,
        servers=made.servers, state=state,
    )  # fmt: skip


def _time(milliseconds: int) -> str:
    return stamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
