from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.forge.base import ForgeError, Review, ReviewState, Words
from bot.forge.github import GitHubForge
from bot.forge.github_errors import GitHubError
from bot.forge.github_pulls import ANOTHER_BASE, LEFT_OUT, MARK
from tests.fakes.github.records import Happened, Pull
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
    assert review == Review(1, ReviewState.OPEN, review.url, pushed, WORDS.title, WORDS.body, node=review.node)
    assert review.node
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


# --- what else is asked for --------------------------------------------------------------------------

FULL = replace(WORDS, assignees=("ann",), reviewers=("bob", "carol"), team_reviewers=("platform",), draft=True)


def people(at: Desk) -> None:
    for login in ("ann", "bob", "carol"):
        at.github.collaborator(NAME, login)
    at.github.repository(NAME).teams.add("platform")


def given(at: Desk, number: int = 1) -> tuple[list[str], list[str], list[str], list[str]]:
    """Labels, assignees, reviewers and teams of a pull request."""
    pull = at.github.pull(NAME, number)
    assigned, asked = ([one.login for one in accounts] for accounts in (pull.issue.assignees, pull.reviewers))
    return list(pull.issue.labels), assigned, asked, list(pull.teams)


EVERYTHING = (list(WORDS.labels), ["ann"], ["bob", "carol"], ["platform"])


def test_with_everything_it_is_six_writes(at: Desk) -> None:
    people(at)
    forge = at.forge()
    commit = django(forge)
    at.github.forget_requests()
    forge.propose(BRANCH, commit, None)
    review = forge.open(BRANCH, FULL)
    assert at.counts() == {"reads": 0, "writes": 6}
    assert given(at) == EVERYTHING
    assert (only(at).draft, review.notes, comments(at)) == (True, (), [])
    at.github.forget_requests()
    assert opened(at, FULL) == review
    assert at.counts()["writes"] == 0


@pytest.mark.parametrize(("tidies", "writes"), [(True, 9), (False, 10)])
def test_a_whole_life(at: Desk, tidies: bool, writes: int) -> None:
    """Opened 5, moved by a newer release 4, merged by a person; GitHub removes the branch, or the bot does: 1."""
    at.github.repository(NAME).delete_branch_on_merge = tidies
    first = at.forge()
    at.github.forget_requests()
    first.propose(BRANCH, django(first), None)
    review = first.open(BRANCH, WORDS)
    later = at.forge()
    later.propose(BRANCH, django(later, "5.3"), review.head)
    review = later.open(BRANCH, replace(WORDS, title="Bump django from 5.1 to 5.3"))
    at.forge().open(BRANCH, replace(WORDS, title="Bump django from 5.1 to 5.3"))
    at.github.merge_pull(NAME, 1)
    last = at.forge()
    assert last.listed()[BRANCH].state is ReviewState.MERGED
    last.delete(BRANCH, review.head)
    assert at.counts()["writes"] == writes
    assert at.github.head(NAME, BRANCH) is None


def test_what_people_took_away_stays_away(at: Desk) -> None:
    people(at)
    opened(at, FULL)
    pull = only(at)
    pull.issue.assignees.clear()
    pull.reviewers.clear()
    pull.teams.clear()
    pull.draft = False
    for name in WORDS.labels:
        at.github.unlabel(NAME, 1, name)
    at.github.forget_requests()
    opened(at, FULL)
    assert (given(at), pull.draft, at.counts()["writes"]) == (([], [], [], []), False, 0)


@pytest.mark.parametrize(
    "words",
    [
        FULL,
        replace(FULL, labels=()),
        replace(FULL, assignees=()),
        replace(FULL, reviewers=()),
        replace(FULL, team_reviewers=()),
        replace(WORDS, labels=(), reviewers=("bob",)),
    ],
)
@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize("how", ["before", "after"])
def test_a_run_that_is_stopped_at_any_write_is_healed(at: Desk, words: Words, nth: int, how: str) -> None:
    people(at)
    if how == "before":
        at.github.faults.fail(403, nth=nth, writes_only=True)
    else:
        at.github.faults.lose_answer(403, nth=nth, writes_only=True)
    try:
        opened(at, words)
    except ForgeError:
        assert nth <= 6
    at.github.faults.clear()
    opened(at, words)
    wanted = (list(words.labels), *(list(x) for x in (words.assignees, words.reviewers, words.team_reviewers)))
    assert given(at) == wanted
    assert (len(at.github.pulls(NAME)), only(at).draft, comments(at)) == (1, words.draft, [])
    at.github.forget_requests()
    opened(at, words)
    assert at.counts()["writes"] == 0


def test_people_who_can_not_be_asked_are_left_out_and_told_once(at: Desk) -> None:
    people(at)
    words = replace(FULL, assignees=("ann", "gone"), reviewers=("bob", "stranger", "freshline"))
    review = opened(at, words)
    assert given(at) == (list(WORDS.labels), ["ann"], ["bob"], ["platform"])
    first, second = review.notes
    assert first.startswith("`stranger`, `freshline` could not be asked for a review")
    assert second.startswith("`gone` could not be assigned")
    (said,) = comments(at)
    assert said == f"{first}\n\n{second}\n\n{LEFT_OUT}"
    at.github.forget_requests()
    again = opened(at, words)
    assert (again.notes, at.counts()["writes"]) == ((), 0)


def test_a_team_that_can_not_be_asked(at: Desk) -> None:
    people(at)
    review = opened(at, replace(FULL, team_reviewers=("nobody",)))
    assert given(at) == (list(WORDS.labels), ["ann"], ["bob", "carol"], [])
    assert "`nobody`" in review.notes[0]


def test_nobody_can_be_asked(at: Desk) -> None:
    words = replace(WORDS, labels=(), reviewers=("x",), team_reviewers=("y",))
    assert "`x`, `y`" in opened(at, words).notes[0]
    at.github.forget_requests()
    opened(at, words)
    assert at.counts()["writes"] == 0


@pytest.mark.parametrize("path", ["requested_reviewers$", "/collaborators/", "/issues/1$", "/issues/1/assignees$"])
def test_a_failure_is_no_refusal(at: Desk, path: str) -> None:
    people(at)
    words = replace(FULL, assignees=("gone",), reviewers=("stranger",))
    at.github.faults.fail(403, path=path)
    with pytest.raises(GitHubError):
        opened(at, words)
    at.github.faults.clear()
    opened(at, words)
    assert given(at) == (list(WORDS.labels), [], [], ["platform"])
    assert len(comments(at)) == 1


def test_drafts_that_a_repository_does_not_have(at: Desk) -> None:
    at.github.repository(NAME).no_drafts = True
    review = opened(at, replace(WORDS, draft=True))
    assert not only(at).draft
    assert "no drafts" in review.notes[0]
    at.github.forget_requests()
    assert opened(at, replace(WORDS, draft=True)).notes == ()
    assert at.counts()["writes"] == 0


def test_a_draft_that_is_there_already_is_adopted(at: Desk) -> None:
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    at.forge().open(BRANCH, replace(WORDS, draft=True))
    assert forge.open(BRANCH, replace(WORDS, draft=True)).number == 1
    assert only(at).draft


def test_code_owners_who_were_asked_by_github_are_not_those_who_were_wanted(at: Desk) -> None:
    people(at)
    at.github.faults.call_before(1, lambda: owner(at), path="requested_reviewers$")
    at.github.faults.fail(403, path="requested_reviewers$")
    with pytest.raises(GitHubError):
        opened(at, FULL)
    opened(at, FULL)
    assert given(at)[2] == ["dana", "bob", "carol"]


def owner(at: Desk) -> None:
    """GitHub asks a code owner in the author's name."""
    account = at.github.collaborator(NAME, "dana")
    pull = only(at)
    pull.reviewers.append(account)
    pull.issue.events.append(Happened("ReviewRequestedEvent", pull.issue.user, account))


# --- another base ----------------------------------------------------------------------------------


def rebased(at: Desk) -> None:
    """The repository gets another default branch."""
    at.github.push(NAME, "next", {"NEXT": "1"})
    at.github.repository(NAME).default_branch = "next"


def test_another_default_branch_is_one_write(at: Desk) -> None:
    opened(at)
    rebased(at)
    forge = at.forge()
    at.github.forget_requests()
    assert forge.open(BRANCH, replace(WORDS, title="Other")).number == 1
    assert at.counts() == {"reads": 1, "writes": 1}
    assert (only(at).base, only(at).issue.title) == ("next", "Other")
    at.forge().open(BRANCH, replace(WORDS, title="Other"))
    assert at.counts()["writes"] == 1


def test_a_default_branch_that_was_renamed_takes_its_pull_requests_along(at: Desk) -> None:
    opened(at)
    at.github.rename_branch(NAME, "main", "trunk")
    forge = at.forge()
    at.github.forget_requests()
    assert forge.open(BRANCH, WORDS).number == 1
    assert (only(at).base, at.counts()["writes"]) == ("trunk", 0)


def test_one_that_can_not_go_to_the_new_base_makes_room_for_the_one_that_does(at: Desk) -> None:
    opened(at)
    rebased(at)
    at.github.open_pull(NAME, BRANCH, by="freshline[bot]")
    at.github.repository(NAME).default_branch = "main"
    # Now the newest goes to "next", where it should not, and an older one to "main".
    assert at.forge().open(BRANCH, WORDS).number == 1
    first, second = at.github.pulls(NAME)
    assert (first.open, first.base, second.open) == (True, "main", False)
    (why,) = second.issue.comments
    assert why.body == f"{ANOTHER_BASE}\n\n{MARK}"
    at.github.forget_requests()
    assert at.forge().open(BRANCH, WORDS).number == 1
    assert at.counts()["writes"] == 0


def test_one_that_github_does_not_retarget_is_opened_anew(at: Desk) -> None:
    opened(at)
    rebased(at)
    at.github.faults.fail(422, path="/pulls/1$", method="PATCH")
    assert at.forge().open(BRANCH, WORDS).number == 2
    first, second = at.github.pulls(NAME)
    assert (first.open, second.open, second.base) == (False, True, "next")
    assert given(at, 2)[0] == list(WORDS.labels)
    assert states(at.forge()) == {BRANCH: (2, ReviewState.OPEN, False)}


def test_words_that_github_refuses_are_an_error(at: Desk) -> None:
    opened(at)
    at.github.faults.fail(422, path="/pulls/1$", method="PATCH")
    with pytest.raises(GitHubError):
        at.forge().open(BRANCH, replace(WORDS, title="Other"))
    assert only(at).open


# --- what changes half-way --------------------------------------------------------------------------


def test_an_archived_repository_says_so(at: Desk) -> None:
    opened(at)
    forge = at.forge()
    at.github.archive(NAME)
    for attempt in (
        lambda: forge.open(BRANCH, replace(WORDS, title="Other")),
        lambda: forge.close(1, "Why."),
        lambda: forge.say(1, "Hello"),
        lambda: forge.write_board("Board", "words"),
    ):
        with pytest.raises(GitHubError) as error:
            attempt()
        refused(error, "The repository is archived", NAME)


def test_a_repository_that_is_gone_half_way(at: Desk) -> None:
    opened(at)
    forge = at.forge()
    assert forge.listed()
    at.github.delete_repository(NAME)
    for attempt in (
        lambda: forge.open(BRANCH, replace(WORDS, title="Other")),
        lambda: forge.close(1, "Why."),
        lambda: forge.write_board("Board", "words"),
    ):
        with pytest.raises(GitHubError) as error:
            attempt()
        refused(error, "GitHub shows no such thing", NAME)


def test_an_app_that_is_removed_half_way(at: Desk) -> None:
    opened(at)
    forge = at.forge()
    assert forge.listed()
    at.github.uninstall(at.installation)
    for attempt in (lambda: forge.open(BRANCH, replace(WORDS, title="Other")), lambda: forge.close(1, "Why.")):
        with pytest.raises(GitHubError) as error:
            attempt()
        refused(error)
    assert only(at).open


def test_a_repository_that_was_renamed_is_tended_under_its_new_name(at: Desk) -> None:
    opened(at)
    at.github.rename_repository(NAME, "store")
    forge = at.forge()
    at.github.forget_requests()
    forge.open(BRANCH, replace(WORDS, title="Other"))
    forge.close(1, "Why.")
    assert not at.github.pulls("acme/store")[0].open
    written = [one.path for one in at.github.requests if one.method in {"PATCH", "POST"} and one.path != "/graphql"]
    assert all(path.startswith("/repos/acme/store/") for path in written if not path.startswith("/app/"))


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


def test_a_locked_one_is_closed_without_a_word(at: Desk) -> None:
    opened(at)
    only(at).issue.locked = True
    at.forge().close(1, "Why.")
    assert (only(at).issue.state, comments(at)) == ("closed", [])


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


def test_the_same_pass_may_change_its_words_again(at: Desk) -> None:
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    first = forge.open(BRANCH, WORDS)
    at.github.forget_requests()
    assert forge.open(BRANCH, replace(WORDS, labels=("other",))) == first
    assert forge.open(BRANCH, replace(WORDS, title="Other")).title == "Other"
    assert (at.counts(), only(at).issue.title) == ({"reads": 0, "writes": 1}, "Other")


def test_one_that_the_pass_closed_is_followed_by_another(at: Desk) -> None:
    opened(at)
    forge = at.forge()
    forge.close(1, "Why.")
    assert forge.open(BRANCH, WORDS).number == 2
    forge.close(2, "Why.")
    assert forge.open(BRANCH, WORDS).number == 3
    assert [one.open for one in at.github.pulls(NAME)] == [False, False, True]
