from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.forge.base import ForgeError, Review, ReviewState, Words
from bot.forge.github import GitHubForge
from bot.forge.github_errors import GitHubError
from bot.forge.github_pulls import MARK
from tests.fakes.github.records import Pull
from tests.forge.github_desk import BRANCH, NAME, Desk, desk, django, head, refused

WORDS = Words("Bump django from 5.1 to 5.2", "| package |\n|---|\n| django |\n", ("dependencies", "python"))


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


def opened(at: Desk, words: Words = WORDS) -> Review:
    """A pull request from the usual branch, opened in a pass of its own."""
    forge = at.forge()
    known = forge.branches().get(BRANCH)
    forge.propose(BRANCH, django(forge), known.head if known else None)
    return forge.open(BRANCH, words)


def only(at: Desk) -> Pull:
    (pull,) = at.github.pulls(NAME)
    return pull


def comments(at: Desk) -> list[str]:
    return [comment.body.removesuffix(f"\n\n{MARK}") for comment in only(at).issue.comments]


# --- opening ---------------------------------------------------------------------------------------


def test_a_new_pull_request_is_five_writes(at: Desk) -> None:
    forge = at.forge()
    commit = django(forge)
    at.github.forget_requests()
    pushed = head(forge.propose(BRANCH, commit, None))
    review = forge.open(BRANCH, WORDS)
    assert at.counts() == {"reads": 0, "writes": 5}
    pull = only(at)
    assert (pull.issue.title, pull.issue.body, pull.issue.labels) == (WORDS.title, WORDS.body, list(WORDS.labels))
    assert (pull.base, pull.head, pull.head_sha, pull.maintainer_can_modify) == ("main", BRANCH, pushed, False)
    assert pull.issue.user.login == "freshline[bot]"
    assert review == Review(1, ReviewState.OPEN, review.url, pushed, WORDS.title, WORDS.body)
    assert review.url.endswith("/acme/shop/pull/1")
    assert forge.listed() == {BRANCH: review}


def test_the_same_again_writes_nothing(at: Desk) -> None:
    review = opened(at)
    at.github.forget_requests()
    forge = at.forge()
    assert forge.listed() == {BRANCH: review}
    assert forge.open(BRANCH, WORDS) == review
    assert forge.open(BRANCH, WORDS) == review
    assert at.counts() == {"reads": 1, "writes": 0}


def test_other_words_are_one_write(at: Desk) -> None:
    opened(at)
    forge = at.forge()
    at.github.forget_requests()
    changed = forge.open(BRANCH, Words("Bump django from 5.1 to 5.3", "new\r\n", WORDS.labels))
    assert at.counts() == {"reads": 1, "writes": 1}
    assert (only(at).issue.title, only(at).issue.body) == ("Bump django from 5.1 to 5.3", "new\r\n")
    assert at.forge().open(BRANCH, Words(changed.title, "new\n", WORDS.labels)).number == 1
    assert at.counts()["writes"] == 1


def test_a_branch_that_moved_keeps_its_pull_request(at: Desk) -> None:
    first = opened(at)
    forge = at.forge()
    moved = head(forge.propose(BRANCH, django(forge, "5.3"), first.head))
    later = forge.open(BRANCH, WORDS)
    assert (later.number, later.head) == (1, moved)
    assert forge.listed()[BRANCH].head == moved


def test_no_labels_are_no_write(at: Desk) -> None:
    opened(at, Words("t", "b"))
    assert only(at).issue.labels == []
    assert at.counts()["writes"] == 4


def test_labels_that_a_stopped_run_left_out_are_added(at: Desk) -> None:
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    at.github.faults.fail(500, times=10, path="/labels$")
    with pytest.raises(GitHubError):
        forge.open(BRANCH, WORDS)
    at.github.faults.clear()
    assert opened(at).number == 1
    assert only(at).issue.labels == list(WORDS.labels)


def test_a_label_that_somebody_took_off_stays_off(at: Desk) -> None:
    opened(at, Words("t", "b", ("dependencies",)))
    at.github.unlabel(NAME, 1, "dependencies")
    opened(at, Words("t", "b", ("dependencies",)))
    assert only(at).issue.labels == []


def test_labels_that_are_there_are_not_written_again(at: Desk) -> None:
    opened(at, Words("t", "b", ("dependencies",)))
    at.github.forget_requests()
    opened(at, Words("t", "b", ("Dependencies",)))
    assert at.counts()["writes"] == 0


def test_long_texts_are_cut(at: Desk) -> None:
    body = "a line of words\n" * 6000
    opened(at, Words("t" * 300, body))
    said = only(at).issue.body or ""
    assert len(said) <= 65_536
    assert "a line of words\n\n*The rest was left out" in said
    assert only(at).issue.title == "t" * 255 + "…"
    at.github.forget_requests()
    opened(at, Words("t" * 300, body))
    assert at.counts()["writes"] == 0
    opened(at, Words("t", "x" * 70_000))
    assert (only(at).issue.body or "").startswith("xxx")


def test_an_answer_that_is_lost_does_not_open_two(at: Desk) -> None:
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    at.github.faults.drop(after=True, path="/pulls$")
    assert forge.open(BRANCH, WORDS).number == 1
    assert only(at).issue.labels == list(WORDS.labels)


def test_one_that_appeared_during_the_pass_is_adopted(at: Desk) -> None:
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    other = at.forge()
    other.open(BRANCH, Words("old title", "old body", WORDS.labels))
    assert forge.open(BRANCH, WORDS).number == 1
    assert only(at).issue.title == WORDS.title


def test_somebody_elses_pull_request_from_our_branch_is_left_alone(at: Desk) -> None:
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    at.github.open_pull(NAME, BRANCH, title="Mine", by="maintainer")
    for one in (forge, at.forge()):
        with pytest.raises(ForgeError) as error:
            one.open(BRANCH, WORDS)
        refused(error, "Pull request 1", "maintainer's", "left alone")
        with pytest.raises(ForgeError):
            one.close(1, "not needed")
    assert (only(at).issue.title, only(at).issue.state) == ("Mine", "open")
    assert at.forge().listed() == {}


def test_an_opening_that_fails_is_an_error(at: Desk) -> None:
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    at.github.faults.fail(500, times=10, path="/pulls$")
    with pytest.raises(GitHubError) as error:
        forge.open(BRANCH, WORDS)
    refused(error, "GitHub failed")


def test_a_branch_that_is_not_there_has_none(at: Desk) -> None:
    with pytest.raises(ForgeError) as error:
        at.forge().open(BRANCH, WORDS)
    refused(error, "There is no branch")


def test_a_branch_with_nothing_new_has_none(at: Desk) -> None:
    at.github.world.repository(NAME).git.set_ref(f"refs/heads/{BRANCH}", at.github.head(NAME))
    with pytest.raises(GitHubError) as error:
        at.forge().open(BRANCH, WORDS)
    refused(error, "No commits between")


# --- closing ---------------------------------------------------------------------------------------


def test_closing_says_why_once(at: Desk) -> None:
    opened(at)
    forge = at.forge()
    at.github.forget_requests()
    forge.close(1, "It is not needed any more.")
    assert at.counts()["writes"] == 2
    assert (only(at).issue.state, comments(at)) == ("closed", ["It is not needed any more."])
    assert forge.listed()[BRANCH].state is ReviewState.CLOSED
    forge.close(1, "It is not needed any more.")
    at.forge().close(1, "Something else.")
    assert comments(at) == ["It is not needed any more."]


def test_a_run_that_stopped_after_the_comment_does_not_repeat_it(at: Desk) -> None:
    opened(at)
    at.github.faults.fail(500, times=10, method="PATCH")
    with pytest.raises(GitHubError):
        at.forge().close(1, "Why.")
    assert only(at).issue.state == "open"
    at.github.faults.clear()
    at.forge().close(1, "Why.")
    assert (only(at).issue.state, comments(at)) == ("closed", ["Why."])


def test_a_comment_whose_answer_is_lost_is_not_sent_twice(at: Desk) -> None:
    opened(at)
    at.github.faults.drop(after=True, path="/comments$")
    at.forge().close(1, "Why.")
    assert comments(at) == ["Why."]
    assert only(at).issue.state == "closed"


def test_a_comment_that_never_arrived_is_an_error(at: Desk) -> None:
    opened(at)
    at.github.faults.fail(502, path="/comments$")
    with pytest.raises(GitHubError):
        at.forge().close(1, "Why.")
    assert (only(at).issue.state, comments(at)) == ("open", [])
    at.github.faults.clear()
    at.github.comment(NAME, 1, "Why.", by="somebody")
    at.forge().close(1, "Why.")
    assert comments(at) == ["Why.", "Why."]


def test_a_pull_request_that_is_not_there(at: Desk) -> None:
    with pytest.raises(GitHubError) as error:
        at.forge().close(77, "Why.")
    refused(error, "GitHub shows no such thing")


# --- listing ---------------------------------------------------------------------------------------


def states(forge: GitHubForge) -> dict[str, tuple[int, ReviewState, bool]]:
    return {branch: (r.number, r.state, r.by_person) for branch, r in forge.listed().items()}


def test_who_closed_it(at: Desk) -> None:
    opened(at)
    at.github.close_pull(NAME, 1, by="maintainer")
    assert states(at.forge()) == {BRANCH: (1, ReviewState.CLOSED, True)}
    at.github.reopen_pull(NAME, 1)
    at.forge().close(1, "not needed")
    assert states(at.forge()) == {BRANCH: (1, ReviewState.CLOSED, False)}


def test_one_whose_branch_we_removed_was_not_closed_by_a_person(at: Desk) -> None:
    review = opened(at)
    at.forge().delete(BRANCH, review.head)
    assert states(at.forge()) == {BRANCH: (1, ReviewState.CLOSED, False)}
    assert at.forge().listed()[BRANCH].body == ""


def test_a_merged_one(at: Desk) -> None:
    review = opened(at)
    at.github.merge_pull(NAME, 1)
    listed = at.forge().listed()[BRANCH]
    assert (listed.state, listed.by_person, listed.head) == (ReviewState.MERGED, False, review.head)


def test_the_newest_of_a_branch_counts(at: Desk) -> None:
    opened(at)
    at.github.close_pull(NAME, 1)
    forge = at.forge()
    forge.propose(BRANCH, django(forge, "5.3"), at.github.head(NAME, BRANCH))
    assert forge.open(BRANCH, WORDS).number == 2
    assert states(at.forge()) == {BRANCH: (2, ReviewState.OPEN, False)}
    assert at.forge().listed()[BRANCH].body == WORDS.body


def test_an_open_one_is_listed_behind_a_hundred_others(at: Desk) -> None:
    opened(at)
    for n in range(101):
        at.github.push(NAME, f"topic/{n}", {"x": str(n)})
        at.github.open_pull(NAME, f"topic/{n}")
    assert states(at.forge()) == {BRANCH: (1, ReviewState.OPEN, False)}


def test_a_fork_with_our_branch_name_is_nobody_of_ours(at: Desk) -> None:
    at.github.fork(NAME, "mallory")
    at.github.push("mallory/shop", BRANCH, {"evil": "1"}, author="mallory")
    at.github.open_pull(NAME, f"mallory:{BRANCH}", by="mallory")
    assert at.forge().listed() == {}
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    assert forge.open(BRANCH, WORDS).number == 2
    assert states(at.forge()) == {BRANCH: (2, ReviewState.OPEN, False)}


def test_a_plain_token_tends_its_own(at: Desk) -> None:
    token = at.github.personal_token()
    forge = at.forge(token=token)
    forge.propose(BRANCH, django(forge), None)
    review = forge.open(BRANCH, WORDS)
    assert at.forge(token=token).listed() == {BRANCH: review}
    assert at.forge().listed() == {}


def test_a_plain_tokens_user_may_close_by_hand(at: Desk) -> None:
    token = at.github.personal_token("maintainer")
    forge = at.forge(token=token)
    forge.propose(BRANCH, django(forge), None)
    forge.open(BRANCH, WORDS)
    at.github.close_pull(NAME, 1, by="maintainer")
    assert states(at.forge(token=token)) == {BRANCH: (1, ReviewState.CLOSED, True)}
    at.github.reopen_pull(NAME, 1)
    at.forge(token=token).close(1, "not needed")
    at.github.comment(NAME, 1, "Why was that?", by="maintainer")
    assert states(at.forge(token=token)) == {BRANCH: (1, ReviewState.CLOSED, False)}
