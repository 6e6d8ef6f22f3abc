"""Policy: what a rule is for, and how scopes combine (safety takes the stricter side)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot.core.model import Kind, Strategy
from bot.core.rules import (
    DEFAULT_PIPELINES,
    DEFAULTS,
    Commit,
    CommitStyle,
    Ignore,
    Major,
    Match,
    Mode,
    Pipeline,
    Policy,
    PullRequests,
    Rebase,
    Rule,
    combine,
    duration,
    effective,
)
from tests.fakes.values import dependency, policy


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(days=7)),
        ("0d", timedelta(0)),
    ],
)
def test_a_duration(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "3", "d", "3 d", "-3d", "3d\n", "1y", "123456d", "\uff13d"])
def test_what_is_no_duration_is_refused_everywhere(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration(text)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"minimum_age": text}, Policy)


@pytest.mark.parametrize(
    "commit",
    [
        {"name": "Bot\n"},
        {"name": "Bot <x>"},
        {"name": ""},
        {"name": "Bot\x1b"},
        {"email": "a@b.example\n"},
        {"email": "a b"},
        {"email": "a@b>"},
    ],
)
def test_an_author_that_git_would_misread_is_refused(commit: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"commit": commit}, Policy)


def test_an_author() -> None:
    found = msgspec.convert({"commit": {"name": "Ada Ł.", "email": "a@b.example"}}, Policy)
    assert found.commit == Commit(name="Ada Ł.", email="a@b.example")


@pytest.mark.parametrize("raw", [{"minimal_age": "3d"}, {"rules": [{"group": "x"}]}, {"ignore": [{}]}, {"mode": "all"}])
def test_a_typing_error_is_no_rule(raw: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, Policy)


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        ({}, True),
        ({"registry": "npm"}, True),
        ({"registry": "pypi"}, False),
        ({"name": "@types/*"}, True),
        ({"name": "@TYPES/*"}, False),
        ({"name": "[@]types/node"}, True),
        ({"kind": "library"}, True),
        ({"kind": "tool"}, False),
        ({"ecosystem": "np?"}, True),
        ({"ecosystem": "pyproject"}, False),
        ({"path": "web/*"}, True),
        ({"path": "api/*"}, False),
        ({"group": "devDependencies"}, True),
        ({"group": "dependencies"}, False),
        ({"registry": "npm", "name": "react"}, False),
    ],
)
def test_every_field_of_a_match_must_fit(match: dict[str, str], meant: bool) -> None:
    site = dependency("1.0.0", registry="npm", name="@types/node", path="web/app/package.json", group="devDependencies")
    assert Match(**match).admits(site) is meant


def test_an_ignore_leaves_the_version_aside() -> None:
    site = dependency(name="django")
    assert Ignore(name="dj*", versions=">=6").meant(site)
    assert not Ignore(name="django", registry="npm").meant(site)
    assert not Ignore(name="django", path="api/*").meant(site)


# Combining


def test_taste_is_decided_closest_to_the_repository() -> None:
    outer = Policy(strategy=Strategy.BUMP, major=Major.SPLIT, exclude=("a",), commit=Commit(name="Outer"))
    inner = Policy(strategy=Strategy.PIN, major=Major.HOLD, exclude=(), commit=Commit(style=CommitStyle.PLAIN))
    both = combine(outer, inner)
    assert (both.strategy, both.major, both.exclude, both.commit) == (
        Strategy.PIN,
        Major.HOLD,
        (),
        Commit(style=CommitStyle.PLAIN),
    )
    assert combine(outer, Policy()) == outer
    assert combine(Policy(), outer) == outer


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        (Mode.OBSERVE, Mode.PROPOSE, Mode.OBSERVE),
        (Mode.PROPOSE, Mode.OBSERVE, Mode.OBSERVE),
        (None, Mode.PROPOSE, Mode.PROPOSE),
        (Mode.OBSERVE, None, Mode.OBSERVE),
        (None, None, None),
    ],
)
def test_the_lesser_mode_wins(outer: Mode | None, inner: Mode | None, both: Mode | None) -> None:
    assert combine(Policy(mode=outer), Policy(mode=inner)).mode is both


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [("3d", "1d", "3d"), ("3d", "1w", "1w"), (None, "1h", "1h"), ("90m", "1h", "90m"), (None, None, None)],
)
def test_the_longer_age_wins(outer: str | None, inner: str | None, both: str | None) -> None:
    assert combine(Policy(minimum_age=outer), Policy(minimum_age=inner)).minimum_age == both


def test_pipelines_are_tightened_and_added() -> None:
    outer = {
        "application": Pipeline(kinds=(Kind.LIBRARY,), minimum_age="5d"),
        "os": Pipeline(minimum_age="2d"),
    }
    inner = {
        "application": Pipeline(minimum_age="1d"),
        "web": Pipeline(kinds=(Kind.TOOL,)),
    }
    both = combine(Policy(pipelines=outer), Policy(pipelines=inner)).pipelines
    assert both == {
        "application": Pipeline(kinds=(Kind.LIBRARY,), minimum_age="5d"),
        "os": Pipeline(minimum_age="2d"),
        "web": Pipeline(kinds=(Kind.TOOL,)),
    }


def test_no_inner_scope_lets_a_major_through() -> None:
    outer = Policy(major=Major.HOLD, rules=(Rule(match=Match(name="ours"), major=Major.TOGETHER),))
    inner = Policy(major=Major.TOGETHER, rules=(Rule(match=Match(name="theirs"), major=Major.SPLIT),))
    both = combine(outer, inner)
    assert (both.major, [rule.major for rule in both.rules]) == (Major.HOLD, [Major.TOGETHER, Major.HOLD])


def test_of_what_rules_say_of_majors_the_strictest_counts() -> None:
    said = (Major.SPLIT, Major.HOLD, Major.TOGETHER)
    rules = tuple(Rule(match=Match(), major=major) for major in said)
    assert effective(Policy(major=Major.TOGETHER, rules=rules), dependency()).major is Major.HOLD
    assert effective(Policy(major=Major.HOLD, rules=rules[2:]), dependency()).major is Major.TOGETHER


def test_rules_and_ignores_add_up_the_inner_ones_last() -> None:
    first, second = Rule(match=Match(name="a")), Rule(match=Match(name="b"))
    one, two = Ignore(name="a"), Ignore(name="b")
    both = combine(Policy(rules=(first,), ignore=(one,)), Policy(rules=(second,), ignore=(two,)))
    assert (both.rules, both.ignore) == ((first, second), (one, two))


# Pull requests

TASTE = PullRequests(
    labels=("dependencies",),
    assignees=("ann",),
    reviewers=("bob",),
    team_reviewers=("core",),
    draft=True,
    rebase=Rebase.ALWAYS,
    dashboard=False,
    release_notes=False,
)


@pytest.mark.parametrize(
    "wanted",
    [
        {"labels": ("",)},
        {"labels": ("a,b",)},
        {"labels": ("a\n",)},
        {"labels": ("x" * 51,)},
        {"labels": [str(n) for n in range(21)]},
        {"reviewers": ("-ann",)},
        {"assignees": ("a/b",)},
        {"team_reviewers": ("core\n",)},
        {"reviewers": [f"ann{n}" for n in range(16)]},
        {"rebase": "sometimes"},
        {"max_open": 0},
        {"max_open": 1001},
        {"max_new_per_hour": 0},
        {"max_new_per_hour": "5"},
        {"draft": "yes"},
        {"labelz": ()},
    ],
)
def test_what_a_forge_would_refuse_is_no_policy(wanted: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"pull_requests": wanted}, Policy)


def test_pull_requests_as_they_are_written() -> None:
    written = {
        "labels": ["dependencies", "é ü"],
        "team_reviewers": ["core_team-1"],
        "rebase": "never",
        "max_open": 1000,
    }
    found = msgspec.convert({"pull_requests": written, "forks": True}, Policy)
    assert found.pull_requests == PullRequests(
        labels=("dependencies", "é ü"), team_reviewers=("core_team-1",), rebase=Rebase.NEVER, max_open=1000
    )
    assert found.forks is True


def test_the_defaults_for_pull_requests_answer_everything_but_the_limits() -> None:
    unstated = {name for name in PullRequests.__struct_fields__ if getattr(DEFAULTS.pull_requests, name) is None}
    assert unstated == {"max_open", "max_new_per_hour"}
    assert DEFAULTS.forks is False


def test_how_pull_requests_look_is_decided_closest_to_the_repository() -> None:
    both = combine(Policy(pull_requests=TASTE), Policy()).pull_requests
    assert both == TASTE
    other = PullRequests(labels=(), reviewers=("eve",), draft=False, rebase=Rebase.NEVER, dashboard=True)
    both = combine(Policy(pull_requests=TASTE), Policy(pull_requests=other)).pull_requests
    assert both == PullRequests(
        labels=(),
        assignees=("ann",),
        reviewers=("eve",),
        team_reviewers=("core",),
        draft=False,
        rebase=Rebase.NEVER,
        dashboard=True,
        release_notes=False,
    )
    assert combine(Policy(), Policy(pull_requests=TASTE)).pull_requests == TASTE


@pytest.mark.parametrize(
    ("outer", "inner", "both"), [(5, 9, 5), (5, 3, 3), (None, 900, 900), (5, None, 5), (None, None, None)]
)
def test_no_inner_scope_raises_a_limit(outer: int | None, inner: int | None, both: int | None) -> None:
    scopes = [Policy(pull_requests=PullRequests(max_open=limit, max_new_per_hour=limit)) for limit in (outer, inner)]
    found = combine(*scopes).pull_requests
    assert (found.max_open, found.max_new_per_hour) == (both, both)
    scopes = [Policy(pipelines={"os": Pipeline(max_open=limit)}) for limit in (outer, inner)]
    assert combine(*scopes).pipelines["os"].max_open == both


@pytest.mark.parametrize(
    ("outer", "inner", "both"), [(False, True, True), (True, False, False), (True, None, True), (None, None, None)]
)
def test_forks_are_a_matter_of_taste(outer: bool | None, inner: bool | None, both: bool | None) -> None:
    assert combine(Policy(forks=outer), Policy(forks=inner)).forks is both


# What it says of one dependency


def test_the_defaults_answer_everything() -> None:
    found = effective(DEFAULTS, dependency())
    assert (found.pipeline, found.minimum_age, found.strategy, found.major, found.prereleases, found.group) == (
        "application",
        timedelta(days=3),
        Strategy.AUTO,
        Major.TOGETHER,
        False,
        None,
    )
    bare = effective(Policy(), dependency())
    assert (bare.minimum_age, bare.strategy, bare.major) == (timedelta(0), Strategy.AUTO, Major.TOGETHER)


def test_every_kind_has_a_pipeline() -> None:
    assert set(DEFAULT_PIPELINES) == set(Kind)


def test_the_last_rule_that_says_something_wins_but_for_majors() -> None:
    rules = (
        Rule(match=Match(), strategy=Strategy.BUMP, group="all", major=Major.SPLIT, prereleases=True, pipeline="web"),
        Rule(match=Match(name="flask"), strategy=Strategy.PIN, major=Major.TOGETHER, prereleases=False),
        Rule(match=Match(name="django"), group="django"),
    )
    found = effective(policy(rules=rules), dependency())
    assert (found.strategy, found.group, found.major, found.prereleases, found.pipeline) == (
        Strategy.PIN,
        "all",
        Major.SPLIT,
        False,
        "web",
    )


def test_no_rule_and_no_route_shortens_the_age() -> None:
    operator = combine(DEFAULTS, Policy(pipelines={"application": Pipeline(minimum_age="2w")}))
    quick = {"quick": Pipeline(kinds=(Kind.LIBRARY,), minimum_age="1h")}
    rules = (Rule(match=Match(), minimum_age="1h", pipeline="tools"),)
    for inner in (Policy(rules=rules), Policy(pipelines=quick), Policy(pipelines=quick, rules=rules)):
        assert effective(combine(operator, inner), dependency()).minimum_age == timedelta(days=14)
    assert effective(operator, dependency(kind=Kind.TOOL)).minimum_age == timedelta(days=3)
    longer = Policy(rules=(Rule(match=Match(), minimum_age="9w"),))
    assert effective(combine(operator, longer), dependency()).minimum_age == timedelta(weeks=9)


def test_the_first_pipeline_that_names_a_kind_gets_it() -> None:
    pipelines = {"one": Pipeline(kinds=(Kind.LIBRARY,)), "two": Pipeline(kinds=(Kind.LIBRARY,), minimum_age="1w")}
    found = effective(policy(pipelines=pipelines), dependency())
    assert (found.pipeline, found.minimum_age) == ("one", timedelta(days=7))


def test_only_ignores_that_are_meant_are_kept() -> None:
    meant, other = Ignore(name="flask"), Ignore(name="django")
    assert effective(policy(ignore=(meant, other)), dependency()).ignores == (meant,)
