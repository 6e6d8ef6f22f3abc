"""Deliveries of webhooks: signed, sent by a thread of the fake's own, lost, repeated, held and sent again on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from tests.fakes.github.records import Installation, Json, Repository

STATUS_OF_LOST = 502


@dataclass(eq=False)
class Delivery:
    """One webhook to one App; ``status_code`` is what the receiver answered (0 until then)."""

    id: int
    guid: str
    event: str
    action: str | None
    payload: Json
    body: bytes
    headers: dict[str, str]
    url: str | None
    installation_id: int | None
    repository_id: int | None
    app_id: int
    at: datetime
    redelivery: bool = False
    status_code: int = 0
    status: str = "pending"
    answer: str = ""

    @property
    def delivered(self) -> bool:
        return 200 <= self.status_code < 300


@dataclass
class Upset:
    """What goes wrong with the next deliveries of an event (None: of any)."""

    kind: str
    event: str | None
    left: int

    def takes(self, event: str) -> bool:
        return self.left > 0 and self.event in {None, event}


@dataclass
class _Held:
    deliveries: list[Delivery] = field(default_factory=list)
    holding: bool = False


class Webhooks:
    """What was to be delivered, in order; sent to ``url`` when there is one, else only collected."""

    def __init__(self, new_id: Callable[[str], int], clock: Callable[[], datetime]) -> None:
        self.deliveries: list[Delivery] = []
        self.timeout = 10.0
        self._new_id = new_id
        self._clock = clock
        self._upsets: list[Upset] = []
        self._held = _Held()
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()

    # What a test asks for

    def lose(self, event: str | None = None, times: int = 1) -> None:
        """The next deliveries fail: GitHub records that, and sends them again only when asked."""
        self._upsets.append(Upset("lose", event, times))

    def vanish(self, event: str | None = None, times: int = 1) -> None:
        """The next deliveries are lost though GitHub believes they arrived (a proxy in between answered)."""
        self._upsets.append(Upset("vanish", event, times))

    def repeat(self, event: str | None = None, times: int = 1) -> None:
        """The next deliveries are sent twice, with one id."""
        self._upsets.append(Upset("repeat", event, times))

    def hold(self) -> None:
        """Keep what comes until ``release``."""
        self._held.holding = True

    def release(self, order: str = "as sent", seed: int = 0) -> None:
        """Send what was held: ``as sent``, ``reversed`` or ``shuffled``."""
        held, self._held = self._held.deliveries, _Held()
        if order == "reversed":
            held.reverse()
        if order == "shuffled":
            random.Random(seed).shuffle(held)
        for delivery in held:
            self._send(delivery)

    def drain(self, seconds: float = 10.0) -> None:
        """Wait until everything that was to be sent has been answered; raises ``TimeoutError``."""
        until = time.monotonic() + seconds
        while self._queue.unfinished_tasks:
            if time.monotonic() > until:
                raise TimeoutError("webhooks are still under way")
            time.sleep(0.002)

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Send one again, with the same GUID, as GitHub does when asked."""
        again = Delivery(
            **{**vars(delivery), "id": self._new_id("delivery"), "redelivery": True, "at": self._clock()}
            | {"status": "pending", "status_code": 0, "answer": ""}
        )
        self._record(again)
        return again

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    # What the world does

    def emit(self, event: str, payload: Json, installation: Installation, repository: Repository | None) -> None:
        """Record one event for one installation, and send it."""
        number = self._new_id("delivery")
        app = installation.app
        body = json.dumps(payload).encode()
        guid = str(uuid.UUID(int=number))
        delivery = Delivery(
            id=number,
            guid=guid,
            event=event,
            action=payload.get("action"),
            payload=payload,
            body=body,
            headers=_headers(event, guid, body, installation),
            url=app.webhook_url,
            installation_id=installation.id,
            repository_id=repository.id if repository else None,
            app_id=app.id,
            at=self._clock(),
        )
        self._record(delivery)

    def _record(self, delivery: Delivery) -> None:
        with self._lock:
            self.deliveries.append(delivery)
            copies = 2 if self._upset(delivery, "repeat") else 1
            if self._upset(delivery, "lose"):
                _answered(delivery, STATUS_OF_LOST, "failed to connect to host")
            elif self._upset(delivery, "vanish"):
                _answered(delivery, 200, "OK")
            elif self._held.holding:
                self._held.deliveries.extend([delivery] * copies)
            else:
                for _ in range(copies):
                    self._send(delivery)

    def _upset(self, delivery: Delivery, kind: str) -> bool:
        found = next((u for u in self._upsets if u.kind == kind and u.takes(delivery.event)), None)
        if found is None:
            return False
        found.left -= 1
        return True

    def _send(self, delivery: Delivery) -> None:
        if delivery.url is None:
            _answered(delivery, 200, "OK")
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="fake-github-webhooks", daemon=True)
            self._thread.start()
        self._queue.put(delivery)

    def _work(self) -> None:
        with httpx.Client(timeout=self.timeout, trust_env=False) as client:
            while (delivery := self._queue.get()) is not None:
                _post(client, delivery)
                self._queue.task_done()
        self._queue.task_done()


def _post(client: httpx.Client, delivery: Delivery) -> None:
    try:
        answer = client.post(str(delivery.url), content=delivery.body, headers=delivery.headers)
    except httpx.TimeoutException:
        _answered(delivery, 504, "timed out")
    except httpx.HTTPError:
        _answered(delivery, STATUS_OF_LOST, "failed to connect to host")
    else:
        _answered(delivery, answer.status_code, answer.reason_phrase)
        delivery.answer = answer.text


def _answered(delivery: Delivery, status_code: int, status: str) -> None:
    delivery.status_code = status_code
    delivery.status = "OK" if 200 <= status_code < 300 else status


def sign(secret: str, body: bytes) -> str:
    """The value of ``X-Hub-Signature-256``."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _headers(event: str, guid: str, body: bytes, installation: Installation) -> dict[str, str]:
    app = installation.app
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/fake",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
    }
    return {**headers, "X-Hub-Signature-256": sign(app.webhook_secret, body)} if app.webhook_secret else headers
