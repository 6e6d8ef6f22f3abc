"""Requests to GitHub: one PyGithub client a thread, retries, tokens, and errors that a person understands.

A PyGithub client that threads share mixes up their answers, so each thread has its own.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import msgspec
from github import Auth, Github, GithubRetry
from github.GithubException import GithubException, RateLimitExceededExceedsMaxWait
from github.Requester import Requester
from urllib3.util.retry import Retry

from bot import __version__
from bot.core.budget import Work
from bot.forge.base import ForgeError
from bot.forge.github_errors import explained, failure

API_VERSION = "2022-11-28"
NAME = re.compile(r"(?!\.\.?/)[A-Za-z0-9_.-]{1,100}/(?!\.\.?$)[A-Za-z0-9_.-]{1,100}")
"""``OWNER/REPO`` with what GitHub allows in them."""

Permissions = Mapping[str, str]
READING: Permissions = {"contents": "read", "metadata": "read", "pull_requests": "read"}
WRITING: Permissions = {"contents": "write", "metadata": "read", "pull_requests": "write"}
WORKFLOWS: Permissions = {**WRITING, "workflows": "write"}

T = TypeVar("T")

# At DEBUG PyGithub logs whole answers, and one of them is a new token.
logging.getLogger("github.Requester").setLevel(logging.INFO)


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

    def increment(self, *arguments: Any, **named: Any) -> Retry:  # type: ignore[override]  # handed on as they come
        """The next attempt, for what urllib3 passes; raises ``RateLimitExceededExceedsMaxWait``."""
        response = named.get("response")
        if response is not None and self.max_rate_limit_wait is not None:
            said = str(response.headers.get("Retry-After", ""))
            if said.isdecimal() and int(said) > self.max_rate_limit_wait:
                headers = {name.lower(): value for name, value in response.headers.items()}
                response.drain_conn()  # or the connection is lost to the pool and never closed
                raise RateLimitExceededExceedsMaxWait(response.status, None, headers, wait=float(said))
        return super().increment(*arguments, **named)


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
    """Sends requests to one API address; safe for threads, each of which has a client of its own."""

    def __init__(self, api_url: str, pace: Pace, auth: Callable[[], Auth.Auth]) -> None:
        self.api_url = checked_url(api_url)
        self._pace = pace
        self._auth = auth
        self._local = threading.local()
        self._open: list[Github] = []
        self._lock = threading.Lock()
        self._allowances: dict[tuple[int | None, str], Allowance] = {}

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


class _Made(msgspec.Struct):
    id: int


class Client:
    """What is asked of GitHub about one repository, in one login's name.

    ``before_write`` is called before every request that changes something, with what it is for
    (``work``, which the forge sets): it may wait, for a budget, or raise ``ForgeError``. Every
    method raises ``GitHubError``.
    """

    def __init__(
        self, repository: str, login: Login, wire: Wire, before_write: Callable[[Work], None] = lambda _: None
    ) -> None:
        self.repository = checked_name(repository)
        # A renamed repository is found by its old name, but only reading follows it there.
        self.path_name = self.repository
        self.login = login
        self.wire = wire
        self.work = Work.UPDATE
        self._before_write = before_write

    def get(self, path: str, shape: type[T]) -> T:
        """The answer to GET, below the repository: ``/git/trees/…``."""
        return self._shaped(self._send("GET", path, None, READING), shape)

    def send(self, verb: str, path: str, body: Mapping[str, Any], shape: type[T], need: Permissions = WRITING) -> T:
        """The answer to a request that writes, and that does the same when it is sent twice."""
        self._before_write(self.work)
        return self._shaped(self._send(verb, path, body, need), shape)

    def send_once(self, path: str, body: Mapping[str, Any]) -> None:
        """POST something that would be there twice if it were sent twice."""
        self._before_write(self.work)
        self._shaped(self._send("POST", path, body, WRITING, once=True), _Made)

    def ask(self, query: str, variables: Mapping[str, Any], shape: type[T]) -> T:
        """The ``data`` of a GraphQL query."""
        return self._shaped(self._graphql(query, variables, READING), shape)

    def mutate(self, query: str, variables: Mapping[str, Any], need: Permissions = WRITING) -> None:
        """Carry out a GraphQL mutation."""
        self._before_write(self.work)
        self._graphql(query, variables, need)

    def _graphql(self, query: str, variables: Mapping[str, Any], need: Permissions) -> Any:
        def carry_out(requester: Requester) -> Any:
            headers, answer = requester.graphql_query(query, dict(variables))
            self.wire.note(self.login.fleet, headers)
            return answer.get("data")

        return self._as_login(carry_out, need, self.repository)

    def _send(
        self, verb: str, path: str, body: Mapping[str, Any] | None, need: Permissions, *, once: bool = False
    ) -> Any:
        def carry_out(requester: Requester) -> Any:
            url = f"/repos/{self.path_name}{path}"
            headers, answer = requester.requestJsonAndCheck(verb, url, input=None if body is None else dict(body))
            self.wire.note(self.login.fleet, headers)
            return answer

        return self._as_login(carry_out, need, f"{self.repository}, {verb} {path.partition('?')[0]}", once=once)

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
        return token

    def _shaped(self, answer: Any, shape: type[T]) -> T:
        try:
            return msgspec.convert(answer, shape)
        except msgspec.ValidationError as error:
            raise failure(
                "GitHub's answer can't be understood", f"{self.repository}: {error}", "See whether api_url is right"
            ) from error


def bearer() -> Auth.Auth:
    """What a ``Wire`` for clients is made with: the token is lent to it request by request."""
    return _Bearer()
