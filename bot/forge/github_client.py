"""Requests to GitHub: one PyGithub client a thread, retries, tokens, and errors that a person understands.

A PyGithub client that threads share mixes up their answers, so each thread has its own.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from github import Auth, Github, GithubRetry
from github.GithubException import GithubException, RateLimitExceededExceedsMaxWait
from github.Requester import Requester
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.util.retry import Retry

from bot import __version__
from bot.forge.base import ForgeError

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


class GitHubError(ForgeError):
    """GitHub refused or failed; ``status`` is HTTP's (GraphQL's errors get the nearest one), None for no answer.

    ``until`` is when a used-up rate limit is free again; ``said`` are GitHub's own words.
    """

    status: int | None = None
    until: datetime | None = None
    said: str = ""

    @property
    def passing(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self.status is None or self.status >= 500


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

    def increment(  # type: ignore[override]  # PyGithub narrows the response's type, urllib3 does not
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Retry:
        """The next attempt; raises ``RateLimitExceededExceedsMaxWait``."""
        if response is not None and self.max_rate_limit_wait is not None:
            said = str(response.headers.get("Retry-After", ""))
            if said.isdecimal() and int(said) > self.max_rate_limit_wait:
                headers = {name.lower(): value for name, value in response.headers.items()}
                raise RateLimitExceededExceedsMaxWait(response.status, None, headers, wait=float(said))
        return super().increment(method, url, response, error, _pool, _stacktrace)  # type: ignore[arg-type]  # as above


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


class Client:
    """What is asked of GitHub about one repository, in one login's name.

    ``before_write`` is called before every request that changes something: it may wait, for a
    budget, or raise ``ForgeError``. Every method raises ``GitHubError``.
    """

    def __init__(
        self, repository: str, login: Login, wire: Wire, before_write: Callable[[], None] = lambda: None
    ) -> None:
        self.repository = checked_name(repository)
        # A renamed repository is found by its old name, but only reading follows it there.
        self.path_name = self.repository
        self.login = login
        self.wire = wire
        self._before_write = before_write

    def get(self, path: str, shape: type[T]) -> T:
        """The answer to GET, below the repository: ``/git/trees/…``."""
        return self._shaped(self._send("GET", path, None, READING), shape)

    def send(self, verb: str, path: str, body: Mapping[str, Any], shape: type[T], need: Permissions = WRITING) -> T:
        """The answer to a request that writes, and that does the same when it is sent twice."""
        self._before_write()
        return self._shaped(self._send(verb, path, body, need), shape)

    def send_once(self, path: str, body: Mapping[str, Any]) -> None:
        """POST something that would be there twice if it were sent twice."""
        self._before_write()
        self._send("POST", path, body, WRITING, once=True)

    def ask(self, query: str, variables: Mapping[str, Any], shape: type[T]) -> T:
        """The ``data`` of a GraphQL query."""
        return self._shaped(self._graphql(query, variables, READING), shape)

    def mutate(self, query: str, variables: Mapping[str, Any], need: Permissions = WRITING) -> None:
        """Carry out a GraphQL mutation."""
        self._before_write()
        self._graphql(query, variables, need)

    def _graphql(self, query: str, variables: Mapping[str, Any], need: Permissions) -> Any:
        def carry_out(requester: Requester) -> Any:
            _, answer = requester.graphql_query(query, dict(variables))
            return answer.get("data")

        return self._as_login(carry_out, need, self.repository)

    def _send(
        self, verb: str, path: str, body: Mapping[str, Any] | None, need: Permissions, *, once: bool = False
    ) -> Any:
        def carry_out(requester: Requester) -> Any:
            url = f"/repos/{self.path_name}{path}"
            headers, answer = requester.requestJsonAndCheck(verb, url, input=None if body is None else dict(body))
            if "location" in headers and isinstance(answer, dict) and "message" in answer:
                # PyGithub follows 301 alone and takes any other redirection for the answer.
                raise GithubException(308, answer, headers)
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
        bearer, token = requester.auth, self.login.token(need)
        if isinstance(bearer, _Bearer):
            bearer.current = token
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


# Errors


def failure(what: str, where: str, what_next: str, status: int | None = 200) -> GitHubError:
    """An error with a status."""
    error = GitHubError(what, where, what_next)
    error.status = status
    return error


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what PyGithub and the network raise into ``GitHubError``; ``where`` is shown."""
    try:
        yield
    except GithubException as error:
        raise _refusal(error, where) from error
    except requests.RequestException as error:
        what_next = "See whether api_url is right and the network is up; the next run tries again"
        raise failure(f"GitHub does not answer ({type(error).__name__})", where, what_next, None) from None
    except (ValueError, RuntimeError, AssertionError, AttributeError) as error:
        # What PyGithub raises for an answer that is no JSON, and for a redirection to somewhere else.
        raise failure(
            f"GitHub's answer can't be used ({type(error).__name__})", where, "See whether api_url is right"
        ) from error


def _refusal(error: GithubException, where: str) -> GitHubError:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    status, said = _said(error)
    made = _limited(error, headers, said, where) or _worded(status, said, where)
    made.said = said
    return made


def _said(error: GithubException) -> tuple[int, str]:
    """The status and GitHub's words; a GraphQL error (PyGithub gives them 400) gets the status it stands for."""
    data = error.data if isinstance(error.data, dict) else {}
    problems = [one for one in data.get("errors") or () if isinstance(one, dict)]
    words = [str(one.get("message") or one.get("code") or "") for one in problems]
    text = "; ".join(dict.fromkeys(word for word in (str(data.get("message") or ""), *words) if word))
    if error.status != 400 or not problems or data.get("message"):
        return error.status, _flat(text)
    known = {
        "NOT_FOUND": 404,
        "FORBIDDEN": 403,
        "INSUFFICIENT_SCOPES": 403,
        "RATE_LIMITED": 429,
        "SERVICE_UNAVAILABLE": 503,
    }
    status = known.get(str(problems[0].get("type")), 422)
    return (502 if text.startswith("Something went wrong while executing your query") else status), _flat(text)


def _flat(text: str) -> str:
    """Words from outside, on one line and not for ever."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 300 else f"{line[:299]}…"


def _limited(error: GithubException, headers: Mapping[str, str], said: str, where: str) -> GitHubError | None:
    """The error for a rate limit, with the time when it is free again; None for any other."""
    used_up = headers.get("x-ratelimit-remaining") == "0"
    wait = headers.get("retry-after", "")
    limited = Requester.isRateLimitError(said) or "rate limit" in said.lower()
    if error.status not in {200, 400, 403, 429} or not (used_up or wait or limited or error.status == 429):
        return None
    until = None
    if used_up and headers.get("x-ratelimit-reset", "").isdecimal():
        until = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
    moment = (
        f"after {until:%Y-%m-%d %H:%M} UTC"
        if until
        else f"in {wait} seconds"
        if wait.isdecimal()
        else "in some minutes"
    )
    kind = "rate limit" if used_up else "secondary rate limit"
    made = failure(f"GitHub's {kind} is used up", where, f"Run again {moment}", 429)
    made.until = until
    return made


def _worded(status: int, said: str, where: str) -> GitHubError:
    if status >= 500:
        return failure(
            f"GitHub failed (HTTP {status})", where, "The next run tries again; see GitHub's status page", status
        )
    what, what_next = _WORDS.get(status, (f"GitHub refused (HTTP {status})", "See what it says"))
    quoted = f"{where} ({said})" if said else where
    return failure(what, quoted, what_next, status)


_WORDS = {
    401: ("GitHub does not take the credentials", "Set a valid token, or the App's id and private key"),
    403: ("A permission is missing on GitHub", "Grant it to the App or the token, and accept it for the installation"),
    404: (
        "GitHub shows no such thing",
        "The App is not installed on this repository or the token can't see it, or it does not exist",
    ),
    308: ("The repository has moved", "Give its new name"),
    409: ("GitHub can't do that to the repository as it is", "Is it empty? Commit something first"),
    410: ("GitHub has removed it", "See the repository's settings"),
    422: ("GitHub refused the request", "See what it says; a rule of the repository may forbid it"),
    451: ("GitHub may not show the repository for legal reasons", "Leave it out"),
}
