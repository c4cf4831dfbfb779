"""Requests become spans in their callers' traces, few enough to cost nothing; and the controller's work is shown."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from backend.api.data.traces import traces_of_work
from backend.api.http.tracing import traced
from backend.events.spans import spans_to_json
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter
from backend.telemetry.spans import Kept, Ref, current, parsed, record_with

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Ended(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


@pytest.fixture
def ended():
    provider, processor = TracerProvider(shutdown_on_exit=False), Ended()
    provider.add_span_processor(processor)
    record_with(provider, processor)
    yield processor.spans
    record_with(None)


async def client(per_second: float = 100) -> TestClient:
    async def handle(request: web.Request) -> web.Response:
        found = current()
        return web.Response(text=found.traceparent if found else "", status=int(request.query.get("status", "200")))

    app = web.Application(middlewares=[traced(["/healthz"], per_second)])
    app.router.add_get("/api/{name}", handle)
    app.router.add_get("/healthz", handle)
    return TestClient(TestServer(app))


async def test_a_request_joins_the_trace_of_its_caller(ended: list[ReadableSpan]) -> None:
    async with await client() as asked:
        answer = await asked.get("/api/x?status=503", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
        assert (await answer.text()).startswith(f"00-{TRACE}-")
        await asked.get("/api/y")
    first, second = ended
    assert first.name == "GET /api/{name}"
    assert first.attributes
    assert first.attributes["http.response.status_code"] == 503
    assert not first.status.is_ok
    assert first.parent
    assert f"{first.parent.span_id:016x}" == SPAN
    assert second.parent is None


async def test_probes_streams_and_unsampled_callers_have_none(ended: list[ReadableSpan]) -> None:
    async with await client() as asked:
        await asked.get("/healthz")
        await asked.get("/api/x", headers={"Accept": "text/event-stream"})
        await asked.get("/api/x", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    assert not ended


async def test_a_header_that_names_no_span_begins_a_trace(ended: list[ReadableSpan]) -> None:
    wrong = ("x" * 80, "0" * 55, f"00-{'0' * 32}-{SPAN}-00", f"00-{TRACE}-{SPAN}-0", f"00-{TRACE}-{SPAN}-00-more")
    async with await client() as asked:
        for header in wrong:
            await asked.get("/api/x", headers={"traceparent": header})
    assert [one.parent for one in ended] == [None] * len(wrong)


async def test_beyond_the_rate_requests_are_answered_all_the_same(ended: list[ReadableSpan]) -> None:
    values = counter(catalogue.TELEMETRY_DROPPED).values
    before = values[("traces", "rate")]
    async with await client(per_second=2) as asked:
        for _ in range(10):
            assert (await asked.get("/api/x")).status == 200
    assert 2 <= len(ended) < 10
    assert values[("traces", "rate")] - before == 10 - len(ended)


def test_what_is_no_traceparent_is_none() -> None:
    for wrong in ("", "x", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
                  f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01" + "-x" * 200):  # fmt: skip
        assert parsed(wrong) is None
    assert parsed(f"01-{TRACE}-{SPAN}-03-later") == Ref(TRACE, SPAN, sampled=True)


def kept(span: str, name: str, parent: str = "", start: int = 0, problem: str = "", trace: str = TRACE) -> Kept:
    ref = Ref(trace, span * 16)
    return Kept(ref, parent * 16, name, start * 10**9, (start + 2) * 10**9, problem, {"bsls.server": "vms", "ok": True})


def test_the_controllers_work_is_put_together_from_its_stories() -> None:
    stories = [
        spans_to_json([kept("c", "sync", "b", 5, "KopiaError")]),
        spans_to_json([kept("b", "reconcile", "a", 1), kept("a", "change", start=0)]),
        spans_to_json([kept("d", "reconcile", start=9, trace="1" * 32)]),
        b"[{]",
        b'[{"trace":1}]',
    ]
    newest, change = traces_of_work(stories, "vms")
    assert newest.trace_id == "1" * 32
    assert [(span.kind, span.status) for span in change.spans] == [
        ("change", "ok"), ("reconcile", "ok"), ("sync", "error")
    ]  # fmt: skip
    assert (change.subject, change.start, change.end) == (
        "vms",
        "1970-01-01T00:00:00.000000Z",
        "1970-01-01T00:00:07.000000Z",
    )
    assert change.spans[2].attributes == {"ok": "true", "problem": "KopiaError"}
    assert change.spans[1].parent_span_id == change.spans[0].span_id
