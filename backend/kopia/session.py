"""One logged-in gRPC session with a Kopia server: manifests in and out, requests concurrent, answers matched by id."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from google.protobuf.message import DecodeError

from backend.kopia import wire
from backend.kopia.batch import Batch
from backend.kopia.errors import DeadlineExceeded, KopiaError, NotFound, ServerUnavailable, StreamBroken
from backend.kopia.proto import session_pb2 as pb
from backend.kopia.stream import GrpcStream
from backend.kopia.tls import PinnedCertificate, pin
from backend.telemetry.spans import recording, step

PAGE_SIZE = 1000
DEFAULT_DEADLINE = 15.0
CLOSE_SECONDS = 1.0
SESSION_PATH = "/kopia_repository.KopiaRepository/Session"
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

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._stream: GrpcStream | None = None
        self._pending: dict[int, Batch] = {}
        self._next_id = 0
        self._broken: KopiaError | None = None
        self._over = asyncio.Event()

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
        session = cls(deadline)
        try:
            async with asyncio.timeout(deadline):
                await session._open(target, pin(certificate), wire.login(user, password, CLIENT_VERSION))
                request = pb.InitializeSessionRequest(purpose=purpose)
                await session._ask(pb.SessionRequest(initialize_session=request), deadline)
        except TimeoutError:
            session._abort()
            raise DeadlineExceeded(f"no session with the Kopia server within {deadline:g} s") from None
        except StreamBroken as error:
            session._abort()
            raise ServerUnavailable(str(error)) from error
        except BaseException:
            session._abort()
            raise
        return session

    async def _open(self, target: str, certificate: PinnedCertificate, metadata: Sequence[tuple[str, str]]) -> None:
        self._stream = await GrpcStream.open(
            target,
            certificate.ssl_context(),
            certificate.name,
            SESSION_PATH,
            metadata,
            self._take,
            lambda how: self._end(how if isinstance(how, StreamBroken) else wire.ended(how)),
        )

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
        self._break(StreamBroken("the session was closed"))
        if self._stream is not None and not self._over.is_set():
            self._stream.finish()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), CLOSE_SECONDS)
        self._abort()

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
        if not recording():
            return await self._exchange(requests, deadline, absent)
        name = requests[0].WhichOneof("request")
        with step(
            f"kopia {name}", client=True, attributes={"rpc.system": "grpc", "bsls.requests": len(requests)}
        ) as made:
            if made.ref and made.ref.sampled:
                for request in requests:
                    request.trace_context["traceparent"] = made.ref.traceparent  # Kopia's own spans join
            return await self._exchange(requests, deadline, absent)

    async def _exchange(
        self, requests: Sequence[pb.SessionRequest], deadline: float | None, absent: type[KopiaError] | None
    ) -> list[list[pb.SessionResponse]]:
        batch = Batch(self._next_id + 1, len(requests))
        self._next_id += len(requests)
        for position, request in enumerate(requests):
            request.request_id = batch.first_id + position
            self._pending[request.request_id] = batch
        self._send(request.SerializeToString() for request in requests)
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

    def _send(self, bodies: Iterable[bytes]) -> None:
        if self._stream is None:
            raise StreamBroken("the session was never opened")
        self._stream.send(bodies)

    def _take(self, body: bytes) -> None:
        try:
            self._deliver(pb.SessionResponse.FromString(body))
        except DecodeError:
            self._abort(StreamBroken("the server's answer is no message of Kopia's"))

    def _deliver(self, answer: pb.SessionResponse) -> None:
        """To the batch that asked; an answer whose caller gave up finds no one."""
        batch = self._pending.get(answer.request_id)
        if batch is not None and batch.take(answer):
            del self._pending[answer.request_id]

    def _end(self, cause: KopiaError) -> None:
        self._over.set()
        self._break(cause)

    def _break(self, cause: KopiaError) -> None:
        self._broken = self._broken or cause
        for batch in set(self._pending.values()):
            batch.fail(self._broken)
        self._pending.clear()

    def _abort(self, cause: StreamBroken | None = None) -> None:
        self._break(cause or StreamBroken("the session was closed"))
        if self._stream is not None:
            self._stream.abort()


def _manifest(answer: pb.GetManifestResponse) -> Manifest:
    """A body that is no JSON object is the writer's mischief: it must not hide the other manifests."""
    try:
        body = json.loads(answer.json_data)
    except (ValueError, RecursionError):
        body = None
    return Manifest(_entry(answer.metadata), body if isinstance(body, dict) else None)


def _entry(item: pb.ManifestEntryMetadata) -> ManifestEntry:
    return ManifestEntry(item.id, dict(item.labels), item.mod_time_nanos, item.length)
