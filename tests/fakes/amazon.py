"""AWS for tests: moto behind a loopback address, with what it was asked and faults on demand.

``with FakeAmazon() as amazon`` serves until the block ends. ``put()`` publishes an image in its region,
as one account sees it; ``recommend()`` sets a parameter, ``fail()`` a fault; ``script()`` answers what moto
does not know. moto neither hides private images from others nor deprecated ones: what an account sees is
what was put for it.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from unittest import mock

import httpx
from moto.backends import get_backend
from moto.ec2.models.amis import Ami
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.ssm.models import Parameter
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from bot.core.model import Image

OWN = "123456789012"
"""The account of the bot's own credentials; moto's default."""

_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([a-z0-9-]+)/([a-z0-9]+)/aws4_request")
_PATHS = {
    "/addons/supported-versions": "DescribeAddonVersions",
    "/ListImages": "ListImages",
    "/ListImageBuildVersions": "ListImageBuildVersions",
}
"""Actions of services that tell them by the path."""

Script = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Makes an answer of the region and what is asked."""

_EC2 = "<Response><Errors><Error><Code>{0}</Code><Message>No.</Message></Error></Errors></Response>"
_QUERY = "<ErrorResponse><Error><Code>{0}</Code><Message>No.</Message></Error></ErrorResponse>"


@dataclass(frozen=True)
class Call:
    """What AWS was asked: ``DescribeImages`` of ``ec2`` in a region; ``values`` are those of its first filter."""

    action: str
    region: str
    values: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    access_key: str = ""


@dataclass(frozen=True)
class Fault:
    """An answer in the place of AWS's own, to the calls that it ``fits``, ``times`` times (-1: always)."""

    fits: Callable[[Call], bool]
    code: str
    status: int = 400
    body: Callable[[], str] | None = None


class FakeAmazon:
    """The server; ``calls`` are what it was asked, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._faults: list[tuple[Fault, int]] = []
        self._scripts: dict[str, Script] = {}
        self._lock = threading.Lock()
        self._environ = mock.patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"})

    def __enter__(self) -> Self:
        self._environ.start()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=_Silent)
        # looks often whether it is to end: each test has a server of its own
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="moto")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        httpx.post(f"{self.endpoint}/moto-api/reset", trust_env=False).raise_for_status()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._environ.stop()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, image: Image, account: str = OWN, **more: Any) -> Image:
        """Publish an image in its region; ``more`` are EC2's names in snake case (``source_image_id``)."""
        backend = get_backend("ec2")[account][image.region]
        ami = Ami(
            backend,
            image.id,
            name=image.name,
            owner_id=image.owner,
            public=image.public,
            virtualization_type=image.virtualization,
            architecture=image.architecture,
            state=image.state,
            creation_date=image.created,
            platform=image.platform or None,
            root_device_type=image.root_device,
            region_name=f"{image.region}a",
            boot_mode=image.boot_mode,
            tags=dict(image.tags),
        )
        ami.product_codes = [{"ProductCodeId": code} for code in image.product_codes]  # type: ignore[assignment] # moto lists names only, EC2 objects
        more |= {"ena_support": image.ena, "usage_operation": image.usage_operation}
        if image.deprecated:
            more["deprecation_time"] = image.deprecated.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for name, value in more.items():
            setattr(ami, name, value)
        backend.amis[image.id] = ami
        return image

    def deregister(self, image: Image, account: str = OWN) -> None:
        """Take an image away."""
        get_backend("ec2")[account][image.region].deregister_image(image.id)

    def recommend(self, region: str, name: str, value: str) -> None:
        """Set a public parameter, which no client may."""
        parameters = get_backend("ssm")[OWN][region]._parameters
        made = Parameter(OWN, name, value, "String", None, None, None, datetime.now(UTC), 1, "aws:ec2:image")  # type: ignore[abstract] # moto's own word for a mixin that it never fills
        parameters[name].append(made)

    def fail(self, code: str, fits: Callable[[Call], bool], times: int = -1, **more: Any) -> None:
        """Answer calls with an error."""
        self._faults.append((Fault(fits, code, **more), times))

    def script(self, action: str, answer: Script) -> None:
        """Answer calls that moto does not know."""
        self._scripts[action] = answer

    def counted(self) -> Counter[tuple[str, str]]:
        """How many calls there were, by action and region."""
        return Counter((call.action, call.region) for call in self.calls)

    def asked(self, action: str) -> list[Call]:
        return [call for call in self.calls if call.action == action]

    def _app(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/moto-api"):
            answered: Iterable[bytes] = self._moto(environ, start)
            return answered
        request = Request(environ)
        body = request.get_data(cache=True)
        call, service = _call(request)
        fault = self._note(call)
        if fault is not None:
            return _failure(fault, service)(environ, start)
        if call.action in self._scripts:
            asked = {**request.args, **(request.get_json(silent=True) or {})}
            said = self._scripts[call.action](call.region, asked)
            return Response(json.dumps(said), content_type="application/json")(environ, start)
        # moto reads the body itself
        environ["wsgi.input"] = _Body(body)
        with self._lock:  # moto's first look at a region is not thread-safe
            return list(self._moto(environ, start))

    def _note(self, call: Call) -> Fault | None:
        with self._lock:
            self.calls.append(call)
            for at, (fault, times) in enumerate(self._faults):
                if times and fault.fits(call):
                    self._faults[at] = (fault, times - 1)
                    return fault
        return None


class _Body:
    """The body of a request for another reader."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        size = len(self._data) if size < 0 else size
        given, self._data = self._data[:size], self._data[size:]
        return given


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        pass


def _call(request: Request) -> tuple[Call, str]:
    found = _SCOPE.search(request.headers.get("Authorization", ""))
    assert found, "a call that is not signed"
    key, region, service = found.groups()
    form = request.form
    action = form.get("Action") or request.headers.get("X-Amz-Target", "").partition(".")[2]
    action = action or _PATHS.get(request.path, "")
    return (
        Call(action, region, _numbered(form, "Filter.1.Value."), _numbered(form, "Owner."), key),
        service,
    )


def _numbered(form: Any, prefix: str) -> tuple[str, ...]:
    return tuple(value for name, value in form.items() if name.startswith(prefix))


def _failure(fault: Fault, service: str) -> Response:
    if fault.body is not None:
        return Response(fault.body(), fault.status)
    if service in {"ssm", "eks", "imagebuilder"}:
        return Response(f'{{"__type": "{fault.code}", "message": "No."}}', fault.status)
    return Response((_EC2 if service == "ec2" else _QUERY).format(fault.code), fault.status, content_type="text/xml")
