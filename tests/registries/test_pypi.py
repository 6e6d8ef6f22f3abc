from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.model import Listing, Package, Release, SkipReason
from bot.http import FetchError, Http, MemoryCache
from bot.registries import base, pypi
from bot.registries._kept import unpack
from tests.fakes.registry import FakeRegistry, Reply

PACKAGE = Package("pypi", "some-project")
JAN = datetime(2024, 1, 1, tzinfo=UTC)
FEB = datetime(2024, 2, 1, tzinfo=UTC)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as fake:
        yield fake


def file(name: str, uploaded: str | None = "2024-01-01T00:00:00.123456Z", **facts: Any) -> dict[str, Any]:
    return {"filename": name, "upload-time": uploaded, **facts}


def listed(*files: dict[str, Any], **project: Any) -> Listing:
    page = {"meta": {"api-version": "1.4"}, "name": "some-project", "files": files, **project}
    return unpack(pypi.distil(json.dumps(page).encode()), PACKAGE)


def versions(listing: Listing) -> list[str]:
    return [release.version for release in listing.releases]


def test_a_project_over_the_wire(registry: FakeRegistry) -> None:
    facts = {"published": FEB, "requires_python": ">=3.9"}
    registry.pypi("some-project", {"1.0": {"yanked": "broken"}, "1.10": facts, "1.9": {}})
    with Http(MemoryCache()) as http:
        listing = pypi.registry.fetch(PACKAGE, registry.pypi_url + "/", http)
    assert listing == Listing(
        PACKAGE,
        (
            Release("1.10", FEB, requires=(("python", ">=3.9"),)),
            Release("1.9", JAN),
            Release("1.0", JAN, yanked="broken"),
        ),
    )
    assert registry.requests[0].path == "/simple/some-project/"
    assert registry.requests[0].headers["Accept"] == "application/vnd.pypi.simple.v1+json"


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("some_project-1.2-py3-none-any.whl", "1.2"),
        ("some_project-1.2-1-py3-none-any.whl", "1.2"),
        ("Some.Project-1.2+local_1-py3-none-any.whl", "1.2+local.1"),
        ("some_project-1.2.tar.gz", "1.2"),
        ("some-project-1.2.zip", "1.2"),
        ("some--project-1.2.tgz", "1.2"),
        ("Some.Project-1.2-1.tar.bz2", "1.2.post1"),
        ("some_project-1.02.0rc1.tar.gz", "1.2.0rc1"),
        ("some_project-1.2-py3.8.egg", None),
        ("some_project-1.2.win32.exe", None),
        ("other-project-1.2.tar.gz", None),
        ("some-project.tar.gz", None),
        ("some_project-.tar.gz", None),
        ("some_project-nonsense.tar.gz", None),
        ("some_project.whl", None),
        ("1.2.tar.gz", None),
        (f"some_project-{'1' * 129}.tar.gz", None),
        ("", None),
    ],
)
def test_versions_come_from_file_names(filename: str, version: str | None) -> None:
    assert versions(listed(file(filename))) == ([version] if version else [])


def test_newest_first_by_pep440() -> None:
    texts = ["1.9", "1.10.dev1", "1.10rc1", "1!0.1", "1.10", "2024.1.1", "1.10.post1"]
    found = versions(listed(*(file(f"some_project-{v}.tar.gz") for v in texts)))
    assert found == ["1!0.1", "2024.1.1", "1.10.post1", "1.10", "1.10rc1", "1.10.dev1", "1.9"]


def test_two_spellings_are_one_version() -> None:
    wheel = file("some_project-1.0b1-py3-none-any.whl", "2024-02-01T00:00:00Z")
    listing = listed(file("some_project-1.0-beta1.tar.gz"), wheel)
    assert listing.releases == (Release("1.0b1", datetime(2024, 2, 1, tzinfo=UTC)),)


def test_versions_without_files_are_no_releases() -> None:
    assert versions(listed(file("some_project-1.0.tar.gz"), versions=["1.0", "2.0"])) == ["1.0"]


def test_the_age_is_that_of_the_last_file_so_that_nothing_slips_under_the_gate() -> None:
    names = [f"some_project-1.0-cp3{n}-none-any.whl" for n in range(3)]
    times = ["2023-02-01T00:00:00Z", None, "2024-01-01T01:00:00+01:00"]
    assert listed(*map(file, names, times)).releases[0].published == JAN


@pytest.mark.parametrize("uploaded", [None, "", "yesterday", "0001-01-01T00:00:00+23:59"])
def test_an_index_without_times_attests_none(uploaded: str | None) -> None:
    assert listed(file("some_project-1.0.tar.gz", uploaded)).releases[0].published is None


def test_a_time_without_a_zone_is_utc() -> None:
    assert listed(file("some_project-1.0.tar.gz", "2024-01-01T00:00:00")).releases[0].published == JAN


@pytest.mark.parametrize(
    ("yanks", "expected"),
    [
        ((True, True), ""),
        (("", "x"), ""),
        (("why\n\x1b[31m not", True), "why [31m not"),
        ((False, "x"), None),
        ((True, False), None),
        ((False, False), None),
        (("x" * 5000, True), "x" * 300),
    ],
)
def test_a_release_is_yanked_when_all_its_files_are(yanks: tuple[Any, Any], expected: str | None) -> None:
    names = ("some_project-1.0-py3-none-any.whl", "some_project-1.0.tar.gz")
    files = (file(name, yanked=yanked) for name, yanked in zip(names, yanks, strict=True))
    assert listed(*files).releases[0].yanked == expected


def test_requires_python_is_what_the_newest_file_says() -> None:
    listing = listed(
        file("some_project-1.0.tar.gz", "2024-01-01T00:00:00Z", **{"requires-python": ">=3.8"}),
        file("some_project-1.0-py3-none-any.whl", "2024-01-03T00:00:00Z", **{"requires-python": None}),
        file("some_project-1.0-py2-none-any.whl", "2024-01-02T00:00:00Z", **{"requires-python": ">=3.9"}),
    )
    assert listing.releases[0].requires == (("python", ">=3.9"),)


@pytest.mark.parametrize(
    ("endings", "found"),
    [
        ((".tar.gz",), ()),
        (("-py3-none-any.whl", ".tar.gz"), ()),
        (
            ("-cp39-cp39-win32.whl", "-cp310-cp310-win32.whl", "-cp310-cp310-linux_x86_64.whl", ".tar.gz"),
            ("cp310", "cp39"),
        ),
        (("-cp39-cp39-win32.whl", "-py3-none-any.whl"), ()),
        (("-cp36-abi3-win32.whl", "-pp310-pypy310_pp73-win32.whl"), ("abi3-cp36",)),
    ],
)
def test_the_pythons_that_a_release_has_wheels_for(endings: tuple[str, ...], found: tuple[str, ...]) -> None:
    listing = listed(*(file(f"some_project-1.0{ending}") for ending in endings), file("some_project-0.9.tar.gz"))
    assert [release.wheels for release in listing.releases] == [found, ()]


@pytest.mark.parametrize(
    ("status", "notice", "yanked"),
    [
        ({"status": "active"}, "", None),
        ({}, "", None),
        ({"status": "archived"}, "archived", None),
        ({"status": "deprecated", "reason": "use other"}, "deprecated: use other", None),
        ({"status": "quarantined", "reason": "malware"}, "quarantined: malware", "quarantined by the index"),
    ],
)
def test_the_projects_status(status: dict[str, str], notice: str, yanked: str | None) -> None:
    listing = listed(file("some_project-1.0.tar.gz"), **{"project-status": status})
    assert (listing.notice, listing.releases[0].yanked) == (notice, yanked)


def test_a_quarantined_project_offers_nothing() -> None:
    listing = listed(**{"project-status": {"status": "quarantined"}})
    assert (listing.notice, listing.releases) == ("quarantined", ())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!DOCTYPE html><html>", "HTML, so it does not speak"),
        (b"  \n<html>", "HTML, so it does not speak"),
        (b'{"name": "x", "files": [', "not valid JSON"),
        (b"", "not valid JSON"),
        (b'{"name": "x", "files": [], "y": ' + b"[" * 100_000, "not valid JSON"),
        (b'{"name": "\xff", "files": []}', "not valid JSON"),
        (b'{"name": "x"}', "unexpected shape"),
        (b"[]", "unexpected shape"),
        (b'{"name": "x", "files": [{"filename": 1}]}', "unexpected shape"),
    ],
)
def test_what_is_no_project_page(registry: FakeRegistry, body: bytes, message: str) -> None:
    registry.reply("/simple/some-project/", Reply(body=body))
    with Http(MemoryCache()) as http, pytest.raises(FetchError, match=message) as caught:
        pypi.registry.fetch(PACKAGE, registry.pypi_url, http)
    assert caught.value.problem == "invalid"


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-a", "a-", "a" * 215, "a\n", "ä", "a%2f"])
def test_what_is_no_name_is_not_asked_for(registry: FakeRegistry, name: str) -> None:
    with Http(MemoryCache()) as http, pytest.raises(base.LookUpError) as caught:
        pypi.registry.fetch(Package("pypi", name), registry.pypi_url, http)
    assert caught.value.reason == SkipReason.INVALID_NAME
    assert registry.requests == []
