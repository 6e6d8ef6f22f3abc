"""OCI registries: tags, digests and tokens, on a registry of our own and on Debian's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Listing, Package, SkipReason, Unavailable
from bot.core.versions import scheme
from bot.http import Credential, Distil, FetchError, Http, Limits, MemoryCache
from bot.registries import built_in, look_up, oci
from bot.registries.base import LookUpError
from tests.conftest import need
from tests.fakes.oci import MANIFEST, Answer, FakeOci, basic, manifest, push, real, why_not

PYTHON = Package("oci", "docker.io/library/python")
NAME = "library/python"
TAGS = f"/v2/{NAME}/tags/list"
FEW = ("3.9", "3.10", "3.9-slim", "latest", "3.10-slim", "3.11.0rc1", "bookworm")


@pytest.fixture
def server() -> Iterator[FakeOci]:
    with FakeOci() as fake:
        fake.push(NAME, *FEW)
        yield fake


@pytest.fixture
def other() -> Iterator[FakeOci]:
    with FakeOci() as fake:
        yield fake


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def client(*credentials: Credential, clock: Clock | None = None, cache: MemoryCache | None = None) -> Http:
    limits = Limits(attempts=1, first_wait=0)
    return Http(cache or MemoryCache(), credentials=credentials, limits=limits, now=clock or Clock())


@pytest.fixture
def http() -> Iterator[Http]:
    with client() as made:
        yield made


def refusal(http: Http, base: str, package: Package = PYTHON) -> LookUpError:
    with pytest.raises(LookUpError) as caught:
        oci.registry.fetch(package, base, http)
    return caught.value


def failure(http: Http, base: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        oci.registry.fetch(PYTHON, base, http)
    return caught.value


# --- tags ------------------------------------------------------------------------------------------


def test_every_tag_newest_first_and_then_what_is_no_version(server: FakeOci, http: Http) -> None:
    listing = oci.registry.fetch(PYTHON, server.url, http)
    versions = ["3.11.0rc1", "3.10-slim", "3.10", "3.9-slim", "3.9"]
    assert listing.versions == [*versions, "bookworm", "latest"]
    assert listing.undated
    assert [release.published for release in listing.releases] == [None] * 7
    assert listing.releases[0].version == "3.11.0rc1"
    assert (listing.latest, listing.notice, listing.package) == (None, "", PYTHON)
    (asked,) = server.requests
    assert (asked.method, asked.path, asked.query) == ("GET", TAGS, {"n": ["1000"]})


@pytest.mark.parametrize("page", [1, 2, 3, 6, 7, 8])
def test_pages(server: FakeOci, http: Http, page: int) -> None:
    server.page = page
    assert set(oci.registry.fetch(PYTHON, server.url, http).versions) == set(FEW)
    assert len(server.requests) == -(-7 // page)


def test_what_is_kept_is_not_asked_for_again(server: FakeOci) -> None:
    server.page, cache = 3, MemoryCache()
    packages = [PYTHON]
    with client(cache=cache) as http:
        first = look_up(packages, built_in(), http, lambda _: server.url)
        asked = len(server.requests)
        server.push(NAME, "9.9")
        assert look_up(packages, built_in(), http, lambda _: server.url) == first
    assert (asked, len(server.requests)) == (3, 3)


def test_signatures_and_what_is_no_tag_are_left_out(server: FakeOci, http: Http) -> None:
    about = f"sha256-{'0' * 64}"
    tags = ["1.0", about, f"{about}.sig", f"{about}.att", "-x", "a b", "x" * 129, "x" * 128, "é", ""]
    server.script(TAGS, Answer(body=json.dumps({"tags": tags}).encode()))
    assert oci.registry.fetch(PYTHON, server.url, http).versions == ["1.0", "x" * 128]


@pytest.mark.parametrize("body", [b'{"tags": null}', b'{"name": "x", "tags": []}', b"{}"])
def test_no_tags(server: FakeOci, http: Http, body: bytes) -> None:
    server.script(TAGS, Answer(body=body))
    assert oci.registry.fetch(PYTHON, server.url, http) == Listing(PYTHON, ())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "HTML, so it does not speak the OCI distribution API"),
        (b"[]", "unexpected shape"),
        (b'{"tags": [1]}', "unexpected shape"),
        (b'{"tags": [', "not valid JSON"),
    ],
)
def test_what_is_no_page(server: FakeOci, http: Http, body: bytes, words: str) -> None:
    server.script(TAGS, Answer(body=body))
    assert words in failure(http, server.url).detail


def test_more_tags_than_are_read(server: FakeOci, http: Http) -> None:
    server.push(NAME, *(f"1.{n}" for n in range(oci.MOST_TAGS + 500)))
    listing = oci.registry.fetch(PYTHON, server.url, http)
    assert len(listing.releases) == oci.MOST_TAGS
    assert listing.notice == "only the first 10000 tags were read; it has more"
    assert len(server.requests) == 11


def test_more_tags_on_one_page_than_are_read(server: FakeOci, http: Http) -> None:
    tags = [f"1.{n}" for n in range(2 * oci.MOST_TAGS)]
    server.script(TAGS, Answer(body=json.dumps({"tags": tags}).encode()))
    listing = oci.registry.fetch(PYTHON, server.url, http)
    assert (len(listing.releases), bool(listing.notice)) == (oci.MOST_TAGS, True)


def test_as_many_tags_as_are_read(server: FakeOci, http: Http) -> None:
    tags = [f"1.{n}" for n in range(oci.MOST_TAGS)]
    server.script(TAGS, Answer(body=json.dumps({"tags": tags}).encode()))
    listing = oci.registry.fetch(PYTHON, server.url, http)
    assert (len(listing.releases), listing.notice) == (oci.MOST_TAGS, "")


def test_pages_without_end(server: FakeOci, http: Http) -> None:
    link = {"Link": f'<{TAGS}?last=x>; rel="next"'}
    server.script(TAGS, Answer(body=b'{"tags": ["1.0"]}', headers=link))
    listing = oci.registry.fetch(PYTHON, server.url, http)
    assert listing.versions == ["1.0"]
    assert listing.notice
    assert len(server.requests) == 2  # the same page again and again comes from the cache


def test_a_link_leads_nowhere_else(server: FakeOci, other: FakeOci) -> None:
    link = {"Link": f'<{other.url}/elsewhere?last=a>; rel="next"'}
    server.script(TAGS, Answer(body=b'{"tags": ["1.0"]}', headers=link))
    with client(Credential(server.url, "me", "secret")) as http:
        oci.registry.fetch(PYTHON, server.url, http)
    assert other.requests == []
    assert server.requests[1].query == {"last": ["a"]}


@pytest.mark.parametrize(
    ("link", "query"),
    [
        ("", ""),
        ('</v2/a/tags/list?n=1&last=b>; rel="next"', "n=1&last=b"),
        ("</v2/a/tags/list?last=b>;rel=next", "last=b"),
        ('<https://x.example/v2/a/tags/list?next_page=gAAAA%3D%3D>; REL="Next"', "next_page=gAAAA%3D%3D"),
        ('</a?x=1>; rel="prev", </a?x=2>; rel="next"', "x=2"),
        ('</a?x=1>; title="t"; rel="next"; x=y', "x=1"),
        ('</a?x=1>; rel="nextish"', ""),
        ('</a?x=1>; rel="last"', ""),
        ("rel=next", ""),
        ("<" * 20_000, ""),
        ("," * 20_000 + '</a?x=1>; rel="next"', ""),
    ],
)
def test_where_the_next_page_is(link: str, query: str) -> None:
    assert oci.following(link) == query


@pytest.mark.parametrize("target", ["", "/a", "https://[/a?x=1", "/a?x=\u00e9", "/a?x=a b"])
def test_a_next_page_that_is_no_address(target: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        oci.following(f"<{target}>; rel=next")


# --- names and hosts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("", "python", "library/python", "docker.io/python", "index.docker.io/library/python"),
        *("docker.io/library/Python", "docker.io/../x", "docker.io/library/python:3", "docker.io/a//b"),
        *("docker.io/a?x", "docker.io/a#x", "docker.io/a\n", "https://ghcr.io/a/b", "user@ghcr.io/a/b"),
        f"docker.io/a@sha256:{'0' * 64}",
    ],
)
def test_names_that_are_none(server: FakeOci, http: Http, name: str) -> None:
    error = refusal(http, server.url, Package("oci", name))
    assert error.reason is SkipReason.INVALID_NAME
    assert server.requests == []


def test_the_host_that_a_name_says() -> None:
    host = oci.registry.host
    assert host(PYTHON) is None
    assert host(Package("oci", "ghcr.io/acme/app")) == "ghcr.io"
    assert host(Package("oci", "GHCR.io:443/acme/app")) == "ghcr.io"
    assert host(Package("oci", "localhost:5000/app")) == "localhost:5000"
    assert host(Package("oci", "r.example:99999/app")) == "r.example:99999"
    assert host(Package("oci", "::")) is None


def test_the_registries_that_anybody_may_be_sent_to() -> None:
    assert oci.registry.public_url("ghcr.io") == "https://ghcr.io"
    assert oci.registry.public_url("quay.io") == "https://quay.io"
    assert oci.registry.public_url("public.ecr.aws") == "https://public.ecr.aws"
    assert oci.registry.public_url("r.example") is None
    assert oci.registry.default_url({}, Path("/nowhere")) == "https://registry-1.docker.io"


@pytest.mark.parametrize(
    "name", ["r.example/app", "169.254.169.254/latest", "localhost/app", "127.0.0.1:1/x", "x:99999/a"]
)
def test_a_repository_sends_nobody_anywhere(server: FakeOci, http: Http, name: str) -> None:
    package = Package("oci", name)
    assert refusal(http, server.url, package).reason is SkipReason.UNKNOWN_REGISTRY
    (answer,) = look_up([package], built_in(), http, lambda _: server.url).values()
    assert isinstance(answer, Unavailable)
    assert answer.reason is SkipReason.UNKNOWN_REGISTRY
    assert f"comes from {name.partition('/')[0]}, which is not configured" in answer.detail
    with pytest.raises(LookUpError, match="not configured"):
        oci.registry.digest(package, "1", server.url, http)
    assert server.requests == []


def test_a_registry_that_the_operator_names(server: FakeOci, http: Http) -> None:
    server.push("acme/app", "1.0")
    package = Package("oci", f"{server.host}/acme/app")
    assert oci.registry.fetch(package, f"{server.url}/", http).versions == ["1.0"]


@dataclass
class Recorder:
    """A client that notes the addresses and knows nothing."""

    urls: list[str]

    def fetch(self, url: str, **_: Any) -> bytes:
        self.urls.append(url)
        raise FetchError("not_found", "nothing here", 404)


@pytest.mark.parametrize(
    ("name", "base", "url"),
    [
        ("docker.io/library/python", "https://hub.example/mirror/", "https://hub.example/mirror/v2/library/python"),
        ("ghcr.io/a/b", "https://hub.example", "https://ghcr.io/v2/a/b"),
        ("ghcr.io/a/b", "https://me:secret@ghcr.io", "https://me:secret@ghcr.io/v2/a/b"),
        ("quay.io/a/b", "no address", "https://quay.io/v2/a/b"),
        ("r.example/x/y", "https://r.example/docker", "https://r.example/docker/v2/x/y"),
    ],
)
def test_the_address_of_an_image(name: str, base: str, url: str) -> None:
    recorder = Recorder([])
    with pytest.raises(FetchError):
        oci.registry.fetch(Package("oci", name), base, recorder)
    assert recorder.urls == [f"{url}/tags/list?n=1000"]


def test_an_image_that_is_not_there(server: FakeOci, http: Http) -> None:
    package = Package("oci", "docker.io/library/nothing")
    (answer,) = look_up([package], built_in(), http, lambda _: server.url).values()
    assert isinstance(answer, Unavailable)
    assert answer.reason is SkipReason.NOT_FOUND


def test_docker_hubs_limit(server: FakeOci, http: Http) -> None:
    headers = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600", "Retry-After": "3600"}
    server.script(TAGS, Answer(429, b'{"errors": [{"code": "TOOMANYREQUESTS"}]}', headers))
    error = refusal(http, server.url)
    assert error.reason is SkipReason.REGISTRY_UNAVAILABLE
    assert error.detail.startswith(f"its limit is used up: {server.host} answered 429")


def test_a_registry_that_fails(server: FakeOci, http: Http) -> None:
    server.script(TAGS, Answer(503))
    assert failure(http, server.url).status == 503


# --- digests ---------------------------------------------------------------------------------------


def digest_of(tag: str) -> str:
    return f"sha256:{sha256(manifest(f'{NAME}:{tag}')).hexdigest()}"


def test_the_digest_of_a_tag(server: FakeOci, http: Http) -> None:
    for _ in range(2):
        assert oci.registry.digest(PYTHON, "3.10-slim", server.url, http) == digest_of("3.10-slim")
    (asked,) = server.requests
    assert (asked.method, asked.path) == ("HEAD", f"/v2/{NAME}/manifests/3.10-slim")
    assert asked.accept.split(", ")[0] == "application/vnd.oci.image.index.v1+json"
    assert len(asked.accept.split(", ")) == 4


def test_a_digest_is_counted_where_it_is_not_told(server: FakeOci, http: Http) -> None:
    server.says_digests = False
    assert oci.registry.digest(PYTHON, "3.9", server.url, http) == digest_of("3.9")
    assert [asked.method for asked in server.requests] == ["HEAD", "GET"]
    assert server.requests[1].accept == server.requests[0].accept


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"schemaVersion": 1}', b"[]"])
def test_what_is_no_manifest_has_no_digest(server: FakeOci, http: Http, body: bytes) -> None:
    server.script(f"/v2/{NAME}/manifests/x", Answer(body=body))
    with pytest.raises(FetchError, match="can't be used"):
        oci.registry.digest(PYTHON, "x", server.url, http)


@pytest.mark.parametrize("digest", [f"sha512:{'0' * 128}", "sha256:0", f"SHA256:{'0' * 64}", f"sha256:{'0' * 65}", "x"])
def test_a_digest_that_is_none(server: FakeOci, http: Http, digest: str) -> None:
    server.script(f"/v2/{NAME}/manifests/x", Answer(headers={"Docker-Content-Digest": digest}))
    with pytest.raises(FetchError, match="no sha256"):
        oci.registry.digest(PYTHON, "x", server.url, http)


@pytest.mark.parametrize("tag", ["", "a/b", "../x", "a?b", f"sha256:{'0' * 64}", "x" * 129, "a\n"])
def test_a_tag_that_is_none(server: FakeOci, http: Http, tag: str) -> None:
    with pytest.raises(LookUpError) as caught:
        oci.registry.digest(PYTHON, tag, server.url, http)
    assert caught.value.reason is SkipReason.NOT_FOUND
    assert server.requests == []


def test_a_tag_that_is_not_there(server: FakeOci, http: Http) -> None:
    with pytest.raises(FetchError) as caught:
        oci.registry.digest(PYTHON, "3.99", server.url, http)
    assert caught.value.problem == "not_found"


# --- tokens ----------------------------------------------------------------------------------------


def test_a_token_for_a_repository_serves_all_its_pages_and_digests(server: FakeOci, http: Http) -> None:
    server.page = 3
    server.wants_tokens()
    oci.registry.fetch(PYTHON, server.url, http)
    oci.registry.digest(PYTHON, "3.9", server.url, http)
    (asked,) = server.asked("/token")
    assert asked.query == {"service": ["fake.example"], "scope": [f"repository:{NAME}:pull"]}
    assert asked.authorization == ""
    sent = [one.authorization for one in server.requests if one.path != "/token"]
    assert sent == ["", *["Bearer token-0"] * 4]


def test_another_repository_needs_another_token(server: FakeOci, http: Http) -> None:
    server.push("library/node", "24")
    server.wants_tokens()
    oci.registry.fetch(PYTHON, server.url, http)
    oci.registry.fetch(Package("oci", "docker.io/library/node"), server.url, http)
    assert server.given == ["repository:library/python:pull", "repository:library/node:pull"]
    assert server.asked("/v2/library/node/tags/list")[0].authorization == ""


@pytest.mark.parametrize(
    ("lasts", "after", "tokens"), [(None, 54, 1), (None, 56, 2), (300, 294, 1), (300, 296, 2), (1, 0, 2)]
)
def test_a_token_is_used_while_it_lasts(server: FakeOci, lasts: int | None, after: int, tokens: int) -> None:
    server.lasts, clock = lasts, Clock()
    server.wants_tokens()
    with client(clock=clock) as http:
        oci.registry.fetch(PYTHON, server.url, http)
        clock.now += after
        oci.registry.digest(PYTHON, "3.9", server.url, http)
    assert len(server.given) == tokens


def test_a_token_that_is_taken_back_is_asked_for_again(server: FakeOci, http: Http) -> None:
    server.wants_tokens()
    oci.registry.fetch(PYTHON, server.url, http)
    server._issued.clear()
    assert oci.registry.digest(PYTHON, "3.9", server.url, http) == digest_of("3.9")
    assert len(server.given) == 2


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("aws", "aws"),
        (f"repository:{NAME}:pull,push", f"repository:{NAME}:pull"),
        ("repository(plugin):a/b:pull,push registry:catalog:*", "repository(plugin):a/b:pull registry:catalog:*"),
    ],
)
def test_the_scope_is_the_registrys_and_never_more_than_reading(
    server: FakeOci, http: Http, asked: str, sent: str
) -> None:
    server.scope = asked
    server.wants_tokens()
    assert oci.registry.fetch(PYTHON, server.url, http).versions
    assert server.given == [sent]


def test_a_private_image_with_a_name_and_password(server: FakeOci) -> None:
    server.login = ("me", "secret")
    server.wants_tokens()
    with client() as http:
        error = refusal(http, server.url)
    assert error.reason is SkipReason.REGISTRY_UNAVAILABLE
    assert "is not there, or not for everybody" in error.detail
    with client(Credential(server.url, "me", "secret")) as http:
        assert len(oci.registry.fetch(PYTHON, server.url, http).releases) == 7
    assert server.asked("/token")[-1].authorization == basic("me", "secret")


def test_a_private_image_with_a_token(server: FakeOci) -> None:
    server.login = ("token", "ghp_x")
    server.wants_tokens()
    with client(Credential(server.url, token="ghp_x")) as http:
        assert len(oci.registry.fetch(PYTHON, server.url, http).releases) == 7
    assert server.requests[0].authorization == "Bearer ghp_x"


def test_a_wrong_password(server: FakeOci) -> None:
    server.login = ("me", "secret")
    server.wants_tokens()
    with client(Credential(server.url, "me", "wrong-secret")) as http:
        error = failure(http, server.url)
    assert error.detail == (
        f"{server.host}, which gives tokens for {server.host}, answered 401 Unauthorized; "
        f"check the credential that the configuration has for {server.host}"
    )


def test_credentials_do_not_follow_a_registry_to_a_stranger(server: FakeOci, other: FakeOci) -> None:
    server.wants_tokens(other)
    with client(Credential(server.url, "me", "secret")) as http:
        oci.registry.fetch(PYTHON, server.url, http)
    assert [one.authorization for one in other.requests] == [""]


def test_a_strangers_credentials_are_not_used_for_a_registry(server: FakeOci, other: FakeOci) -> None:
    """Else any registry could have a token for what only another one's user may read."""
    server.wants_tokens(other)
    for mine in ((), (Credential(server.url, "me", "secret"),)):
        with client(*mine, Credential(other.url, "me", "other-secret")) as http:
            oci.registry.fetch(PYTHON, server.url, http)
    assert [one.authorization for one in other.requests] == ["", ""]


def test_credentials_that_the_operator_gave_to_both(server: FakeOci, other: FakeOci) -> None:
    server.wants_tokens(other)
    with client(Credential(server.url, "me", "secret"), Credential(other.url, "me", "secret")) as http:
        oci.registry.fetch(PYTHON, server.url, http)
    assert [one.authorization for one in other.requests] == [basic("me", "secret")]


def test_a_known_partner_is_shown_the_credential(server: FakeOci, other: FakeOci) -> None:
    @dataclass(frozen=True)
    class Hub(oci.Pull):
        def partners(self, origin: str, issuer: str) -> bool:
            return (origin, issuer) == (server.url, other.url)

    server.wants_tokens(other)
    distil = Distil("raw", bytes, tokens=Hub(NAME))
    with client(Credential(server.url, "me", "secret")) as http:
        http.fetch(server.url + TAGS, headers={}, distil=distil)
    assert [one.authorization for one in other.requests] == [basic("me", "secret")]


def test_docker_hubs_partner_and_nobody_elses() -> None:
    hub, auth = "https://registry-1.docker.io", "https://auth.docker.io"
    assert oci.Pull(NAME).partners(hub, auth)
    assert not oci.Pull(NAME).partners("https://ghcr.io", auth)
    assert not oci.Pull(NAME).partners(hub, "https://auth.docker.io.example")
    assert not oci.Pull(NAME).partners(auth, hub)


def test_a_token_goes_to_its_registry_only(server: FakeOci, other: FakeOci) -> None:
    """The tags are elsewhere now, where a token is wanted too: neither is it sent nor another one got."""
    server.wants_tokens()
    other.wants_tokens()
    with client(Credential(server.url, "me", "secret")) as http:
        oci.registry.digest(PYTHON, "3.9", server.url, http)
        server.script(TAGS, Answer(307, headers={"Location": f"{other.url}{TAGS}"}))
        refusal(http, server.url)
    assert [(one.path, one.authorization) for one in other.requests] == [(f"{TAGS}", "")]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"token": ""}',
        b'{"token": 7}',
        b"<html>",
        b'{"token": "a\\nb"}',
        b'{"token": "' + b"x" * 17_000 + b'"}',
    ],
)
def test_a_token_that_is_none(server: FakeOci, http: Http, body: bytes) -> None:
    server.wants_tokens()
    server.script("/token", Answer(body=body))
    assert "wants a token that can't be had" in failure(http, server.url).detail


@pytest.mark.parametrize(("status", "words"), [(403, "answered 403"), (404, "answered 404"), (500, "answered 500")])
def test_a_token_that_is_not_given(server: FakeOci, http: Http, status: int, words: str) -> None:
    server.wants_tokens()
    server.script("/token", Answer(status))
    assert words in failure(http, server.url).detail


@pytest.mark.parametrize(
    "realm", ["http://auth.example/token", "http://169.254.169.254/latest", "https://u:p@a.example/"]
)
def test_an_address_that_is_not_asked_for_tokens(server: FakeOci, http: Http, realm: str) -> None:
    server.wants_tokens(realm=realm)
    error = failure(http, server.url)
    assert error.problem == "invalid"
    assert "u:p" not in error.detail


@pytest.mark.parametrize("challenge", ["", 'Basic realm="x"', 'Bearer realm="GitHub Package Registry"', "Bearer"])
def test_a_challenge_without_an_address(server: FakeOci, http: Http, challenge: str) -> None:
    server.script(TAGS, Answer(401, headers={"WWW-Authenticate": challenge}))
    assert "not for everybody" in refusal(http, server.url).detail


def test_no_secret_in_errors_or_in_what_is_kept(server: FakeOci) -> None:
    server.login, cache = ("me", "hush-hush"), MemoryCache()
    server.wants_tokens()
    credential = Credential(server.url, "me", "hush-hush")
    with client(credential, cache=cache) as http:
        oci.registry.fetch(PYTHON, server.url, http)
        server.script(TAGS.replace("python", "x"), Answer(403))
        error = refusal(http, server.url, Package("oci", "docker.io/library/x"))
    told = f"{error!r} {error.detail} {error.__cause__!r} {cache._answers!r} {credential!r}"
    assert "hush-hush" not in told
    assert "token-0" not in told


# --- challenges ------------------------------------------------------------------------------------


def address(challenge: str, origin: str = "https://r.example") -> str | None:
    return oci.Pull("a/b").address(challenge, origin)


@pytest.mark.parametrize(
    ("challenge", "url"),
    [
        (
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"',
            "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aa%2Fb%3Apull",
        ),
        ('bearer Realm = "https://x.example/t?a=b#c"', "https://x.example/t?a=b&scope=repository%3Aa%2Fb%3Apull"),
        (
            'Basic realm="https://no.example", Bearer realm="https://x.example",scope=aws',
            "https://x.example?scope=aws",
        ),
        ('Bearer realm="https://x.example/",service="a&scope=b"', None),
        ('Bearer service="x"', None),
        ('Bearer realm="/token"', None),
        ('Bearer realm="ftp://x.example"', None),
        ('Bearer realm="https://[x"', None),
    ],
)
def test_where_tokens_are_had(challenge: str, url: str | None) -> None:
    found = address(challenge)
    if "a&scope" in challenge:
        assert found == "https://x.example/?service=a%26scope%3Db&scope=repository%3Aa%2Fb%3Apull"
    else:
        assert found == url


def test_loopback_is_for_registries_of_this_machine() -> None:
    there = 'Bearer realm="http://localhost:5001/t"'
    assert address(there, "http://127.0.0.1:5000") is not None
    assert address(there, "http://[::1]:5000") is not None
    for origin in ("https://r.example", "http://10.0.0.1"):
        with pytest.raises(ValueError, match="without https"):
            address(there, origin)
    assert address('Bearer realm="http://r.example/t"', "http://r.example") is not None


@given(st.text() | st.from_regex(r'(?i)bearer( ?[a-z]+="?[ -~]*"?,?){0,9}', fullmatch=True))
def test_any_challenge_is_read(challenge: str) -> None:
    try:
        found = address(challenge)
    except ValueError:
        return
    assert found is None or found.startswith("https://")


@given(st.text())
def test_any_link_is_read(link: str) -> None:
    try:
        found = oci.following(link)
    except ValueError:
        return
    assert all("!" <= char <= "~" for char in found)


@given(st.lists(st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}(-slim|-alpine3\.[0-9]|rc1)?|[a-z]{1,5}", fullmatch=True)))
def test_the_order_is_that_of_the_scheme_and_all_are_there(tags: list[str]) -> None:
    found = list(oci._releases(tags).versions)
    assert sorted(found) == sorted(tags)
    keys = [scheme("docker").key(tag) for tag in found]
    known = [key for key in keys if key is not None]
    assert known == sorted(known, reverse=True)
    assert keys[: len(known)] == known


@pytest.mark.parametrize("text", ["bearer " + "a=" * 3000, "," * 5000, " " * 5000, 'bearer a="' * 500, ";" * 5000])
def test_hostile_headers_take_no_time(text: str) -> None:
    assert address(text) is None
    assert oci.following(text) == ""


# --- Debian's registry -----------------------------------------------------------------------------


def test_a_real_registry(tmp_path: Path, http: Http) -> None:
    need("docker-registry", why_not())
    tags = [f"3.{n}-slim" for n in range(12)]
    with real(tmp_path) as url:
        digests = push(url, NAME, *tags, "latest")
        listing = oci.registry.fetch(PYTHON, url, http)
        assert listing.versions == [*reversed(tags), "latest"]
        assert {tag: oci.registry.digest(PYTHON, tag, url, http) for tag in digests} == digests
        with pytest.raises(FetchError) as caught:
            oci.registry.digest(PYTHON, "3.99", url, http)
        assert caught.value.problem == "not_found"
        (answer,) = look_up([Package("oci", "docker.io/library/x")], built_in(), http, lambda _: url).values()
        assert isinstance(answer, Unavailable)
        assert answer.reason is SkipReason.NOT_FOUND


def test_a_tag_that_moves_in_a_real_registry(tmp_path: Path) -> None:
    need("docker-registry", why_not())
    clock = Clock()
    with real(tmp_path) as url, client(clock=clock) as http:
        first = push(url, NAME, "3", "4")
        assert oci.registry.digest(PYTHON, "3", url, http) == first["3"]
        clock.now += 1000
        assert oci.registry.digest(PYTHON, "3", url, http) == first["3"]  # confirmed by its ETag
        told = httpx.get(f"{url}/v2/{NAME}/manifests/4", headers={"Accept": MANIFEST}, trust_env=False)
        there, octets = f"{url}/v2/{NAME}/manifests/3", {"Content-Type": MANIFEST}
        httpx.put(there, content=told.content, headers=octets, trust_env=False).raise_for_status()
        assert oci.registry.digest(PYTHON, "3", url, http) == first["3"]  # it is still fresh
        clock.now += 1000
        assert oci.registry.digest(PYTHON, "3", url, http) == first["4"]


@dataclass(frozen=True)
class Issuer:
    """Gives the tokens that a real registry trusts (its documentation, "Token Authentication Implementation")."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls) -> Issuer:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens")])
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        return cls(key, made.sign(key, SHA256()))

    def config(self, folder: Path, realm: str) -> dict[str, Any]:
        bundle = folder / "root.pem"
        bundle.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        token = {"realm": realm, "service": "tests", "issuer": "tests", "rootcertbundle": str(bundle)}
        return {"token": token}

    def token(self, *actions: str) -> str:
        now = datetime.now(UTC)
        der = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        claims = {
            **dict.fromkeys(("iss", "sub", "aud", "jti"), "tests"),
            "iat": now,
            "nbf": now - timedelta(minutes=1),
            "exp": now + timedelta(minutes=5),
            "access": [{"type": "repository", "name": NAME, "actions": actions}],
        }
        return jwt.encode(claims, self.key, "ES256", headers={"x5c": [der]})


def test_the_tokens_of_a_real_registry(tmp_path: Path, other: FakeOci, http: Http) -> None:
    need("docker-registry", why_not())
    issuer = Issuer.new()
    other.script("/token", Answer(body=json.dumps({"access_token": issuer.token("pull")}).encode()))
    with real(tmp_path, issuer.config(tmp_path, other.realm)) as url:
        digests = push(url, NAME, *FEW, token=issuer.token("pull", "push"))
        assert set(oci.registry.fetch(PYTHON, url, http).versions) == set(FEW)
        assert oci.registry.digest(PYTHON, "3.9", url, http) == digests["3.9"]
    (asked,) = other.requests
    assert asked.query == {"service": ["tests"], "scope": [f"repository:{NAME}:pull"]}
