from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import load
from bot.doctor import Finding, examine
from tests.fakes.registry import FakeRegistry, Reply
from tests.stories.conftest import versions


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as found:
        found.pypi("pip", versions("24.0", "25.0"))
        found.npm("npm", versions("10.0.0"))
        yield found


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, registry: FakeRegistry) -> None:
    for name in [name for name in os.environ if name.startswith(("FRESHLINE_", "PIP_", "UV_", "npm_", "NPM_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("FRESHLINE_REGISTRIES__PYPI__URL", registry.pypi_url)
    monkeypatch.setenv("FRESHLINE_REGISTRIES__NPM__URL", registry.npm_url)


def findings() -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(load())}


def test_a_sound_machine_is_well(registry: FakeRegistry) -> None:
    found = findings()
    assert all(finding.well for finding in found.values())
    host = registry.url.removeprefix("http://")
    assert found["pypi"].detail == f"answers at {host} (2 releases of pip)"
    assert found["configuration"].detail == "none, so the defaults"
    assert found["git"].detail.startswith("git version 2.")


def test_a_registry_that_does_not_answer_is_named(registry: FakeRegistry) -> None:
    registry.reply("/simple/pip/", Reply(403))
    found = findings()
    assert not found["pypi"].well
    assert "403" in found["pypi"].detail
    assert found["npm"].well


def test_a_registry_is_asked_with_its_credentials(monkeypatch: pytest.MonkeyPatch, registry: FakeRegistry) -> None:
    monkeypatch.setenv("FRESHLINE_REGISTRIES__PYPI__TOKEN", "t0p")
    assert findings()["pypi"].well
    sent = {request.path: request.headers.get("Authorization") for request in registry.requests}
    assert sent["/simple/pip/"] == "Bearer t0p"


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://[::1", "ftp://index.example/simple"])
def test_an_address_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("FRESHLINE_REGISTRIES__PYPI__URL", url)
    found = findings()["pypi"]
    assert not found.well
    assert "not an http(s) address" in found.detail


def test_a_missing_git_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert findings()["git"] == Finding("git", well=False, detail="not found; install the package git")


@pytest.mark.parametrize(
    ("script", "well", "detail"),
    [
        ("#!/bin/sh\necho git version 2.30.1", True, "git version 2.30.1"),
        ("#!/bin/sh\necho git version 2.9.5", False, "git version 2.9.5; 2.30 or newer is needed"),
        ("#!/bin/sh\necho something else", False, "something else; 2.30 or newer is needed"),
        ("#!/bin/sh\nexit 1", False, "/git; 2.30 or newer is needed"),
        ("no program", False, "can't be run (OSError); install the package git"),
    ],
)
def test_a_git_that_will_not_do_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, well: bool, detail: str
) -> None:
    (tmp_path / "git").write_text(script)
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = findings()["git"]
    assert found.well is well
    assert found.detail.endswith(detail)


def test_a_store_that_cannot_be_opened_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FRESHLINE_STORE__URL", f"sqlite:///{tmp_path}/file/x.db")
    found = findings()["store"]
    assert not found.well
    assert "The store can't be opened" in found.detail


def test_misspelt_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESHLINE_HTP__CONCURRENCY", "5")
    found = findings()["environment"]
    assert (found.well, found.detail.startswith("FRESHLINE_HTP__CONCURRENCY means nothing")) == (False, True)
