from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.config import ConfigError, Settings, load
from bot.core.model import Answer, Listing, Package, Release, SkipReason, Unavailable
from bot.lookup import Addresses, dated
from bot.registries.base import Client
from bot.store import Store
from tests.fakes.registry import FakeRegistry
from tests.stories.conftest import Desk, git, versions

NOW = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    repository = tmp_path / "shop"
    repository.mkdir()
    git(repository, "-c", "init.defaultBranch=main", "init", "-q")
    with FakeRegistry() as registry:
        registry.pypi("alpha", versions("1.0", "1.1"))
        yield Desk(repository, registry, tmp_path / "home")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Settings:
    for name in [name for name in os.environ if name.startswith(("FRESHLINE_", "PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for name, value in desk.environ.items():
        monkeypatch.setenv(name, value)
    return load()


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


def test_credentials_need_an_address_of_their_own(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("FRESHLINE_REGISTRIES__ACME__TOKEN", "t0p")
    with pytest.raises(ConfigError, match="needs an http") as caught, App.opened(load()):
        pass
    assert "t0p" not in str(caught.value)


def test_credentials_go_to_their_own_origin_only(desk: Desk) -> None:
    with FakeRegistry() as private:
        private.pypi("beta", versions("1.0", "2.0"))
        desk.write({"requirements.txt": "alpha==1.0\n", "b/requirements.txt": f"-i {private.pypi_url}\nbeta==1.0\n"})
        acme = {"FRESHLINE_REGISTRIES__ACME__URL": private.pypi_url, "FRESHLINE_REGISTRIES__ACME__PROTOCOL": "pypi"}
        user = {"FRESHLINE_REGISTRIES__ACME__USERNAME": "ann", "FRESHLINE_REGISTRIES__ACME__PASSWORD": "pw"}
        found = {d["name"]: d["update"]["version"] for d in desk.scan(**acme, **user)["dependencies"]}
        assert found == {"alpha": "1.1", "beta": "2.0"}
        assert [r.headers.get("Authorization") for r in private.requests] == ["Basic YW5uOnB3"]
        assert {r.headers.get("Authorization") for r in desk.registry.requests} == {None}


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


# The app itself


def test_the_app_scans_runs_and_remembers(desk: Desk, settings: Settings) -> None:
    desk.write({"requirements.txt": "alpha==1.0\n"})
    told: list[tuple[int, int]] = []
    target = str(desk.repository)
    with App.opened(settings) as app:
        assert [p.branch for p in app.scan(target, lambda done, total: told.append((done, total))).plans] == [
            "freshline/pypi/alpha"
        ]
        assert told == [(1, 1)]
        assert app.proposals(None) == ()
        rehearsed = app.run(target, dry=True)
        assert (rehearsed.dry, len(rehearsed.diffs), app.proposals(None)) == (True, 1, ())
        done = app.run(target, dry=False)
        assert (done.dry, done.diffs, done.observed) == (False, (), False)
        [record] = app.proposals(target)
        assert app.store.proposals().all() == (record,)
        assert app.run(target, dry=True).diffs == ()
        assert app.proposals(target) == (record,)


def test_a_dry_run_knows_what_was_proposed_before(desk: Desk, settings: Settings) -> None:
    desk.write({"requirements.txt": "alpha==1.0\n"})
    desk.run()
    branches = desk.branches()
    desk.write({"requirements.txt": "alpha==1.1\n"})
    out = desk.freshline("run", str(desk.repository), "--dry-run").out
    assert "- superseded  freshline/pypi/alpha" in out
    assert out.endswith("1 superseded. Dry run: nothing was written.\n")
    assert desk.branches() == branches
    with App.opened(settings) as app:
        assert [record.status for record in app.proposals(None)] == ["open"]


def test_a_folder_without_git_can_be_rehearsed_and_not_run(desk: Desk, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "requirements.txt").write_bytes(b"alpha==1.0\r\n")
    out = desk.freshline("run", str(plain), "--dry-run").out
    assert "-alpha==1.0\n+alpha==1.1\n" in out
    answer = desk.freshline("run", str(plain))
    assert answer.code == 1
    assert "not a git repository" in answer.err


def test_fleets_do_not_see_each_other(desk: Desk, settings: Settings) -> None:
    desk.write({"requirements.txt": "alpha==1.0\n"})
    desk.run()
    other = settings.config.model_copy(update={"fleet": "other"})
    with App.opened(Settings(other, settings.policy, None, settings.environ, settings.home, settings.state)) as app:
        assert app.proposals(None) == ()
