from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.model import Listing, Package, Release, SkipReason
from bot.http import FetchError, Http, MemoryCache
from bot.registries import base, npm
from bot.registries._kept import unpack
from tests.fakes.registry import FakeRegistry, Reply

PACKAGE = Package("npm", "some-package")
JAN = datetime(2024, 1, 1, tzinfo=UTC)
FEB = datetime(2024, 2, 1, tzinfo=UTC)
TIME = "2024-01-01T00:00:00.000Z"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as fake:
        yield fake


def listed(versions: dict[str, Any], **packument: Any) -> Listing:
    times = dict.fromkeys(versions, TIME)
    page = {"name": "some-package", "time": times, "versions": versions, **packument}
    return unpack(npm.distil(json.dumps(page).encode()), PACKAGE)


def only(entry: dict[str, Any]) -> Release:
    (release,) = listed({"1.0.0": entry}).releases
    return release


def test_a_package_over_the_wire(registry: FakeRegistry) -> None:
    registry.npm(
        "some-package",
        {
            "1.9.0": {"deprecated": "old"},
            "1.10.0": {"published": FEB, "engines": {"node": ">=18"}, "dist": {"integrity": "sha512-x"}},
        },
    )
    with Http(MemoryCache()) as http:
        listing = npm.registry.fetch(PACKAGE, registry.npm_url + "/", http)
    assert listing == Listing(
        PACKAGE,
        (Release("1.10.0", FEB, requires=(("node", ">=18"),)), Release("1.9.0", JAN, yanked="old")),
        latest="1.10.0",
    )
    assert registry.requests[0].headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("name", "path"),
    [("@types/node", "/npm/@types%2fnode"), ("JSONStream", "/npm/JSONStream"), ("a.b_c~d", "/npm/a.b_c~d")],
)
def test_the_address_of_a_package(registry: FakeRegistry, name: str, path: str) -> None:
    registry.npm(name, {"1.0.0": {}})
    with Http(MemoryCache()) as http:
        assert npm.registry.fetch(Package("npm", name), registry.npm_url, http).latest == "1.0.0"
    assert registry.requests[0].path == path


def test_digests_are_kept_for_package_managers_only(registry: FakeRegistry) -> None:
    entries: dict[str, dict[str, Any]] = {
        "1.0.0": {"dist": {"integrity": "sha512-x"}},
        "0.9.0": {"dist": {"shasum": "y"}},
        "0.8.0": {"dist": []},
    }
    names = ["pnpm", "@yarnpkg/cli-dist", "some-package"]
    found = []
    with Http(MemoryCache()) as http:
        for name in names:
            registry.npm(name, entries)
            listing = npm.registry.fetch(Package("npm", name), registry.npm_url, http)
            found.append([release.digest for release in listing.releases])
    assert found == [["sha512-x", None, None], ["sha512-x", None, None], [None, None, None]]


def test_newest_first_by_semver_and_nothing_else() -> None:
    texts = ["1.9.0", "1.10.0-rc.2", "1.10.0-rc.10", "1.10.0", "v", "not", "1" * 200, "10.0.0"]
    listing = listed({text: {} for text in texts})
    assert [r.version for r in listing.releases] == ["10.0.0", "1.10.0", "1.10.0-rc.10", "1.10.0-rc.2", "1.9.0"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("why", "why"), ("", None), (False, None), (None, None), (True, ""), ("\n", None), ({"a": 1}, None), (1, None)],
)
def test_deprecation(value: Any, expected: str | None) -> None:
    assert only({"deprecated": value}).yanked == expected


@pytest.mark.parametrize(
    ("engines", "expected"),
    [
        ({"node": ">=18"}, (("node", ">=18"),)),
        ({"npm": ">=3"}, ()),
        ({"node": ["x"]}, ()),
        ({"node": " "}, ()),
        (["node >= 0.4"], ()),
        ("node >= 0.4", ()),
        (None, ()),
        (7, ()),
    ],
)
def test_engines_of_any_type(engines: Any, expected: tuple[tuple[str, str], ...]) -> None:
    assert only({"engines": engines}).requires == expected


@pytest.mark.parametrize("value", [None, 5, "soon", {}])
def test_a_time_that_is_none(value: Any) -> None:
    listing = listed({"1.0.0": {}}, time={"1.0.0": value, "created": TIME})
    assert listing.releases == (Release("1.0.0", None),)


def test_versions_that_were_taken_back_are_no_releases() -> None:
    listing = listed({"1.0.0": {}}, time={"1.0.0": TIME, "2.0.0": TIME})
    assert [r.version for r in listing.releases] == ["1.0.0"]


def test_a_package_that_was_taken_back() -> None:
    gone = {"name": "x", "time": {"created": TIME, "unpublished": {"name": "someone", "versions": ["1.0.0"]}}}
    listing = unpack(npm.distil(json.dumps(gone).encode()), PACKAGE)
    assert (listing.releases, listing.notice) == ((), "unpublished")


@pytest.mark.parametrize(("tag", "latest"), [("1.0.0", "1.0.0"), (None, None), (7, None), ("1" * 200, None)])
def test_the_latest_tag(tag: Any, latest: str | None) -> None:
    assert listed({"1.0.0": {}}, **{"dist-tags": {"latest": tag}}).latest == latest


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "HTML, so it does not speak"),
        (b'{"versions": {"1.0.0": {', "not valid JSON"),
        (b"{}", "JSON without versions"),
        (b'{"error": "x"}', "JSON without versions"),
        (b'{"versions": []}', "unexpected shape"),
        (b'{"versions": {"1.0.0": null}}', "unexpected shape"),
        (b"null", "unexpected shape"),
        (b'{"versions": {"1.0.0": {"engines": ' + b'{"a":' * 100_000, "not valid JSON"),
    ],
)
def test_what_is_no_packument(registry: FakeRegistry, body: bytes, message: str) -> None:
    registry.reply("/npm/some-package", Reply(body=body))
    with Http(MemoryCache()) as http, pytest.raises(FetchError, match=message):
        npm.registry.fetch(PACKAGE, registry.npm_url, http)


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "@a", "@a/", "@/a", "@a/b/c", ".a", "a b", "a?b", "ä", "a" * 215, "a\n"]
)
def test_what_is_no_name_is_not_asked_for(registry: FakeRegistry, name: str) -> None:
    with Http(MemoryCache()) as http, pytest.raises(base.LookUpError) as caught:
        npm.registry.fetch(Package("npm", name), registry.npm_url, http)
    assert caught.value.reason == SkipReason.INVALID_NAME
    assert registry.requests == []
