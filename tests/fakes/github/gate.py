"""One request from its bytes to its answer: faults, identity, limits, description, handler, conditional answer."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.github import (  # noqa: F401 - imported to register their routes
    auth,
    rest_apps,
    rest_checks,
    rest_git,
    rest_issues,
    rest_pulls,
    rest_repos,
    specs,
    validation,
)
from tests.fakes.github.auth import Caller
from tests.fakes.github.errors import ApiError, bad_credentials, not_found, unprocessable
from tests.fakes.github.faults import Fault, Faults, Seen
from tests.fakes.github.gitrepo import GitError
from tests.fakes.github.graphql import Query
from tests.fakes.github.graphql_nodes import Context
from tests.fakes.github.limits import Limits
from tests.fakes.github.records import Json
from tests.fakes.github.routing import Answer, Call, Route, router
from tests.fakes.github.world import World

JSON = "application/json; charset=utf-8"
READS = frozenset({"GET", "HEAD"})
# What GitHub Enterprise Server has before its paths.
PREFIX = re.compile(r"^/api(?:/v3(?=/|$)|(?=/graphql$))")
FREE = frozenset({"/rate_limit", "/app/installations/{installation_id}/access_tokens"})


class DroppedError(Exception):
    """The connection is to be closed without an answer."""


@dataclass
class Request:
    """One request as it was received; ``kind``: read, write, graphql, mutation or token."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: Mapping[str, str]
    caller: str = "anonymous"
    kind: str = "read"
    operation: str | None = None
    template: str | None = None
    status: int | None = None


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Ledger:
    """What tests look at afterwards."""

    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    wrong_answers: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)


class Gate:
    """Answers requests on a world."""

    def __init__(self, w: World, limits: Limits, faults: Faults, jwt_now: Callable[[], datetime]) -> None:
        self.w = w
        self.limits = limits
        self.faults = faults
        self.ledger = Ledger()
        self.check_requests = True
        self.check_answers = False
        self.stopping = threading.Event()
        self._jwt_now = jwt_now

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to a request; raises ``DroppedError``."""
        parts = urlsplit(target)
        path = PREFIX.sub("", parts.path) or "/"
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(method, path, query, _json(body), headers)
        self.ledger.requests.append(request)
        asked = self._query(request)
        found = None if asked else router.find(method, path)
        _name(request, asked, found)
        seen = Seen(method, path, request.operation, request.kind in {"write", "mutation"})
        reply = self._before(seen) or self._carried_out(request, asked, found)
        reply = self._after(seen) or reply
        request.status = reply.status
        return reply

    def _query(self, request: Request) -> Query | None:
        if request.path != "/graphql" or request.method != "POST" or specs.why_not():
            return None
        return Query(request.body if isinstance(request.body, dict) else {})

    # Faults

    def _before(self, seen: Seen) -> Reply | None:
        for fault in self.faults.take(seen, after=False):
            reply = self._hit(fault)
            if reply:
                return reply
        return None

    def _after(self, seen: Seen) -> Reply | None:
        replies = [self._hit(fault) for fault in self.faults.take(seen, after=True)]
        return next(filter(None, replies), None)

    def _hit(self, fault: Fault) -> Reply | None:
        if fault.kind == "drop":
            raise DroppedError
        if fault.kind == "slow":
            self.stopping.wait(fault.seconds)
        if fault.kind == "call" and fault.call:
            fault.call()
        if fault.kind == "garble":
            return Reply(fault.status, {"content-type": JSON}, fault.text.encode())
        if fault.kind == "secondary":
            return _refused(self.limits.secondary(), {})
        if fault.kind == "status":
            return _refused(ApiError(fault.status, "Server Error" if fault.status >= 500 else "Fault"), {})
        return None

    # The request itself

    def _carried_out(self, request: Request, asked: Query | None, found: tuple[Route, dict[str, str]] | None) -> Reply:
        with self.w.lock:
            try:
                return self._identified(request, asked, found)
            except Exception as error:  # noqa: BLE001 - whatever the fake gets wrong is answered 500, and told
                self.ledger.crashes.append(traceback.format_exc())
                return _refused(ApiError(500, f"the fake failed: {error!r}"), {})

    def _identified(self, request: Request, asked: Query | None, found: tuple[Route, dict[str, str]] | None) -> Reply:
        try:
            caller = auth.identify(self.w, request.headers.get("authorization"), self._jwt_now)
        except ApiError as error:
            return _refused(error, {})
        request.caller = caller.kind
        resource = "graphql" if asked else "core"
        try:
            reply = self._graphql(request, caller, asked) if asked else self._rest(request, caller, found)
        except ApiError as error:
            reply = _refused(error, error.headers)
        except GitError as error:
            reply = _refused(ApiError(422, str(error)), {})
        reply.headers = {**self.limits.headers(caller.key, resource), **reply.headers}
        if found:
            reply.headers["x-accepted-github-permissions"] = "; ".join(n.replace(":", "=") for n in found[0].needs)
        return reply

    def _rest(self, request: Request, caller: Caller, found: tuple[Route, dict[str, str]] | None) -> Reply:
        if found is None:
            self._unknown(request)
            raise not_found()
        route, params = found
        if route.template not in FREE:
            self.limits.take(caller.key, "core")
        if request.kind == "write":
            self.limits.check_secondary(caller.key, "core", writes=True)
        elif request.kind == "read":
            self.limits.check_secondary(caller.key, "core", writes=False)
        wrong = self._wrong(request, route, params)
        body = request.body if isinstance(request.body, dict) else {"": request.body}
        url = f"{self.w.url}{request.path}"
        call = Call(self.w, self.limits, caller, params, request.query, body, url, route.needs)
        reply = self._conditional(request, caller, _written(_handled(route, call, wrong)))
        self._check_answer(request, route, params, reply)
        return reply

    def _conditional(self, request: Request, caller: Caller, reply: Reply) -> Reply:
        """``ETag`` on what is read; 304, which costs nothing, where the caller has it already."""
        if request.method != "GET" or reply.status != 200:
            return reply
        # GitHub's ETags are a token's own: what one token read is told again in full to the next.
        etag = f'W/"{hashlib.sha256(reply.body + request.headers.get("authorization", "").encode()).hexdigest()}"'
        reply.headers["etag"] = etag
        reply.headers["cache-control"] = "private, max-age=60, s-maxage=60"
        known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
        if etag.removeprefix("W/") not in known:
            return reply
        if request.path != "/rate_limit":
            self.limits.give_back(caller.key, "core")
        return Reply(304, reply.headers, b"")

    def _graphql(self, request: Request, caller: Caller, asked: Query) -> Reply:
        if caller.kind in {"anonymous", "app"}:
            raise (
                bad_credentials()
                if caller.kind == "app"
                else ApiError(401, "This endpoint requires you to be authenticated.")
            )
        if asked.errors:
            self.ledger.violations += [f"graphql: {error.message}" for error in asked.errors]
        cost = asked.cost()
        try:
            self.limits.take(caller.key, "graphql", cost)
        except ApiError as error:
            return _written(Answer(200, {"errors": [{"type": error.kind, "message": error.message}]}))
        self.limits.check_secondary(caller.key, "graphql", writes=asked.mutates)
        told, gaps = asked.run(Context(self.w, self.limits, caller, cost))
        self.ledger.violations += gaps
        return _written(Answer(200, told))

    # GitHub's description

    def _unknown(self, request: Request) -> None:
        where = f"{request.method} {request.path}"
        known = any(
            _fits(template, request.path) and request.method.lower() in can for template, can in _described().items()
        )
        said = "the fake does not serve it" if known else "GitHub describes no such operation"
        self.ledger.violations.append(f"{where}: {said}")

    def _wrong(self, request: Request, route: Route, params: Mapping[str, str]) -> list[str]:
        """What GitHub's description says against a request; it is recorded."""
        if not self.check_requests or specs.why_not() or route.template not in _described():
            return []
        wrong = validation.wrong_request(route.template, _spec_request(request, route, params))
        self.ledger.violations += [f"{request.method} {request.path}: {reason}" for reason in wrong]
        return wrong

    def _check_answer(self, request: Request, route: Route, params: Mapping[str, str], reply: Reply) -> None:
        if (
            not self.check_answers
            or specs.why_not()
            or reply.status in {204, 304}
            or route.template not in _described()
        ):
            return
        response = validation.SpecResponse(reply.status, reply.body, reply.headers["content-type"].partition(";")[0])
        wrong = validation.wrong_response(route.template, _spec_request(request, route, params), response)
        self.ledger.wrong_answers += [f"{request.method} {route.template} {reply.status}: {reason}" for reason in wrong]


def _handled(route: Route, call: Call, wrong: list[str]) -> Answer:
    """The handler's answer; one that stumbles over what GitHub does not describe answers 422, as GitHub would."""
    try:
        return route.handler(call)
    except (AttributeError, KeyError, TypeError, ValueError):
        if not wrong:
            raise
        raise unprocessable("Invalid request.\n\n" + "\n".join(wrong)) from None


def _described() -> Mapping[str, Json]:
    return {} if specs.why_not() else validation.known_paths()


def _fits(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(a == b or a.startswith("{") for a, b in zip(wanted, given, strict=True))


def _spec_request(request: Request, route: Route, params: Mapping[str, str]) -> validation.SpecRequest:
    given = request.body
    if isinstance(given, list) and route.template.endswith("/labels"):
        # GitHub takes the list alone too, and PyGithub sends it so; the description has only the object.
        given = {"labels": given}
    body = None if given is None else json.dumps(given).encode()
    return validation.SpecRequest(request.method, route.canonical(params), request.query, body, "application/json")


def _json(body: bytes) -> Any:
    """What the body says; an unreadable one is kept as text, so that the description refuses it."""
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _name(request: Request, asked: Query | None, found: tuple[Route, dict[str, str]] | None) -> None:
    """Say what kind of request it is."""
    if asked:
        request.kind = "mutation" if asked.mutates else "graphql"
        request.operation = asked.label
        return
    request.template = found[0].template if found else None
    if request.template and request.template.endswith("/access_tokens"):
        request.kind = "token"
    elif request.method not in READS:
        request.kind = "write"


def _written(answer: Answer) -> Reply:
    if answer.body is None:
        return Reply(answer.status, dict(answer.headers), b"")
    headers = {"content-type": JSON, **answer.headers}
    plain = not headers["content-type"].startswith("application/json")
    return Reply(answer.status, headers, str(answer.body).encode() if plain else json.dumps(answer.body).encode())


def _refused(error: ApiError, headers: Mapping[str, str]) -> Reply:
    return Reply(error.status, {"content-type": JSON, **error.headers, **headers}, json.dumps(error.body()).encode())
