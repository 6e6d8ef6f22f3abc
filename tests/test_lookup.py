"""Where packages are looked up, and since when a release is known."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import registries
from bot.config import load
from bot.core.model import Answer, Listing, Package, Release, SkipReason, Unavailable
from bot.lookup import Addresses, dated
from bot.registries.base import Client
from bot.store import Store

NOW = datetime(2026, 9, 1, tzinfo=UTC)


class SomeRegistry:
    """A registry whose client's configuration is found, or can't be read."""

    name = "pypi"
    scheme = "pep440"

    def __init__(self, default: str | Exception) -> None:
        self._default = default

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        if isinstance(self._default, Exception):
            raise self._default
        return self._default

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        return Listing(package, ())


def addresses(monkeypatch: pytest.MonkeyPatch, default: str | Exception, **environ: str) -> Addresses:
    for name in [name for name in os.environ if name.startswith("FRESHLINE_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(f"FRESHLINE_REGISTRIES__{name}", value)
    return Addresses(load(), {"pypi": SomeRegistry(default)})


# Where packages are looked up


def test_the_clients_own_address_is_asked_unless_another_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    package = Package("pypi", "alpha")
    assert addresses(monkeypatch, "https://own.example/simple/")(package) == "https://own.example/simple"
    told = addresses(monkeypatch, "https://own.example", PYPI__URL="https://told.example/simple/")
    assert told(package) == "https://told.example/simple"


def test_an_index_that_a_file_names_is_asked_only_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"ACME__URL": "https://acme.example/simple", "ACME__PROTOCOL": "pypi", "NPM__URL": "https://npm.example"}
    where = addresses(monkeypatch, "https://own.example/simple", **known)
    assert where(Package("pypi", "a", "https://acme.example/simple/")) == "https://acme.example/simple"
    assert where(Package("pypi", "a", "https://ann:pw@acme.example/simple")) == "https://acme.example/simple"
    assert where(Package("pypi", "a", "https://own.example/simple")) == "https://own.example/simple"
    for url in (
        "https://evil.example/simple",
        "https://npm.example",
        "http://acme.example/simple",
        "https://acme.example",
    ):
        refused = where(Package("pypi", "a", url))
        assert isinstance(refused, Unavailable)
        assert refused.reason is SkipReason.UNKNOWN_REGISTRY
        assert "add it to [registries]" in refused.detail


@pytest.mark.parametrize("url", ["nonsense", "file:///etc/passwd", "http://[::1", "https://a b/simple", "https:///x"])
def test_an_address_that_is_none_is_refused_without_repeating_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    refused = addresses(monkeypatch, "https://own.example/simple")(Package("pypi", "a", url))
    assert isinstance(refused, Unavailable)
    assert "whose address can't be read here" in refused.detail
    assert url not in refused.detail


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            PermissionError(13, "Permission denied", "/home/ann/.pypirc"),
            "/home/ann/.pypirc can't be read (PermissionError)",
        ),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), "the configuration of pypi's client can't be read"),
    ],
)
def test_a_client_configuration_that_cannot_be_read_is_said(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    refused = addresses(monkeypatch, error)(Package("pypi", "a"))
    assert isinstance(refused, Unavailable)
    assert refused.reason is SkipReason.REGISTRY_UNAVAILABLE
    assert words in refused.detail
    assert refused.detail.endswith("mend it, or set FRESHLINE_REGISTRIES__PYPI__URL")


# First sightings


def listing(package: Package, *published: datetime | None) -> Listing:
    return Listing(package, tuple(Release(f"1.{n}", when) for n, when in enumerate(published)))


def test_a_release_without_a_time_has_the_age_of_its_first_sighting() -> None:
    dark, bright, mixed = Package("pypi", "dark"), Package("pypi", "bright"), Package("npm", "dark")
    gone = Unavailable(SkipReason.NOT_FOUND, "gone")
    answers: dict[Package, Answer] = {
        dark: listing(dark, None, None),
        bright: listing(bright, NOW),
        mixed: listing(mixed, None, NOW),
        Package("pypi", "gone"): gone,
    }
    with Store.in_memory() as store:
        first = dated(answers, store.sightings(), NOW)
        later = dated(answers, store.sightings(), NOW + timedelta(days=9))
    assert first == later
    assert later[Package("pypi", "gone")] == gone
    assert later[bright] == answers[bright]
    assert [release.since for release in releases(later[dark])] == [NOW, NOW]
    assert [(r.first_seen, r.published) for r in releases(later[mixed])] == [(NOW, None), (None, NOW)]


def test_packages_of_the_same_name_from_two_indexes_are_sighted_apart() -> None:
    own, other = Package("pypi", "dark"), Package("pypi", "dark", "https://ann:pw@acme.example/simple/")
    with Store.in_memory() as store:
        dated({own: listing(own, None)}, store.sightings(), NOW)
        later = NOW + timedelta(days=9)
        found = dated({own: listing(own, None), other: listing(other, None)}, store.sightings(), later)
        assert [releases(found[p])[0].since for p in (own, other)] == [NOW, later]
        assert ("dark@https://acme.example/simple", "1.0") in store.sightings().first_seen(
            "pypi", ["dark@https://acme.example/simple"]
        )


def releases(answer: object) -> list[Release]:
    assert isinstance(answer, Listing)
    return list(answer.releases)


def images(monkeypatch: pytest.MonkeyPatch, **environ: str) -> Addresses:
    addresses(monkeypatch, "", **environ)
    return Addresses(load(), registries.built_in())


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("docker.io/library/python", "https://hub.example/mirror"),
        ("ghcr.io/acme/app", "https://ghcr.io"),
        ("quay.io/acme/app", "https://quay.io"),
        ("r.example:5000/app", "http://r.example:5000/docker"),
        ("R.Example:5000/app", "http://r.example:5000/docker"),
        ("hub.example/app", "https://hub.example/mirror"),
    ],
)
def test_an_image_is_where_its_name_says(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    mine = {
        "OCI__URL": "https://hub.example/mirror/",
        "MINE__URL": "http://r.example:5000/docker/",
        "MINE__PROTOCOL": "oci",
        "BROKEN__URL": "file:///srv",
        "BROKEN__PROTOCOL": "oci",
    }
    assert images(monkeypatch, **mine)(Package("oci", name)) == url


@pytest.mark.parametrize(
    "name", ["r.example/app", "localhost/app", "169.254.169.254/latest", "ghcr.io:1/a", "[::1:::]/a"]
)
def test_an_image_of_a_stranger(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    answer = images(monkeypatch)(Package("oci", name))
    assert isinstance(answer, Unavailable)
    assert answer.reason is SkipReason.UNKNOWN_REGISTRY
    assert answer.detail.startswith(f"it comes from {name.partition('/')[0]}, which is not configured")
    assert images(monkeypatch)(Package("oci", "docker.io/library/python")) == "https://registry-1.docker.io"
