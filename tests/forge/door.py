"""A small web server that takes the fake's webhooks, as the bot's own will."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

from bot.listening import Reply, receive
from bot.store import Store
from tests.forge.github_desk import Desk

SECRET = "It's a secret"


class Door(HTTPServer):
    """What a web server is to ``receive``; while ``closed`` it fails as one without a store does."""

    def __init__(self, store: Store) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.closed = False
        self.replies: list[Reply] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/webhooks/github"


class _Handler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        door = self.server
        closed = Reply(503, "Later.")
        told = dict(self.headers.items())
        reply = closed if door.closed else receive(door.store.deliveries(), [SECRET], told, body, datetime.now(UTC))
        door.replies.append(reply)
        self.send_response(reply.status)
        self.end_headers()
        self.wfile.write(reply.text.encode())

    def log_message(self, *args: object) -> None:
        return


@contextmanager
def listening(at: Desk, store: Store) -> Iterator[Door]:
    """A server that takes the fake's webhooks from now on."""
    with Door(store) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.01,))
        thread.start()
        at.github.webhook_url, at.github.webhook_secret = door.url, SECRET
        try:
            yield door
        finally:
            at.github.webhook_url = None
            door.shutdown()
            thread.join()
