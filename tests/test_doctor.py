from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.config import load
from bot.doctor import Finding, examine
from bot.forge.github_app import PERMISSIONS
from bot.store import ProposalRecord, Store
from tests.conftest import need
from tests.fakes.amazon import FakeAmazon
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
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


# --- AWS -------------------------------------------------------------------------------------------


def test_each_region_is_asked_for_an_image_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("FRESHLINE_AWS__REGIONS", "eu-west-1,us-east-1")
    with FakeAmazon() as amazon:
        monkeypatch.setenv("FRESHLINE_AWS__ENDPOINT_URL", amazon.endpoint)
        amazon.fail("UnauthorizedOperation", lambda call: call.region == "us-east-1", status=403)
        found = findings()
    assert found["aws eu-west-1"] == Finding("aws eu-west-1", well=True, detail="describes machine images")
    refused = found["aws us-east-1"]
    assert not refused.well
    assert "ec2:DescribeImages" in refused.detail
    assert "ami-" not in refused.detail


def test_nothing_is_asked_of_aws_without_regions() -> None:
    assert not [name for name in findings() if name.startswith("aws")]


def test_what_is_to_be_allowed_on_aws_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESHLINE_AWS__ROLES", "arn:aws:iam::111122223333:role/images")
    printed = CliRunner().invoke(cli, ["doctor", "--aws-policy"])
    assert printed.exit_code == 0
    policy = json.loads(printed.stdout)
    actions = [one["Action"] for one in policy["Statement"]]
    assert "ec2:DescribeImages" in actions
    assert policy["Statement"][-1]["Resource"] == ["arn:aws:iam::111122223333:role/images"]


# --- GitHub ----------------------------------------------------------------------------------------

OURS = dict(PERMISSIONS)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """A fake GitHub with an App that is configured and installed nowhere."""
    need("github specs", specs.why_not())
    with FakeGitHub(clock=Clock.real()) as made:
        monkeypatch.setenv("FRESHLINE_GITHUB__API_URL", made.api_url)
        monkeypatch.setenv("FRESHLINE_GITHUB__APP_ID", str(made.app.id))
        monkeypatch.setenv("FRESHLINE_GITHUB__PRIVATE_KEY", made.app.private_key)
        monkeypatch.setenv("FRESHLINE_GITHUB__WEBHOOK_SECRET", "s3cret")
        for name in ("acme/shop", "acme/site", "zoo/ants"):
            made.create_repository(name)
        yield made
        assert made.violations == []


def about_github() -> list[Finding]:
    return [finding for finding in examine(load()) if finding.what.startswith("github")]


def opened(installation: int, *days_ago: float) -> None:
    """As if upgrades had been opened so long ago."""
    with Store.open(load().store_url) as store:
        for number, days in enumerate(days_ago):
            at = datetime.now(UTC) - timedelta(days=days)
            words = ("acme/shop", f"freshline/{number}", "application", "Bump", "Body", "a" * 40, "b" * 40)
            store.proposals(f"github:{installation}").save(ProposalRecord(*words, (), at, at))


def test_the_permissions_asked_for_are_the_manifest_s() -> None:
    manifest = json.loads(Path("config/github-app-manifest.json").read_text())
    assert manifest["default_permissions"] == PERMISSIONS


def test_without_github_nothing_is_said_of_it() -> None:
    assert about_github() == []


def test_an_app_its_installations_and_what_they_carry(github: FakeGitHub) -> None:
    acme = github.install("acme", permissions={**OURS, "workflows": "write"})
    zoo = github.install("zoo", permissions=OURS)
    opened(acme.id, 0.1, 3, 6.9, 7.1, 30)
    opened(zoo.id, 1)
    assert about_github() == [
        Finding("github", well=True, detail="freshline, installed on 2 accounts"),
        Finding("github webhooks", well=True, detail="a secret is set, so their signatures can be checked"),
        Finding(
            "github acme",
            well=True,
            detail="2 repositories; 4,999 of 5,000 requests and 5,000 of 5,000 GraphQL points left this hour; "
            "3 upgrades in a week; up to 4,032 fit within GitHub's limits",
        ),
        Finding(
            "github zoo",
            well=True,
            detail="1 repository; workflow files are left alone, as the permission workflows is not granted; "
            "4,999 of 5,000 requests and 5,000 of 5,000 GraphQL points left this hour; "
            "1 upgrade in a week; up to 4,032 fit within GitHub's limits",
        ),
    ]


def test_an_installation_that_needs_more_than_fits_is_told_to_group(
    monkeypatch: pytest.MonkeyPatch, github: FakeGitHub
) -> None:
    monkeypatch.setenv("FRESHLINE_GITHUB__WRITES_PER_HOUR", "1")
    acme = github.install("acme", permissions=OURS)
    opened(acme.id, *[1.0] * 12)
    found = findings()["github acme"]
    assert not found.well
    assert "12 upgrades in a week is more than the 11 that fit within GitHub's limits" in found.detail
    assert "[[rules]]" in found.detail


def test_a_permission_that_was_not_granted_is_named(github: FakeGitHub) -> None:
    github.install("acme", permissions={**OURS, "contents": "read", "checks": "write"} | {"issues": "read"})
    found = findings()["github acme"]
    assert not found.well
    assert "2 repositories, but not granted: contents (write), issues (write); accept them in" in found.detail


def test_a_suspended_installation_is_named_and_the_others_are_looked_at(github: FakeGitHub) -> None:
    github.suspend(github.install("acme"))
    github.install("zoo", permissions=OURS)
    found = findings()
    assert found["github acme"] == Finding(
        "github acme", well=False, detail="Freshline is suspended there; un-suspend it in the account's settings"
    )
    assert found["github zoo"].well


def test_an_installation_that_fails_does_not_hide_the_others(github: FakeGitHub) -> None:
    github.install("acme", permissions=OURS)
    github.install("zoo", permissions=OURS)
    github.faults.fail(403, path="^/installation/repositories")
    found = findings()
    assert not found["github acme"].well
    assert "A permission is missing on GitHub" in found["github acme"].detail
    assert found["github zoo"].well


def test_an_app_that_is_installed_nowhere_says_where_to_install_it(github: FakeGitHub) -> None:
    found = findings()["github"]
    assert not found.well
    assert found.detail.startswith("freshline is not installed anywhere yet; install it from http")
    assert found.detail.endswith("/apps/freshline")


def test_very_many_installations_are_not_all_looked_at(github: FakeGitHub) -> None:
    github.install("acme", permissions=OURS)
    github.install("zoo", permissions=OURS)
    found = [one for one in examine(load(), most_installations=1) if one.what.startswith("github")]
    assert [one.what for one in found] == ["github", "github webhooks", "github acme", "github"]
    assert found[-1].detail == "only the first 1 of 2 installations were looked at"


def test_a_missing_webhook_secret_is_said(monkeypatch: pytest.MonkeyPatch, github: FakeGitHub) -> None:
    monkeypatch.delenv("FRESHLINE_GITHUB__WEBHOOK_SECRET")
    found = findings()["github webhooks"]
    assert found.well  # it works without
    assert "FRESHLINE_GITHUB__WEBHOOK_SECRET" in found.detail


def test_a_store_that_cannot_tell_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, github: FakeGitHub
) -> None:
    github.install("acme", permissions=OURS)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FRESHLINE_STORE__URL", f"sqlite:///{tmp_path}/file/x.db")
    found = findings()
    assert not found["store"].well
    assert found["github acme"].well
    assert found["github acme"].detail.endswith("left this hour")


def test_a_server_without_limits_is_well(github: FakeGitHub) -> None:
    github.install("acme", permissions=OURS)
    github.faults.fail(404, path="^/rate_limit")
    assert "; no rate limit; 0 upgrades in a week" in findings()["github acme"].detail


def test_credentials_that_github_does_not_take_are_a_finding(
    monkeypatch: pytest.MonkeyPatch, github: FakeGitHub
) -> None:
    monkeypatch.setenv("FRESHLINE_GITHUB__APP_ID", "999999")
    found = about_github()
    assert [(one.what, one.well) for one in found] == [("github", False)]
    assert "GitHub does not take the credentials" in found[0].detail


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PRIVATE_KEY", "", "is set, but no key; set FRESHLINE_GITHUB__PRIVATE_KEY_FILE"),
        ("PRIVATE_KEY", "nonsense", "no private key of a GitHub App"),
        ("APP_ID", "4 2", "id is not one"),
        ("API_URL", "ftp://github.example", "no address of GitHub's API"),
        ("TOKEN", "two words", "holds odd characters"),
    ],
)
def test_settings_that_cannot_be_right_are_a_finding(
    monkeypatch: pytest.MonkeyPatch, github: FakeGitHub, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"FRESHLINE_GITHUB__{name}", value)
    found = about_github()
    assert [(one.what, one.well) for one in found] == [("github", False)]
    assert words in found[0].detail
    assert "nonsense" not in found[0].detail


def test_a_plain_token_says_whose_it_is(monkeypatch: pytest.MonkeyPatch, github: FakeGitHub) -> None:
    monkeypatch.setenv("FRESHLINE_GITHUB__TOKEN", github.personal_token("ann"))
    left = "4,999 of 5,000 requests and 5,000 of 5,000 GraphQL points left this hour"
    also = "; while it is set, the App is not used"
    assert about_github() == [Finding("github", well=True, detail=f"the token of ann; {left}{also}")]
    monkeypatch.delenv("FRESHLINE_GITHUB__APP_ID")
    assert about_github()[0].detail.endswith("left this hour")


def test_a_token_that_belongs_to_no_person_is_well(monkeypatch: pytest.MonkeyPatch, github: FakeGitHub) -> None:
    token = github.installation_token(github.install("acme"))
    monkeypatch.setenv("FRESHLINE_GITHUB__TOKEN", token)
    found = about_github()[0]
    assert found.well
    assert found.detail.startswith("the token of a workflow or an App, which GitHub does not name; ")


def test_a_token_that_is_wrong_is_a_finding_that_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch, github: FakeGitHub
) -> None:
    monkeypatch.setenv("FRESHLINE_GITHUB__TOKEN", "ghp_secret")
    found = about_github()
    assert [(one.what, one.well) for one in found] == [("github", False)]
    assert "GitHub does not take the credentials" in found[0].detail
    assert "ghp_secret" not in found[0].detail


def test_a_github_that_is_not_there_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESHLINE_GITHUB__API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("FRESHLINE_GITHUB__TOKEN", "ghp_secret")
    found = about_github()
    assert [(one.what, one.well) for one in found] == [("github", False)]
    assert "GitHub does not answer" in found[0].detail


def test_a_github_that_fails_half_way_is_a_finding(monkeypatch: pytest.MonkeyPatch, github: FakeGitHub) -> None:
    monkeypatch.setenv("FRESHLINE_GITHUB__TOKEN", github.personal_token("ann"))
    github.faults.fail(500, times=9, path="^/rate_limit")
    assert "GitHub failed (HTTP 500)" in about_github()[0].detail
    github.faults.fail(500, times=9, path="^/user")
    assert "GitHub failed (HTTP 500)" in about_github()[0].detail
