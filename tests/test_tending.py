"""What people ask for and do: who is heard, in which order, once; and what they are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core import commands, render
from bot.core.model import EVERY_VERSION, SkipReason
from bot.core.rules import DEFAULTS, Mode, Policy, PullRequests, combine
from bot.forge.base import Reaction, ReviewState
from bot.store import ProposalStatus
from tests.fakes.town import NAME
from tests.stories.conftest import git
from tests.test_visiting import BRANCH, FLEET, NOW, Place, made

ALPHA, BETA = f"{BRANCH}alpha", f"{BRANCH}beta"
OPEN, CLOSED = ReviewState.OPEN, ReviewState.CLOSED


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A repository with two open pull requests, and nothing to do."""
    found = made(tmp_path / "shop")
    found.write("alpha==1.0", "beta==1.0")
    found.visit()
    yield found
    found.store.close()


def said(place: Place, branch: str = ALPHA) -> list[str]:
    """What the bot said on the branch's pull requests, without its marks."""
    number = place.town.reviews[branch].number
    return [text for at, text in place.town.said if at == number]


def reaction(place: Place, comment: int) -> Reaction | None:
    return place.town.reactions.get(comment)


def refusals(place: Place, repository: str = NAME) -> set[tuple[str, str, SkipReason]]:
    return {(one.name, one.version, one.reason) for one in place.store.refusals(FLEET).own(repository)}


def statuses(place: Place, branch: str = ALPHA) -> list[ProposalStatus]:
    return [one.status for one in place.store.proposals(FLEET).all(NAME) if one.branch == branch]


# Who is heard


def test_who_may_not_write_is_not_heard_and_that_is_said_once(place: Place) -> None:
    comments = [
        place.town.ask(ALPHA, f"/freshline {words}", "mallory") for words in ("quarantine", "ignore everything")
    ]
    before = place.picture()
    done = place.visit()
    assert done.notes == (
        "#1: mallory may not write here, so “quarantine” was not heeded",
        "#1: mallory may not write here, so “unknown” was not heeded",
    )
    assert {**place.picture(), "answered": frozenset()} == before
    assert [reaction(place, one) for one in comments] == [None, None]
    assert place.visit().notes == ()
    place.town.writers.add("mallory")
    assert place.visit().notes == ()
    assert place.states()["alpha"] is OPEN, "what was written before does not count afterwards"


def test_a_comment_that_is_no_command_is_left_alone(place: Place) -> None:
    comment = place.town.ask(ALPHA, "/freshlines are great")
    assert place.visit().notes == ()
    assert (place.town.log, reaction(place, comment)) == ([], None)
    assert place.store.repositories(FLEET).answered(NAME) == {comment}


def test_a_command_counts_once(place: Place) -> None:
    comment = place.town.ask(ALPHA, "/freshline ignore this version")
    place.visit()
    assert place.states()["alpha"] is CLOSED
    place.store.refusals(FLEET).remove("pypi", "alpha", "1.1", NAME)
    place.visit()
    assert place.states()["alpha"] is OPEN
    place.store.repositories(FLEET).forget(NAME)  # what was answered is lost; the reaction is on the forge
    assert place.store.repositories(FLEET).answered(NAME) == frozenset()
    place.visit()
    assert place.states()["alpha"] is OPEN
    assert place.store.repositories(FLEET).answered(NAME) == {comment}


def test_a_pull_request_that_the_store_lost_is_heard_once_it_is_known_again(place: Place) -> None:
    place.store.proposals(FLEET).close(NAME, ALPHA, ProposalStatus.SUPERSEDED, NOW)
    for record in place.store.proposals(FLEET).all(NAME):
        if record.branch == ALPHA:
            place.store.proposals(FLEET).save(replace(record, status=ProposalStatus.OPEN, number=0, node=""))
    place.store.proposals(FLEET).close(NAME, ALPHA, ProposalStatus.SUPERSEDED, NOW)
    place.town.reviews[ALPHA] = replace(place.town.reviews[ALPHA], number=50)
    asked, helped = place.town.ask(ALPHA, "/freshline ignore this version"), place.town.ask(ALPHA, "/freshline")
    place.visit()
    assert (reaction(place, asked), reaction(place, helped)) == (None, Reaction.DONE)
    place.visit()
    assert reaction(place, asked) is Reaction.DONE
    assert place.states()["alpha"] is CLOSED


# What is asked for


def test_ignoring_a_version(place: Place) -> None:
    comment = place.town.ask(ALPHA, "/freshline ignore this version")
    place.visit()
    assert reaction(place, comment) is Reaction.DONE
    assert said(place) == [render.closed(render.Ending.IGNORED_VERSION, "ann")]
    assert refusals(place) == {("alpha", "1.1", SkipReason.DECLINED)}
    assert (statuses(place), ALPHA in place.town.branches()) == ([ProposalStatus.REFUSED], False)
    place.versions["alpha"] = ["1.0", "1.1", "1.2"]
    place.visit()
    assert place.town.reviews[ALPHA].title.endswith("1.2")


def test_ignoring_a_package(place: Place) -> None:
    comment = place.town.ask(ALPHA, "/freshline ignore this package")
    place.visit()
    assert reaction(place, comment) is Reaction.DONE
    assert refusals(place) == {("alpha", EVERY_VERSION, SkipReason.IGNORED)}
    place.versions["alpha"] = ["1.0", "1.1", "1.2"]
    place.visit()
    assert place.states()["alpha"] is CLOSED


def test_a_quarantine_is_for_the_fleet(place: Place) -> None:
    comment = place.town.ask(ALPHA, "/freshline quarantine")
    place.visit()
    assert reaction(place, comment) is Reaction.DONE
    assert refusals(place) == set()
    assert refusals(place, "") == {("alpha", "1.1", SkipReason.QUARANTINED)}
    [refusal] = place.store.refusals(FLEET).history("acme/other").refusals
    assert refusal.detail == "ann asked for it on acme/shop#1"
    assert place.store.refusals("github:2").history("acme/other").refusals == ()


def test_what_a_person_cannot_have(place: Place) -> None:
    merge, odd = place.town.ask(ALPHA, "/freshline merge when green"), place.town.ask(ALPHA, "/freshline rebaze")
    place.visit()
    assert {reaction(place, merge), reaction(place, odd)} == {Reaction.UNSURE}
    assert said(place) == [commands.cannot_merge(Mode.PROPOSE), commands.unknown("/freshline rebaze")]


def test_help(place: Place) -> None:
    comment = place.town.ask(ALPHA, "/freshline help")
    place.visit()
    assert (reaction(place, comment), said(place)) == (Reaction.DONE, [commands.HELP])


# Rebuilding


def test_a_rebase_where_there_is_nothing_to_rebase(place: Place) -> None:
    comment = place.town.ask(ALPHA, "/freshline rebase")
    place.visit()
    assert (reaction(place, comment), said(place)) == (Reaction.DONE, [commands.nothing_to_rebase()])


def test_a_rebase_on_a_base_that_moved_elsewhere(place: Place) -> None:
    (place.folder / "notes.txt").write_text("x")
    git(place.folder, "add", "-A")
    git(place.folder, "commit", "-qm", "notes")
    comment, before = place.town.ask(ALPHA, "/freshline rebase"), place.town.branches()
    place.visit()
    after = place.town.branches()
    assert (reaction(place, comment), said(place)) == (Reaction.DONE, [])
    assert after[ALPHA].parent == git(place.folder, "rev-parse", "main").strip()
    assert after[BETA] == before[BETA]


def test_a_rebase_that_has_to_wait_is_answered_when_it_is_done(place: Place) -> None:
    place.write("alpha==1.0", "beta==1.0", "gamma==1.1")
    comment = place.town.ask(ALPHA, "/freshline rebase")
    assert place.visit("propose").postponed
    assert reaction(place, comment) is None
    place.visit()
    assert reaction(place, comment) is Reaction.DONE
    assert place.town.branches()[ALPHA].parent == git(place.folder, "rev-parse", "main").strip()


def test_a_rebase_of_what_is_somebody_elses(place: Place) -> None:
    place.commit_to(ALPHA)
    theirs = place.town.branches()[ALPHA].head
    comment = place.town.ask(ALPHA, "/freshline rebase")
    place.visit()
    assert reaction(place, comment) is Reaction.REFUSED
    assert said(place) == [render.hands_off(), commands.theirs_now()]
    assert place.town.branches()[ALPHA].head == theirs
    again = place.town.ask(ALPHA, "/freshline recreate")
    place.visit()
    assert reaction(place, again) is Reaction.DONE
    assert said(place) == [render.hands_off(), commands.theirs_now()]
    assert place.town.branches()[ALPHA].head != theirs


def test_a_rebase_that_the_forge_refuses(place: Place) -> None:
    place.write("alpha==1.0", "beta==1.0", "gamma==1.1")
    git(place.folder, "worktree", "add", "-q", str(place.folder.parent / "tree"), ALPHA)
    comment = place.town.ask(ALPHA, "/freshline rebase")
    place.visit()
    assert reaction(place, comment) is Reaction.UNSURE
    assert said(place)[0].startswith("That did not work: ")
    assert place.record.settled == "", "it is tried again"


@pytest.mark.parametrize("status", ["merged", "closed"])
def test_a_rebase_of_what_is_over(place: Place, status: str) -> None:
    comment = place.town.ask(ALPHA, "/freshline rebase")
    if status == "merged":
        git(place.folder, "merge", "-q", "--no-edit", ALPHA)
    place.town.end(ALPHA, ReviewState(status))
    place.visit()
    assert (reaction(place, comment), said(place)) == (Reaction.REFUSED, [commands.not_open()])


@pytest.mark.parametrize("ending", ["/freshline ignore this version", "/freshline ignore this package", ""])
def test_what_was_declined_is_had_after_all(place: Place, ending: str) -> None:
    if ending:
        place.town.ask(ALPHA, ending)
    else:
        place.town.end(ALPHA)
    place.visit()
    assert place.states()["alpha"] is CLOSED
    comment = place.town.ask(ALPHA, "/freshline recreate")
    place.visit()
    assert reaction(place, comment) is Reaction.DONE
    assert refusals(place) == set()
    assert (place.states()["alpha"], place.town.reviews[ALPHA].number) == (OPEN, 3)


def test_recreating_what_would_not_be_proposed_today(place: Place) -> None:
    place.write("alpha==1.1", "beta==1.0")
    place.visit()
    comment = place.town.ask(ALPHA, "/freshline recreate")
    place.visit()
    assert reaction(place, comment) is Reaction.REFUSED
    assert said(place)[-1] == commands.not_wanted_now()


def test_recreating_does_not_lift_a_quarantine(place: Place) -> None:
    place.town.ask(ALPHA, "/freshline quarantine")
    place.visit()
    comment = place.town.ask(ALPHA, "/freshline recreate")
    place.visit()
    assert reaction(place, comment) is Reaction.REFUSED
    assert place.states()["alpha"] is CLOSED


def test_the_last_word_counts(place: Place) -> None:
    first, last = place.town.ask(ALPHA, "/freshline ignore this version"), place.town.ask(ALPHA, "/freshline recreate")
    place.visit()
    assert {reaction(place, first), reaction(place, last)} == {Reaction.DONE}
    assert place.states()["alpha"] is OPEN
    assert refusals(place) == set()


def test_each_word_gets_its_own_answer(place: Place) -> None:
    comments = [place.town.ask(ALPHA, f"/freshline {words}") for words in ("recreate", "help", "ignore this version")]
    place.visit()
    assert [reaction(place, one) for one in comments] == [Reaction.REFUSED, Reaction.DONE, Reaction.DONE]
    assert commands.HELP in said(place)
    assert place.states()["alpha"] is CLOSED


def test_what_could_not_be_opened_is_on_the_dashboard(place: Place) -> None:
    place.town.refused = {f"{BRANCH}gamma"}
    place.write("alpha==1.0", "beta==1.0", "gamma==1.0")
    done = place.visit()
    assert [one.state.value for one in done.outcomes if one.branch.endswith("gamma")] == ["left alone"]
    board = place.town.board()
    assert board is not None
    assert "gamma" in board.body
    assert "the App may not change workflows" in board.body
    place.town.refused = set()
    place.visit()
    assert place.states()["gamma"] is OPEN


# What people do


def test_a_pull_request_that_was_merged(place: Place) -> None:
    git(place.folder, "merge", "-q", "--no-edit", ALPHA)
    place.town.end(ALPHA, ReviewState.MERGED)
    place.visit()
    assert (statuses(place), ALPHA in place.town.branches(), said(place)) == ([ProposalStatus.LANDED], False, [])
    assert refusals(place) == set()


def test_a_pull_request_that_a_person_closed_means_not_this_version(place: Place) -> None:
    place.town.end(ALPHA)
    place.visit()
    assert refusals(place) == {("alpha", "1.1", SkipReason.DECLINED)}
    assert (statuses(place), ALPHA in place.town.branches()) == ([ProposalStatus.REFUSED], False)
    place.visit()
    assert place.states()["alpha"] is CLOSED


def test_one_that_the_bot_closed_before_it_was_killed_means_nothing(place: Place) -> None:
    place.town.reviews[ALPHA] = replace(place.town.reviews[ALPHA], state=CLOSED, by_person=False)
    place.visit()
    assert refusals(place) == set()
    assert place.states()["alpha"] is OPEN


def test_a_closed_branch_that_is_somebody_elses_stays(place: Place) -> None:
    place.commit_to(ALPHA)
    theirs = place.town.branches()[ALPHA]
    place.town.end(ALPHA)
    place.visit()
    assert place.town.branches()[ALPHA] == theirs
    assert refusals(place) == {("alpha", "1.1", SkipReason.DECLINED)}


def test_an_earlier_pull_request_of_the_branch_says_nothing_of_this_one(place: Place) -> None:
    place.town.reviews[ALPHA] = replace(place.town.reviews[ALPHA], number=40, state=CLOSED, by_person=True)
    place.visit()
    assert refusals(place) == set()


# The dashboard


def test_a_box_takes_a_refusal_back(place: Place) -> None:
    place.town.ask(ALPHA, "/freshline ignore this package")
    place.town.end(BETA)
    place.visit()
    assert {name for name, _, _ in refusals(place)} == {"alpha", "beta"}
    for name in ("alpha", "beta"):
        place.town.tick(name)
        place.visit()
        board = place.town.board()
        assert board is not None
        assert "[x]" not in board.body
        assert place.states()[name] is OPEN
    assert refusals(place) == set()


def test_a_dashboard_that_a_person_closed_is_not_heard(place: Place) -> None:
    place.town.end(ALPHA)
    place.visit()
    place.town.tick("alpha")
    board = place.town.board()
    assert board is not None
    place.town.close_board()
    place.visit()
    assert place.states()["alpha"] is CLOSED


def test_no_dashboard_where_policy_wants_none(tmp_path: Path) -> None:
    place = made(tmp_path / "shop")
    place.policy = combine(DEFAULTS, Policy(pull_requests=PullRequests(dashboard=False)))
    place.write("alpha==1.0")
    place.visit()
    assert place.town.board() is None
    place.store.close()


def test_no_dashboard_while_there_is_nothing_to_show(tmp_path: Path) -> None:
    place = made(tmp_path / "shop")
    place.write("alpha==1.1")
    place.visit()
    assert place.town.board() is None
    place.write("alpha==1.0")
    place.visit()
    assert place.town.board() is not None
    place.store.close()


def test_hands_off_is_said_once(place: Place) -> None:
    place.commit_to(ALPHA)
    for _ in range(2):
        place.visit()
        place.commit_to(ALPHA)
    assert said(place) == [render.hands_off()]
    [record] = [one for one in place.store.proposals(FLEET).all(NAME) if one.branch == ALPHA]
    assert record.told != ""
