"""People close, commit, tick boxes and have branches of their own."""

from __future__ import annotations

from tests.stories.conftest import versions
from tests.stories.fleet_desk import ALPHA, FILES, PAD, POLICY, SHOP, Fleet


def newer(fleet: Fleet) -> None:
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))


# Commits of other people


def test_a_branch_that_somebody_committed_to_is_theirs_and_that_is_said_once(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    theirs = fleet.github.push(SHOP, ALPHA, {"notes.txt": "mine"})
    newer(fleet)
    assert "1 unchanged, 1 left alone" in fleet.run()
    (said,) = fleet.said(number)
    assert said.startswith("Somebody else committed to this branch: it is yours now")
    assert "### In your hands" in fleet.board()
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2", "1.3"))
    fleet.run()
    assert fleet.github.branches(SHOP)[ALPHA] == theirs
    assert len(fleet.said(number)) == 1


def test_recreate_takes_it_back(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    fleet.github.push(SHOP, ALPHA, {"notes.txt": "mine"})
    fleet.run()
    fleet.github.comment(SHOP, number, "/freshline recreate")
    assert "1 moved" in fleet.run()
    assert fleet.open()[ALPHA] == number
    assert "notes.txt" not in fleet.github.files(SHOP, ALPHA)
    assert fleet.reactions(number) == [["+1"]]
    fleet.github.push(SHOP, ALPHA, {"notes.txt": "again"})
    fleet.run()
    assert len(fleet.said(number)) == 1  # the very same words are not said twice on one pull request


def test_a_tick_in_your_hands_takes_it_back_too(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.push(SHOP, ALPHA, {"notes.txt": "mine"})
    fleet.run()
    fleet.tick("alpha")
    fleet.run()
    assert "notes.txt" not in fleet.github.files(SHOP, ALPHA)
    assert "[x]" not in fleet.board()
    assert "In your hands" not in fleet.board()


def test_an_amended_commit_is_somebodys_own(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.rewrite(SHOP, ALPHA, {"requirements.txt": "alpha==1.1\nbeta==2.0\n# mine\n"})
    theirs = fleet.github.branches(SHOP)[ALPHA]
    newer(fleet)
    fleet.run()
    assert fleet.github.branches(SHOP)[ALPHA] == theirs


# Closing


def test_closing_means_not_this_version(fleet: Fleet) -> None:
    fleet.run()
    first = fleet.open()[ALPHA]
    fleet.github.close_pull(SHOP, first)
    fleet.run()
    assert fleet.open().keys() == {PAD}
    assert ALPHA not in fleet.github.branches(SHOP)
    assert "### Declined" in fleet.board()
    newer(fleet)
    fleet.run()
    assert fleet.open()[ALPHA] > first
    assert fleet.file(ALPHA) == "alpha==1.2\nbeta==2.0\n"


def test_a_tick_brings_a_declined_version_back(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.close_pull(SHOP, fleet.open()[ALPHA])
    fleet.run()
    fleet.tick("`alpha` 1.1")
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}
    assert "Declined" not in fleet.board()
    fleet.run()


def test_recreate_on_a_closed_one_brings_it_back(fleet: Fleet) -> None:
    fleet.run()
    first = fleet.open()[ALPHA]
    fleet.github.close_pull(SHOP, first)
    fleet.rest()
    fleet.github.comment(SHOP, first, "/freshline recreate")
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}
    assert fleet.reactions(first) == [["+1"]]


def test_one_that_is_opened_again_by_hand_is_taken_up(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    fleet.github.close_pull(SHOP, number)
    fleet.github.reopen_pull(SHOP, number)
    fleet.run()
    assert fleet.open()[ALPHA] == number


def test_a_branch_that_is_deleted_by_hand(fleet: Fleet) -> None:
    """GitHub closes its pull request, in the name of whoever deleted it."""
    fleet.run()
    fleet.github.delete_branch(SHOP, ALPHA)
    fleet.run()
    assert fleet.open().keys() == {PAD}


# Pull requests of other people


def test_a_pull_request_of_somebody_else_is_never_touched(fleet: Fleet) -> None:
    theirs = fleet.github.push(SHOP, ALPHA, {"requirements.txt": "alpha==1.1\nbeta==2.0\n"})
    pull = fleet.github.open_pull(SHOP, ALPHA, title="Mine")
    stray = fleet.github.push(SHOP, "freshline/pypi/gamma", {"gamma.txt": "1"})
    other = fleet.github.open_pull(SHOP, "freshline/pypi/gamma", title="Mine too")
    fleet.run()
    newer(fleet)
    fleet.rest()
    assert fleet.github.branches(SHOP)[ALPHA] == theirs
    assert fleet.github.branches(SHOP)["freshline/pypi/gamma"] == stray
    assert (pull.issue.title, other.issue.title) == ("Mine", "Mine too")
    assert pull.open
    assert other.open
    assert fleet.said(pull.number) == fleet.said(other.number) == []


def test_a_command_on_a_pull_request_of_somebody_else_is_not_for_us(fleet: Fleet) -> None:
    fleet.github.push(SHOP, "feature", {"x.txt": "1"})
    pull = fleet.github.open_pull(SHOP, "feature")
    fleet.run()
    fleet.github.comment(SHOP, pull.number, "/freshline ignore this package")
    fleet.receive()
    fleet.attend()
    assert fleet.reactions(pull.number) == [[]]
    assert pull.open


def test_one_from_a_fork_that_is_called_like_ours_is_never_touched(fleet: Fleet) -> None:
    fleet.github.fork(SHOP, "mallory")
    fleet.github.push("mallory/shop", ALPHA, {"requirements.txt": "alpha==6.6.6\n"}, author="mallory")
    pull = fleet.github.open_pull(SHOP, f"mallory:{ALPHA}", by="mallory")
    fleet.run()
    mine = next(one for one in fleet.github.pulls(SHOP, "open") if one.head == ALPHA and one is not pull)
    assert fleet.file(ALPHA) == "alpha==1.1\nbeta==2.0\n"
    fleet.github.comment(SHOP, pull.number, "/freshline quarantine", by="mallory")
    fleet.rest()
    assert pull.open
    assert mine.open
    assert fleet.said(pull.number) == []


# The dashboard


def test_the_dashboard_is_written_only_when_something_changes(fleet: Fleet) -> None:
    fleet.run()
    assert "### Open" in fleet.board()
    fleet.run()
    assert fleet.writes() == []
    fleet.github.push(SHOP, "main", {"README.md": "words"})
    fleet.run()
    assert fleet.writes() == []
    newer(fleet)
    fleet.run()
    (issue,) = fleet.boards()
    assert f"PATCH /repos/{SHOP}/issues/{issue.number}" in fleet.writes()
    assert "alpha from 1.0 to 1.2" in fleet.board()


def test_there_is_none_while_there_is_nothing_to_show(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/calm", {"requirements.txt": "alpha==1.1\n"})
    fleet.run()
    assert fleet.boards("acme/calm") == []


def test_one_that_a_person_closed_stays_closed(fleet: Fleet) -> None:
    fleet.run()
    (issue,) = fleet.boards()
    words = issue.body
    fleet.github.edit(SHOP, issue.number, state="closed")
    newer(fleet)
    fleet.run()
    assert fleet.boards() == [issue]
    assert (issue.state, issue.body) == ("closed", words)


def test_one_that_a_person_deleted_words_of_is_mended(fleet: Fleet) -> None:
    fleet.run()
    (issue,) = fleet.boards()
    fleet.github.edit(SHOP, issue.number, title="Our updates")
    fleet.run()
    assert fleet.boards() == [issue]


def test_policy_can_do_without_it(fleet: Fleet) -> None:
    fleet.github.push(SHOP, "main", {POLICY: "[pull_requests]\ndashboard = false\n"})
    fleet.run()
    assert fleet.boards() == []


def test_a_tick_rebuilds_an_open_one(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.push(SHOP, "main", {"README.md": "words"})
    fleet.run()
    before = fleet.github.branches(SHOP)
    fleet.tick("alpha")
    fleet.run()
    after = fleet.github.branches(SHOP)
    assert after[ALPHA] != before[ALPHA]
    assert after[PAD] == before[PAD]
    assert "[x]" not in fleet.board()


def test_a_tick_takes_up_an_ignored_package_again(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.comment(SHOP, fleet.open()[ALPHA], "/freshline ignore this package")
    fleet.run()
    assert "### Ignored" in fleet.board()
    fleet.tick("`alpha`")
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}


def test_all_that_wait_come_with_one_tick(fleet: Fleet) -> None:
    fleet.desk.registry.pypi("beta", versions("2.0", "2.1"))
    fleet.github.push(SHOP, "main", {POLICY: "[pull_requests]\nmax_open = 1\n", **FILES})
    fleet.run()
    assert len(fleet.open()) == 1
    fleet.tick("All of them at once")
    fleet.run()
    assert len(fleet.open()) == 3
    assert "[x]" not in fleet.board()
