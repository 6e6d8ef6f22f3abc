"""The table of decisions: every reason to move, and every reason not to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import (
    EVERY_VERSION,
    Answer,
    Bump,
    Decision,
    Dependency,
    Gallery,
    History,
    Kind,
    Line,
    Listing,
    Locked,
    Obstacle,
    Package,
    Part,
    Pin,
    Refusal,
    Release,
    Role,
    Skip,
    SkipReason,
    Span,
    Strategy,
    Unavailable,
    Update,
)
from bot.core.policy import MAJOR_TRACK, decide, decide_all, group, to_look_up
from bot.core.render import branch_name
from bot.core.rules import DEFAULTS, Ignore, Major, Match, Pipeline, Policy, Rule
from tests.core.machine_images import image
from tests.fakes.values import (
    NOW,
    ago,
    decided,
    dependency,
    listing,
    node,
    only_skip,
    only_update,
    package,
    policy,
    python,
    release,
    texts,
)

HOLD = policy(major=Major.HOLD)
SPLIT = policy(major=Major.SPLIT)


def test_an_answer_of_another_kind_moves_nothing() -> None:
    site = dependency("==1.0")
    told = Gallery(site.package, image("al2023"), ())
    (decision,) = decide_all([site], {site.package: told}, policy(), History(), NOW)
    assert [skip.reason for _, skip in decision.skips] == [SkipReason.NOT_FOUND]


def test_a_listing_of_the_newest_alone_need_not_list_what_is_in_use() -> None:
    site = dependency("==1.0")
    newest = listing("3.0", "2.0")
    assert only_skip(decided(site, newest)).reason is SkipReason.NOT_FOUND
    assert texts(only_update(decided(site, replace(newest, partial=True)))) == ["==3.0"]


def skipped(*given: Any) -> tuple[SkipReason, str | None]:
    skip = only_skip(decided(*given))
    return skip.reason, skip.candidate.version if skip.candidate else None


def moved(*given: Any) -> list[str]:
    return texts(only_update(decided(*given)))


# Exact pins


def test_an_exact_pin_of_the_newest_is_up_to_date() -> None:
    assert skipped(dependency("==2.0"), listing("2.0", "1.0")) == (SkipReason.UP_TO_DATE, None)


def test_an_exact_pin_moves_to_the_newest() -> None:
    update = only_update(decided(dependency("==1.0"), listing("2.0", "1.5", "1.0")))
    assert (update.from_version, update.version, update.bump) == ("1.0", "2.0", Bump.MAJOR)
    assert texts(update) == ["==2.0"]
    assert (update.pipeline, update.group, update.track, update.reasons) == ("application", None, "", ())
    assert update.subject == "pypi/flask"


def test_versions_that_are_no_versions_are_passed_over() -> None:
    assert moved(dependency("==1.0"), listing("not-a-version", "2.0", "1.0")) == ["==2.0"]


@pytest.mark.parametrize("words", ["", "broken on Windows"])
def test_a_withdrawn_release_is_not_taken_and_not_missed(words: str) -> None:
    found = listing(release("3.0", yanked=words), "2.0", "1.0")
    update = only_update(decided(dependency("==1.0"), found))
    assert (update.version, update.reasons) == ("2.0", ())


def test_nothing_newer_that_stands_is_up_to_date() -> None:
    found = listing(release("3.0", yanked="x"), release("2.0", yanked="deprecated: use 1"), "1.0")
    assert skipped(dependency("==1.0"), found) == (SkipReason.UP_TO_DATE, None)


def test_a_withdrawn_release_in_use_is_told_where_nothing_newer_stands() -> None:
    found = listing(release("3.0", yanked="x"), release("2.0", yanked="use\nanother package " + "y" * 200))
    skip = only_skip(decided(dependency("==2.0"), found))
    assert skip.reason is SkipReason.WITHDRAWN
    assert skip.detail.startswith("its publisher withdrew 2.0: use another package yyy")
    assert "…" in skip.detail
    assert "\n" not in skip.detail
    assert "in use" in skip.detail


def test_a_withdrawn_release_in_use_moves_as_any_other() -> None:
    assert moved(dependency("==1.0"), listing("2.0", release("1.0", yanked=""))) == ["==2.0"]


# Pre-releases


def test_a_prerelease_is_not_taken_from_a_release() -> None:
    assert skipped(dependency("==1.0"), listing("2.0rc1", "1.0")) == (SkipReason.UP_TO_DATE, None)


@pytest.mark.parametrize(
    ("now", "then"), [("2.0a1", "2.0rc1"), ("2.0a1", "2.0.0b2"), ("1!2.0a1", "1!2.0a2"), ("2.0.1.4a1", "2.0.1.4a2")]
)
def test_from_a_prerelease_the_next_one_of_the_same_release_is_taken(now: str, then: str) -> None:
    # The withdrawn release is one that stands for no pre-release.
    found = listing(release("1!3.0", yanked=""), then, now, "1.0")
    assert moved(dependency(f"=={now}"), found) == [f"=={then}"]


def test_from_a_prerelease_the_release_is_taken_rather_than_pre_releases_of_a_later_one() -> None:
    assert moved(dependency("==2.0a1"), listing("2.1a1", "2.0", "2.0a1")) == ["==2.0"]


def test_a_package_that_publishes_only_prereleases_is_followed() -> None:
    assert moved(dependency("==0.48b0"), listing("0.50b0", "0.49b0", "0.48b0")) == ["==0.50b0"]


def test_policy_can_ask_for_prereleases() -> None:
    wanted = policy(rules=(Rule(match=Match(name="flask"), prereleases=True),))
    assert moved(dependency("==1.0"), listing("2.0rc1", "1.0"), wanted) == ["==2.0rc1"]


# Age


def test_where_the_newest_is_too_young_the_newest_old_enough_is_taken_and_the_other_is_named() -> None:
    update = only_update(decided(dependency("==1.0"), listing(release("3.0", 1), "2.0", "1.0")))
    assert update.version == "2.0"
    assert update.reasons == ("3.0 waits: published 2026-06-29; old enough on 2026-07-02",)


@pytest.mark.parametrize(("days", "moves"), [(3.0, True), (2.999, False), (-1.0, False)])
def test_the_age_gate_ends_exactly_after_the_minimum_age(days: float, moves: bool) -> None:
    decision = decided(dependency("==1.0"), listing(release("2.0", days), "1.0"))
    assert bool(decision.updates) is moves
    if not moves:
        skip = only_skip(decision)
        assert (skip.reason, skip.candidate and skip.candidate.version) == (SkipReason.TOO_YOUNG, "2.0")


def test_a_release_without_dates_waits_until_it_has_been_seen_long_enough() -> None:
    fresh = release("2.0", None)
    assert skipped(dependency("==1.0"), listing(fresh, "1.0")) == (SkipReason.TOO_YOUNG, "2.0")
    assert "seen just now" in only_skip(decided(dependency("==1.0"), listing(fresh, "1.0"))).detail
    seen = replace(fresh, first_seen=release("x", 4).published)
    assert moved(dependency("==1.0"), listing(seen, "1.0")) == ["==2.0"]


def test_a_rule_can_lengthen_the_age() -> None:
    wanted = policy(rules=(Rule(match=Match(registry="pypi"), minimum_age="4w"),))
    assert skipped(dependency("==1.0"), listing(release("2.0", 20), "1.0"), wanted) == (SkipReason.TOO_YOUNG, "2.0")


# Runtimes


def test_a_release_that_needs_a_newer_runtime_waits_and_the_older_one_is_taken() -> None:
    newest = release("3.0", requires=(("python", ">=3.12"),))
    update = only_update(decided(dependency("==1.0", runtime=python()), listing(newest, "2.0", "1.0")))
    assert update.version == "2.0"
    assert update.reasons == ("3.0 waits: needs python >=3.12; pyproject.toml declares >=3.9",)


def test_a_skip_for_the_runtime_names_the_release_that_it_holds_back() -> None:
    newest = release("3.0", requires=(("python", ">=3.12"),))
    assert skipped(dependency("==1.0", runtime=python()), listing(newest, "1.0")) == (SkipReason.NEEDS_RUNTIME, "3.0")


@pytest.mark.parametrize(
    ("requires", "site"),
    [
        (">=3.9", python()),
        (">=3.9.2,!=3.9.7", python()),
        (">=3.12", None),
        ("rubbish", python()),
        ("", python()),
    ],
)
def test_what_the_runtime_satisfies_or_nobody_can_read_is_no_objection(requires: str, site: Any) -> None:
    newest = release("2.0", requires=(("python", requires),))
    assert moved(dependency("==1.0", runtime=site), listing(newest, "1.0")) == ["==2.0"]


def test_engines_of_npm_are_held_against_the_declared_node() -> None:
    newest = release("3.0.0", requires=(("node", "^20.9.0 || >=22"),))
    older = release("2.0.0", requires=(("node", ">=18.12"), ("npm", ">=9")))
    site = dependency("1.0.0", registry="npm", runtime=node())
    found = listing(newest, older, "1.0.0", of=site.package)
    assert only_update(decided(site, found)).version == "2.0.0"


# What the publisher calls the latest


def npm(constraint: str, **other: Any) -> Dependency:
    return dependency(constraint, registry="npm", name="left-pad", **other)


def npm_listing(*versions: Release | str, **other: Any) -> Any:
    return listing(*versions, of=package("left-pad", "npm"), **other)


def test_nothing_above_the_latest_tag_is_taken_or_missed() -> None:
    found = npm_listing("3.0.0", "2.0.0", "1.0.0", latest="2.0.0")
    update = only_update(decided(npm("1.0.0"), found))
    assert (update.version, update.reasons) == ("2.0.0", ())
    assert skipped(npm("2.0.0"), found) == (SkipReason.UP_TO_DATE, None)


def test_who_is_above_the_latest_tag_goes_on() -> None:
    assert moved(npm("2.5.0"), npm_listing("3.0.0", "2.5.0", "2.0.0", latest="2.0.0")) == ["3.0.0"]


def test_a_latest_that_is_no_version_means_nothing() -> None:
    assert moved(npm("1.0.0"), npm_listing("2.0.0", "1.0.0", latest="newest")) == ["2.0.0"]


# Ignoring and refusing


def test_ignored_whole_by_policy() -> None:
    wanted = policy(ignore=(Ignore(name="fla*"),))
    assert only_skip(decided(dependency(), listing("2.0", "1.0"), wanted)).detail == "ignored by policy"
    assert to_look_up([dependency()], wanted) == frozenset()


def test_ignored_versions_leave_the_older_ones() -> None:
    wanted = policy(ignore=(Ignore(name="flask", versions=">=2", reason="waiting for the LTS"),))
    update = only_update(decided(dependency("==1.0"), listing("2.0", "1.5", "1.0"), wanted))
    assert (update.version, update.reasons) == ("1.5", ("2.0 waits: waiting for the LTS",))
    assert skipped(dependency("==1.5"), listing("2.0", "1.5"), wanted) == (SkipReason.IGNORED, "2.0")


def test_ignored_versions_include_their_prereleases() -> None:
    wanted = policy(
        ignore=(Ignore(name="flask", versions=">=2"),), rules=(Rule(match=Match(name="flask"), prereleases=True),)
    )
    assert skipped(dependency("==1.5"), listing("2.0rc1", "1.5"), wanted) == (SkipReason.IGNORED, "2.0rc1")


@pytest.mark.parametrize("newest", ["2.0.1.post1", "2.0.1.4"])
def test_ignored_versions_do_not_include_what_only_begins_like_them(newest: str) -> None:
    wanted = policy(ignore=(Ignore(name="flask", versions="==2.0.1"),))
    assert moved(dependency("==1.5"), listing(newest, "2.0.1", "1.5"), wanted) == [f"=={newest}"]


def test_ignored_versions_that_cannot_be_read_ignore_all_and_say_so() -> None:
    wanted = policy(ignore=(Ignore(name="flask", versions="2.x"),))
    skip = only_skip(decided(dependency("==1.0"), listing("2.0", "1.0"), wanted))
    assert (skip.reason, "'2.x', which can't be read" in skip.detail) == (SkipReason.IGNORED, True)


def test_ignored_by_a_comment() -> None:
    skip = only_skip(decided(dependency("==1.0", ignored="asked by a comment on line 3"), listing("2.0", "1.0")))
    assert skip == Skip(SkipReason.IGNORED, "asked by a comment on line 3")


def test_a_refused_version_is_not_proposed_again_but_the_next_one_is() -> None:
    refusals = (Refusal("pypi", "flask", "2.0", SkipReason.QUARANTINED, "rolled back in shop"),)
    history = History(refusals)
    assert skipped(dependency("==1.0"), listing("2.0", "1.0"), DEFAULTS, history) == (SkipReason.QUARANTINED, "2.0")
    assert moved(dependency("==1.0"), listing("2.1", "2.0", "1.0"), DEFAULTS, history) == ["==2.1"]


def test_whoever_declines_a_version_is_not_offered_an_older_one() -> None:
    history = History((Refusal("pypi", "flask", "2.1", SkipReason.DECLINED, "#7 was closed"),))
    offered = listing("2.1", "2.0", "1.0")
    assert skipped(dependency("==1.0"), offered, DEFAULTS, history) == (SkipReason.DECLINED, "2.1")
    assert moved(dependency("==1.0"), listing("2.2", "2.1", "2.0", "1.0"), DEFAULTS, history) == ["==2.2"]
    quarantined = History((Refusal("pypi", "flask", "2.1", SkipReason.QUARANTINED, "rolled back"),))
    assert moved(dependency("==1.0"), offered, DEFAULTS, quarantined) == ["==2.0"]


def test_a_package_can_be_refused_whole() -> None:
    history = History((Refusal("pypi", "flask", EVERY_VERSION, SkipReason.IGNORED, "ann asked for it on #7"),))
    assert skipped(dependency("==1.0"), listing("2.1", "2.0", "1.0"), DEFAULTS, history) == (SkipReason.IGNORED, "2.1")


# Majors


def test_a_held_major_leaves_the_newest_smaller_one() -> None:
    update = only_update(decided(dependency("==1.0"), listing("2.0", "1.5", "1.0"), HOLD))
    assert (update.version, update.bump) == ("1.5", Bump.MINOR)
    assert update.reasons == ("2.0 waits: policy holds back major releases",)
    assert skipped(dependency("==1.5"), listing("2.0", "1.5"), HOLD) == (SkipReason.HELD, "2.0")


def test_split_gives_two_updates_on_two_branches() -> None:
    decision = decided(dependency("==1.0"), listing("3.0", "2.0", "1.5", "1.0"), SPLIT)
    smaller, major = decision.updates
    assert decision.skips == ()
    assert (smaller.version, smaller.track) == ("1.5", "")
    assert (major.version, major.track, major.bump) == ("3.0", MAJOR_TRACK, Bump.MAJOR)
    assert smaller.reasons == ("3.0 waits: major releases are proposed apart",)
    assert branch_name([smaller]) == "freshline/pypi/flask"
    assert branch_name([major]) == "freshline/pypi/flask.major"


def test_split_with_only_a_major_gives_that_one() -> None:
    (update,) = decided(dependency("==1.5"), listing("2.0", "1.5"), SPLIT).updates
    assert (update.version, update.track) == ("2.0", MAJOR_TRACK)


def test_split_with_only_a_smaller_one_gives_that_one() -> None:
    update = only_update(decided(dependency("==1.0"), listing("1.5", "1.0"), SPLIT))
    assert (update.version, update.track) == ("1.5", "")


def test_split_where_the_major_cannot_be_written_says_so() -> None:
    site = dependency("==1.5")
    site = replace(site, statement=replace(site.statement, pins=()))
    assert skipped(site, listing("2.0", "1.5"), SPLIT) == (SkipReason.UNSUPPORTED_CONSTRAINT, "2.0")


def test_below_one_a_minor_step_is_major() -> None:
    assert only_update(decided(dependency("==0.1.0"), listing("0.2.0", "0.1.0"))).bump is Bump.MAJOR
    assert skipped(dependency("==0.1.0"), listing("0.2.0", "0.1.0"), HOLD) == (SkipReason.HELD, "0.2.0")


def test_calendar_versions_are_a_bump_of_their_own() -> None:
    found = listing("2026.1.1", "2025.8.3")
    assert only_update(decided(dependency("==2025.8.3"), found, HOLD)).bump is Bump.CALENDAR


def test_the_step_is_counted_from_the_version_that_an_install_takes() -> None:
    update = only_update(decided(dependency(">=1,<2.5"), listing("2.9", "2.4", "1.0"), HOLD))
    assert (update.from_version, update.version, update.bump) == ("2.4", "2.9", Bump.MINOR)


# Ranges and strategies


@pytest.mark.parametrize("constraint", [">=1.0", "~=1.2", ">=1,<2", "==1.*", "*"])
def test_a_range_that_admits_the_newest_is_in_range(constraint: str) -> None:
    site = npm(constraint) if constraint == "*" else dependency(constraint)
    versions = ("1.9.0", "1.2.0", "1.0.0")
    found = listing(*versions, of=site.package)
    assert skipped(site, found) == (SkipReason.IN_RANGE, None)


def test_a_range_that_admits_a_release_too_young_is_still_in_range() -> None:
    assert skipped(dependency(">=1.0"), listing(release("2.0", 1), "1.5", "1.0")) == (SkipReason.IN_RANGE, None)


def test_a_range_that_excludes_what_is_held_back_says_so() -> None:
    assert skipped(dependency(">=1,<2"), listing(release("2.0", 1), "1.5")) == (SkipReason.TOO_YOUNG, "2.0")


@pytest.mark.parametrize(
    ("constraint", "strategy", "role", "becomes"),
    [
        (">=1,<2", Strategy.AUTO, Role.APPLICATION, ">=1,<3"),
        (">=1,<2", Strategy.AUTO, Role.LIBRARY, ">=1,<3"),
        ("~=1.2", Strategy.AUTO, Role.APPLICATION, "~=2.1"),
        ("~=1.2", Strategy.AUTO, Role.LIBRARY, ">=1.2,<3"),
        ("==1.4.*", Strategy.AUTO, Role.APPLICATION, "==2.1.*"),
        (">=1,<2", Strategy.BUMP, Role.APPLICATION, ">=2,<3"),
        (">=1", Strategy.BUMP, Role.APPLICATION, ">=2"),
        (">=1,<2", Strategy.PIN, Role.APPLICATION, "==2.1.0"),
        (">=1", Strategy.PIN, Role.APPLICATION, "==2.1.0"),
        ("~=1.2", Strategy.WIDEN, Role.APPLICATION, ">=1.2,<3"),
        ("~=1.2", Strategy.REPLACE, Role.LIBRARY, "~=2.1"),
    ],
)
def test_how_a_constraint_follows(constraint: str, strategy: Strategy, role: Role, becomes: str) -> None:
    found = listing("2.1.0", "1.4.2", "1.2", "1")
    assert moved(dependency(constraint, role=role), found, policy(strategy=strategy)) == [becomes]


@pytest.mark.parametrize(
    ("group_name", "role", "widens", "becomes"),
    [
        ("dependencies", Role.APPLICATION, False, "^19.0.0"),
        ("dependencies", Role.LIBRARY, False, "^18.0.0 || ^19.0.0"),
        ("devDependencies", Role.LIBRARY, False, "^19.0.0"),
        ("group:dev", Role.LIBRARY, False, "^19.0.0"),
        ("build-system", Role.LIBRARY, False, "^19.0.0"),
        ("optional:fast", Role.LIBRARY, False, "^18.0.0 || ^19.0.0"),
        ("optionalDependencies", Role.LIBRARY, False, "^18.0.0 || ^19.0.0"),
        ("dev", Role.LIBRARY, False, "^19.0.0"),
        ("overrides", Role.LIBRARY, False, "^19.0.0"),
        ("peerDependencies", Role.APPLICATION, True, "^18.0.0 || ^19.0.0"),
    ],
)
def test_what_a_library_asks_of_its_users_widens(group_name: str, role: Role, widens: bool, becomes: str) -> None:
    site = npm("^18.0.0", role=role, group=group_name, widens=widens)
    assert moved(site, npm_listing("19.0.0", "18.0.0")) == [becomes]


def test_bump_raises_the_floor_of_a_range_that_admits_the_release() -> None:
    assert moved(dependency("~=1.2"), listing("1.9", "1.2"), policy(strategy=Strategy.BUMP)) == ["~=1.9"]


def test_bump_is_named_from_below_where_a_newer_release_is_admitted_but_too_young() -> None:
    wanted = policy(strategy=Strategy.BUMP)
    update = only_update(decided(dependency(">=1.2"), listing(release("1.9", 1), "1.8", "1.2"), wanted))
    assert (update.from_version, update.version, texts(update)) == ("1.2", "1.8", [">=1.8"])


def test_lock_only_leaves_constraints_alone() -> None:
    wanted = policy(strategy=Strategy.LOCK_ONLY)
    assert skipped(dependency(">=1,<2"), listing("2.0", "1.0"), wanted) == (SkipReason.HELD, "2.0")
    assert skipped(dependency(">=1,<2"), listing("1.5", "1.0"), wanted) == (SkipReason.IN_RANGE, None)


def test_lock_only_takes_what_the_constraint_admits() -> None:
    site = dependency(">=1,<2", lock="uv.lock", current="1.0")
    found = listing("2.0", "1.5", "1.0")
    assert skipped(site, found, policy(strategy=Strategy.LOCK_ONLY)) == (SkipReason.LOCK_NOT_REFRESHED, "1.5")


def test_an_upper_bound_without_a_floor_moves() -> None:
    update = only_update(decided(dependency("<2"), listing("2.5", "1.5", "1.0")))
    assert (texts(update), update.from_version) == (["<3"], "1.5")


def test_a_constraint_that_admits_nothing_listed_is_unsupported() -> None:
    assert skipped(dependency("<1"), listing("2.0", "1.5")) == (SkipReason.UNSUPPORTED_CONSTRAINT, None)


def test_a_constraint_that_cannot_be_rewritten_names_the_release() -> None:
    found = listing("2.0", "1.0")
    assert skipped(dependency(">=1,<2,!=2.0"), found) == (SkipReason.UNSUPPORTED_CONSTRAINT, "2.0")


def test_a_strategy_that_would_change_nothing_is_in_range() -> None:
    # At the author's precision the raised floor is the same one.
    assert skipped(npm("^1"), npm_listing("1.9.0", "1.0.0"), policy(strategy=Strategy.BUMP)) == (
        SkipReason.IN_RANGE,
        None,
    )


# Statements that say little


def test_no_version_at_all_is_unpinned_and_not_looked_up() -> None:
    site = dependency("")
    assert skipped(site, listing("2.0")) == (SkipReason.UNPINNED, None)
    assert to_look_up([site], DEFAULTS) == frozenset()


def test_no_constraint_with_a_lock_waits_for_the_lock() -> None:
    site = dependency("", lock="uv.lock", current="1.0")
    assert skipped(site, listing("2.0", "1.0")) == (SkipReason.LOCK_NOT_REFRESHED, "2.0")
    assert to_look_up([site], DEFAULTS) == {package()}


def test_an_invalid_constraint() -> None:
    assert skipped(dependency("=>1", current=None), listing("2.0")) == (SkipReason.UNSUPPORTED_CONSTRAINT, None)


def test_a_current_version_that_is_none() -> None:
    skip = only_skip(decided(dependency(">=1", current="rubbish"), listing("2.0")))
    assert skip == Skip(SkipReason.UNSUPPORTED_CONSTRAINT, "'rubbish' is not a version")


def test_a_pinned_version_that_is_not_listed_is_left_alone() -> None:
    assert skipped(dependency("==1.0"), listing("2.0", "1.5")) == (SkipReason.NOT_FOUND, None)
    assert moved(dependency("==1.0"), listing("2.0", "1.0.0")) == ["==2.0"]


@pytest.mark.parametrize("reason", [SkipReason.REGISTRY_UNAVAILABLE, SkipReason.NOT_FOUND])
def test_a_look_up_that_failed_is_told(reason: SkipReason) -> None:
    assert only_skip(decided(dependency(), Unavailable(reason, "time-out"))) == Skip(reason, "time-out")


def test_a_package_that_nobody_asked_for_is_unavailable() -> None:
    decision = decide([dependency()], {}, DEFAULTS, History(), NOW)
    assert only_skip(decision).reason is SkipReason.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(("notice", "detail"), [("", "flask has no releases"), ("archived", "archived")])
def test_an_empty_listing_is_withdrawn(notice: str, detail: str) -> None:
    assert only_skip(decided(dependency(), listing(notice=notice))) == Skip(SkipReason.WITHDRAWN, detail)


def test_an_obstacle_stands_before_everything() -> None:
    obstacle = Obstacle(SkipReason.LOCAL, "it points at a path")
    site = dependency("", obstacle=obstacle)
    assert only_skip(decided(site, listing("2.0"))) == Skip(SkipReason.LOCAL, "it points at a path")
    assert to_look_up([site], DEFAULTS) == frozenset()


# Lock files


def test_a_locked_version_that_is_behind_in_its_range_waits_for_the_lock() -> None:
    site = dependency("~=1.2", lock="uv.lock", current="1.3")
    skip = only_skip(decided(site, listing("1.9", "1.3")))
    assert (skip.reason, skip.detail) == (SkipReason.LOCK_NOT_REFRESHED, "uv.lock has to be refreshed with it")
    assert skip.candidate == release("1.9")


def test_a_covered_manifest_that_excludes_the_release_waits_for_the_lock_too() -> None:
    site = dependency("~=1.2", lock="uv.lock", current="1.3")
    assert skipped(site, listing("2.0", "1.3")) == (SkipReason.LOCK_NOT_REFRESHED, "2.0")


def test_a_locked_newest_is_up_to_date() -> None:
    site = dependency("~=1.2", lock="uv.lock", current="1.9")
    assert skipped(site, listing("1.9", "1.3")) == (SkipReason.UP_TO_DATE, None)


def test_hashes_wait_for_their_tool_but_not_when_nothing_is_newer() -> None:
    site = dependency("==1.0", obstacle=Obstacle(SkipReason.LOCK_NOT_REFRESHED, "its hashes must be refreshed"))
    skip = only_skip(decided(site, listing("2.0", "1.0")))
    assert (skip.reason, skip.detail) == (SkipReason.LOCK_NOT_REFRESHED, "its hashes must be refreshed")
    assert skipped(site, listing("1.0")) == (SkipReason.UP_TO_DATE, None)


def test_a_floating_statement_moves_with_its_lock_only() -> None:
    obstacle = Obstacle(SkipReason.FLOATING, "it follows a tag")
    assert skipped(npm("*", obstacle=obstacle), npm_listing("2.0.0")) == (SkipReason.FLOATING, None)
    locked = npm("*", obstacle=obstacle, lock="package-lock.json", current="1.0.0")
    assert skipped(locked, npm_listing("2.0.0", "1.0.0")) == (SkipReason.LOCK_NOT_REFRESHED, "2.0.0")


def test_a_build_requirement_moves_in_spite_of_the_lock() -> None:
    # resolve gives no lock to what is not lockable
    assert moved(dependency("==1.0", lockable=False, group="build-system"), listing("2.0", "1.0")) == ["==2.0"]


# Several sites


def test_all_sites_move_together_each_in_its_own_style() -> None:
    sites = [
        dependency("==1.0"),
        dependency(">=1,<2", path="requirements.txt"),
        dependency("~=1.0", path="setup.cfg", line=4),
    ]
    update = only_update(decided(sites, listing("2.0", "1.5", "1.0")))
    assert texts(update) == ["==2.0", ">=1,<3", "~=2.0"]
    assert (update.from_version, update.bump) == ("1.0", Bump.MAJOR)
    assert update.dependencies == tuple(sites)


def test_a_site_that_cannot_follow_is_named_and_has_its_own_skip() -> None:
    newest = release("2.0", requires=(("python", ">=3.12"),))
    old = dependency("==1.0", path="legacy/requirements.txt", line=7, runtime=python("3.8.99", "3.8"))
    decision = decided([dependency("==1.0"), old], listing(newest, "1.5", "1.0"))
    (update,) = decision.updates
    assert update.version == "2.0"
    assert update.reasons[-1] == (
        "legacy/requirements.txt:7 stays at ==1.0: needs python >=3.12; pyproject.toml declares 3.8"
    )
    ((site, skip),) = decision.skips
    assert site is old
    assert (skip.reason, skip.candidate) == (SkipReason.NEEDS_RUNTIME, newest)


def test_a_site_that_can_take_the_release_but_not_write_it_is_blocked() -> None:
    sites = [dependency("==1.0"), dependency(">=1,<2,!=2.0", line=2)]
    decision = decided(sites, listing("2.0", "1.5", "1.0"))
    assert texts(decision.updates[0]) == ["==2.0"]
    ((_, skip),) = decision.skips
    assert skip.reason is SkipReason.UNSUPPORTED_CONSTRAINT


def test_a_site_that_moves_elsewhere_than_the_others_stays() -> None:
    wanted = policy(rules=(Rule(match=Match(path="slow/*"), minimum_age="4w"),))
    sites = [dependency("==1.0"), dependency("==1.0", path="slow/requirements.txt")]
    decision = decided(sites, listing(release("2.0", 10), "1.5", "1.0"), wanted)
    ((site, skip),) = decision.skips
    assert (site.path, skip.reason, skip.candidate and skip.candidate.version) == (
        "slow/requirements.txt",
        SkipReason.TOO_YOUNG,
        "2.0",
    )


def test_a_site_whose_index_lists_another_text_for_the_version_is_blocked() -> None:
    # One subject, two packages: both can move, but not to the same release.
    first = dependency("==1.0", subject="family:python", name="one")
    second = dependency("==1.0", subject="family:python", name="two", line=2)
    answers = {first.package: listing("2.1", "1.0"), second.package: listing("2.0", "1.0")}
    decision = decide([first, second], answers, DEFAULTS, History(), NOW)
    assert [update.version for update in decision.updates] == ["2.1"]
    ((_, skip),) = decision.skips
    assert skip == Skip(SkipReason.BLOCKED_SITE, "2.1 can't be taken here", release("2.1"))


def test_places_that_were_skipped_early_are_named_too() -> None:
    git = dependency("", path="requirements.txt", obstacle=Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "a git URL"))
    decision = decided([dependency("==1.0"), git], listing("2.0", "1.0"))
    assert decision.updates[0].reasons == ("requirements.txt:1 stays at no version: a git URL",)


def test_places_that_need_not_move_are_not_named() -> None:
    sites = [dependency("==1.0"), dependency(">=1", line=2), dependency("", line=3), dependency("==2.0", line=4)]
    decision = decided(sites, listing("2.0", "1.0"))
    assert decision.updates[0].reasons == ()
    assert [skip.reason for _, skip in decision.skips] == [
        SkipReason.UNPINNED,
        SkipReason.IN_RANGE,
        SkipReason.UP_TO_DATE,
    ]


def test_anything_but_a_library_moves_whole_or_not_at_all() -> None:
    blocked = dependency("==1.0", kind=Kind.TOOL, line=2, runtime=python("3.8.99", "3.8"))
    newest = release("2.0", requires=(("python", ">=3.12"),))
    decision = decided([dependency("==1.0", kind=Kind.TOOL), blocked], listing(newest, "1.0"))
    assert decision.updates == ()
    assert {skip.reason for _, skip in decision.skips} == {SkipReason.NEEDS_RUNTIME, SkipReason.BLOCKED_SITE}
    whole = next(skip for _, skip in decision.skips if skip.reason is SkipReason.BLOCKED_SITE)
    assert whole.detail == "another place can't follow: needs python >=3.12; pyproject.toml declares 3.8"


def test_an_ignored_place_is_no_part_of_the_subject() -> None:
    sites = [dependency("==1.0", kind=Kind.IMAGE), dependency("==1.0", kind=Kind.IMAGE, line=2, ignored="asked")]
    decision = decided(sites, listing("2.0", "1.0"))
    assert [update.version for update in decision.updates] == ["2.0"]
    assert decision.updates[0].pipeline == "os"


# Places that several statements share


def catalog(path: str, **other: Any) -> Dependency:
    pin = Pin("pnpm-workspace.yaml", Span(20, 27), "^18.0.0")
    return npm("^18.0.0", path=path, pins=(pin,), follows="catalog:default", **other)


def test_statements_that_share_a_pin_move_with_it() -> None:
    sites = [catalog("a/package.json"), catalog("b/package.json")]
    update = only_update(decided(sites, npm_listing("19.0.0", "18.0.0")))
    assert texts(update) == ["^19.0.0", "^19.0.0"]


@pytest.mark.parametrize("stays", [{"runtime": node("16.99.99", "16")}, {"ignored": "asked by a comment"}])
def test_a_pin_stays_for_all_when_one_statement_that_it_serves_stays(stays: dict[str, Any]) -> None:
    newest = release("19.0.0", requires=(("node", ">=18"),))
    sites = [catalog("a/package.json"), catalog("b/package.json", **stays), npm("^18.0.0", path="c/package.json")]
    decision = decided(sites, npm_listing(newest, "18.0.0"))
    assert [site.path for update in decision.updates for site in update.dependencies] == ["c/package.json"]
    reasons = {site.path: skip for site, skip in decision.skips}
    assert reasons["a/package.json"].reason is SkipReason.BLOCKED_SITE
    assert reasons["a/package.json"].detail == "one place states it for b/package.json:1 too, which stays"


def test_a_pin_that_stays_can_hold_back_others_through_a_third() -> None:
    one, two = Pin("p", Span(0, 6), "==1.0"), Pin("p", Span(9, 15), "==1.0")
    sites = [
        dependency("==1.0", line=1, pins=(two,)),
        dependency("==1.0", line=2, pins=(one, two)),
        dependency("==1.0", line=3, pins=(one,), ignored="asked"),
    ]
    decision = decided(sites, listing("2.0", "1.0"))
    assert decision.updates == ()
    assert [skip.reason for _, skip in decision.skips] == [
        SkipReason.IGNORED,
        SkipReason.BLOCKED_SITE,
        SkipReason.BLOCKED_SITE,
    ]


# Frames and digests


def framed(constraint: str, frame: tuple[str, str], **other: Any) -> Dependency:
    inner = constraint[len(frame[0]) : len(constraint) - len(frame[1])]
    pin = Pin("Dockerfile", Span(7, 7 + len(inner)), inner)
    return dependency(constraint, frame=frame, pins=(pin,), **other)


def test_a_pin_in_a_frame_gets_only_its_own_part() -> None:
    assert moved(framed(">=1.0,<2", (">=1.0,<", "")), listing("2.5", "1.0")) == ["3"]


def test_a_release_that_does_not_fit_the_frame_is_blocked() -> None:
    bump = policy(strategy=Strategy.BUMP)
    assert skipped(framed(">=1.0,<2", (">=1.0,<", "")), listing("2.5", "1.0"), bump) == (SkipReason.BLOCKED_SITE, "2.5")
    assert skipped(framed("==1.0", ("", ".0")), listing("2.5", "1.0")) == (SkipReason.BLOCKED_SITE, "2.5")
    assert skipped(framed("==1.0.1", ("==1.", ".1")), listing("2", "1.0.1")) == (SkipReason.BLOCKED_SITE, "2")


def digested(digest: str) -> Dependency:
    pins = (
        Pin("package.json", Span(1, 6), "1.0.0"),
        Pin("package.json", Span(14, 14 + len(digest)), digest, Part.DIGEST),
    )
    return npm("1.0.0", pins=pins, kind=Kind.TOOL, lockable=False)


@pytest.mark.parametrize(
    ("attested", "becomes"),
    [
        ("sha512-q80=", "abcd"),
        ("abcd", "abcd"),
        (None, None),
        ("sha512-????", None),
        ("sha512-q83v", None),
    ],
)
def test_a_digest_is_written_as_hexadecimal_of_the_same_length_or_not_at_all(
    attested: str | None, becomes: str | None
) -> None:
    found = npm_listing(release("2.0.0", digest=attested), "1.0.0")
    decision = decided(digested("0123"), found)
    if becomes is None:
        assert only_skip(decision).reason is SkipReason.BLOCKED_SITE
    else:
        assert texts(only_update(decision)) == ["2.0.0", becomes]


# Grouping


def update_of(name: str, **other: Any) -> Update:
    site = dependency("==1.0", name=name, **other)
    return only_update(decided(site, listing("2.0", "1.0", of=site.package)))


def test_without_a_policy_every_update_is_alone() -> None:
    assert [len(members) for members in group([update_of("a"), update_of("b")])] == [1, 1]


def test_a_group_holds_what_policy_names_within_one_pipeline() -> None:
    updates = [update_of("a"), update_of("b"), update_of("c", kind=Kind.TOOL), update_of("d")]
    named = [replace(update, group="all") for update in updates[:3]]
    proposals = group([*named, updates[3]])
    assert [[update.package.name for update in members] for members in proposals] == [["a", "b"], ["c"], ["d"]]


def test_a_split_major_is_not_in_the_group_of_the_smaller_one() -> None:
    rule = Rule(match=Match(name="flask"), group="all")
    updates = decided(dependency("==1.0"), listing("2.0", "1.5", "1.0"), policy(major=Major.SPLIT, rules=(rule,)))
    proposals = group(updates.updates)
    assert [members[0].version for members in proposals] == ["1.5", "2.0"]
    assert len({branch_name(members) for members in proposals}) == 2


def test_the_pipeline_is_the_one_that_policy_routes_to() -> None:
    wanted = policy(pipelines={"frontend": Pipeline(kinds=(Kind.LIBRARY,))})
    assert only_update(decided(dependency(), listing("2.0", "1.0"), wanted)).pipeline == "frontend"


# All subjects


def test_every_subject_is_decided_in_order_of_first_appearance() -> None:
    sites = [dependency(name="b"), dependency(name="a"), dependency(name="b", line=2)]
    decisions = decide_all(sites, {}, Policy(), History(), NOW)
    assert [decision.subject for decision in decisions] == ["pypi/b", "pypi/a"]
    assert [len(decision.skips) for decision in decisions] == [2, 1]


def test_every_site_is_in_an_update_or_has_one_skip() -> None:
    sites = [
        dependency("==1.0"),
        dependency(">=1,<2", line=2),
        dependency("", line=3),
        dependency("==1.0", line=4, runtime=python("3.8.99")),
    ]
    newest = release("2.0", requires=(("python", ">=3.12"),))
    for wanted in (DEFAULTS, HOLD, SPLIT):
        decision = decided(sites, listing(newest, "1.5", "1.0"), wanted)
        moving = {id(site) for update in decision.updates for site in update.dependencies}
        staying = [id(site) for site, _ in decision.skips]
        assert sorted([*moving, *staying]) == sorted(map(id, sites))


# Runtimes

PYTHON = Package("endoflife", "python")
LAMBDA = Package("endoflife", "aws-lambda")
LINES = Listing(
    PYTHON,
    (
        release("3.14.7", line=Line("3.14", ago(400).date(), None, None)),
        release("3.9.25", line=Line("3.9", ago(2000).date(), None, ago(200).date())),
    ),
)
OFFERS = Listing(LAMBDA, (release("python3.14"), release("python3.9")))


def stated(constraint: str, path: str = ".python-version", **other: Any) -> Dependency:
    given: dict[str, Any] = {"scheme": "runtime", "kind": Kind.RUNTIME, "subject": "runtime:python", "name": "python"}
    return dependency(constraint, **(given | {"registry": "endoflife", "path": path} | other))


def function(constraint: str) -> Dependency:
    return stated(constraint, "template.yaml", scheme="function", name="aws-lambda")


def asked(*sites: Dependency, answers: dict[Package, Answer] | None = None, wanted: Policy = DEFAULTS) -> Decision:
    return decide(sites, {PYTHON: LINES, LAMBDA: OFFERS} if answers is None else answers, wanted, History(), NOW)


def test_a_runtime_is_decided_for_all_its_places() -> None:
    update = only_update(asked(stated("3.9"), function("python3.9"), stated("3.9.1", ".tool-versions")))
    assert texts(update) == ["3.14", "python3.14", "3.14.7"]
    assert (update.kind, update.pipeline) == (Kind.RUNTIME, "application")
    assert branch_name((update,)) == "freshline/runtime/python"


def test_the_lines_of_a_runtime_are_looked_up_with_what_its_places_need() -> None:
    assert to_look_up([function("python3.9")], DEFAULTS) == {PYTHON, LAMBDA}
    assert to_look_up([stated("3.9")], DEFAULTS) == {PYTHON}
    assert to_look_up([stated("3.9", ignored="asked")], DEFAULTS) == frozenset()


@pytest.mark.parametrize("reason", [SkipReason.FLOATING, SkipReason.IGNORED])
def test_a_place_that_states_no_version_of_its_own_holds_nothing(reason: SkipReason) -> None:
    floating = stated("system", "b/.python-version", pins=(), obstacle=Obstacle(reason, "whatever is there"))
    decision = asked(stated("3.9"), floating)
    assert [texts(update) for update in decision.updates] == [["3.14"]]
    assert decision.skips == ((floating, Skip(reason, "whatever is there")),)


def test_a_place_that_is_told_to_stay_is_no_part_of_the_runtime() -> None:
    decision = asked(stated("3.9"), stated("3.8", "old/.python-version", ignored="asked by a comment"))
    assert [texts(update) for update in decision.updates] == [["3.14"]]
    assert [skip.reason for _, skip in decision.skips] == [SkipReason.IGNORED]


def test_a_place_of_a_runtime_that_cannot_follow_keeps_it_whole_and_is_named() -> None:
    decision = asked(stated("3.9"), stated("pypy3.9-7.3", "svc/.python-version", line=4))
    assert not decision.updates
    found = {site.path: skip for site, skip in decision.skips}
    assert found["svc/.python-version"].reason is SkipReason.UNSUPPORTED_CONSTRAINT
    assert found[".python-version"].reason is SkipReason.BLOCKED_SITE
    assert "another place can't follow: svc/.python-version:4: " in found[".python-version"].detail


def test_no_place_of_a_runtime_is_left() -> None:
    decision = asked(stated("3.9", ignored="asked"), stated("x!"))
    assert not decision.updates
    assert [skip.reason for _, skip in decision.skips] == [SkipReason.IGNORED, SkipReason.UNSUPPORTED_CONSTRAINT]


def ranged(constraint: str, **other: Any) -> Dependency:
    return stated(constraint, "pyproject.toml", scheme="pep440", **other)


def test_where_nothing_says_what_runs_floors_rest_and_nothing_is_asked() -> None:
    floors = [ranged(">=3.9"), ranged(">=3.9,<3.12", role=Role.LIBRARY), stated("lts", ignored="asked")]
    assert to_look_up(floors, DEFAULTS) == frozenset()
    empty: dict[Package, Answer] = {}
    for answers in (empty, None):
        decision = asked(*floors, answers=answers)
        assert not decision.updates
        assert [s.reason for _, s in decision.skips] == [SkipReason.IN_RANGE, SkipReason.IN_RANGE, SkipReason.IGNORED]
    assert to_look_up([ranged(">=3.9"), stated("3.9")], DEFAULTS) == {PYTHON}


def test_what_can_not_be_installed_on_the_new_line_holds_it() -> None:
    numpy = dependency("==1.24.4", name="numpy", ignored="until the rewrite")
    locked = dependency(">=1", name="pandas", current="2.0.1", lock="uv.lock", line=2)
    open_, node = dependency(">=1", name="open", line=3), dependency("1.0.0", name="x", registry="npm", line=4)
    local = dependency("==1", name="mine", line=5, obstacle=Obstacle(SkipReason.LOCAL, "of this repository"))
    unlisted = dependency("==7", name="elsewhere", line=6)
    every = [stated("3.9"), numpy, locked, open_, node, local, unlisted]
    packages = {one.package for one in (numpy, locked, open_, node, unlisted)} | {PYTHON}
    assert to_look_up(every, DEFAULTS) == packages
    assert to_look_up(every[1:], DEFAULTS) == packages - {PYTHON, numpy.package}
    old, new = release("1.24.4", wheels=("cp39",)), release("2.0.1", wheels=("cp39", "cp310"))
    answers: dict[Package, Answer] = {
        PYTHON: LINES,
        numpy.package: listing(old, of=numpy.package),
        locked.package: listing(new, of=locked.package),
        **{one.package: listing(old, of=one.package) for one in (open_, node, local, unlisted)},
    }
    decision = decide_all(every, answers, DEFAULTS, History(), NOW)[0]
    ((_, skip),) = decision.skips
    assert (skip.reason, skip.candidate and skip.candidate.version) == (SkipReason.NEEDS_WHEELS, "3.14.7")
    ended = ago(200).date()
    assert skip.detail == (
        f"numpy 1.24.4, pandas 2.0.1 have no wheel for Python 3.14; 3.9 has had no security fixes since {ended}"
    )
    assert [(site.path, one.ends) for site, one in decision.lines] == [(".python-version", ended)]
    without = decide_all(every, {PYTHON: LINES}, DEFAULTS, History(), NOW)[0]
    assert [texts(update) for update in without.updates] == [["3.14"]]


def brought(*locked: Locked, of: Listing | None = None, **site: Any) -> Skip:
    """Why Python stays on its line where lock files bring this in, beside a numpy of the manifest."""
    numpy = dependency(**({"constraint": "==1.24.4", "name": "numpy"} | site))
    answers: dict[Package, Answer] = {PYTHON: LINES}
    if of is not None:
        answers[numpy.package] = of
    decision = decide_all([stated("3.9"), numpy], answers, DEFAULTS, History(), NOW, locked=locked)[0]
    if decision.updates:
        return Skip(SkipReason.UP_TO_DATE, texts(decision.updates[0])[0])
    return decision.skips[0][1]


HELD = Locked("pypi", "cffi", "1.15", wheels=("cp310", "cp39"))
TAKEN = Skip(SkipReason.UP_TO_DATE, "3.14")


def test_what_lock_files_bring_in_holds_python_too() -> None:
    served = Locked("pypi", "rpds", "1", wheels=("cp314",))
    elsewhere = replace(HELD, name="zstd", markers=('python_version < "3.14"',))
    assert brought(served, elsewhere) == TAKEN
    skip = brought(served, HELD, elsewhere)
    assert (skip.reason, skip.candidate and skip.candidate.version) == (SkipReason.NEEDS_WHEELS, "3.14.7")
    assert skip.detail.startswith("cffi 1.15 has no wheel for Python 3.14; ")


def test_what_is_stated_and_locked_is_said_once_and_as_the_registry_says() -> None:
    known = listing(release("1.24.4", wheels=("cp39",)), release("1.20.0", wheels=("cp39", "cp314")))
    numpy = replace(HELD, name="numpy", version="1.24.4")
    assert brought(numpy, HELD, of=known).detail.startswith("cffi 1.15, numpy 1.24.4 have no wheel for Python 3.14; ")
    assert brought(numpy).detail.startswith("numpy 1.24.4 has no wheel for Python 3.14; ")
    # A wheel was added after the lock file was made, for the version in use and for one of another environment.
    added = listing(release("1.24.4", wheels=("cp39", "cp314")), release("1.20.0", wheels=("cp39", "cp314")))
    assert brought(numpy, replace(numpy, version="1.20"), of=added) == TAKEN
    assert brought(replace(numpy, version="1.20"), of=added, constraint=">=1") == TAKEN
    ranged = {"constraint": ">=1", "ignored": "kept"}
    assert brought(replace(numpy, version="7"), of=added, **ranged).detail.startswith("numpy 7 has no wheel")
    assert brought(replace(numpy, version="x!"), of=added).detail.startswith("numpy x! has no wheel")


def test_what_is_stated_with_a_marker_is_installed_where_that_says() -> None:
    known = listing(release("1.24.4", wheels=("cp39",)))
    numpy = replace(HELD, name="numpy", version="1.24.4")
    assert brought(numpy, of=known, marker='python_version < "3.12"') == TAKEN


def test_a_runtime_that_policy_holds_past_its_end_says_so() -> None:
    node = Package("endoflife", "nodejs")
    begun, ended = ago(2000).date(), ago(20).date()
    lines = Listing(
        node,
        (
            release("24.1.0", line=Line("24", begun, begun, None)),
            release("20.9.0", line=Line("20", begun, begun, ended)),
        ),
    )
    site = stated("20", ".nvmrc", subject="runtime:node", name="nodejs")
    skip = only_skip(asked(site, answers={node: lines}, wanted=policy(major=Major.HOLD)))
    assert skip.reason is SkipReason.HELD
    assert skip.detail == f"policy holds back major releases; 20 has had no security fixes since {ended}"


def test_a_function_is_on_the_line_of_its_own_identifier() -> None:
    ended = ago(9).date()
    own = Line("python3.9", ago(2000).date(), None, ended, blocked=ago(-90).date())
    offers = Listing(LAMBDA, (release("python3.14"), release("python3.9", line=own)))
    site = function("python3.9")
    decision = asked(stated("3.9"), site, answers={PYTHON: LINES, LAMBDA: offers})
    assert [one.name for _, one in decision.lines] == ["3.9", "python3.9"]


DOWN = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "it did not answer")


@pytest.mark.parametrize(
    ("answers", "reasons"),
    [
        ({}, ["registry_unavailable", "registry_unavailable"]),
        ({PYTHON: DOWN, LAMBDA: OFFERS}, ["registry_unavailable", "registry_unavailable"]),
        ({PYTHON: LINES, LAMBDA: DOWN}, ["registry_unavailable", "blocked_site"]),
        ({PYTHON: LINES}, ["registry_unavailable", "blocked_site"]),
    ],
)
def test_a_runtime_waits_for_a_registry_that_is_down(answers: dict[Package, Answer], reasons: list[str]) -> None:
    decision = asked(stated("3.9"), function("python3.9"), answers=answers)
    assert not decision.updates
    assert sorted(skip.reason for _, skip in decision.skips) == sorted(reasons)


def test_policy_ignores_a_runtime() -> None:
    assert only_skip(asked(stated("3.9"), wanted=policy(ignore=(Ignore(name="python"),)))).reason is SkipReason.IGNORED
    wanted = policy(ignore=(Ignore(name="python", versions=">=3.14"),))
    skip = only_skip(asked(stated("3.9"), wanted=wanted))
    assert skip.reason is SkipReason.IGNORED
    assert skip.candidate
    assert skip.candidate.version == "3.14.7"
