from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import format_datetime
from time import monotonic
from typing import Any

import pytest

from bot.http import (
    Cached,
    Credential,
    Distil,
    FetchError,
    Http,
    Limits,
    MemoryCache,
    _redirected,
    _Reply,
    host_of,
    origin_of,
    without_credentials,
)
from tests.fakes.registry import FakeRegistry, Reply

NOW = 1_700_000_000.0
SAME = Distil("same-1", bytes)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as fake:
        yield fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def http(clock: Clock) -> Iterator[Http]:
    with client(clock) as made:
        yield made


def client(clock: Clock | None = None, **limits: Any) -> Http:
    return Http(MemoryCache(), limits=Limits(first_wait=0, **limits), now=clock or Clock())


def get(http: Http, url: str, **headers: str) -> bytes:
    return http.fetch(url, headers=headers, distil=SAME)


def problem(http: Http, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        get(http, url)
    return caught.value


def test_an_answer_is_distilled_kept_and_not_asked_for_while_fresh(
    registry: FakeRegistry, http: Http, clock: Clock
) -> None:
    registry.reply("/a", Reply(body=b"abc"))
    half = Distil("half-1", lambda body: body[:2])
    assert http.fetch(f"{registry.url}/a", headers={"Accept": "x/y"}, distil=half) == b"ab"
    clock.now += 899
    assert http.fetch(f"{registry.url}/a", headers={}, distil=half) == b"ab"
    assert registry.count("/a") == 1
    sent = registry.requests[0].headers
    assert (sent["Accept"], sent["Accept-Encoding"]) == ("x/y", "gzip")
    assert sent["User-Agent"].startswith("freshline/")


def test_another_distiller_does_not_read_what_the_first_kept(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/a", Reply(body=b"abc"))
    assert get(http, f"{registry.url}/a") == b"abc"
    assert http.fetch(f"{registry.url}/a", headers={}, distil=Distil("none-1", lambda _: b"")) == b""
    assert registry.count("/a") == 2


@pytest.mark.parametrize(
    ("validator", "condition", "value"),
    [("ETag", "If-None-Match", '"1"'), ("Last-Modified", "If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT")],
)
def test_an_old_answer_is_revalidated(
    registry: FakeRegistry, http: Http, clock: Clock, validator: str, condition: str, value: str
) -> None:
    registry.reply("/a", Reply(body=b"abc", headers={validator: value}), Reply(304))
    get(http, f"{registry.url}/a")
    clock.now += 900
    assert get(http, f"{registry.url}/a") == b"abc"
    assert registry.requests[1].headers[condition] == value
    clock.now += 899
    assert get(http, f"{registry.url}/a") == b"abc"
    assert registry.count("/a") == 2, "304 makes it fresh again"


def test_a_changed_answer_replaces_the_old_one(registry: FakeRegistry, http: Http, clock: Clock) -> None:
    registry.reply("/a", Reply(body=b"1", headers={"ETag": '"1"'}), Reply(body=b"2", headers={"ETag": '"2"'}))
    get(http, f"{registry.url}/a")
    clock.now += 900
    assert get(http, f"{registry.url}/a") == b"2"
    assert get(http, f"{registry.url}/a") == b"2"
    assert registry.count("/a") == 2


def test_a_clock_that_went_back_does_not_make_answers_fresh_for_ever(
    registry: FakeRegistry, http: Http, clock: Clock
) -> None:
    registry.reply("/a", Reply(body=b"abc"))
    get(http, f"{registry.url}/a")
    clock.now -= 10
    get(http, f"{registry.url}/a")
    assert registry.count("/a") == 2


def test_304_that_was_not_asked_for_is_an_error(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/a", Reply(304))
    assert (problem(http, f"{registry.url}/a").problem, registry.count("/a")) == ("unavailable", 1)


def test_a_validator_of_unreasonable_length_is_not_kept(registry: FakeRegistry, clock: Clock) -> None:
    cache = MemoryCache()
    registry.reply("/a", Reply(body=b"abc", headers={"ETag": '"' + "x" * 600 + '"'}))
    with Http(cache, now=clock) as http:
        get(http, f"{registry.url}/a")
    assert cache.get(f"same-1:{registry.url}/a") == Cached(None, None, NOW, b"abc")


@pytest.mark.parametrize("status", [404, 410])
def test_absence_is_kept_for_five_minutes(registry: FakeRegistry, http: Http, clock: Clock, status: int) -> None:
    registry.reply("/a", Reply(status, headers={"ETag": '"x"'}), Reply(body=b"here"))
    assert problem(http, f"{registry.url}/a").problem == "not_found"
    clock.now += 299
    assert problem(http, f"{registry.url}/a").problem == "not_found"
    assert registry.count("/a") == 1
    clock.now += 1
    assert get(http, f"{registry.url}/a") == b"here"


def test_touching_what_is_not_kept_does_nothing() -> None:
    cache = MemoryCache()
    cache.touch("a", NOW)
    assert cache.get("a") is None


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_asked_again(registry: FakeRegistry, http: Http, status: int) -> None:
    registry.reply("/a", Reply(status), Reply(status, headers={"Retry-After": "0"}), Reply(body=b"abc"))
    assert get(http, f"{registry.url}/a") == b"abc"
    assert registry.count("/a") == 3


def test_a_lasting_failure_is_said_and_not_kept(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/a", Reply(503))
    error = problem(http, f"{registry.url}/a")
    host = registry.url.removeprefix("http://")
    assert (error.problem, error.status) == ("unavailable", 503)
    assert error.detail == f"{host} answered 503 Service Unavailable; try again later"
    assert registry.count("/a") == 3
    registry.reply("/a", Reply(body=b"abc"))
    assert get(http, f"{registry.url}/a") == b"abc"


def test_a_stale_answer_does_not_stand_in_for_a_failure(registry: FakeRegistry, http: Http, clock: Clock) -> None:
    registry.reply("/a", Reply(body=b"abc"), Reply(500))
    get(http, f"{registry.url}/a")
    clock.now += 900
    assert problem(http, f"{registry.url}/a").problem == "unavailable"


@pytest.mark.parametrize(("status", "word"), [(401, "credential"), (403, "credential"), (418, "check"), (599, "check")])
def test_another_refusal_is_final_and_says_what_next(
    registry: FakeRegistry, http: Http, status: int, word: str
) -> None:
    registry.reply("/a", Reply(status))
    error = problem(http, f"{registry.url}/a")
    assert (error.problem, error.status, registry.count("/a")) == ("unavailable", status, 1)
    assert word in error.detail


def test_retry_after_is_honoured(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/a", Reply(429, headers={"Retry-After": "1"}), Reply(body=b"abc"))
    began = monotonic()
    assert get(http, f"{registry.url}/a") == b"abc"
    assert monotonic() - began >= 1


@pytest.mark.parametrize(
    "value", ["11", "999999999", format_datetime(datetime.fromtimestamp(NOW + 3600, UTC), usegmt=True)]
)
def test_a_server_that_wants_a_long_pause_is_not_asked_again(registry: FakeRegistry, http: Http, value: str) -> None:
    registry.reply("/a", Reply(429, headers={"Retry-After": value}))
    assert problem(http, f"{registry.url}/a").status == 429
    assert registry.count("/a") == 1


@pytest.mark.parametrize("value", ["soon", "-5", "9" * 40, "Fri, 99 Foo 2024", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_a_retry_after_that_says_nothing_is_no_obstacle(registry: FakeRegistry, http: Http, value: str) -> None:
    registry.reply("/a", Reply(503, headers={"Retry-After": value}), Reply(body=b"abc"))
    assert get(http, f"{registry.url}/a") == b"abc"


def test_gzip_is_opened(registry: FakeRegistry, http: Http) -> None:
    registry.json("/a", [1, 2])
    assert get(http, f"{registry.url}/a") == b"[1, 2]"


def test_an_answer_that_is_cut_off_is_asked_for_again(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/a", Reply(body=b"abcdef", cut=3), Reply(body=b"abcdef"))
    assert get(http, f"{registry.url}/a") == b"abcdef"
    registry.reply("/b", Reply(body=b"abcdef", cut=3))
    assert problem(http, f"{registry.url}/b").problem == "unavailable"
    assert "cut its answer off" in problem(http, f"{registry.url}/b").detail


def test_gzip_that_ends_early_or_is_none(registry: FakeRegistry, http: Http) -> None:
    packed = gzip.compress(os.urandom(2000))
    encoding = {"Content-Encoding": "gzip"}
    registry.reply("/early", Reply(body=packed[:-20], headers=encoding), Reply(body=packed, headers=encoding))
    assert len(get(http, f"{registry.url}/early")) == 2000
    registry.reply("/none", Reply(body=b"plain", headers=encoding))
    assert "broken gzip" in problem(http, f"{registry.url}/none").detail


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate"])
def test_an_encoding_that_was_not_asked_for_is_refused(registry: FakeRegistry, http: Http, encoding: str) -> None:
    registry.reply("/a", Reply(body=zlib.compress(b"abc"), headers={"Content-Encoding": encoding}))
    assert problem(http, f"{registry.url}/a").problem == "invalid"


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_not_read(registry: FakeRegistry, clock: Clock, packed: bool) -> None:
    body = bytes(3_000_001)
    reply = Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Reply(body=body)
    registry.reply("/a", reply)
    with client(clock, body=3_000_000) as http:
        error = problem(http, f"{registry.url}/a")
    assert (error.problem, registry.count("/a")) == ("invalid", 1)
    assert "more than 3 MB" in error.detail
    with client(clock, body=3_000_001) as http:
        assert len(get(http, f"{registry.url}/a")) == 3_000_001


def test_a_gzip_bomb_takes_no_memory(registry: FakeRegistry) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(400)) + packer.flush()
    registry.reply("/a", Reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    program = (
        "import re, sys\n"
        "from bot.http import *\n"
        "try:\n"
        "    Http(MemoryCache()).fetch(sys.argv[1], headers={}, distil=Distil('x', bytes))\n"
        "except FetchError as exc:\n"
        # ru_maxrss would count what the parent held when it forked
        "    print(exc.problem, re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, f"{registry.url}/a"], check=True, capture_output=True, text=True
    )
    answer, kilobytes = ran.stdout.split()
    assert answer == "invalid"
    assert int(kilobytes) < 250_000, "64 MB of body, its growth, and the interpreter"


@pytest.mark.parametrize("headers", [False, True])
def test_an_answer_that_never_ends_is_cut(registry: FakeRegistry, clock: Clock, headers: bool) -> None:
    registry.reply("/a", Reply(body=b"x" * 1000, drip=0.05, drip_headers=headers))
    began = monotonic()
    with client(clock, total=0.5) as http:
        error = problem(http, f"{registry.url}/a")
    assert error.problem == "unreachable"
    assert "did not end its answer within 0.5 s" in error.detail
    assert 0.4 < monotonic() - began < 3


def test_a_silent_server_is_asked_again(registry: FakeRegistry, clock: Clock) -> None:
    registry.reply("/a", Reply(body=b"x" * 1000, drip=30))
    with client(clock, read=0.1) as http:
        error = problem(http, f"{registry.url}/a")
    assert (error.problem, registry.count("/a")) == ("unreachable", 3)
    assert "did not answer in time" in error.detail


def test_a_time_that_is_over_before_it_began(registry: FakeRegistry, clock: Clock) -> None:
    registry.reply("/a", Reply(body=b"abc"))
    with client(clock, total=0) as http:
        assert problem(http, f"{registry.url}/a").problem == "unreachable"
    assert registry.requests == []


def test_a_host_that_does_not_speak_tls(registry: FakeRegistry, http: Http) -> None:
    error = problem(http, registry.url.replace("http:", "https:"))
    assert error.problem == "unreachable"
    assert "SSL" in error.detail


def test_a_host_that_is_not_there(clock: Clock) -> None:
    with FakeRegistry() as gone:
        url = gone.url
    with client(clock) as http:
        error = problem(http, f"{url}/a")
    assert error.problem == "unreachable"
    assert "can't be reached" in error.detail


@pytest.mark.parametrize(
    "url",
    ["file:///etc/x", "ftp://index.example/", "//index.example", "https://", "https://index.example:x/", "https://[::1/",
     "https://user:secret@index.example:99999/", "https://index.example/a b", "https://index.example/\n", "https://ü/"],
)  # fmt: skip
def test_what_is_no_address_is_refused(http: Http, url: str) -> None:
    error = problem(http, url)
    assert error.problem == "invalid"
    assert "secret" not in repr(error)


def test_a_host_that_the_http_library_refuses(http: Http) -> None:
    assert problem(http, "https://xn--/").problem == "invalid"


def test_a_body_that_the_distiller_refuses_is_an_error_and_not_kept(registry: FakeRegistry, http: Http) -> None:
    def refuse(_body: bytes) -> bytes:
        raise ValueError("not what was asked for")

    registry.reply("/a", Reply(body=b"abc"))
    for _ in range(2):
        with pytest.raises(FetchError, match="not what was asked for") as caught:
            http.fetch(f"{registry.url}/a", headers={}, distil=Distil("r", refuse))
        assert caught.value.problem == "invalid"
    assert registry.count("/a") == 2


def test_redirects_are_followed_five_times(registry: FakeRegistry, http: Http) -> None:
    for n in range(6):
        registry.reply(f"/{n}", Reply(301 + n % 2, headers={"Location": f"/{n + 1}"}))
    registry.reply("/6", Reply(body=b"abc"))
    assert get(http, f"{registry.url}/1") == b"abc"
    assert "redirects without end" in problem(http, f"{registry.url}/0").detail


def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    reply = _Reply("https://index.example/a", 302, {"location": "http://index.example/a"})
    with pytest.raises(FetchError, match="from https to http"):
        _redirected(reply)


@pytest.mark.parametrize("location", ["", "ftp://index.example/", "http://[/"])
def test_a_redirect_to_nowhere(registry: FakeRegistry, http: Http, location: str) -> None:
    registry.reply("/a", Reply(302, headers={"Location": location}))
    assert problem(http, f"{registry.url}/a").problem == "invalid"


def test_a_credential_goes_to_its_origin_only(registry: FakeRegistry, clock: Clock) -> None:
    with FakeRegistry() as other:
        registry.reply("/a", Reply(302, headers={"Location": f"{registry.url}/b"}))
        registry.reply("/b", Reply(302, headers={"Location": f"{other.url}/c"}))
        other.reply("/c", Reply(302, headers={"Location": f"{registry.url}/d"}))
        registry.reply("/d", Reply(body=b"abc"))
        credentials = [Credential(registry.url, token="t0ken"), Credential(other.url, token="other")]
        with Http(MemoryCache(), credentials=credentials) as http:
            assert get(http, f"{registry.url}/a") == b"abc"
        assert [r.headers.get("Authorization") for r in registry.requests] == ["Bearer t0ken", "Bearer t0ken", None]
        assert [r.headers.get("Authorization") for r in other.requests] == [None]


def test_user_information_in_the_address_is_a_credential_and_nothing_else(registry: FakeRegistry, clock: Clock) -> None:
    cache = MemoryCache()
    registry.reply("/a", Reply(body=b"abc"))
    registry.reply("/b", Reply(503))
    base = registry.url.replace("http://", "http://ann:p%40ss@")
    with Http(cache, limits=Limits(first_wait=0), now=clock) as http:
        get(http, f"{base}/a#fragment")
        error = problem(http, f"{base}/b")
    assert registry.requests[0].headers["Authorization"] == "Basic YW5uOnBAc3M="
    assert cache.get(f"same-1:{registry.url}/a") is not None
    assert "ann" not in error.detail
    assert "p%40ss" not in repr(error)


def test_a_redirects_user_information_is_not_used(registry: FakeRegistry, http: Http) -> None:
    target = registry.url.replace("http://", "http://ann:pass@") + "/b"
    registry.reply("/a", Reply(307, headers={"Location": target}))
    registry.reply("/b", Reply(body=b"abc"))
    assert get(http, f"{registry.url}/a") == b"abc"
    assert "Authorization" not in registry.requests[1].headers


def test_a_credential_does_not_show_its_secret() -> None:
    assert "s3cret" not in repr(Credential("https://index.example", "ann", "s3cret", "s3cret"))
    assert Credential("https://index.example", "ann", "ü").header == "Basic YW5uOsO8"


@pytest.mark.parametrize(("origin", "token"), [("https://index.example/x", "t"), ("https://index.example", "a\nb")])
def test_a_credential_that_could_not_be_sent_is_refused(origin: str, token: str) -> None:
    with pytest.raises(ValueError, match="needs an origin"):
        Credential(origin, token=token)


def test_cookies_are_not_kept(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/a", Reply(body=b"abc", headers={"Set-Cookie": "session=1; Path=/"}))
    get(http, f"{registry.url}/a")
    problem(http, f"{registry.url}/b")
    assert "Cookie" not in registry.requests[1].headers


def test_a_host_never_gets_more_than_its_share_at_once(clock: Clock) -> None:
    with FakeRegistry(latency=0.02) as registry, client(clock, per_host=3) as http:
        for n in range(30):
            registry.reply(f"/{n}", Reply(body=b"abc"))
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(lambda n: get(http, f"{registry.url}/{n}"), range(30))) == {b"abc"}
        assert registry.busiest == 3


def test_all_hosts_together_have_a_limit(clock: Clock) -> None:
    with FakeRegistry(latency=0.02) as registry, client(clock, at_once=2) as http:
        with ThreadPoolExecutor(8) as pool:
            errors = list(pool.map(lambda n: problem(http, f"{registry.url}/{n}").status, range(12)))
        assert errors == [404] * 12
        assert registry.busiest == 2


def test_waiting_for_a_slot_of_our_own_is_not_the_servers_time(clock: Clock) -> None:
    with FakeRegistry(latency=0.2) as registry, client(clock, per_host=1, total=0.5) as http:
        registry.reply("/a", Reply(body=b"abc"))
        with ThreadPoolExecutor(5) as pool:
            distillers = [Distil(str(n), bytes) for n in range(5)]
            got = pool.map(lambda d: http.fetch(f"{registry.url}/a", headers={}, distil=d), distillers)
            assert list(got) == [b"abc"] * 5


def test_a_closed_client_opens_again(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/a", Reply(body=b"abc"))
    get(http, f"{registry.url}/a")
    http.close()
    assert problem(http, f"{registry.url}/b").problem == "not_found"


def test_a_certificate_bundle_is_read(clock: Clock, tmp_path: Any) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("no certificate\n")
    with Http(MemoryCache(), ca_file=str(bundle)) as http:
        error = problem(http, "https://index.example/")
    assert error.problem == "unavailable"
    assert "certificates" in error.detail


def test_nothing_heavy_is_imported_before_the_first_request() -> None:
    program = (
        "import sys\n"
        "from bot.http import *\n"
        "import time\n"
        "cache = MemoryCache()\n"
        "cache.put('d:https://index.example/a', Cached(None, None, time.time(), b'kept'))\n"
        "print(Http(cache).fetch('https://index.example/a', headers={}, distil=Distil('d', bytes)))\n"
        "print(sorted({'httpx', 'h2', 'ssl', 'stamina', 'structlog'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines() == ["b'kept'", "[]"], ran.stderr


def test_a_proxy_of_the_environment_is_used_and_watched(
    registry: FakeRegistry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", registry.url)
    monkeypatch.setenv("NO_PROXY", "")
    registry.reply("http://index.example/a", Reply(body=b"abc"))
    registry.reply("http://index.example/drip", Reply(body=b"x" * 1000, drip=0.05))
    with client(clock, total=0.5) as http:
        assert get(http, "http://index.example/a") == b"abc"
        assert "did not end" in problem(http, "http://index.example/drip").detail


def test_addresses() -> None:
    assert origin_of("https://a:b@Index.Example:443/x?y") == "https://index.example"
    assert origin_of("http://index.example:443") == "http://index.example:443"
    assert origin_of("http://[::1]:80/") == "http://[::1]"
    assert host_of("http://u@index.example:8080/x") == "index.example:8080"
    assert without_credentials("https://u:p@index.example/x?y=1#z") == "https://index.example/x?y=1"
