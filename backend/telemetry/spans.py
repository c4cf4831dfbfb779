"""Spans of our own work, for all other rooms: a story begins one trace or goes on with another's, steps are within it.

While nothing is recorded, a step costs a look at a variable. Spans of a story are also handed to whoever keeps them for
the console, as far as it says that they are worth it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from backend.telemetry.points import SCOPE

Value = str | int | float | bool
MOST_STEPS = 64  # of one story that are kept
MOST_LINKS = 16


@dataclass(frozen=True)
class Ref:
    """A span, by W3C trace context: 32 and 16 hexadecimal digits."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


@dataclass(frozen=True)
class Kept:
    """A span that has ended. Times: nanoseconds since the epoch. `problem`: why it failed, or `""`."""

    ref: Ref
    parent: str
    name: str
    start: int
    end: int
    problem: str
    attributes: Mapping[str, Value]


@dataclass
class Step:
    """A span under way. `notable`: its story is worth keeping; so is one that fails. `harmless`: exceptions that are no
    failure.
    """

    ref: Ref | None
    notable: bool = False
    attributes: dict[str, Value] = field(default_factory=dict)
    problem: str = ""
    harmless: tuple[type[Exception], ...] = ()

    def note(self, **attributes: Value) -> None:
        """`__` stands for the dots of a name."""
        self.attributes |= {name.replace("__", "."): value for name, value in attributes.items()}

    def fail(self, problem: str) -> None:
        self.problem = problem or "failed"


class _Nothing(Step):
    """Where nothing is recorded."""

    def note(self, **attributes: Value) -> None:
        return

    def fail(self, problem: str) -> None:
        return


NOTHING = _Nothing(None)


@dataclass
class _Story:
    steps: list[Kept] = field(default_factory=list)
    notable: bool = False


_STORY: ContextVar[_Story | None] = ContextVar("story", default=None)


@dataclass
class _Recorder:
    tracer: otel.Tracer
    sampler: Sampler
    resource: Resource
    told: SpanProcessor | None  # of spans that were not begun here


_recorder: _Recorder | None = None


def record_with(provider: TracerProvider | None, told: SpanProcessor | None = None) -> None:
    """All spans of the process from now on; None: there are none. `told` gets what `tell` is given."""
    global _recorder  # noqa: PLW0603 - one for the process, as the SDK's own
    _recorder = _Recorder(provider.get_tracer("bsls"), provider.sampler, provider.resource, told) if provider else None


def current() -> Ref | None:
    """The span that runs now."""
    context = otel.get_current_span().get_span_context()
    return _ref(context) if context.is_valid else None


def _ref(context: SpanContext) -> Ref:
    return Ref(f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags.sampled)


_W3C = TraceContextTextMapPropagator()


def parsed(traceparent: str) -> Ref | None:
    """The span that a `traceparent` names; None for what is none."""
    found = otel.get_current_span(_W3C.extract({"traceparent": traceparent}, Context())).get_span_context()
    return _ref(found) if found.is_valid else None


def _context(ref: Ref) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if ref.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(ref.trace_id, 16), int(ref.span_id, 16), is_remote=True, trace_flags=flags)


@contextmanager
def story(
    name: str,
    *,
    parent: Ref | None = None,
    links: Iterable[Ref] = (),
    keep: Callable[[list[Kept]], None] | None = None,
    attributes: Mapping[str, Value] | None = None,
    start: int | None = None,
    served: bool = False,
    client: bool = False,
) -> Iterator[Step]:
    """A piece of work that nothing else waits for. Without a parent it begins a trace. `keep` gets its spans if it was
    notable or failed. An exception fails it, and is raised on. `start`: nanoseconds since the epoch, else now;
    `served`: it is somebody's request; `client`: a request to somebody else.
    """
    if _recorder is None:
        yield NOTHING
        return
    mine = _Story()
    made: Step = NOTHING
    context = otel.set_span_in_context(NonRecordingSpan(_context(parent)), Context()) if parent else Context()
    token = _STORY.set(mine)
    try:
        kind = SpanKind.SERVER if served else SpanKind.CLIENT if client else SpanKind.INTERNAL
        with _span(_recorder.tracer, name, context, links, attributes, kind=kind, start=start) as made:
            yield made
    finally:
        _STORY.reset(token)
        if keep and mine.steps and (mine.notable or made.problem):
            keep(mine.steps)


@contextmanager
def step(name: str, *, client: bool = False, attributes: Mapping[str, Value] | None = None) -> Iterator[Step]:
    """A part of the story under way; nothing where there is none. `client`: a request to somebody else."""
    if _recorder is None or not recording():
        yield NOTHING
        return
    with _span(
        _recorder.tracer, name, None, (), attributes, kind=SpanKind.CLIENT if client else SpanKind.INTERNAL
    ) as made:
        yield made


@contextmanager
def _span(
    tracer: otel.Tracer,
    name: str,
    context: Context | None,
    links: Iterable[Ref],
    attributes: Mapping[str, Value] | None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    start: int | None = None,
) -> Iterator[Step]:
    parent = otel.get_current_span(context).get_span_context()
    started = start or time.time_ns()
    linked = [Link(_context(one)) for one in list(links)[:MOST_LINKS]]
    span = tracer.start_span(name, context, kind, dict(attributes or {}), linked or None, started)
    made = Step(_ref(span.get_span_context()))
    try:
        with otel.use_span(span, record_exception=False, set_status_on_exception=False):
            yield made
    except Exception as error:
        if not isinstance(error, made.harmless):
            made.fail(made.problem or type(error).__name__)
        raise
    finally:
        if made.attributes:
            span.set_attributes(made.attributes)
        if made.problem:
            span.set_status(Status(StatusCode.ERROR, made.problem))
        ended = time.time_ns()
        span.end(ended)
        if span.is_recording() or span.get_span_context().trace_flags.sampled:
            _keep(made, f"{parent.span_id:016x}" if parent.is_valid else "", name, started, ended, attributes or {})


def _keep(made: Step, parent: str, name: str, start: int, end: int, attributes: Mapping[str, Value]) -> None:
    mine = _STORY.get()
    if mine is None or made.ref is None:
        return
    mine.notable = mine.notable or made.notable
    if len(mine.steps) < MOST_STEPS:
        mine.steps.append(Kept(made.ref, parent, name, start, end, made.problem, {**attributes, **made.attributes}))


def recording() -> bool:
    """Whether a step would be one."""
    return _recorder is not None and otel.get_current_span().is_recording()


def telling() -> bool:
    """Whether `tell` is of use."""
    return _recorder is not None and _recorder.told is not None


def by_digest(trace_id: str) -> bool:
    """Whether a trace is sampled whose id was not drawn by chance: those made of times would be sampled in lumps."""
    if _recorder is None:
        return False
    mixed = int.from_bytes(blake2b(trace_id.encode(), digest_size=16).digest())
    return _recorder.sampler.should_sample(None, mixed, "").decision is Decision.RECORD_AND_SAMPLE


def tell(kept: Kept, *, sampled: bool = False) -> None:
    """A span of somebody else's work, with the ids that it has already, after it has ended. Sampled by a digest of its
    trace, unless that is `sampled` already.
    """
    if _recorder is None or _recorder.told is None or not (sampled or by_digest(kept.ref.trace_id)):
        return
    _recorder.told.on_end(
        ReadableSpan(
            kept.name,
            _context(kept.ref),
            _context(Ref(kept.ref.trace_id, kept.parent)) if kept.parent else None,
            _recorder.resource,
            dict(kept.attributes),
            status=Status(StatusCode.ERROR, kept.problem) if kept.problem else Status(),
            start_time=kept.start,
            end_time=kept.end,
            instrumentation_scope=SCOPE,
        )
    )
