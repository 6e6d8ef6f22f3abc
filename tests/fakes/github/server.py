"""HTTP on loopback: a thread for each connection, all gone when it stops."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.fakes.github.gate import DroppedError, Gate, Reply


class Server(socketserver.ThreadingMixIn, HTTPServer):
    """Serves one gate."""

    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        self.gate: Gate | None = None
        self.failures: list[str] = []
        self._open: set[socket.socket] = set()
        self._workers: set[threading.Thread] = set()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        # HTTPServer asks DNS for the host's name here, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]  # type: ignore[assignment]  # the address may be bytes for other families

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self, gate: Gate) -> None:
        self.gate = gate
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="fake-github", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and wait for every thread."""
        if self._thread is None:
            self.server_close()
            return
        self.shutdown()
        with self._guard:
            for one in self._open:
                _shut(one)
        for worker in (self._thread, *self._workers):
            worker.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        # Daemons, so that a test that forgets to close the fake still ends; joined by ``stop`` all the same.
        worker = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._guard:
            self._open.add(request)
            self._workers = {one for one in self._workers if one.is_alive()}
            worker.start()
            self._workers.add(worker)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        # A client that went away (or was killed by a test) is no failure of the fake.
        if not isinstance(error, ConnectionError | TimeoutError):
            self.failures.append(repr(error))


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The client closed it first.
        return


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "GitHub.com"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        server = self.server
        if not isinstance(server, Server) or server.gate is None:
            raise TypeError("served by something else")
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = server.gate.answer(self.command, self.path, headers, body)
        except DroppedError:
            self.close_connection = True
            return
        self._send(reply, format_datetime(server.gate.w.clock(), usegmt=True))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - names that http.server calls

    def _send(self, reply: Reply, date: str) -> None:
        self.send_response_only(reply.status)
        fixed = {"server": "GitHub.com", "date": date, "x-github-media-type": "github.v3; format=json"}
        for name, value in {**fixed, **reply.headers}.items():
            self.send_header(name, value)
        if reply.status not in {204, 304}:
            self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server gives it
        return
