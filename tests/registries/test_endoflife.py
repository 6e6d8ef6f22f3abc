from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import Line, Listing, Package, Release, SkipReason
from bot.http import FetchError, Http, MemoryCache
from bot.registries import base, endoflife
from bot.registries._kept import unpack
from tests.fakes.registry import FakeRegistry, Reply

PACKAGE = Package("endoflife", "nodejs")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as fake:
        yield fake


def cycle(name: str, latest: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    """A line as the API gives it, with what is not read beside what is."""
    shape = {"name": name, "codename": None, "label": name, "releaseDate": "2025-05-06", "isLts": False}
    shape |= {"ltsFrom": None, "isEoas": False, "eoasFrom": None, "isEol": False, "eolFrom": None, "isMaintained": True}
    return {**shape, "latest": latest, "custom": None, **facts}


def latest(name: str, day: str | None = "2026-08-03", link: str | None = None) -> dict[str, Any]:
    return {"name": name, "date": day, "link": link}


def answer(*cycles: dict[str, Any]) -> bytes:
    result = {"name": "nodejs", "aliases": ["node"], "label": "Node.js", "links": {}, "releases": cycles}
    return json.dumps({"schema_version": "1.2.0", "generated_at": "2026-08-20T00:00:00Z", "result": result}).encode()


def listed(*cycles: dict[str, Any]) -> Listing:
    return unpack(endoflife.distil(answer(*cycles)), PACKAGE)


def only(**facts: Any) -> Release:
    (found,) = listed(cycle("24", **{"latest": latest("24.19.0"), **facts})).releases
    return found


def test_a_product_over_the_wire(registry: FakeRegistry) -> None:
    facts = {"begins": "2025-05-06", "lts": "2025-10-28", "ends": "2028-04-30", "published": "2026-08-03"}
    registry.endoflife("nodejs", {"24": {"latest": "24.19.0", **facts}, "26": {"begins": "2026-05-05"}})
    with Http(MemoryCache()) as http:
        listing = endoflife.registry.fetch(PACKAGE, registry.endoflife_url + "/", http)
    line = Line("24", date(2025, 5, 6), date(2025, 10, 28), date(2028, 4, 30))
    assert listing == Listing(
        PACKAGE,
        (
            Release("26", datetime(2026, 5, 5, tzinfo=UTC), line=Line("26", date(2026, 5, 5), None, None)),
            Release("24.19.0", datetime(2026, 8, 3, tzinfo=UTC), line=line),
        ),
    )
    assert registry.requests[0].path == "/api/v1/products/nodejs"
    assert registry.requests[0].headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("product", "facts", "ends", "blocked"),
    [
        ("nodejs", {"eoasFrom": "2025-12-15", "eolFrom": "2027-03-03"}, date(2027, 3, 3), None),
        ("aws-lambda", {"eoasFrom": "2025-12-15", "eolFrom": "2027-03-03"}, date(2025, 12, 15), date(2027, 3, 3)),
        ("aws-lambda", {"eolFrom": "2027-03-03"}, date(2027, 3, 3), date(2027, 3, 3)),
        ("aws-lambda", {"eoasFrom": "2025-12-15"}, date(2025, 12, 15), None),
    ],
)
def test_a_function_ends_with_its_deprecation(
    product: str, facts: dict[str, Any], ends: date, blocked: date | None
) -> None:
    body = json.loads(answer(cycle("python3.9", **facts)))
    body["result"]["name"] = product
    (release,) = unpack(endoflife.distil(json.dumps(body).encode()), PACKAGE).releases
    assert release.line
    assert (release.line.ends, release.line.blocked) == (ends, blocked)


@pytest.mark.parametrize("name", ["", "Python", "../x", "a/b", "-a", "a-", "a" * 101, "a b"])
def test_what_is_no_name_is_not_asked_for(name: str, registry: FakeRegistry) -> None:
    with Http(MemoryCache()) as http, pytest.raises(base.LookUpError) as raised:
        endoflife.registry.fetch(Package("endoflife", name), registry.endoflife_url, http)
    assert raised.value.reason is SkipReason.INVALID_NAME
    assert registry.requests == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"result": {}}', b'{"result": {"releases": [{"isLts": 1}]}}'])
def test_what_is_no_product_is_refused(body: bytes, registry: FakeRegistry) -> None:
    with pytest.raises(ValueError, match="JSON"):
        endoflife.distil(body)
    registry.reply("/api/v1/products/nodejs", Reply(body=body))
    with Http(MemoryCache()) as http, pytest.raises(FetchError):
        endoflife.registry.fetch(PACKAGE, registry.endoflife_url, http)


def test_the_newest_line_comes_first_whatever_the_order() -> None:
    lines = ["3.9", "3.14", "3.2", "2.7", "3.10"]
    found = listed(*(cycle(name, latest(f"{name}.1")) for name in lines))
    assert list(found.versions) == ["3.14.1", "3.10.1", "3.9.1", "3.2.1", "2.7.1"]


def test_what_has_no_versions_is_listed_by_its_lines() -> None:
    found = listed(*map(cycle, ["python3.9", "java17.al2023", "python3.14", "java21", "provided"]))
    assert list(found.versions) == ["java21", "java17.al2023", "python3.14", "python3.9", "provided"]


def test_what_tells_builds_apart_is_left_out() -> None:
    assert only(latest=latest("25.0.4.1+1")).version == "25.0.4.1"


def test_what_is_no_version_is_left_out() -> None:
    empty, long, named = latest("+1"), latest("1" * 129), "2" * 129
    assert list(listed(cycle("1", empty), cycle("2", long), cycle(named, latest("1.0")), cycle("")).releases) == []


@pytest.mark.parametrize(
    ("facts", "settled"),
    [
        ({}, None),
        ({"isLts": True}, date(2025, 5, 6)),
        ({"isLts": True, "releaseDate": None}, None),
        ({"isLts": True, "ltsFrom": "2025-10-28"}, date(2025, 10, 28)),
        ({"isLts": False, "ltsFrom": "2027-10-28"}, date(2027, 10, 28)),
    ],
)
def test_long_term_support(facts: dict[str, Any], settled: date | None) -> None:
    line = only(**facts).line
    assert line
    assert line.supported_from == settled


def test_a_line_at_its_end_is_withdrawn() -> None:
    assert only().yanked is None
    ended = only(isEol=True, eolFrom="2025-06-01")
    assert ended.yanked == endoflife.ENDED
    assert ended.line
    assert ended.line.ends == date(2025, 6, 1)


@pytest.mark.parametrize("day", [None, "", "soon", "2025-13-01", "2025"])
def test_what_is_no_day_is_not_known(day: str | None) -> None:
    release = only(releaseDate=day, eolFrom=day, latest=latest("24.1.0", day))
    assert (release.published, release.line) == (None, Line("24", None, None, None))


def test_notes_are_linked_where_the_product_says_so() -> None:
    assert only().notes_url is None
    assert only(latest=latest("1.27.0", link="https://go.example/doc")).notes_url == "https://go.example/doc"


def test_the_default_address_is_the_public_one() -> None:
    assert endoflife.registry.default_url({}, Path("/nowhere")) == endoflife.PUBLIC
    assert endoflife.PUBLIC.startswith("https://")
