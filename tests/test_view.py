from __future__ import annotations

import json
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import view
from bot.config import ConfigError, load
from bot.core.model import Bump
from bot.core.rules import DEFAULTS
from bot.doctor import Finding
from bot.fleet import Due, Left, Paid, Survey, Why
from bot.fleets import FleetPass, went_wrong
from bot.forge.base import ForgeError
from bot.policy_file import PolicyError
from bot.proposing import Outcome, State
from bot.store import ProposalRecord, ProposedUpdate
from bot.upgrade import Scan
from bot.visiting import Pass, Seen
from tests.fakes.registry import FakeRegistry
from tests.stories.conftest import Desk, git, versions

Capture = pytest.CaptureFixture[str]
NOW = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
SCAN = Scan("/shop", "c0ffee" * 7, "main", (), (), (), (), (), DEFAULTS, {})
RECORD = ProposalRecord(
    repository="/shop",
    branch="freshline/pypi/alpha",
    pipeline="application",
    title="Bump \x1balpha",
    body="one\x1b[2J\n@\u200bsomebody\n",
    head="h",
    base="b",
    updates=(ProposedUpdate("pypi/alpha", "pypi", "alpha", "1", "2", Bump.MAJOR),),
    created_at=NOW,
    updated_at=NOW,
)


def outcome(state: State, detail: str = "") -> Outcome:
    return Outcome(f"freshline/pypi/{state.name.lower()}", state, detail, "Bump it", "", None, None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("sqlite:////home/ann/freshline.db", "sqlite:////home/ann/freshline.db"),
        ("https://index.example/simple", "https://index.example/simple"),
        ("https://ann@index.example/simple", "https://***@index.example/simple"),
        ("https://ann:pw@index.example/simple", "https://***@index.example/simple"),
        ("https://ann:p/w@x@index.example/simple", "https://***@index.example/simple"),
        ("https://ann:p?w@index.example/simple", "https://***@index.example/simple"),
        ("postgresql://db.example/x?password=pw&user=ann", "postgresql://db.example/x?***"),
        ("postgresql://ann:pw@db.example/x?sslkey=k", "postgresql://***@db.example/x?***"),
        ("ann:pw@db.example", "***@db.example"),
    ],
)
def test_an_address_is_shown_without_secrets(url: str, shown: str) -> None:
    assert view.masked(url) == shown


def test_what_the_output_cannot_show_is_replaced(capsys: Capture) -> None:
    view.say("\udcff and é")
    assert capsys.readouterr().out == "? and é\n"


def test_a_run_tells_branch_by_branch_and_the_totals(capsys: Capture) -> None:
    done = Pass(SCAN, tuple(outcome(state, "why" if state is State.LEFT_ALONE else "") for state in State))
    view.print_run(done)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "/shop at c0ffeec0ff (main): 0 dependencies in 0 files"
    assert lines[1:-1] == [
        "+ created     freshline/pypi/created  Bump it",
        "~ moved       freshline/pypi/moved  Bump it",
        "= unchanged   freshline/pypi/unchanged  Bump it",
        "! left alone  freshline/pypi/left_alone  Bump it (why)",
        ". waiting     freshline/pypi/waiting  Bump it",
        "- landed      freshline/pypi/landed  Bump it",
        "- superseded  freshline/pypi/superseded  Bump it",
    ]
    assert lines[-1] == "1 created, 1 moved, 1 unchanged, 1 left alone, 1 waiting, 1 landed, 1 superseded."


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Pass(SCAN, ()), "Nothing to do: everything is as new as it may be."),
        (
            Pass(SCAN, (), observed=True),
            'Policy only observes here (mode = "observe"): 0 to be made, nothing was written.',
        ),
        (Pass(SCAN, (outcome(State.SUPERSEDED),), dry=True), "1 superseded. Dry run: nothing was written."),
    ],
)
def test_the_totals_say_what_was_written(capsys: Capture, done: Pass, words: str) -> None:
    view.print_run(done)
    assert capsys.readouterr().out.splitlines()[-1] == words


def test_a_diff_keeps_tabs_and_line_ends_and_nothing_else_that_is_unprintable(capsys: Capture) -> None:
    diff = "--- a/x\n+++ b/x\n-\tone\x1b[2J\r\n+\ttwo\x0b\x85\u2028\r\n"
    view.print_run(Pass(SCAN, (outcome(State.CREATED),), (("freshline/pypi/x", diff),), dry=True))
    shown = capsys.readouterr().out
    assert "\n\n# freshline/pypi/x\n--- a/x\n+++ b/x\n-\tone?[2J\r\n+\ttwo???\r\n1 created." in shown


def test_warnings_are_told_on_one_line(capsys: Capture) -> None:
    view.print_run(Pass(replace(SCAN, warnings=("policy\x1b\nis odd",)), ()))
    assert "! policy??is odd\n" in capsys.readouterr().out


def test_proposals_are_listed(capsys: Capture) -> None:
    view.print_status((RECORD,))
    line = capsys.readouterr().out
    assert line == "2026-09-01 12:30  open        /shop  freshline/pypi/alpha  Bump ?alpha\n"
    view.print_status(())
    assert "Nothing has been proposed yet" in capsys.readouterr().out


def test_the_newest_proposal_of_a_branch_is_shown(capsys: Capture) -> None:
    newer = replace(RECORD, title="Newer")
    assert view.print_proposal((RECORD, newer, replace(RECORD, branch="other")), RECORD.branch)
    assert capsys.readouterr().out == "Newer\n\none?[2J\n@\u200bsomebody\n"
    assert not view.print_proposal((RECORD,), "no\x1bbranch")
    assert capsys.readouterr().out == "Nothing was proposed on no?branch. See: freshline status\n"


def test_findings_end_in_a_verdict(capsys: Capture) -> None:
    well, ill = Finding("git", well=True, detail="2.39"), Finding("store", well=False, detail="closed\x1b")
    assert view.print_findings(iter([well]))
    assert capsys.readouterr().out == "ok       git                 2.39\nAll is well.\n"
    assert not view.print_findings(iter([ill, well]))
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "PROBLEM  store               closed?"
    assert shown[-1] == "Something needs a hand: see PROBLEM above."


def test_everything_about_a_dependency_is_told(tmp_path: Path) -> None:
    repository = tmp_path / "shop"
    repository.mkdir()
    git(repository, "-c", "init.defaultBranch=main", "init", "-q")
    lock = {"lockfileVersion": 3, "packages": {"": {}, "node_modules/left-pad": {"version": "1.0.5"}}}
    files = {
        "web/package.json": json.dumps({"engines": {"node": ">=18"}, "devDependencies": {"left-pad": "^1.0.0"}}),
        "web/package-lock.json": json.dumps(lock),
        "requirements.txt": "alpha\nbeta==1.0\n",
        "broken/package.json": "{",
        ".github/freshline.toml": 'minimum_age = "1d"\n[[ignore]]\nname = "beta"\nreason = "no\x0blonger"\n'.replace(
            "\x0b", " "
        ),
    }
    with FakeRegistry() as registry:
        registry.npm("left-pad", versions("1.0.0", "1.0.5", "2.0.0"))
        registry.pypi("alpha", versions("1.0", "1.1"))
        registry.pypi("beta", versions("1.0"))
        desk = Desk(repository, registry, tmp_path / "home")
        desk.write(files)
        left = desk.freshline("explain", "left-pad", str(repository)).out
        alpha = desk.freshline("explain", "alpha", str(repository)).out
        missed = desk.freshline("explain", "no-such-thing", str(repository))
    assert "  stated    web/package.json:1 in devDependencies: ^1.0.0\n" in left
    assert "  in use    1.0.5 (from web/package-lock.json)\n" in left
    assert "  runtime   node >=18 (from web/package.json)\n" in left
    assert "application pipeline, auto strategy, releases younger than 3 days wait" in left
    assert "  stays     lock_not_refreshed: " in left
    assert "  newest    2.0.0\n" in left
    assert "  stated    requirements.txt:1: no version\n" in alpha
    assert "  in use    not known\n" in alpha
    assert (missed.code, "Nothing here is called no-such-thing.\n" in missed.out) == (1, True)
    assert "  broken/package.json was not read (unparsable: " in missed.out


# A fleet's pass


DUE = Due("acme/shop", Why.MOVED, Seen())
SUSPENDED = ForgeError("The App is suspended", "acme on GitHub", "Un-suspend it")


@pytest.mark.parametrize(
    ("survey", "line"),
    [
        (Survey(0), "acme: 0 repositories: 0 to visit, 0 as before"),
        (Survey(1, [DUE]), "acme: 1 repository: 1 to visit, 0 as before"),
        (Survey(1000, unchanged=1000), "acme: 1,000 repositories: 0 to visit, 1,000 as before"),
        (
            Survey(4, [DUE], {"acme/a": Left.FORK, "acme/b": Left.ARCHIVED, "acme/c": Left.FORK}),
            "acme: 4 repositories: 1 to visit, 0 as before, 3 left out (2 a fork, 1 archived)",
        ),
    ],
)
def test_a_fleet_that_was_looked_at_is_one_line(capsys: Capture, survey: Survey, line: str) -> None:
    view.FleetPrinter().surveyed("acme", survey)
    assert capsys.readouterr().out == f"{line}\n"


def test_a_visit_tells_why_and_what_came_of_it(capsys: Capture) -> None:
    found = replace(SCAN, warnings=("policy\x1b\nis odd",))
    done = Pass(found, (outcome(State.CREATED), outcome(State.WAITING)), notes=("#3: no\x07 such reviewer",))
    view.FleetPrinter().visited(Paid(DUE, done))
    assert capsys.readouterr().out.splitlines() == [
        "acme/shop (its default branch moved): 1 created, 1 waiting.",
        "! acme/shop: policy??is odd",
        "! acme/shop: #3: no? such reviewer",
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ForgeError("It is gone", "acme/shop", "Go on\x1b[2J"), "It is gone: acme/shop. Go on?[2J"),
        (ValueError(""), "something unexpected went wrong (ValueError)"),
    ],
)
def test_a_visit_that_failed_is_one_line(capsys: Capture, error: Exception, words: str) -> None:
    view.FleetPrinter().visited(Paid(DUE, error))
    assert capsys.readouterr().out == f"! acme/shop: {words}\n"


def test_visits_beside_each_other_do_not_share_a_line(capsys: Capture) -> None:
    printer = view.FleetPrinter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(printer.said, ["x" * 500] * 200))
    assert set(capsys.readouterr().out.splitlines()) == {"x" * 500}


def test_a_printer_needs_no_colours(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    printer = view.FleetPrinter()
    printer.surveyed("acme", Survey(1, [DUE]))
    printer.visited(Paid(DUE, Pass(SCAN, ())))
    printer.said("GitHub asks for a pause")
    view.print_fleets((FleetPass("acme", trouble=SUSPENDED),))
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("passes", "lines", "well"),
    [
        ((), ["The App is not installed anywhere yet. Install it from its page on GitHub, then run this again."], True),
        ((FleetPass("acme", 1, {}, 1),), [], True),
        (
            (FleetPass("acme", trouble=SUSPENDED), FleetPass("other", 2, {}, 2)),
            ["! acme: The App is suspended: acme on GitHub. Un-suspend it"],
            False,
        ),
        (
            (FleetPass("acme", waiting=(DUE,)), FleetPass("other", waiting=(DUE, DUE))),
            [
                "acme: 1 repository waits for the next run: GitHub's limit leaves no room",
                "other: 2 repositories wait for the next run: GitHub's limit leaves no room",
            ],
            True,
        ),
        ((FleetPass("acme", paid=(Paid(DUE, Pass(SCAN, ())), Paid(DUE, SUSPENDED))),), [], False),
    ],
)
def test_what_is_left_to_say_once_all_is_over(
    capsys: Capture, passes: tuple[FleetPass, ...], lines: list[str], *, well: bool
) -> None:
    view.print_fleets(passes)
    assert capsys.readouterr().out.splitlines() == lines
    assert bool(went_wrong(passes)) is not well


def test_the_configuration_is_shown_as_toml_without_secrets(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FRESHLINE_STORE__URL", "postgresql://ann:s3cr3t@db.example/x")
    monkeypatch.setenv("FRESHLINE_REGISTRIES__ACME__URL", "https://ann:s3cr3t@acme.example/simple")
    monkeypatch.setenv("FRESHLINE_REGISTRIES__ACME__TOKEN", "s3cr3t")
    path = tmp_path / "fresh\x1bline\n.toml"
    path.write_text('fleet = "ours"\n')
    view.print_config(load(path))
    shown = capsys.readouterr().out
    assert "s3cr3t" not in shown
    assert shown.startswith(f"# read from {tmp_path}/fresh?line?.toml and the environment\n")
    said = tomllib.loads(shown)
    assert said["fleet"] == "ours"
    assert said["store"]["url"] == "postgresql://***@db.example/x"
    assert said["registries"]["acme"]["url"] == "https://***@acme.example/simple"
    assert set(said["registries"]["acme"]["token"]) == {"*"}
    assert said["policy"]["minimum_age"] == "3d"


def test_a_policy_file_is_checked(capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRESHLINE_HTP", "x")
    config, policy = tmp_path / "a.toml", tmp_path / "b.toml"
    config.write_text("")
    view.print_config_check(load(config), None)
    assert capsys.readouterr().out == (
        f"{config}: sound\nFRESHLINE_HTP in the environment means nothing to Freshline: is it misspelt?\n"
    )
    with pytest.raises(ConfigError, match="name a policy file"):
        view.print_config_check(load(config), policy)
    policy.write_text("x = 1")
    with pytest.raises(PolicyError, match="unknown field"):
        view.print_config_check(load(config), policy)
    policy.write_text("")
    capsys.readouterr()
    view.print_config_check(load(config), policy)
    assert capsys.readouterr().out.endswith(f"{policy}: sound\n")
