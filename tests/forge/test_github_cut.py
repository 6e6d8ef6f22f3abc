"""A pass that is cut off after any request, before or after GitHub carried it out, and then made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.forge.base import ForgeError, Words
from bot.forge.github import GitHubForge
from tests.forge.github_desk import BRANCH, NAME, QUICK, Desk, desk, django

IMPATIENT = replace(QUICK, attempts=1)
Step = Callable[[GitHubForge], object]


def propose(version: str) -> Step:
    """Put the branch on this version and see to its pull request."""

    def step(forge: GitHubForge) -> None:
        found = forge.branches().get(BRANCH)
        forge.propose(BRANCH, django(forge, version), found.head if found else None)
        forge.open(BRANCH, Words(f"Bump django to {version}", "body", ("dependencies", "python")))

    return step


def retire(forge: GitHubForge) -> None:
    """Close the pull request and remove the branch."""
    review, branch = forge.listed().get(BRANCH), forge.branches().get(BRANCH)
    if review is not None:
        forge.close(review.number, "It is not needed any more.")
    if branch is not None:
        forge.delete(BRANCH, branch.head)


STEPS: tuple[Step, ...] = (propose("5.2"), propose("5.3"), retire)


def state(at: Desk) -> object:
    """What people see in the end; commits have times, trees have not."""
    repository = at.github.repository(NAME)
    trees = {name: repository.git.known_commit(sha).tree for name, sha in at.github.branches(NAME).items()}
    pulls = [
        (p.number, p.issue.title, p.issue.body, p.issue.labels, p.issue.state, [c.body for c in p.issue.comments])
        for p in at.github.pulls(NAME)
    ]
    return trees, pulls


def cut_off(at: Desk, step: Step, nth: int, *, after: bool) -> bool:
    """Run a step whose connection is gone from the nth request on; whether it came that far."""
    at.github.faults.drop(nth=nth, times=1000, after=after)
    try:
        step(at.forge(pace=IMPATIENT))
    except ForgeError:
        return True
    finally:
        at.github.faults.clear()
    return False


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(len(STEPS)))
def test_cut_off_anywhere_and_made_again_it_ends_the_same(number: int, after: bool) -> None:
    with desk() as whole:
        for step in STEPS[: number + 1]:
            step(whole.forge())
        wanted = state(whole)
    nth, reached = 1, True
    while reached:
        with desk() as at:
            for step in STEPS[:number]:
                step(at.forge())
            reached = cut_off(at, STEPS[number], nth, after=after)
            STEPS[number](at.forge())
            assert state(at) == wanted, nth
        nth += 1
    assert nth > 4
