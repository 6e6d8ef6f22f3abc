"""A scan in the forms that people and programs read."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.core.model import (
    Bump,
    Decision,
    Dependency,
    FileReason,
    Line,
    Obstacle,
    Part,
    Pin,
    Skip,
    SkippedFile,
    SkipReason,
    Span,
)
from bot.core.rules import Major, Policy
from bot.report import (
    as_json,
    as_lines,
    as_markdown,
    as_renderables,
    clean,
    headline,
    sites,
)
from bot.upgrade import Scan
from tests.fakes.values import NOW, ago, decided, dependency, listing, policy, python, release

OBJECTIVE = "within 7 days of the newest they may take"
YOUNG_WHY = "published 2026-06-29; old enough on 2026-07-02"
GOLDEN = Path(__file__).parent / "core" / "golden"


def scan(decisions: Sequence[Decision], dependencies: Sequence[Dependency], **other: Any) -> Scan:
    given: dict[str, Any] = {
        "repository": "shop",
        "commit": "0123456789abcdef",
        "branch": "main",
        "plans": (),
        "skipped": (),
        "warnings": (),
        "policy": policy(),
        "timings": {"extract": 0.12, "look_up": 0.9, "decide": 0.01},
    }
    return Scan(dependencies=tuple(dependencies), decisions=tuple(decisions), **(given | other))


BEHIND = dependency("==2.0.30", name="sqlalchemy", path="backend/pyproject.toml", line=12)
YOUNG = dependency("==1.0", name="django", path="backend/pyproject.toml", line=13)
OPEN = dependency(">=1", name="idna", path="backend/pyproject.toml", line=14)
BROKEN = SkippedFile("web/package.json", FileReason.UNPARSABLE, "line 3: a comma is missing")


def shop(**other: Any) -> Scan:
    decisions = [
        decided(BEHIND, listing(release("2.1.9", 13), "2.0.30", of=BEHIND.package)),
        decided(YOUNG, listing(release("2.0", 1), "1.0", of=YOUNG.package)),
        decided(OPEN, listing(release("1.5", 30), of=OPEN.package)),
    ]
    return scan(decisions, [BEHIND, YOUNG, OPEN], **({"skipped": (BROKEN,)} | other))


def test_the_json_is_the_documented_interface() -> None:
    assert as_json(shop(), NOW) == {
        "schema": 1,
        "repository": "shop",
        "commit": "0123456789abcdef",
        "dependencies": [
            {
                "ecosystem": "pyproject",
                "path": "backend/pyproject.toml",
                "line": 12,
                "name": "sqlalchemy",
                "kind": "library",
                "registry": "pypi",
                "constraint": "==2.0.30",
                "current": "2.0.30",
                "pipeline": "application",
                "update": {
                    "version": "2.1.9",
                    "becomes": "==2.1.9",
                    "bump": "minor",
                    "published": "2026-06-17T12:00:00Z",
                    "days_behind": 10,
                    "reasons": [],
                    "cautions": [],
                    "by_hand": False,
                },
                "skip": None,
                "support": None,
            },
            {
                "ecosystem": "pyproject",
                "path": "backend/pyproject.toml",
                "line": 13,
                "name": "django",
                "kind": "library",
                "registry": "pypi",
                "constraint": "==1.0",
                "current": "1.0",
                "pipeline": "application",
                "update": None,
                "skip": {
                    "reason": "too_young",
                    "detail": "published 2026-06-29; old enough on 2026-07-02",
                    "candidate": "2.0",
                },
                "support": None,
            },
            {
                "ecosystem": "pyproject",
                "path": "backend/pyproject.toml",
                "line": 14,
                "name": "idna",
                "kind": "library",
                "registry": "pypi",
                "constraint": ">=1",
                "current": "1",
                "pipeline": "application",
                "update": None,
                "skip": {"reason": "in_range", "detail": ">=1 admits the newest release", "candidate": None},
                "support": None,
            },
        ],
        "skipped_files": [{"path": "web/package.json", "reason": "unparsable", "detail": "line 3: a comma is missing"}],
        "freshness": {"objective_days": 7, "within_objective": 0.6667},
        "timings": {"extract": 0.12, "look_up": 0.9, "decide": 0.01},
    }


def test_the_json_is_json_and_tells_warnings_only_where_there_are_some() -> None:
    found = as_json(shop(warnings=("the policy can't be read",)), NOW)
    assert json.loads(json.dumps(found)) == found
    assert found["warnings"] == ["the policy can't be read"]
    assert "warnings" not in as_json(shop(), NOW)


def test_a_date_that_the_registry_does_not_attest_is_not_given_as_one() -> None:
    newest = replace(release("2.0", None), first_seen=ago(10))
    found = as_json(scan([decided(YOUNG, listing(newest, "1.0", of=YOUNG.package))], [YOUNG]), NOW)
    assert found["dependencies"][0]["update"]["published"] is None
    assert found["dependencies"][0]["update"]["days_behind"] == 7


def test_an_empty_repository() -> None:
    found = as_json(scan([], [], commit=None), NOW)
    assert (found["commit"], found["dependencies"], found["skipped_files"]) == (None, [], [])
    assert found["freshness"] == {"objective_days": 7, "within_objective": 1.0}


def test_every_site_is_listed_with_exactly_one_of_update_and_skip() -> None:
    old = dependency("==1.0", path="legacy/requirements.txt", runtime=python("3.8.99"))
    both = [dependency("==1.0"), old]
    newest = release("2.0", requires=(("python", ">=3.12"),))
    for wanted in (policy(), policy(major=Major.SPLIT), policy(major=Major.HOLD)):
        decision = decided(both, listing(newest, "1.5", "1.0"), wanted)
        found = as_json(scan([decision], both), NOW)["dependencies"]
        assert [(site["update"] is None) + (site["skip"] is None) for site in found] == [1, 1]


def test_of_a_split_update_the_smaller_one_counts() -> None:
    decision = decided(dependency(), listing("2.0", "1.5", "1.0"), policy(major=Major.SPLIT))
    site = decision.updates[0].dependencies[0]
    (found,) = sites(scan([decision], [site]), NOW)
    assert found.update is not None
    assert found.update.version == "1.5"


@pytest.mark.parametrize(
    ("reason", "behind"),
    [
        (SkipReason.LOCK_NOT_REFRESHED, 10),
        (SkipReason.NOT_PROVED, 10),
        (SkipReason.BLOCKED_SITE, 10),
        (SkipReason.UNSUPPORTED_CONSTRAINT, 10),
        (SkipReason.TOO_YOUNG, 0),
        (SkipReason.HELD, 0),
        (SkipReason.QUARANTINED, 0),
        (SkipReason.NEEDS_RUNTIME, 0),
    ],
)
def test_what_the_bot_itself_can_not_do_counts_as_behind(reason: SkipReason, behind: int) -> None:
    held = Decision("pypi/django", (), ((YOUNG, Skip(reason, "why", release("2.0", 13))),))
    (found,) = sites(scan([held], [YOUNG]), NOW)
    assert found.behind == behind


def test_a_dependency_that_no_decision_names_says_nothing() -> None:
    (found,) = sites(scan([], [YOUNG]), NOW)
    assert (found.update, found.skip, found.behind, found.target, found.bump) == (None, None, 0, "", "")


def test_the_step_is_that_of_the_place_where_it_states_one_version() -> None:
    places = [dependency("==1.0"), dependency("==1.9", line=2), dependency(">=1,<1.10", line=3)]
    decision = decided(places, listing("2.0", "1.9", "1.0"))
    found = sites(scan([decision], places), NOW)
    assert [site.bump for site in found] == ["major", "major", "major"]
    decision = decided(places, listing("1.10.1", "1.9", "1.0"), policy())
    assert [site.bump for site in sites(scan([decision], places), NOW)] == ["minor", "minor", "minor"]
    mixed = [dependency("==1.0"), dependency("==1.9", line=2), dependency("==0.5", line=3)]
    decision = decided(mixed, listing("1.10", "1.9", "1.0", "0.5"))
    assert [site.bump for site in sites(scan([decision], mixed), NOW)] == ["minor", "minor", "major"]


def test_a_step_of_digests_stays_one() -> None:
    decision = decided(BEHIND, listing("2.1.9", "2.0.30", of=BEHIND.package))
    digest = replace(decision, updates=tuple(replace(one, bump=Bump.DIGEST) for one in decision.updates))
    assert sites(scan([digest], [BEHIND]), NOW)[0].bump == "digest"


def test_the_target_is_the_text_of_the_place_itself() -> None:
    (first, *_) = sites(shop(), NOW)
    assert (first.name, first.now, first.target, first.where) == (
        "sqlalchemy",
        "==2.0.30",
        "==2.1.9",
        "backend/pyproject.toml:12",
    )


def test_a_place_whose_version_stands_nowhere_shows_the_version() -> None:
    pin = Pin("package.json", Span(1, 5), "abcd", Part.DIGEST)
    site = dependency("1.0.0", registry="npm", pins=(pin,))
    decision = decided(site, listing(release("2.0.0", digest="ef01"), "1.0.0", of=site.package))
    (found,) = sites(scan([decision], [site]), NOW)
    assert found.target == "2.0.0"


def test_lines() -> None:
    found = list(as_lines(shop(warnings=("policy\tunread",)), NOW, everything=True))
    assert found == [
        "shop at 0123456789 (main): 3 dependencies in 1 file",
        "warning\tpolicy?unread",
        "update\tsqlalchemy\t==2.0.30\t==2.1.9\tminor, 10 days behind\tbackend/pyproject.toml:12",
        f"skip\tdjango\t==1.0\t2.0\ttoo_young: {YOUNG_WHY}\tbackend/pyproject.toml:13",
        "skip\tidna\t>=1\t-\tin_range: >=1 admits the newest release\tbackend/pyproject.toml:14",
        "not read\tweb/package.json\tunparsable: line 3: a comma is missing",
        f"1 behind, 1 up to date or in range, 1 left alone, 1 file not read; 67% {OBJECTIVE}",
    ]


def test_what_is_at_rest_is_listed_only_when_asked_for() -> None:
    assert not any("idna" in line for line in as_lines(shop(), NOW, everything=False))
    assert "idna" not in as_markdown(shop(), NOW, everything=False)
    assert "idna" not in shown(shop(), everything=False)


def test_words_for_one_and_for_none() -> None:
    site = dependency("==1.0", name="a")
    decision = decided(site, listing(release("2.0", 4.5), "1.0", of=site.package))
    lines = list(as_lines(scan([decision], [site], commit=None), NOW, everything=False))
    assert lines[0] == "shop: 1 dependency in 1 file"
    assert "1 day behind" in lines[1]
    assert lines[2] == (
        "1 behind, 0 up to date or in range, 0 left alone; 100% within 7 days of the newest they may take"
    )
    assert headline(scan([], []), ()) == "shop at 0123456789 (main): 0 dependencies in 0 files"


def test_markdown() -> None:
    found = as_markdown(shop(warnings=("policy @team",)), NOW, everything=True)
    assert found == (GOLDEN / "report" / "scan.md").read_bytes().decode()


def test_markdown_of_nothing() -> None:
    found = as_markdown(scan([], []), NOW, everything=True)
    assert "|--" not in found
    assert found.endswith("\n")


def shown(what: Scan, *, everything: bool) -> str:
    console = Console(file=io.StringIO(), width=160, force_terminal=False)
    for part in as_renderables(what, NOW, everything=everything):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_tables() -> None:
    found = shown(shop(warnings=("policy unread",)), everything=True)
    for words in (
        "shop at 0123456789 (main)",
        "policy unread",
        "sqlalchemy",
        "==2.1.9",
        "10 days",
        "too_young",
        "idna",
        "web/package.json",
        "unparsable",
        "1 behind",
    ):
        assert words in found


def test_a_terminal_shows_no_table_for_nothing() -> None:
    assert len(shown(scan([], []), everything=True).splitlines()) == 2


PYTHON = dependency("3.9", name="python", registry="endoflife", scheme="runtime", path=".python-version")
NODE = dependency("20", name="nodejs", registry="endoflife", scheme="runtime", path=".nvmrc")
LAMBDA = dependency("python3.9", name="aws-lambda", registry="endoflife", scheme="function", path="app.yaml")
GO = dependency("1.27", name="go", registry="endoflife", scheme="runtime", path=".go-version")


def ending(days: float, **other: Any) -> Line:
    return Line("3.9", None, None, ago(-days).date(), **other)


def runtimes() -> Scan:
    rest = Skip(SkipReason.UP_TO_DATE, "the newest")
    move = decided(replace(PYTHON, subject="pypi/python"), listing(release("3.14", 10), "3.9", of=PYTHON.package))
    places = (PYTHON, NODE, LAMBDA, GO)
    return scan(
        [
            replace(move, lines=((move.updates[0].dependencies[0], ending(-388)),)),
            Decision("n", (), ((NODE, rest),), lines=((NODE, ending(180)),)),
            Decision("l", (), ((LAMBDA, rest),), lines=((LAMBDA, ending(1, blocked=ago(-90).date())),)),
            Decision("g", (), ((GO, rest),), lines=((GO, Line("1.27", None, None, None)),)),
        ],
        (move.updates[0].dependencies[0], *places[1:]),
    )


def test_how_long_a_runtime_lives_is_told() -> None:
    found = [one["support"] for one in as_json(runtimes(), NOW)["dependencies"]]
    assert found[0] == {"line": "3.9", "ends": "2025-06-07", "days_left": -388, "overdue": True, "blocked": None}
    assert found[2] == {"line": "3.9", "ends": "2026-07-01", "days_left": 1, "overdue": False, "blocked": "2026-09-28"}
    assert found[3] == {"line": "1.27", "ends": None, "days_left": None, "overdue": False, "blocked": None}


def test_what_ends_soon_is_listed_although_it_rests() -> None:
    assert list(as_lines(runtimes(), NOW, everything=False))[1:4] == [
        "update\tpython\t3.9\t3.14\tminor, ended 388 days ago, 7 days behind\t.python-version:1",
        "skip\tnodejs\t20\t-\tup_to_date: the newest; 180 days left\t.nvmrc:1",
        "skip\taws-lambda\tpython3.9\t-\tup_to_date: the newest; 1 day left\tapp.yaml:1",
    ]
    assert not any("1.27" in line for line in as_lines(runtimes(), NOW, everything=False))
    later = replace(runtimes(), decisions=(Decision("n", (), (), lines=((NODE, ending(181)),)),))
    assert [site.pressing for site in sites(later, NOW)] == [False] * 4


def test_every_form_tells_how_long_a_runtime_lives() -> None:
    for found in (as_markdown(runtimes(), NOW, everything=True), shown(runtimes(), everything=True)):
        assert "minor, ended 388 days ago" in found
        assert "the newest; 180 days left" in found


EVIL = "x\x1b]0;owned\x07\r\n[red]\u202e"


def evil() -> Scan:
    site = dependency("==1.0", name=EVIL, path=f"{EVIL}/requirements.txt")
    other = dependency("", name=EVIL, path=EVIL, line=2, obstacle=Obstacle(SkipReason.LOCAL, EVIL))
    held = dependency("==1.0", name="held", line=3)
    skip = Skip(SkipReason.QUARANTINED, EVIL, release(EVIL))
    decisions = [
        decided([site, other], listing("2.0", "1.0", of=site.package)),
        Decision("pypi/held", (), ((held, skip),)),
    ]
    skipped = (SkippedFile(EVIL, FileReason.UNDECODABLE, EVIL),)
    return scan(decisions, [site, other, held], repository=EVIL, branch=EVIL, warnings=(EVIL,), skipped=skipped)


@pytest.mark.parametrize("everything", [True, False])
def test_no_text_controls_a_terminal_or_a_line(everything: bool) -> None:
    lines = list(as_lines(evil(), NOW, everything=everything))
    assert len(lines) == 7
    assert all(c.isprintable() or c == "\t" for line in lines for c in line)
    assert all(c.isprintable() or c == "\n" for c in shown(evil(), everything=everything))
    assert "[red]" in shown(evil(), everything=everything)
    assert all(c.isprintable() or c in "\n\u200b" for c in as_markdown(evil(), NOW, everything=everything))


def test_clean_keeps_what_can_be_printed() -> None:
    assert clean("é 漢 ok") == "é 漢 ok"
    assert clean("a\tb\x00\x7f\u200b\u202e") == "a?b????"


def test_the_pipeline_is_that_of_the_policy() -> None:
    wanted = Policy(rules=())
    assert sites(shop(policy=wanted), datetime(2026, 6, 30, 12, tzinfo=UTC))[0].pipeline == "application"
