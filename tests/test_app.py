from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import App
from bot.config import ConfigError, Settings, load
from tests.fakes.registry import FakeRegistry
from tests.stories.conftest import Desk, git, versions


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


# Credentials


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
