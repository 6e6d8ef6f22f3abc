"""The one outbound client: time-outs, retries, limits, conditional requests, origin-bound credentials.

It only ever sends GET and HEAD. ``httpx`` and ``stamina`` are imported when the first request really goes
out, because a pass whose cache is fresh needs neither.
"""

from __future__ import annotations

import io
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from bot import __version__

if TYPE_CHECKING:
    import ssl

    import httpx

Problem = Literal["not_found", "unreachable", "unavailable", "invalid"]
Method = Literal["GET", "HEAD"]
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
GONE = frozenset({404, 410})
DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST_VALIDATOR = 512
"""A longer ETag or Last-Modified is not kept: the next request is then an unconditional one."""


class FetchError(Exception):
    """An answer that is no use: ``problem`` is its class, ``detail`` says what, where and what next.

    ``unreachable`` is a host that gave no whole answer in time, ``unavailable`` one whose answer
    was an error, ``invalid`` an address or a body that can't be used. ``status`` is the HTTP status.
    """

    def __init__(self, problem: Problem, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.status = status


class NotKeptError(Exception):
    """No fresh answer is kept: the server has to be asked."""


class _TransientError(FetchError):
    """An error worth asking again for, after ``wait`` seconds where the server says so."""

    wait: float | None = None


class _OverdueError(Exception):
    """The whole time that one fetch may take is over."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves to one origin (``https://index.example:8443``) who asks: a token or a password."""

    origin: str
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if any(not " " <= c <= "~" for c in self.token) or self.origin != origin_of(self.origin):
            raise ValueError("a credential needs an origin such as https://index.example and a printable token")

    @property
    def header(self) -> str:
        """The value of ``Authorization``: Bearer (RFC 6750) or Basic in UTF-8 (RFC 7617)."""
        if self.token:
            return f"Bearer {self.token}"
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode()


class Tokens(Protocol):
    """How to come by the token that a server wants (``WWW-Authenticate: Bearer``, RFC 6750, section 3).

    Where the token comes from is the server's word, so whom our credential is shown is decided
    here and in ``Http`` together. Tokens live in memory, and go to the server's origin only.
    """

    @property
    def purpose(self) -> str:
        """What a token is good for: one is kept for each server, credential and purpose."""
        ...

    def address(self, challenge: str, origin: str) -> str | None:
        """Where the token is to be had that this origin asks for, None where the challenge does not say.

        Raises ``ValueError`` for an address that is not to be asked.
        """
        ...

    def partners(self, origin: str, issuer: str) -> bool:
        """Whether the two origins are known to be one service, which shares its credentials."""
        ...

    def read(self, body: bytes) -> tuple[str, float]:
        """The token and the seconds that it lasts; raises ``ValueError`` where the body is none."""
        ...


@dataclass(frozen=True, slots=True)
class Distil:
    """How an answer is asked for and made small before it is kept.

    ``apply`` turns the body into the bytes to keep and raises ``ValueError`` for a body that is
    not what was asked for; ``version`` names the result's layout and is part of the cache key.
    The values of the header ``fields`` stand before the body, a line each, "" for one that the
    answer lacks. The body of a HEAD is empty.
    """

    version: str
    apply: Callable[[bytes], bytes]
    fields: tuple[str, ...] = ()
    method: Method = "GET"
    tokens: Tokens | None = None


@dataclass(frozen=True, slots=True)
class Cached:
    """A kept answer: what ``Distil`` made of the body, and what revalidates it.

    ``fetched_at`` is when the server last confirmed it, in seconds since the epoch.
    """

    etag: str | None
    last_modified: str | None
    fetched_at: float
    body: bytes
    status: Literal["ok", "not_found"] = "ok"


class Cache(Protocol):
    """Where answers are kept; called from several threads at once."""

    def get(self, key: str) -> Cached | None:
        """The kept answer, None where there is none."""
        ...

    def put(self, key: str, answer: Cached) -> None:
        """Keep an answer in place of the one before."""
        ...

    def touch(self, key: str, fetched_at: float) -> None:
        """Note that the server confirmed the kept answer at this time."""
        ...


class MemoryCache:
    """A cache that lives as long as the process."""

    def __init__(self) -> None:
        self._answers: dict[str, Cached] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Cached | None:
        """The kept answer, None where there is none."""
        with self._lock:
            return self._answers.get(key)

    def put(self, key: str, answer: Cached) -> None:
        """Keep an answer in place of the one before."""
        with self._lock:
            self._answers[key] = answer

    def touch(self, key: str, fetched_at: float) -> None:
        """Note that the server confirmed the kept answer at this time."""
        with self._lock:
            kept = self._answers.get(key)
            if kept:
                self._answers[key] = replace(kept, fetched_at=fetched_at)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take; times in seconds, sizes in bytes after decompression."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 60.0
    body: int = 64_000_000
    per_host: int = 20
    at_once: int = 64
    attempts: int = 3
    first_wait: float = 0.2
    longest_wait: float = 10.0
    redirects: int = 5
    fresh_for: float = 900.0
    absent_for: float = 300.0


@dataclass(frozen=True, slots=True)
class _Target:
    """An address without user information, and whom its origin may be told that we are."""

    url: str
    origin: str
    credential: Credential | None
    method: Method = "GET"


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer that was read to its end; ``body`` is empty unless the status is 200."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def origin_of(url: str) -> str:
    """Scheme, host and port of an http(s) address (RFC 6454), without the default port.

    Raises ``ValueError`` (which never repeats the address) for anything else.
    """
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in DEFAULT_PORTS or not host or any(not "!" <= c <= "~" for c in url):
        raise ValueError("not an http(s) address")
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")


def without_credentials(url: str) -> str:
    """The address without its user information and its fragment; raises ``ValueError`` as ``origin_of`` does."""
    parts = urlsplit(url)
    return origin_of(url) + urlunsplit(("", "", parts.path, parts.query, ""))


def host_of(url: str) -> str:
    """The host (and a port that is not the default) for people to read."""
    return origin_of(url).partition("://")[2]


class Http:
    """Fetches through the cache; safe to share between threads.

    ``now`` gives seconds since the epoch; ``ca_file`` a certificate bundle to trust instead of
    the one that ``SSL_CERT_FILE``/``SSL_CERT_DIR`` or certifi give. Proxies come from the
    environment.
    """

    def __init__(
        self,
        cache: Cache,
        *,
        credentials: Iterable[Credential] = (),
        limits: Limits | None = None,
        now: Callable[[], float] = time.time,
        ca_file: str | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._cache = cache
        self._credentials = {c.origin: c for c in credentials}
        self._now = now
        self._ca_file = ca_file
        self._lock = threading.Lock()
        self._hosts: dict[str, threading.Semaphore] = {}
        self._all = threading.Semaphore(self.limits.at_once)
        self._clock = _Clock()
        self._made: httpx.Client | None = None
        self._tokens: dict[tuple[str, Credential | None, str], tuple[Credential, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; the next fetch opens new ones."""
        with self._lock:
            made, self._made = self._made, None
        if made:
            made.close()

    def fetch(self, url: str, *, headers: Mapping[str, str], distil: Distil) -> bytes:
        """What ``distil`` made of the answer's body, from the cache while it is fresh.

        Raises ``FetchError``: ``not_found`` for 404 and 410, another problem for everything
        else that is not a 200 with a body that ``distil`` accepts. A kept answer never stands in
        for one that the server fails to give.
        """
        target = replace(self._target(url), method=distil.method)
        key = f"{distil.version}:{target.url}"
        kept = self._cache.get(key)
        if kept and self._fresh(kept):
            return _opened(kept, target.url)
        reply = self._admitted(target, {**headers, **_conditions(kept)}, distil.tokens)
        if kept and kept.status == "ok" and reply.status == 304:
            self._cache.touch(key, self._now())
            return kept.body
        answer = self._judged(reply, distil)
        self._cache.put(key, answer)
        return _opened(answer, target.url)

    def kept(self, url: str, distil: Distil) -> bytes:
        """What ``fetch`` would answer without asking; raises ``NotKeptError`` and ``FetchError``."""
        target = self._target(url)
        kept = self._cache.get(f"{distil.version}:{target.url}")
        if kept is None or not self._fresh(kept):
            raise NotKeptError
        return _opened(kept, target.url)

    def _target(self, url: str) -> _Target:
        try:
            clean, origin, parts = without_credentials(url), origin_of(url), urlsplit(url)
        except ValueError as exc:
            raise FetchError("invalid", "the registry's address is not an http(s) address; correct it") from exc
        credential = self._credentials.get(origin)
        if parts.username or parts.password:
            credential = Credential(origin, unquote(parts.username or ""), unquote(parts.password or ""))
        return _Target(clean, origin, credential)

    def _fresh(self, kept: Cached) -> bool:
        age = self._now() - kept.fetched_at
        return 0 <= age < (self.limits.fresh_for if kept.status == "ok" else self.limits.absent_for)

    def _judged(self, reply: _Reply, distil: Distil) -> Cached:
        if reply.status in GONE:
            return Cached(None, None, self._now(), b"", "not_found")
        host = host_of(reply.url)
        if reply.status in (401, 403):
            raise FetchError(
                "unavailable",
                f"{host} answered {_status(reply.status)}; give the operator's configuration a credential for it",
                reply.status,
            )
        if reply.status != 200:
            raise FetchError("unavailable", f"{host} answered {_status(reply.status)}; check the address", reply.status)
        try:
            body = distil.apply(_told(reply, distil.fields))
        except ValueError as exc:
            raise FetchError("invalid", f"{host} answered what can't be used: {exc}", reply.status) from exc
        return Cached(_validator(reply, "etag"), _validator(reply, "last-modified"), self._now(), body)

    def _admitted(self, target: _Target, headers: Mapping[str, str], tokens: Tokens | None) -> _Reply:
        """The answer, with a token where the server (and nobody it sends us to) asks for one."""
        if tokens is None:
            return self._ask(target, headers)
        known = self._token_kept(target, tokens)
        reply = self._ask(replace(target, credential=known or target.credential), headers)
        if reply.status != HTTPStatus.UNAUTHORIZED or origin_of(reply.url) != target.origin:
            return reply
        token = self._token(target, reply.headers.get("www-authenticate", ""), tokens)
        return reply if token is None else self._ask(replace(target, credential=token), headers)

    def _token_kept(self, target: _Target, tokens: Tokens) -> Credential | None:
        with self._lock:
            token, until = self._tokens.get((target.origin, target.credential, tokens.purpose), (None, 0.0))
        return token if self._now() < until else None

    def _token(self, target: _Target, challenge: str, tokens: Tokens) -> Credential | None:
        """A new token for the target, None where the challenge does not say who gives it."""
        host = host_of(target.url)
        try:
            told = tokens.address(challenge, target.origin)
            if told is None:
                return None
            url = without_credentials(told)
            issuer = _Target(url, origin_of(url), self._shown(target, origin_of(url), tokens))
            reply = self._ask(issuer, {})
            if reply.status != HTTPStatus.OK:
                why = f"{host_of(url)}, which gives tokens for {host}, answered {_status(reply.status)}"
                raise FetchError("unavailable", f"{why}; check the credential that the configuration has for {host}")
            text, lasts = tokens.read(reply.body)
            token = Credential(target.origin, token=text)
        except ValueError as exc:
            raise FetchError("invalid", f"{host} wants a token that can't be had: {exc}") from exc
        self._keep_token((target.origin, target.credential, tokens.purpose), token, lasts)
        return token

    def _keep_token(self, key: tuple[str, Credential | None, str], token: Credential, lasts: float) -> None:
        now = self._now()
        with self._lock:
            self._tokens = {k: kept for k, kept in self._tokens.items() if kept[1] > now}
            self._tokens[key] = (token, now + lasts)

    def _shown(self, target: _Target, issuer: str, tokens: Tokens) -> Credential | None:
        """What the issuer of tokens is shown: our credential for the target, or nothing.

        Only where it is the same origin or a known partner, or where the operator gave this very
        credential to both. What is meant for the issuer alone is never used: any server could
        send us there and get the token.
        """
        own = target.credential
        if own is None:
            return None
        known = issuer == target.origin or tokens.partners(target.origin, issuer)
        if not known and self._credentials.get(issuer) != replace(own, origin=issuer):
            return None
        return Credential(issuer, own.username or "token", own.password or own.token)

    def _ask(self, target: _Target, headers: Mapping[str, str]) -> _Reply:
        import stamina  # noqa: PLC0415  # 20 ms that a warm cache does not pay
        import stamina.instrumentation  # noqa: PLC0415  # as above

        # The default hooks print to standard output, where a report in JSON may be going.
        stamina.instrumentation.set_on_retry_hooks(())
        limits = self.limits
        caller = stamina.RetryingCaller(
            attempts=limits.attempts,
            timeout=None,  # _again and the clock see to it, to the second
            wait_initial=limits.first_wait,
            wait_max=limits.longest_wait,
            wait_jitter=limits.first_wait,
        )
        with self._clock.running(limits.total):
            # A closure: the arguments, which hold the credential, are nothing for stamina to report.
            return caller(self._again, lambda: self._follow(target, headers))

    def _again(self, exc: Exception) -> bool | float:
        left = self._clock.left()
        if not isinstance(exc, _TransientError) or left <= 0:
            return False
        if exc.wait is None:
            return True
        return exc.wait if exc.wait <= min(self.limits.longest_wait, left) else False

    def _follow(self, target: _Target, headers: Mapping[str, str]) -> _Reply:
        url, credential = target.url, target.credential
        for _ in range(self.limits.redirects + 1):
            proof = {"Authorization": credential.header} if credential else {}
            reply = self._hop(target.method, url, {**headers, **proof})
            if reply.status not in REDIRECTS:
                return self._checked(reply)
            url = _redirected(reply)
            # Once the chain has left the origin, whoever it came through chose where it goes.
            credential = credential if origin_of(url) == target.origin else None
        raise FetchError("invalid", f"{host_of(target.url)} redirects without end; check the address")

    def _checked(self, reply: _Reply) -> _Reply:
        if reply.status not in TRANSIENT:
            return reply
        error = _TransientError(
            "unavailable", f"{host_of(reply.url)} answered {_status(reply.status)}; try again later", reply.status
        )
        error.wait = self._retry_after(reply.headers.get("retry-after", ""))
        raise error

    def _retry_after(self, text: str) -> float | None:
        """Seconds to wait (RFC 9110, 10.2.3: seconds or a date), None where it does not say."""
        from email.utils import parsedate_to_datetime  # noqa: PLC0415  # needed for failures only

        if text.isascii() and text.isdigit() and len(text) < 10:
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._now())
        except (ValueError, OverflowError):
            return None

    def _hop(self, method: Method, url: str, headers: Mapping[str, str]) -> _Reply:
        import httpx  # noqa: PLC0415  # 110 ms that a warm cache does not pay

        host = host_of(url)
        try:
            with self._slot(origin_of(url)), self._client().stream(method, url, headers=dict(headers)) as response:
                body = self._body(response, host) if response.status_code == 200 and method == "GET" else b""
                return _Reply(url, response.status_code, response.headers, body)
        except _OverdueError as exc:
            raise self._late(host) from exc
        except httpx.TimeoutException as exc:
            raise self._late(host) from exc
        except (httpx.ConnectError, httpx.ProxyError) as exc:
            raise _TransientError("unreachable", f"{host} can't be reached ({exc}); check network and address") from exc
        except httpx.TransportError as exc:
            raise _TransientError("unavailable", f"{host} cut its answer off ({exc}); try again later") from exc
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise FetchError("invalid", f"{host} has an address that can't be used ({exc}); correct it") from exc

    def _late(self, host: str) -> FetchError:
        # The time may have run out for another fetch that reads the same connection: this one can ask again.
        if self._clock.left() > 0:
            return _TransientError("unreachable", f"{host} did not answer in time; try again later")
        return FetchError(
            "unreachable", f"{host} did not end its answer within {self.limits.total:g} s; try again later"
        )

    def _body(self, response: httpx.Response, host: str) -> bytes:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise FetchError("invalid", f"{host} answered in an encoding that was not asked for; try another address")
        inflater = None if encoding == "identity" else zlib.decompressobj(wbits=31)
        limit, body = self.limits.body, io.BytesIO()
        try:
            for chunk in response.iter_raw():
                body.write(inflater.decompress(chunk, limit + 1 - body.tell()) if inflater else chunk)
                if body.tell() > limit:
                    raise FetchError("invalid", f"{host} answered more than {limit // 1_000_000} MB; it was not read")
        except zlib.error as exc:
            raise FetchError("invalid", f"{host} answered broken gzip ({exc}); try again later") from exc
        if inflater and not inflater.eof:
            raise _TransientError("unavailable", f"{host} cut its answer off (gzip ends early); try again later")
        return body.getvalue()

    @contextmanager
    def _slot(self, origin: str) -> Iterator[None]:
        with self._lock:
            host = self._hosts.setdefault(origin, threading.Semaphore(self.limits.per_host))
        with self._clock.stopped():
            host.acquire()
            self._all.acquire()
        try:
            yield
        finally:
            self._all.release()
            host.release()

    def _client(self) -> httpx.Client:
        with self._lock:
            if self._made is None:
                self._made = self._new_client(self._trust())
            return self._made

    def _trust(self) -> ssl.SSLContext:
        try:
            return _context(self._ca_file) if self._ca_file else _usual_trust()
        except OSError as exc:
            raise FetchError("unavailable", f"the certificates to trust can't be read ({exc}); correct them") from exc

    def _new_client(self, trust: ssl.SSLContext) -> httpx.Client:
        import http.cookiejar  # noqa: PLC0415  # brings ssl, paid with the first request only

        import httpx  # noqa: PLC0415  # as above

        limits = self.limits
        client = httpx.Client(
            http2=True,
            verify=trust,
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            limits=httpx.Limits(max_connections=limits.at_once, max_keepalive_connections=limits.at_once),
            headers={"User-Agent": f"freshline/{__version__}", "Accept-Encoding": "gzip"},
            cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
        )
        for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001  # httpx has no public way to give a proxied pool a network backend
            pool = getattr(transport, "_pool", None)
            if pool is not None:
                pool._network_backend = _Backend(pool._network_backend, self._clock)  # noqa: SLF001  # as above
        return client


class _Clock:
    """How long the fetch of each thread may still take."""

    def __init__(self) -> None:
        self._local = threading.local()

    def left(self) -> float:
        """Seconds; without end outside of a fetch."""
        until: float = getattr(self._local, "until", float("inf"))
        return until - time.monotonic()

    @contextmanager
    def running(self, seconds: float) -> Iterator[None]:
        """Within it, this thread has that long."""
        self._local.until = time.monotonic() + seconds
        try:
            yield
        finally:
            del self._local.until

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Waiting for a slot of our own is not the server's time."""
        since = time.monotonic()
        yield
        self._local.until += time.monotonic() - since

    def clip(self, timeout: float | None) -> float | None:
        """The time-out for one operation; raises when nothing is left."""
        left = self.left()
        if left <= 0:
            raise _OverdueError
        if timeout is None:
            return None if left == float("inf") else left
        return min(timeout, left)


class _Stream:
    """A ``httpcore.NetworkStream`` that stops when the time of the whole fetch is over.

    httpx limits the wait for each read only, so a server that drips a byte of a header or a
    body now and then would hold a thread for ever.
    """

    def __init__(self, inner: Any, clock: _Clock) -> None:
        self._inner = inner
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As the inner stream's."""
        data: bytes = self._inner.read(max_bytes, timeout=self._clock.clip(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As the inner stream's."""
        self._inner.write(buffer, timeout=self._clock.clip(timeout))

    def close(self) -> None:
        """As the inner stream's."""
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        """As the inner stream's."""
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._clock.clip(timeout)), self._clock)

    def get_extra_info(self, info: str) -> Any:
        """As the inner stream's."""
        return self._inner.get_extra_info(info)


class _Backend:
    """A ``httpcore.NetworkBackend`` whose streams know the time that is left."""

    def __init__(self, inner: Any, clock: _Clock) -> None:
        self._inner = inner
        self._clock = clock

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **rest: Any) -> _Stream:
        """As the inner backend's."""
        return _Stream(self._inner.connect_tcp(host, port, timeout=self._clock.clip(timeout), **rest), self._clock)


@cache
def _usual_trust() -> ssl.SSLContext:
    """The certificates that httpx trusts, read once: it takes 20 ms, and a pass makes many clients."""
    import httpx  # noqa: PLC0415  # 110 ms that a warm cache does not pay

    return httpx.create_ssl_context()


def _context(ca_file: str) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415  # paid with the first request only

    return ssl.create_default_context(cafile=ca_file)


def _opened(kept: Cached, url: str) -> bytes:
    if kept.status == "not_found":
        raise FetchError("not_found", f"{host_of(url)} does not know it", 404)
    return kept.body


def _conditions(kept: Cached | None) -> dict[str, str]:
    if kept is None or kept.status != "ok":
        return {}
    asked = {"If-None-Match": kept.etag, "If-Modified-Since": kept.last_modified}
    return {name: value for name, value in asked.items() if value}


def _validator(reply: _Reply, name: str) -> str | None:
    value = reply.headers.get(name, "")
    return value if 0 < len(value) <= LONGEST_VALIDATOR else None


def _told(reply: _Reply, fields: Iterable[str]) -> bytes:
    return b"".join(f"{reply.headers.get(name, '')}\n".encode() for name in fields) + reply.body


def _redirected(reply: _Reply) -> str:
    host = host_of(reply.url)
    try:
        url = without_credentials(urljoin(reply.url, reply.headers.get("location", "")))
    except ValueError as exc:
        raise FetchError("invalid", f"{host} redirects to what is no http(s) address; check the address") from exc
    if reply.url.startswith("https:") and not url.startswith("https:"):
        raise FetchError("invalid", f"{host} redirects from https to http, which is not followed; check the address")
    return url


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)
