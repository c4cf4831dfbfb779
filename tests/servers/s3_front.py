"""A front of the S3 server that passes everything on, answers everything with an error of S3, or breaks connections."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class S3Answer:
    """An error answer as S3 gives it."""

    status: str
    code: str
    message: str

    @property
    def wire(self) -> bytes:
        body = f'<?xml version="1.0"?><Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>'
        head = f"HTTP/1.1 {self.status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        return f"{head}Connection: close\r\n\r\n{body}".encode()


SLOW_DOWN = S3Answer("503 Service Unavailable", "SlowDown", "Please reduce your request rate.")
DENIED = S3Answer("403 Forbidden", "AccessDenied", "Access Denied.")
BROKEN = "broken"


class S3Front:
    """`endpoint` is host:port. Requests keep their Host header, so that their signatures hold."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream = upstream_port
        self._fault: S3Answer | str = ""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.refused = 0

    def __enter__(self) -> S3Front:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.fail("")

    def fail(self, how: S3Answer | str) -> None:
        """From now on; "" passes everything on again. What is open is cut, as its requests pass by unseen."""
        with self._lock:
            self._fault = how
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def failing(self, how: S3Answer | str) -> Iterator[None]:
        self.fail(how)
        try:
            yield
        finally:
            self.fail("")

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            with self._lock:
                fault = self._fault
            if not fault:
                self._pass_on(client)
                return
            self.refused += 1
            if isinstance(fault, S3Answer):
                self._read_request(client)
                client.sendall(fault.wire)

    @staticmethod
    def _read_request(client: socket.socket) -> None:
        """Head and body, as closing with unread bytes would reset the answer away."""
        data = b""
        while b"\r\n\r\n" not in data and (more := client.recv(65536)):
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        left = (lengths[0] if lengths else 0) - len(body)
        while left > 0 and (more := client.recv(65536)):
            left -= len(more)

    def _pass_on(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._upstream)) as upstream:
            both = {client, upstream}
            with self._lock:
                self._open |= both
                if self._fault:
                    return
            try:
                back = threading.Thread(target=self._pump, args=(upstream, client), daemon=True)
                back.start()
                self._pump(client, upstream)
                back.join()
            finally:
                with self._lock:
                    self._open -= both

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
