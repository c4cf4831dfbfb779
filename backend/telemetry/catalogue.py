"""Every metric there is, in one place. docs/metrics.md is generated from here; instruments take their names from here.

Names follow the semantic conventions of OpenTelemetry where there are any; ours begin with `bsls.`. Series are bounded:
by the number of servers, or by values that are listed here. What has a tenant in it is opt-in and has a cap.
"""

from __future__ import annotations

from typing import Final

from backend.telemetry.metric import LONG, SHORT, Attribute, Kind, Metric, Process

ALL: Final[dict[str, Metric]] = {}

_CONTROLLER, _API, _DISPATCHER = Process.CONTROLLER, Process.API, Process.DISPATCHER


def _metric(
    kind: Kind,
    name: str,
    unit: str,
    text: str,
    *attributes: Attribute,
    of: tuple[Process, ...] = (_CONTROLLER,),
    bounds: tuple[float, ...] = (),
    opt_in: bool = False,
) -> Metric:
    made = ALL[name] = Metric(name, kind, unit, text, attributes, of, bounds, opt_in)
    return made


def _gauge(name: str, unit: str, text: str, *attributes: Attribute, of: tuple[Process, ...] = (_CONTROLLER,),
           opt_in: bool = False) -> Metric:  # fmt: skip
    return _metric(Kind.GAUGE, name, unit, text, *attributes, of=of, opt_in=opt_in)


def _counter(name: str, unit: str, text: str, *attributes: Attribute, of: tuple[Process, ...] = (_CONTROLLER,)
             ) -> Metric:  # fmt: skip
    return _metric(Kind.COUNTER, name, unit, text, *attributes, of=of)


def _seconds(name: str, text: str, *attributes: Attribute, of: tuple[Process, ...] = (_CONTROLLER,),
             bounds: tuple[float, ...] = SHORT) -> Metric:  # fmt: skip
    return _metric(Kind.HISTOGRAM, name, "s", text, *attributes, of=of, bounds=bounds)


# --- attributes ------------------------------------------------------------------------------------------------------

NAMESPACE = Attribute("bsls.namespace", "Namespace of the BackupStorageLocationServer.")
SERVER = Attribute("bsls.server", "Name of the BackupStorageLocationServer.")
TENANT = Attribute("bsls.tenant", "`user@host`.")
_OF_SERVER = (NAMESPACE, SERVER)

STATE = Attribute(
    "bsls.server.state",
    "`available`; `degraded`: serves, but something needs a repair; `starting`: under way; `failed`: does not serve.",
    ("available", "degraded", "starting", "failed"),
)
CONDITION = Attribute("bsls.condition.type", "Type of a condition of the status, as `StorageReady`.")
CONDITION_STATUS = Attribute("bsls.condition.status", "Its status.", ("True", "False", "Unknown"))
CONDITION_REASON = Attribute("bsls.condition.reason", "Its reason: the tables in the README.")
REPOSITORY_STATUS = Attribute("bsls.repository.status", "As in the status.", ("Initialized", "NotInitialized", "Error"))
LIST_STATE = Attribute(
    "bsls.entry.state",
    "`desired`: in the list; `applied`: in effect; `rejected`: lines that cannot be used; `drifted`: changed by "
    "somebody else; `conflicting`: made by somebody else.",
    ("desired", "applied", "rejected", "drifted", "conflicting"),
)
SNAPSHOT_STATE = Attribute("bsls.snapshot.state", "Whether all of it is there.", ("complete", "incomplete"))
MODE = Attribute("bsls.maintenance.mode", "Kopia's two kinds.", ("quick", "full"))
RESULT = Attribute(
    "bsls.reconcile.result",
    "`success`; `waiting`: called again soon; `conflict`: somebody else wrote; `error`: with back-off.",
    ("success", "waiting", "conflict", "error"),
)
SYNC_RESULT = Attribute(
    "bsls.sync.result",
    "`live`: a login proved it; `unfinished`: written, not in effect yet; `error`.",
    ("live", "unfinished", "error"),
)
PROBE_RESULT = Attribute("bsls.probe.result", "`Ready`, or the reason as in the README.")
LINE_KIND = Attribute(
    "bsls.log.kind",
    "`session`: begin or end of one; `known`: another line that a rule knows; `reported`: a warning or error that no "
    "rule knows, which becomes an event; `ignored`: any other.",
    ("session", "known", "reported", "ignored"),
)
EVENT_TYPE = Attribute("bsls.event.type", "Short type, as `snapshot.created`: docs/events.md.")
END_REASON = Attribute("bsls.session.end", "`closed` by the client; `server-ended`: cut.", ("closed", "server-ended"))
QUEUE = Attribute(
    "bsls.events.queue",
    "`journals`: log lines that wait for their commit; `firehose`: events that wait for the stream of all servers.",
    ("journals", "firehose"),
)
STREAM_LOSS = Attribute(
    "bsls.events.loss",
    "`trimmed`: a consumer group did not acknowledge before the hard limit; `log`: kubelet no longer had the lines.",
    ("trimmed", "log"),
)
GROUP = Attribute("bsls.consumer_group", "Consumer group of the stream of all servers; past 100 of them `other`.")
SUBSCRIPTION = Attribute("bsls.subscription", "Name of the push subscription; past 200 of them `other`.")
OUTCOME = Attribute(
    "bsls.push.outcome",
    "`delivered`; `again`: tried once more later; `dead`: given up; `gone`: the sink is no more.",
    ("delivered", "again", "dead", "gone"),
)
PHASE = Attribute("bsls.push.phase", "`active`, `gone` or `refused`, as `bsls subscriptions` shows it, or `paused`.")
DECISION = Attribute(
    "bsls.access.decision", "As in the audit log.",
    ("allowed", "denied", "unauthenticated", "limited", "undecided"),
)  # fmt: skip
METHOD = Attribute("http.request.method", "Method, or `_OTHER`.")
ROUTE = Attribute("http.route", "Template of the path, never the path itself; empty where there is none.")
STATUS_CODE = Attribute("http.response.status_code", "Status; 499: the client left.")
SCHEME = Attribute("url.scheme", "How the client speaks.", ("http", "https"))
CPU_MODE = Attribute("cpu.mode", "Where the time went.", ("user", "system"))
SIGNAL = Attribute("bsls.telemetry.signal", "What could not be sent.", ("traces", "metrics"))
DROP_REASON = Attribute(
    "bsls.telemetry.drop_reason",
    "`rate`: over the limit of a process; `queue`: the receiver is slow; `export`: it failed.",
    ("rate", "queue", "export"),
)

# --- servers ---------------------------------------------------------------------------------------------------------

SERVERS = _gauge("bsls.servers", "{server}", "Servers by state.", STATE)
SERVER_AVAILABLE = _gauge(
    "bsls.server.available", "1", "1 while the server can be used (condition `Available`), else 0.", *_OF_SERVER
)
SERVER_CONDITION = _gauge(
    "bsls.server.condition", "1", "Always 1: status and reason of each condition are attributes.",
    *_OF_SERVER, CONDITION, CONDITION_STATUS, CONDITION_REASON,
)  # fmt: skip
REPOSITORY = _gauge(
    "bsls.repository.state", "1", "Always 1: the repository's status is an attribute.", *_OF_SERVER, REPOSITORY_STATUS
)
CERTIFICATE_LEFT = _gauge(
    "bsls.certificate.remaining", "s", "Until the served certificate ends; negative once it has.", *_OF_SERVER
)
MAINTENANCE_AGE = _gauge(
    "bsls.maintenance.age", "s", "Since the last maintenance ended; absent until one was seen.", *_OF_SERVER, MODE
)
PROBE_DURATION = _seconds(
    "bsls.storage.probe.duration", "Probes of storages, by what they found.", PROBE_RESULT, bounds=LONG[:9]
)

# --- tenants ---------------------------------------------------------------------------------------------------------

TENANTS = _gauge("bsls.tenants", "{tenant}", "Tenants that can log in or have snapshots.", *_OF_SERVER)
TENANTS_OVERDUE = _gauge(
    "bsls.tenants.overdue", "{tenant}", "Tenants past `spec.objectives.maxSnapshotAge`; absent without one.",
    *_OF_SERVER,
)  # fmt: skip
USERS = _gauge("bsls.users", "{user}", "The user list.", *_OF_SERVER, LIST_STATE)
ACL_ENTRIES = _gauge("bsls.acl.entries", "{entry}", "The access control list.", *_OF_SERVER, LIST_STATE)
SNAPSHOT_AGE = _gauge(
    "bsls.snapshot.age", "s", "Since the newest complete snapshot of any tenant ended; absent without one.",
    *_OF_SERVER,
)  # fmt: skip
TENANT_SNAPSHOT_AGE = _gauge(
    "bsls.tenant.snapshot.age", "s",
    "Since the tenant's newest complete snapshot ended, or since the account was made. The longest ones, up to the cap "
    "(`BSLS_TENANT_SERIES`, 0 without it).",
    *_OF_SERVER, TENANT, opt_in=True,
)  # fmt: skip
TENANT_SERIES_LEFT_OUT = _gauge(
    "bsls.tenant.series.omitted", "{tenant}", "Tenants that the cap leaves out of `bsls.tenant.snapshot.age`.",
    opt_in=True,
)  # fmt: skip
SYNC_DURATION = _seconds(
    "bsls.sync.duration", "A pass over users, entries and policy at a Kopia server.", SYNC_RESULT, bounds=LONG[:9]
)
SYNC_LATENCY = _seconds(
    "bsls.sync.latency", "From when another list or policy was seen until a login proved that it is in effect.",
    bounds=LONG[:11],
)  # fmt: skip

# --- backups ---------------------------------------------------------------------------------------------------------

SESSIONS = _gauge("bsls.sessions", "{session}", "Sessions of clients that are open.", *_OF_SERVER)
SESSIONS_STARTED = _counter("bsls.sessions.started", "{session}", "Sessions that began.")
SESSIONS_ENDED = _counter("bsls.sessions.ended", "{session}", "Sessions that ended.", END_REASON)
SNAPSHOTS = _gauge("bsls.snapshots", "{snapshot}", "Snapshots in the repository.", *_OF_SERVER, SNAPSHOT_STATE)
SNAPSHOTS_CREATED = _counter(
    "bsls.snapshots.created", "{snapshot}", "New snapshots since the controller started.", *_OF_SERVER, SNAPSHOT_STATE
)
SNAPSHOT_BYTES = _counter(
    "bsls.snapshots.size", "By", "Bytes of new complete snapshots, as their clients saw them.", *_OF_SERVER
)
SNAPSHOT_FILES = _counter("bsls.snapshots.files", "{file}", "Files of new complete snapshots.", *_OF_SERVER)
SNAPSHOT_ERRORS = _counter(
    "bsls.snapshots.errors", "{error}", "Files that could not be read for new snapshots, ignored ones too.",
    *_OF_SERVER,
)  # fmt: skip
SNAPSHOTS_FAILED = _counter("bsls.snapshots.failed", "{snapshot}", "Snapshots that clients gave up.", *_OF_SERVER)
SNAPSHOT_DURATION = _seconds(
    "bsls.snapshot.duration", "From begin to end of new complete snapshots, by the client's clock.", bounds=LONG
)

# --- the controller's own work ---------------------------------------------------------------------------------------

RECONCILE_DURATION = _seconds("bsls.reconcile.duration", "Passes over a server.", RESULT)
RECONCILE_QUEUE = _gauge("bsls.reconcile.queue.depth", "{server}", "Servers that wait for a pass.")
RECONCILE_WAIT = _seconds("bsls.reconcile.queue.wait", "From when a server was queued until its pass began.")
RECONCILE_ACTIVE = _gauge("bsls.reconcile.active", "{server}", "Passes that run now.")

# --- events ----------------------------------------------------------------------------------------------------------

LOG_LINES = _counter("bsls.log.lines", "{line}", "Lines of Kopia logs that were read, each once.", LINE_KIND)
EVENTS = _counter("bsls.events.published", "{event}", "Events that were committed, each once.", EVENT_TYPE)
EVENTS_LOST = _counter(
    "bsls.events.lost", "{loss}", "Times that something was lost: each is an event, too. 0 is what is wanted.",
    STREAM_LOSS,
)  # fmt: skip
COMMITS = _seconds("bsls.events.commit.duration", "Commits to Redis, each of many events.")
COMMIT_EVENTS = _metric(
    Kind.HISTOGRAM, "bsls.events.commit.size", "{event}", "Events of a commit.",
    bounds=(0.0, 1.0, 10.0, 100.0, 1000.0, 10_000.0),
)  # fmt: skip
COMMIT_FAILURES = _counter("bsls.events.commit.failures", "{commit}", "Commits that Redis did not take; tried again.")
PUBLISH_LAG = _seconds(
    "bsls.events.publish.lag", "From the container's log to the stream in Redis: the oldest line of each commit.",
    bounds=(*SHORT, 30.0, 60.0, 300.0, 3600.0),
)  # fmt: skip
EVENTS_WAITING = _gauge("bsls.events.waiting", "By", "What waits for Redis in memory.", QUEUE)
STORE_AWAY = _gauge("bsls.events.store.away", "s", "Since Redis does not take events; 0 while it does.")
GROUP_BACKLOG = _gauge(
    "bsls.events.group.backlog", "{batch}",
    "Batches of the stream of all servers that a consumer group has not acknowledged; looked at every minute.", GROUP,
)  # fmt: skip

# --- the API ---------------------------------------------------------------------------------------------------------

HTTP_DURATION = _seconds(
    "http.server.request.duration", "Requests; a live stream counts when it ends.",
    METHOD, ROUTE, STATUS_CODE, SCHEME, of=(_API,),
)  # fmt: skip
DECISIONS = _counter("bsls.access.decisions", "{request}", "Requests by what was decided.", DECISION, of=(_API,))
STREAM_CLIENTS = _gauge("bsls.stream.clients", "{client}", "Clients of live streams.", of=(_API,))
STREAM_COHORTS = _gauge("bsls.stream.cohorts", "{cohort}", "Groups of clients that get the same.", of=(_API,))
STREAM_EVENTS = _counter("bsls.stream.events", "{event}", "Events read for live streams.", of=(_API,))
STREAM_GAPS = _counter(
    "bsls.stream.gaps", "{gap}", "Times that a client missed something and was told; nothing is dropped untold.",
    of=(_API,),
)  # fmt: skip
STREAM_AWAY = _gauge("bsls.stream.away", "1", "1 while live streams wait for Redis, else 0.", of=(_API,))
DELIVERY_LAG = _seconds(
    "bsls.events.delivery.lag",
    "From the stream in Redis to the subscribers: the oldest event of each write to live streams (api), each delivery "
    "(dispatcher). By two clocks: keep them in step.",
    of=(_API, _DISPATCHER), bounds=(*SHORT, 30.0, 60.0, 300.0, 3600.0),
)  # fmt: skip
PROJECTION_LOADS = _counter("bsls.projections.loads", "{load}", "Servers read from Redis as a whole.", of=(_API,))
PROJECTIONS = _gauge("bsls.projections.held", "{server}", "Servers held in memory.", of=(_API,))

# --- push subscriptions ----------------------------------------------------------------------------------------------

PUSHES = _counter("bsls.push.deliveries", "{event}", "Deliveries that were tried.", SUBSCRIPTION, OUTCOME,
                  of=(_DISPATCHER,))  # fmt: skip
PUSH_DURATION = _seconds("bsls.push.duration", "Requests to sinks.", OUTCOME, of=(_DISPATCHER,))
PUSH_BACKLOG = _gauge(
    "bsls.push.backlog", "{batch}",
    "Batches that wait to be delivered, of the subscriptions that this process delivers.",
    SUBSCRIPTION, of=(_DISPATCHER,),
)  # fmt: skip
PUSH_DEAD = _gauge("bsls.push.dead_letters", "{event}", "Events that were given up and are kept.", SUBSCRIPTION,
                   of=(_DISPATCHER,))  # fmt: skip
PUSH_LOST = _counter("bsls.push.lost", "{batch}", "Batches that were trimmed unread, of all time.", SUBSCRIPTION,
                     of=(_DISPATCHER,))  # fmt: skip
PUSH_PHASE = _gauge("bsls.push.state", "1", "Always 1: the phase is an attribute.", SUBSCRIPTION, PHASE,
                    of=(_DISPATCHER,))  # fmt: skip

# --- every process ---------------------------------------------------------------------------------------------------

_EVERY = (_CONTROLLER, _API, _DISPATCHER)
READY = _gauge("bsls.ready", "1", "1 while `/readyz` answers 200, else 0.", of=_EVERY)
CPU_TIME = _counter("process.cpu.time", "s", "Processor time.", CPU_MODE, of=_EVERY)
MEMORY = _metric(Kind.UPDOWN, "process.memory.usage", "By", "Resident memory.", of=_EVERY)
OPEN_FILES = _metric(
    Kind.UPDOWN, "process.unix.file_descriptor.count", "{file_descriptor}", "Open file descriptors.", of=_EVERY
)
UPTIME = _gauge("process.uptime", "s", "Since the process started.", of=_EVERY)
TELEMETRY_DROPPED = _counter(
    "bsls.telemetry.dropped", "{item}",
    "Spans, or exports of metrics, that were given up so that nothing else is slowed down.", SIGNAL, DROP_REASON,
    of=_EVERY,
)  # fmt: skip
