"""One logged-in gRPC session with a Kopia server: manifests in and out, requests concurrent, answers matched by id."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc

from backend.kopia import wire
from backend.kopia.batch import Batch
from backend.kopia.errors import DeadlineExceeded, KopiaError, NotFound, ServerUnavailable, StreamBroken
from backend.kopia.proto import session_pb2 as pb
from backend.kopia.proto import session_pb2_grpc
from backend.kopia.tls import PinnedCertificate, pin

MAX_MESSAGE_BYTES = 20 << 20
PAGE_SIZE = 1000
DEFAULT_DEADLINE = 15.0
CLOSE_SECONDS = 1.0
CLIENT_VERSION = "0.23.1"


@dataclass(frozen=True)
class ManifestEntry:
    """A manifest without its body, as a search returns it."""

    id: str
    labels: Mapping[str, str]
    modified_ns: int
    length: int


@dataclass(frozen=True)
class Manifest:
    """A manifest with its body; None when that is no JSON object."""

    entry: ManifestEntry
    body: dict[str, Any] | None


class KopiaSession:
    """Open with `connect`; every call takes its own deadline in seconds. After StreamBroken, open a new one."""

    def __init__(self, channel: grpc.aio.Channel, call: Any, deadline: float) -> None:
        self._channel = channel
        self._call = call
        self._deadline = deadline
        self._outgoing: asyncio.Queue[pb.SessionRequest | None] = asyncio.Queue()
        self._pending: dict[int, Batch] = {}
        self._next_id = 0
        self._broken: KopiaError | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def connect(
        cls,
        target: str,
        certificate: bytes,
        user: str,
        password: str,
        *,
        deadline: float = DEFAULT_DEADLINE,
        purpose: str = "bsls controller",
    ) -> Self:
        """Log in as `user@host` at `host:port`, trusting exactly the given PEM certificate."""
        channel = _channel(target, pin(certificate))
        try:
            stub = session_pb2_grpc.KopiaRepositoryStub(channel)  # type: ignore[no-untyped-call]
            call = stub.Session(metadata=wire.login(user, password, CLIENT_VERSION))
            session = cls(channel, call, deadline)
            await session._start(purpose)
        except BaseException:
            await channel.close()
            raise
        return session

    async def _start(self, purpose: str) -> None:
        self._tasks = [
            asyncio.create_task(self._read_answers(), name="kopia session reader"),
            asyncio.create_task(self._write_requests(), name="kopia session writer"),
        ]
        try:
            await self._ask(pb.SessionRequest(initialize_session=pb.InitializeSessionRequest(purpose=purpose)), None)
        except StreamBroken as error:
            await self.close()
            raise ServerUnavailable(str(error)) from error
        except BaseException:
            await self.close()
            raise

    async def find_manifests(self, labels: Mapping[str, str], *, deadline: float | None = None) -> list[ManifestEntry]:
        """Every manifest we may read that carries all these labels."""
        request = pb.SessionRequest(find_manifests=pb.FindManifestsRequest(labels=labels, page_size=PAGE_SIZE))
        answers = await self._ask(request, deadline)
        return [_entry(item) for answer in answers for item in answer.find_manifests.metadata]

    async def get_manifest(self, manifest_id: str, *, deadline: float | None = None) -> Manifest:
        """One manifest with its body; NotFound when it is gone."""
        found = (await self.get_manifests([manifest_id], deadline=deadline))[0]
        if found is None:
            raise NotFound(f"manifest {manifest_id} does not exist")
        if found.body is None:
            raise KopiaError(f"manifest {manifest_id} is not a JSON object")
        return found

    async def get_manifests(self, ids: Sequence[str], *, deadline: float | None = None) -> list[Manifest | None]:
        """The manifests in the order of their ids, None for those that are gone; all requests in flight at once."""
        requests = [pb.SessionRequest(get_manifest=pb.GetManifestRequest(manifest_id=one)) for one in ids]
        answers = await self._ask_all(requests, deadline, absent=NotFound)
        return [_manifest(answer[-1].get_manifest) if answer else None for answer in answers]

    async def put_manifest(
        self, body: Mapping[str, Any], labels: Mapping[str, str], *, deadline: float | None = None
    ) -> str:
        """Write a new manifest; its id. Durable and visible to others only after flush()."""
        return (await self.put_manifests([(body, labels)], deadline=deadline))[0]

    async def put_manifests(
        self, items: Iterable[tuple[Mapping[str, Any], Mapping[str, str]]], *, deadline: float | None = None
    ) -> list[str]:
        """Write (body, labels) of many; their ids in the same order. The first refusal is raised at the end."""
        requests = [
            pb.SessionRequest(put_manifest=pb.PutManifestRequest(json_data=json.dumps(body).encode(), labels=labels))
            for body, labels in items
        ]
        return [answer[-1].put_manifest.manifest_id for answer in await self._ask_all(requests, deadline)]

    async def delete_manifest(self, manifest_id: str, *, deadline: float | None = None) -> None:
        """Delete one manifest; NotFound when it is gone already. Durable after flush()."""
        request = pb.SessionRequest(delete_manifest=pb.DeleteManifestRequest(manifest_id=manifest_id))
        await self._ask(request, deadline)

    async def delete_manifests(self, ids: Iterable[str], *, deadline: float | None = None) -> None:
        """Delete many; those that are gone already are no error."""
        requests = [pb.SessionRequest(delete_manifest=pb.DeleteManifestRequest(manifest_id=one)) for one in ids]
        await self._ask_all(requests, deadline, absent=NotFound)

    async def flush(self, *, deadline: float | None = None) -> None:
        """Make the writes answered so far durable; requests still in flight are not covered."""
        await self._ask(pb.SessionRequest(flush=pb.FlushRequest()), deadline)

    async def close(self) -> None:
        """End the session; requests in flight end in StreamBroken. Safe to call twice."""
        if self._broken is None:
            self._break(StreamBroken("the session was closed"))
            self._outgoing.put_nowait(None)
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        self._call.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close()

    @property
    def broken(self) -> bool:
        return self._broken is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, request: pb.SessionRequest, deadline: float | None) -> list[pb.SessionResponse]:
        return (await self._ask_all([request], deadline))[0]

    async def _ask_all(
        self, requests: Sequence[pb.SessionRequest], deadline: float | None, absent: type[KopiaError] | None = None
    ) -> list[list[pb.SessionResponse]]:
        """The answers to each; an error of the class `absent` gives an empty list, any other is raised at the end."""
        if self._broken is not None:
            raise self._broken
        if not requests:
            return []
        batch = Batch(self._next_id + 1, len(requests))
        self._next_id += len(requests)
        for position, request in enumerate(requests):
            request.request_id = batch.first_id + position
            self._pending[request.request_id] = batch
            self._outgoing.put_nowait(request)
        limit = self._deadline if deadline is None else deadline
        try:
            async with asyncio.timeout(limit):
                await batch.done
        except TimeoutError:
            raise DeadlineExceeded(f"no answer from the Kopia server within {limit:g} s") from None
        finally:
            for request_id in batch.unanswered():
                self._pending.pop(request_id, None)
        return batch.results(absent)

    async def _write_requests(self) -> None:
        """One writer: a request whose caller gave up is sent all the same, and its answer finds no one."""
        with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):  # the reader learns why
            while (request := await self._outgoing.get()) is not None:
                await self._call.write(request)
            await self._call.done_writing()

    async def _read_answers(self) -> None:
        cause: KopiaError
        try:
            while True:
                answer = await self._call.read()
                if answer is grpc.aio.EOF:
                    cause = wire.ended(await self._call.code(), await self._call.details())
                    break
                self._deliver(answer)
        except grpc.aio.AioRpcError as error:
            cause = wire.ended(error.code(), error.details())
        except asyncio.CancelledError:
            cause = StreamBroken("the session was closed")
        self._break(cause)

    def _deliver(self, answer: pb.SessionResponse) -> None:
        """To the batch that asked; an answer whose caller gave up finds no one."""
        batch = self._pending.get(answer.request_id)
        if batch is not None and batch.take(answer):
            del self._pending[answer.request_id]

    def _break(self, cause: KopiaError) -> None:
        self._broken = self._broken or cause
        for batch in set(self._pending.values()):
            batch.fail(self._broken)
        self._pending.clear()


def _manifest(answer: pb.GetManifestResponse) -> Manifest:
    """A body that is no JSON object is the writer's mischief: it must not hide the other manifests."""
    try:
        body = json.loads(answer.json_data)
    except (ValueError, RecursionError):
        body = None
    return Manifest(_entry(answer.metadata), body if isinstance(body, dict) else None)


def _entry(item: pb.ManifestEntryMetadata) -> ManifestEntry:
    return ManifestEntry(item.id, dict(item.labels), item.mod_time_nanos, item.length)


def _channel(target: str, certificate: PinnedCertificate) -> grpc.aio.Channel:
    credentials = grpc.ssl_channel_credentials(root_certificates=certificate.pem)
    options = [
        ("grpc.ssl_target_name_override", certificate.name),
        ("grpc.default_authority", certificate.name),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.enable_http_proxy", 0),
        ("grpc.keepalive_time_ms", 300_000),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    return grpc.aio.secure_channel(target, credentials, options=options)
