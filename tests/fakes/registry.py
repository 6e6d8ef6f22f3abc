"""A registry on loopback: real sockets, scripted answers, faults on demand.

Used by tests, stories and benchmarks. ``with FakeRegistry() as registry`` serves until the block
ends; ``registry.url`` is its address. ``pypi()``, ``npm()`` and ``endoflife()`` publish in
the formats of the real ones, ``reply()`` scripts any answer.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Reply:
    """An answer, and what goes wrong with it.

    ``cut``: only so many bytes of the body are sent, then the connection is closed; ``drip``:
    one byte every so many seconds, of the headers too with ``drip_headers``.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0.0
    drip_headers: bool = False


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]


class FakeRegistry:
    """Answers each path with its replies in order; the last one stands for ever."""

    def __init__(self, *, latency: float = 0.0, etags: bool = True) -> None:
        self.latency = latency
        self.etags = etags
        self.requests: list[Request] = []
        self.busiest = 0
        self._busy = 0
        self._replies: dict[str, list[Reply]] = defaultdict(list)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def pypi_url(self) -> str:
        return f"{self.url}/simple"

    @property
    def npm_url(self) -> str:
        return f"{self.url}/npm"

    @property
    def endoflife_url(self) -> str:
        return f"{self.url}/api/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, path: str, *replies: Reply) -> None:
        """Script the answers of a path."""
        with self._lock:
            self._replies[path] = list(replies)

    def pypi(self, name: str, versions: Mapping[str, Mapping[str, Any]], **project: Any) -> None:
        """Publish a project: version -> {published, requires_python, yanked}; ``project`` goes in as it is."""
        files = [
            {
                "filename": f"{name.replace('-', '_')}-{version}{ending}",
                "url": f"files/{name}-{version}{ending}",
                "hashes": {"sha256": "0" * 64},
                "upload-time": _iso(facts.get("published", EPOCH)),
                "requires-python": facts.get("requires_python"),
                "yanked": facts.get("yanked", False),
            }
            for version, facts in versions.items()
            for ending in ("-py3-none-any.whl", ".tar.gz")
        ]
        page = {"meta": {"api-version": "1.4"}, "name": name, "versions": list(versions), "files": files}
        self.json(f"/simple/{name}/", {**page, **project})

    def npm(self, name: str, versions: Mapping[str, Mapping[str, Any]], **packument: Any) -> None:
        """Publish a package: version -> {published, and what else the version's entry holds}; latest is the last."""
        times = {version: _iso(facts.get("published", EPOCH)) for version, facts in versions.items()}
        entries = {
            version: {"name": name, "version": version, **{k: v for k, v in facts.items() if k != "published"}}
            for version, facts in versions.items()
        }
        tags = {"latest": list(versions)[-1]} if versions else {}
        page = {"name": name, "dist-tags": tags, "versions": entries, "time": times}
        self.json(f"/npm/{name.replace('/', '%2f')}", {**page, **packument})

    def endoflife(self, name: str, lines: Mapping[str, Mapping[str, Any]]) -> None:
        """Publish a product, newest line first: line -> {begins, lts, ends, latest, published}, days as ISO texts."""
        cycles = [
            {
                "name": line,
                "releaseDate": facts.get("begins"),
                "isLts": "lts" in facts,
                "ltsFrom": facts.get("lts"),
                "isEol": facts.get("ended", False),
                "eolFrom": facts.get("ends"),
                "latest": {"name": latest, "date": facts.get("published", facts.get("begins")), "link": None}
                if (latest := facts.get("latest"))
                else None,
            }
            for line, facts in lines.items()
        ]
        self.json(f"/api/v1/products/{name}", {"schema_version": "1.2.0", "result": {"name": name, "releases": cycles}})

    def json(self, path: str, value: object) -> None:
        """Answer a path with JSON, gzip and an ETag."""
        body = json.dumps(value).encode()
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        if self.etags:
            headers["ETag"] = f'"{sha256(body).hexdigest()[:16]}"'
        self.reply(path, Reply(body=gzip.compress(body, 1), headers=headers))

    def count(self, path: str) -> int:
        """How many requests came for a path."""
        return sum(request.path == path for request in self.requests)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Serve one request (called in the server's threads)."""
        with self._serving(handler):
            time.sleep(self.latency)
            reply = self._next(handler.path)
            etag = reply.headers.get("ETag")
            if etag and handler.headers.get("If-None-Match") == etag:
                reply = Reply(304, headers={"ETag": etag})
            try:
                self._send(handler, reply)
            except OSError:
                handler.close_connection = True  # the client has gone, which is what such tests want

    @contextmanager
    def _serving(self, handler: BaseHTTPRequestHandler) -> Any:
        with self._lock:
            self.requests.append(Request(handler.path, dict(handler.headers.items())))
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def _next(self, path: str) -> Reply:
        with self._lock:
            replies = self._replies.get(path) or [Reply(404)]
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        head = "\r\n".join(lines).encode("latin-1")
        body = b"" if reply.status == 304 else reply.body[: reply.cut]
        if reply.drip_headers:
            self._drip(handler, head, reply.drip)
        elif reply.drip:
            handler.wfile.write(head)
            self._drip(handler, body, reply.drip)
        else:
            handler.wfile.write(head + body)
        handler.close_connection = reply.cut is not None

    def _drip(self, handler: BaseHTTPRequestHandler, data: bytes, pause: float) -> None:
        for at in range(len(data)):
            handler.wfile.write(data[at : at + 1])
            if self._stopped.wait(pause):
                return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up: some tests are about that."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(registry: FakeRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            registry.answer(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
            """Say nothing: the requests are recorded."""

    return Handler


def _iso(when: datetime | str | None) -> str | None:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(when, datetime) else when
