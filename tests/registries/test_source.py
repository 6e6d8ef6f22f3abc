"""Where releases come from, as registries tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.core.model import Package, SkipReason, Source, Unavailable
from bot.http import FetchError, Http, Limits, MemoryCache
from bot.registries import built_in, npm, origin, pypi
from bot.registries._kept import LONGEST_ADDRESS, MOST_ADDRESSES
from bot.registries.base import LookUpError
from tests.fakes.registry import FakeRegistry, Reply

HTTPX = Package("pypi", "httpx")
REPOSITORY = "https://github.com/encode/httpx"
METADATA = f"""Metadata-Version: 2.1
Name: httpx
Home-page: https://www.python-httpx.example/
Project-URL: Funding, https://github.com/sponsors/encode
Project-URL: Change-Log, {REPOSITORY}/blob/master/CHANGELOG.md
Project-URL: Source Code, {REPOSITORY}
Project-URL: nothing
Requires-Dist: certifi

Project-URL: Source, https://in.the.description.example/
"""


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as fake:
        yield fake


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(MemoryCache(), limits=Limits(attempts=1)) as client:
        yield client


# --- npm -------------------------------------------------------------------------------------------


def manifest(registry: FakeRegistry, http: Http, name: str = "@babel/core", **facts: Any) -> Source:
    registry.json(f"/npm/{name.replace('/', '%2f')}/1.0.0", {"name": name, "version": "1.0.0", **facts})
    return npm.registry.source(Package("npm", name), "1.0.0", registry.npm_url, http)


def test_npm_says_it_in_the_manifest_of_the_version(registry: FakeRegistry, http: Http) -> None:
    told = {"type": "git", "url": "git+https://github.com/babel/babel.git", "directory": "packages/babel-core"}
    found = manifest(
        registry, http, repository=told, homepage="https://babel.example/", bugs={"url": "https://b.example/"}
    )
    assert found == Source((told["url"], "https://babel.example/", "https://b.example/"), "packages/babel-core")
    assert [request.path for request in registry.requests] == ["/npm/@babel%2fcore/1.0.0"]


@pytest.mark.parametrize(
    ("facts", "addresses"),
    [
        ({"repository": "github:o/r"}, ("github:o/r",)),
        ({"repository": "o/r", "bugs": "https://b.example/"}, ("o/r", "https://b.example/")),
        ({"repository": ["o/r"], "homepage": 7, "bugs": None}, ()),
        ({"repository": {"url": 1, "directory": 2}}, ()),
        ({"repository": "x" * (LONGEST_ADDRESS + 1)}, ()),
        ({}, ()),
    ],
)
def test_npm_in_other_words(
    registry: FakeRegistry, http: Http, facts: dict[str, Any], addresses: tuple[str, ...]
) -> None:
    assert manifest(registry, http, "x", **facts) == Source(addresses)


def test_npm_refuses_what_is_no_manifest_or_no_name(registry: FakeRegistry, http: Http) -> None:
    registry.json("/npm/x/1.0.0", {"name": "x"})
    with pytest.raises(FetchError, match="unexpected shape"):
        npm.registry.source(Package("npm", "x"), "1.0.0", registry.npm_url, http)
    with pytest.raises(LookUpError, match="not a name that npm accepts"):
        npm.registry.source(Package("npm", "../x"), "1.0.0", registry.npm_url, http)


def test_a_version_cannot_lead_elsewhere(registry: FakeRegistry, http: Http) -> None:
    with pytest.raises(FetchError):
        npm.registry.source(Package("npm", "x"), "../y?z#", registry.npm_url, http)
    assert registry.requests[0].path == "/npm/x/..%2Fy%3Fz%23"


# --- PyPI ------------------------------------------------------------------------------------------


def test_pypi_says_it_of_the_project(registry: FakeRegistry, http: Http) -> None:
    urls = {"Documentation": "https://d.example/", "Homepage": "https://h.example/", "source_code": REPOSITORY, "x": 1}
    registry.json("/pypi/httpx/json", {"info": {"project_urls": urls, "home_page": "https://old.example/"}})
    found = pypi.registry.source(HTTPX, "0.28.1", registry.pypi_url, http)
    assert found.addresses == (REPOSITORY, "https://h.example/", "https://old.example/", "https://d.example/")
    assert len(registry.requests) == 1


def test_pypi_without_addresses(registry: FakeRegistry, http: Http) -> None:
    registry.json("/pypi/httpx/json", {"info": {"project_urls": None, "home_page": ""}})
    assert pypi.registry.source(HTTPX, "0.28.1", registry.pypi_url, http) == Source(())


def published(registry: FakeRegistry, **file: Any) -> None:
    page: dict[str, Any] = {"filename": "httpx-0.28.1-py3-none-any.whl", "url": "../../files/httpx.whl", **file}
    others = [
        {"filename": "httpx-0.28.1.tar.gz", "url": "sdist"},
        {"filename": "httpx-0.28.0-py3-none-any.whl", "url": "older"},
        {"filename": "odd", "url": "odd"},
    ]
    registry.json("/simple/httpx/", {"meta": {"api-version": "1.4"}, "name": "httpx", "files": [*others, page]})


def test_another_index_says_it_in_the_metadata_of_a_wheel(registry: FakeRegistry, http: Http) -> None:
    published(registry, **{"core-metadata": {"sha256": "0" * 64}})
    registry.reply("/files/httpx.whl.metadata", Reply(body=METADATA.encode()))
    found = pypi.registry.source(HTTPX, "0.28.1", registry.pypi_url, http)
    assert found.addresses == (
        REPOSITORY,
        f"{REPOSITORY}/blob/master/CHANGELOG.md",
        "https://www.python-httpx.example/",
        "https://github.com/sponsors/encode",
    )
    assert [r.path for r in registry.requests] == ["/pypi/httpx/json", "/simple/httpx/", "/files/httpx.whl.metadata"]


def test_metadata_without_a_description(registry: FakeRegistry, http: Http) -> None:
    published(registry)
    registry.reply("/files/httpx.whl.metadata", Reply(body=b"Name: httpx\nHome-page: https://h.example/\n"))
    assert pypi.registry.source(HTTPX, "0.28.1", registry.pypi_url, http) == Source(("https://h.example/",))


def test_an_index_that_is_no_simple_one_is_asked_for_wheels_only(registry: FakeRegistry, http: Http) -> None:
    registry.json("/mirror/httpx/", {"name": "httpx", "files": []})
    assert pypi.registry.source(HTTPX, "0.28.1", f"{registry.url}/mirror/", http) == Source(())
    assert [r.path for r in registry.requests] == ["/mirror/httpx/"]


@pytest.mark.parametrize(
    "file",
    [
        {"core-metadata": False},
        {"data-dist-info-metadata": False},
        {"url": "http://169.254.169.254/latest"},
        {"url": "file:///etc/passwd"},
        {"filename": "httpx-0.28.1-py3-none-any.egg"},
    ],
)
def test_wheels_whose_metadata_is_not_asked_for(registry: FakeRegistry, http: Http, file: dict[str, Any]) -> None:
    published(registry, **file)
    assert pypi.registry.source(HTTPX, "0.28.1", registry.pypi_url, http) == Source(())
    assert len(registry.requests) == 2


def test_an_invalid_version_has_no_wheel(registry: FakeRegistry, http: Http) -> None:
    published(registry)
    assert pypi.registry.source(HTTPX, "latest", registry.pypi_url, http) == Source(())


def test_addresses_are_few(registry: FakeRegistry, http: Http) -> None:
    urls = {str(n): f"https://{n}.example/" for n in range(MOST_ADDRESSES + 5)}
    registry.json("/pypi/httpx/json", {"info": {"project_urls": urls}})
    assert len(pypi.registry.source(HTTPX, "1", registry.pypi_url, http).addresses) == MOST_ADDRESSES


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_index_that_gives_the_simple_api_only(registry: FakeRegistry, http: Http, status: int) -> None:
    registry.reply("/pypi/httpx/json", Reply(status))
    published(registry, **{"core-metadata": True})
    registry.reply("/files/httpx.whl.metadata", Reply(body=METADATA.encode()))
    assert REPOSITORY in pypi.registry.source(HTTPX, "0.28.1", registry.pypi_url, http).addresses


def test_an_index_that_fails_is_not_asked_again(registry: FakeRegistry, http: Http) -> None:
    registry.reply("/pypi/httpx/json", Reply(500))
    with pytest.raises(FetchError, match="500"):
        pypi.registry.source(HTTPX, "0.28.1", registry.pypi_url, http)
    assert len(registry.requests) == 1


def test_pypi_refuses_what_is_no_name(registry: FakeRegistry, http: Http) -> None:
    with pytest.raises(LookUpError, match="not a normalised project name"):
        pypi.registry.source(Package("pypi", "../x"), "1", registry.pypi_url, http)


# --- whichever -------------------------------------------------------------------------------------


def test_failures_are_answers(registry: FakeRegistry, http: Http) -> None:
    def asked(package: Package, base: str | Unavailable = registry.npm_url) -> Source | Unavailable:
        return origin(package, "1.0.0", built_in(), http, lambda _: base)

    registry.json("/npm/x/1.0.0", {"version": "1.0.0", "repository": "o/r"})
    registry.reply("/npm/broken/1.0.0", Reply(500))
    assert asked(Package("npm", "x")) == Source(("o/r",))
    assert why(asked(Package("npm", "y"))) is SkipReason.NOT_FOUND
    assert why(asked(Package("npm", "broken"))) is SkipReason.REGISTRY_UNAVAILABLE
    assert why(asked(Package("npm", "../x"))) is SkipReason.INVALID_NAME
    assert why(asked(Package("other", "x"))) is SkipReason.NOT_FOUND
    none = Unavailable(SkipReason.UNKNOWN_REGISTRY, "an index of the repository's own")
    assert asked(Package("npm", "x"), none) is none


def why(answer: Source | Unavailable) -> SkipReason:
    assert isinstance(answer, Unavailable)
    assert answer.detail
    return answer.reason
