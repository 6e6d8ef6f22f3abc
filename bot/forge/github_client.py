"""Requests to GitHub: one PyGithub client a thread, retries, tokens, and errors that a person understands.

A PyGithub client that threads share mixes up their answers, so each thread has its own.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol, Self, TypeVar, cast
from urllib.parse import urlsplit

import msgspec
from github import Auth, Github, GithubRetry
from github.GithubException import GithubException, RateLimitExceededExceedsMaxWait
from github.Requester import Requester
from urllib3.util.retry import Retry

from bot import __version__
from bot.core.budget import Work
from bot.forge.base import PREFIX, ForgeError
from bot.forge.github_errors import explained, failure
from bot.http import LONGEST_VALIDATOR, Cache, Cached

API_VERSION = "2022-11-28"
NAME = re.compile(r"(?!\.\.?/)[A-Za-z0-9_.-]{1,100}/(?!\.\.?$)[A-Za-z0-9_.-]{1,100}")
"""``OWNER/REPO`` with what GitHub allows in them."""

Permissions = Mapping[str, str]
READING: Permissions = {"contents": "read", "metadata": "read", "pull_requests": "read"}
WRITING: Permissions = {"contents": "write", "metadata": "read", "pull_requests": "write"}
WORKFLOWS: Permissions = {**WRITING, "workflows": "write"}
READING_ISSUES: Permissions = {**READING, "issues": "read"}
BOARD: Permissions = {"issues": "write", "metadata": "read"}
"""What the dashboard issue needs; comments and labels of pull requests do without."""

T = TypeVar("T")

WORTH_TELLING = 1.0
"""Seconds: a shorter pause is not spoken of."""

# At DEBUG PyGithub logs whole answers, and one of them is a new token. What it says at INFO about
# pauses is said by ``Wire.told``, once and in our words.
for _name in ("github", "github.Requester", "github.GithubRetry"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("urllib3.connectionpool").addFilter(
    lambda record: not (isinstance(record.args, tuple) and any(isinstance(one, _Patience) for one in record.args))
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a client is; all times are in seconds.

    ``between_requests`` and ``between_writes`` are kept by each thread's client (PyGithub counts a
    GraphQL query as a write). ``longest_wait`` is how long a rate limit is waited for; a longer one
    is an error. ``backoff`` doubles with each attempt after the second.
    """

    between_requests: float = 0.0
    between_writes: float = 0.0
    attempts: int = 5
    backoff: float = 1.0
    secondary_wait: float = 60.0
    longest_wait: float = 120.0
    timeout: int = 30


PATIENT = Pace()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What GitHub's rate limit leaves of one hour: requests, or points of GraphQL; ``until`` is when it is full again.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    left: int
    limit: int
    until: datetime


class Login(Protocol):
    """Whose name requests are made in."""

    @property
    def fleet(self) -> int | None:
        """The App's installation, None for a plain token."""
        ...

    @property
    def is_app(self) -> bool:
        """Whether it is an App's installation, whose commits GitHub signs."""
        ...

    def token(self, permissions: Permissions) -> str:
        """A token with at least these permissions; raises ``ForgeError``."""
        ...

    def lacks(self, permissions: Permissions) -> bool:
        """Whether it is known without asking that some of these permissions were not granted."""
        ...

    def renew(self, token: str) -> bool:
        """Forget a token that GitHub no longer takes; whether another can be had."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A plain token, given by the operator; GitHub alone knows what it may do."""

    value: str

    fleet = None
    is_app = False

    def __post_init__(self) -> None:
        if not self.value or any(not "!" <= c <= "~" for c in self.value):
            raise ForgeError("The GitHub token is empty or holds odd characters", "github.token", "Set it again")

    def __repr__(self) -> str:
        return "Token(…)"

    def token(self, permissions: Permissions) -> str:
        """The token, whatever is asked for."""
        del permissions  # a plain token can't be narrowed
        return self.value

    def lacks(self, permissions: Permissions) -> bool:
        """Never known beforehand."""
        del permissions  # see the class
        return False

    def renew(self, token: str) -> bool:
        """There is no other."""
        del token  # see the class
        return False


class _Bearer(Auth.Auth):
    """The token of the request that is being made."""

    def __init__(self) -> None:
        self.current = ""

    @property
    def token_type(self) -> str:
        return "Bearer"

    @property
    def token(self) -> str:
        return self.current


class _Patience(GithubRetry):
    """PyGithub's retries, which would wait as long as a server says: an hour is no pause but an error."""

    def __init__(self, *, told: Callable[[float], None], **named: Any) -> None:
        self._told = told
        super().__init__(**named)

    def new(self, **named: Any) -> Self:
        """The same with other numbers, as urllib3 asks for."""
        return super().new(told=self._told, **named)

    def increment(self, *arguments: Any, **named: Any) -> Retry:  # type: ignore[override]  # handed on as they come
        """The next attempt, for what urllib3 passes; raises ``RateLimitExceededExceedsMaxWait``."""
        response = named.get("response")
        said = "" if response is None else str(response.headers.get("Retry-After", ""))
        wait = float(said) if said.isdecimal() else 0.0
        if response is not None and self.max_rate_limit_wait is not None and wait > self.max_rate_limit_wait:
            headers = {name.lower(): value for name, value in response.headers.items()}
            response.drain_conn()  # or the connection is lost to the pool and never closed
            raise RateLimitExceededExceedsMaxWait(response.status, None, headers, wait=wait)
        following = super().increment(*arguments, **named)
        wait = wait or following.get_backoff_time()
        if response is not None and response.status in {403, 429} and wait >= WORTH_TELLING:
            self._told(wait)
        return following


def checked_name(repository: str) -> str:
    """The same ``OWNER/REPO``; raises ``ForgeError`` for what is none."""
    if not NAME.fullmatch(repository):
        raise ForgeError("That is no GitHub repository", repr(repository), "Write it as OWNER/REPO")
    return repository


def checked_url(api_url: str) -> str:
    """The same address without a slash at its end; raises ``ForgeError`` for one that can't be GitHub's."""
    parts = urlsplit(api_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        what_next = "Give github.api_url as https://HOST/api/v3, or leave it out for github.com"
        raise ForgeError("That is no address of GitHub's API", parts.hostname or "github.api_url", what_next)
    return api_url.rstrip("/")


class Wire:
    """Sends requests to one API address; safe for threads, each of which has a client of its own.

    When GitHub asks for a pause, ``told`` is called, from any of the threads, with a sentence for
    people, and ``paused`` with the installation (None: a plain token) and the seconds. ``now``
    gives seconds since the epoch.
    """

    def __init__(
        self,
        api_url: str,
        pace: Pace,
        auth: Callable[[], Auth.Auth],
        *,
        told: Callable[[str], None] = lambda _: None,
        paused: Callable[[int | None, float], None] = lambda _fleet, _seconds: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.api_url = checked_url(api_url)
        self.now = now
        self._pace = pace
        self._auth = auth
        self._told = told
        self._paused = paused
        self._local = threading.local()
        self._open: list[Github] = []
        self._lock = threading.Lock()
        self._allowances: dict[tuple[int | None, str], Allowance] = {}

    def serve(self, fleet: int | None) -> None:
        """Say in whose name this thread asks now."""
        self._local.fleet = fleet

    def _pause(self, seconds: float) -> None:
        self._told(f"GitHub asks for a pause of {seconds:.0f} s")
        self._paused(getattr(self._local, "fleet", None), seconds)

    def note(self, fleet: int | None, headers: Mapping[str, str]) -> None:
        """Remember what an answer's headers say of the rate limit."""
        numbers = [headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "limit", "reset")]
        if all(number.isdecimal() for number in numbers):
            left, limit, reset = map(int, numbers)
            with self._lock:
                key = (fleet, headers.get("x-ratelimit-resource", "core"))
                self._allowances[key] = Allowance(left, limit, datetime.fromtimestamp(reset, UTC))

    def allowance(self, fleet: int | None, resource: str) -> Allowance | None:
        """What was left to an installation (None: to a plain token) at the last answer; ``core`` or ``graphql``."""
        with self._lock:
            return self._allowances.get((fleet, resource))

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            clients, self._open = self._open, []
            self._local = threading.local()
        for client in clients:
            client.close()

    def requester(self, *, once: bool = False) -> Requester:
        """This thread's client; with ``once`` a POST is sent a single time, whatever becomes of it."""
        name = "once" if once else "often"
        client = getattr(self._local, name, None)
        if client is None:
            client = self._made(once=once)
            setattr(self._local, name, client)
            with self._lock:
                self._open.append(client)
        made: Github = client
        return made.requester

    def _made(self, *, once: bool) -> Github:
        pace = self._pace
        methods = Retry.DEFAULT_ALLOWED_METHODS | {"PATCH"}
        retry = _Patience(
            told=self._pause,
            secondary_rate_wait=pace.secondary_wait,
            max_rate_limit_wait=pace.longest_wait,
            total=pace.attempts - 1,
            backoff_factor=pace.backoff,
            backoff_max=pace.longest_wait,
            status_forcelist=[429, *range(500, 600)],
            allowed_methods=methods if once else methods | {"POST"},
            raise_on_status=False,  # the answer says more than "too many 503 error responses"
        )
        return Github(
            auth=self._auth(),
            base_url=self.api_url,
            retry=retry,
            timeout=pace.timeout,
            user_agent=f"freshline/{__version__}",
            seconds_between_requests=pace.between_requests,
            seconds_between_writes=pace.between_writes,
            lazy=True,
            api_version=API_VERSION,
        )


class Answer(NamedTuple):
    """What a GET was answered: ``body`` is JSON, None with 304 (what was kept is still right)."""

    status: int
    headers: Mapping[str, str]
    body: Any


def conditional(requester: Requester, path: str, etag: str | None) -> Answer:
    """GET, unless it still is what ``etag`` names; raises as PyGithub does.

    A 304 costs nothing of the rate limit
    (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api).
    """
    asked = {"If-None-Match": etag} if etag else {}
    status, headers, text = requester.requestJson("GET", path, headers=asked)
    if status < 400:
        return Answer(status, headers, json.loads(text) if text else None)
    raise Requester.createException(status, headers, _object(text))


def _object(text: str) -> dict[str, Any]:
    """What an error says about itself; nothing, where it is no JSON (a proxy's page)."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where answers are kept, and for how many seconds one is good without asking."""

    cache: Cache
    fresh_for: float = 0.0


def get_kept(wire: Wire, path: str, shape: type[T], keeping: Keeping, ask: Callable[[str | None], Answer]) -> T:
    """The answer to GET, from ``keeping`` while it is fresh or GitHub says that nothing changed.

    ``ask`` sends the request with an ETag. Only what ``shape`` names is kept; raises
    ``msgspec.ValidationError`` for an answer of another shape, and what ``ask`` raises.
    """
    # Another layout has another key, so that an answer that was kept is always one of this shape.
    key = f"forge-github/{_layout(cast('Any', shape))}:{wire.api_url}{path}"
    kept = keeping.cache.get(key)
    body = _opened(kept, shape)
    if kept is None or body is None:
        answer = ask(None)
    elif 0 <= wire.now() - kept.fetched_at < keeping.fresh_for:
        return body
    else:
        answer = ask(kept.etag)
        if answer.status == HTTPStatus.NOT_MODIFIED:
            keeping.cache.touch(key, wire.now())
            return body
    made = msgspec.convert(answer.body, shape)
    etag = answer.headers.get("etag", "")
    known = etag if 0 < len(etag) <= LONGEST_VALIDATOR else None
    keeping.cache.put(key, Cached(known, None, wire.now(), msgspec.json.encode(made)))
    return made


def _opened(kept: Cached | None, shape: type[T]) -> T | None:
    """What was kept; None where it is damaged, so that it is asked for again."""
    try:
        return msgspec.json.decode(kept.body, type=shape) if kept else None
    except msgspec.DecodeError:
        return None


@functools.cache
def _layout(shape: Any) -> str:
    """A short name for exactly this shape."""
    described = msgspec.json.encode(msgspec.json.schema(shape), order="sorted")
    return hashlib.sha256(described).hexdigest()[:16]


class Missed(NamedTuple):
    """A part of a GraphQL answer that was not given: where (names and positions), and GitHub's word for why."""

    path: tuple[str | int, ...]
    kind: str


_MISSING = frozenset({"NOT_FOUND", "FORBIDDEN"})


class _Trouble(msgspec.Struct):
    type: str = ""
    path: list[str | int] = []


class _Partly(msgspec.Struct):
    data: dict[str, Any]
    errors: list[_Trouble] = []


def _missed(error: GithubException, may_miss: frozenset[str]) -> tuple[Missed, ...] | None:
    """What a GraphQL answer lacks, None unless all of it may be missing."""
    answer = error.data if isinstance(error.data, dict) else {}
    try:
        found = msgspec.convert(answer, _Partly)
    except msgspec.ValidationError:
        return None
    missed = tuple(Missed(tuple(one.path), one.type) for one in found.errors)
    fine = all(kind in _MISSING and path and path[0] in may_miss for path, kind in missed)
    return missed if fine and missed else None


class Session:
    """What is asked of GitHub in one login's name; ``where`` is shown in errors.

    It keeps nothing, so that threads may share it. Every method raises ``GitHubError``.
    """

    def __init__(self, login: Login, wire: Wire, where: str) -> None:
        self.login = login
        self.wire = wire
        self.where = where

    def page(self, path: str, shape: type[T], keeping: Keeping, need: Permissions) -> T:
        """The answer to GET of any path, as far as possible from what is kept."""
        where = f"{self.where}, GET {path.partition('?')[0]}"

        def ask(etag: str | None) -> Answer:
            answer = self._as_login(lambda requester: conditional(requester, path, etag), need, where)
            self.wire.note(self.login.fleet, answer.headers)
            return answer

        with self._understood():
            return get_kept(self.wire, path, shape, keeping, ask)

    def ask(
        self, query: str, variables: Mapping[str, Any], shape: type[T], may_miss: frozenset[str] = frozenset()
    ) -> T:
        """The ``data`` of a GraphQL query; fields named in ``may_miss`` may be missing or forbidden (null)."""
        return self.ask_partly(query, variables, shape, may_miss)[0]

    def ask_partly(
        self,
        query: str,
        variables: Mapping[str, Any],
        shape: type[T],
        may_miss: frozenset[str],
        need: Permissions = READING,
    ) -> tuple[T, tuple[Missed, ...]]:
        """As ``ask``, with what was missing below the fields of ``may_miss``."""
        data, missed = self._graphql(query, variables, need, may_miss)
        return self._shaped(data, shape), missed

    def _graphql(
        self, query: str, variables: Mapping[str, Any], need: Permissions, may_miss: frozenset[str] = frozenset()
    ) -> tuple[Any, tuple[Missed, ...]]:
        def carry_out(requester: Requester) -> tuple[Any, tuple[Missed, ...]]:
            try:
                headers, answer = requester.graphql_query(query, dict(variables))
            except GithubException as error:
                missed = _missed(error, may_miss)
                if missed is None:
                    raise
                headers, answer = error.headers or {}, error.data
            else:
                missed = ()
            self.wire.note(self.login.fleet, headers)
            return answer.get("data"), missed

        return self._as_login(carry_out, need, self.where)

    def _as_login(self, carry_out: Callable[[Requester], T], need: Permissions, where: str, *, once: bool = False) -> T:
        """Carry out a request with a token; once more with a new one when the first has expired."""
        with explained(where):
            requester = self.wire.requester(once=once)
            token = self._lend(requester, need)
            try:
                return carry_out(requester)
            except GithubException as error:
                if error.status != 401 or not self.login.renew(token):
                    raise
            self._lend(requester, need)
            return carry_out(requester)

    def _lend(self, requester: Requester, need: Permissions) -> str:
        token = self.login.token(need)
        cast("_Bearer", requester.auth).current = token
        self.wire.serve(self.login.fleet)
        return token

    def _shaped(self, answer: Any, shape: type[T]) -> T:
        with self._understood():
            return msgspec.convert(answer, shape)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except msgspec.ValidationError as error:
            raise failure(
                "GitHub's answer can't be understood", f"{self.where}: {error}", "See whether api_url is right"
            ) from error


class _Made(msgspec.Struct):
    id: int


class Client(Session):
    """What is asked of GitHub about one repository, in one login's name.

    ``before_write`` is called before every request that changes something, with what it is for
    (``work``, which the forge sets): it may wait, for a budget, or raise ``ForgeError``.
    ``prefix`` is what the names of the bot's branches begin with. Every method raises ``GitHubError``.
    """

    def __init__(
        self,
        repository: str,
        login: Login,
        wire: Wire,
        before_write: Callable[[Work], None] = lambda _: None,
        prefix: str = PREFIX,
    ) -> None:
        self.prefix = prefix
        self.repository = checked_name(repository)
        super().__init__(login, wire, self.repository)
        # A renamed repository is found by its old name, but only reading follows it there.
        self.path_name = self.repository
        self.work = Work.UPDATE
        self._before_write = before_write

    @contextmanager
    def working(self, work: Work) -> Iterator[None]:
        """Say what the writes inside are for."""
        before, self.work = self.work, work
        try:
            yield
        finally:
            self.work = before

    def get(self, path: str, shape: type[T]) -> T:
        """The answer to GET, below the repository: ``/git/trees/…``."""
        return self._shaped(self._send("GET", path, None, READING), shape)

    def get_kept(self, path: str, shape: type[T], cache: Cache, fresh_for: float = 0.0) -> T:
        """As ``get``, from ``cache`` for ``fresh_for`` seconds, and as long as GitHub says that nothing changed.

        Only what ``shape`` names is kept. An error (404 too) is never kept.
        """
        return self.page(f"/repos/{self.path_name}{path}", shape, Keeping(cache, fresh_for), READING)

    def send(self, verb: str, path: str, body: Mapping[str, Any], shape: type[T], need: Permissions = WRITING) -> T:
        """The answer to a request that writes, and that does the same when it is sent twice."""
        self._before_write(self.work)
        return self._shaped(self._send(verb, path, body, need), shape)

    def send_once(self, path: str, body: Mapping[str, Any], need: Permissions = WRITING) -> None:
        """POST something that would be there twice if it were sent twice."""
        self._before_write(self.work)
        self._shaped(self._send("POST", path, body, need, once=True), _Made)

    def mutate(self, query: str, variables: Mapping[str, Any], need: Permissions = WRITING) -> None:
        """Carry out a GraphQL mutation."""
        self._before_write(self.work)
        self._graphql(query, variables, need)

    def _send(
        self, verb: str, path: str, body: Mapping[str, Any] | None, need: Permissions, *, once: bool = False
    ) -> Any:
        def carry_out(requester: Requester) -> Any:
            url = f"/repos/{self.path_name}{path}"
            headers, answer = requester.requestJsonAndCheck(verb, url, input=None if body is None else dict(body))
            self.wire.note(self.login.fleet, headers)
            return answer

        return self._as_login(carry_out, need, f"{self.repository}, {verb} {path.partition('?')[0]}", once=once)


def bearer() -> Auth.Auth:
    """What a ``Wire`` for clients is made with: the token is lent to it request by request."""
    return _Bearer()
