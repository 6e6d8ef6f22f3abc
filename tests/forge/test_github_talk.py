from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bot.core.budget import Work
from bot.core.dashboard import MARKER
from bot.forge.base import Asked, Board, Conversation, ForgeError, PullRequests, Reaction, Words
from bot.forge.github import GitHub, GitHubForge, Unpaced
from bot.forge.github_errors import GitHubError
from bot.forge.github_graphql import OVERVIEW
from tests.fakes.github.graphql import Query
from tests.fakes.github.records import Comment, Issue
from tests.forge.github_desk import BRANCH, NAME, QUICK, Desk, desk, django, refused

TITLE = "Freshline dashboard"
BODY = f"{MARKER}\n\n- [ ] one\n"


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


@pytest.fixture
def opened(at: Desk) -> Desk:
    """The desk with pull request 1 open from the usual branch."""
    forge = at.forge()
    forge.propose(BRANCH, django(forge), None)
    forge.open(BRANCH, Words("Bump django", "words"))
    return at


def ask(at: Desk, body: str = "/freshline rebase", by: str = "maintainer") -> Comment:
    return at.github.comment(NAME, 1, body, by=by)


def said(at: Desk, number: int = 1) -> list[str]:
    return [one.body for one in at.github.repository(NAME).issues[number].comments]


def asked(forge: GitHubForge) -> list[tuple[int, str, str]]:
    return [(one.number, one.author, one.body) for one in forge.asked()]


def test_the_forge_keeps_its_promises(at: Desk) -> None:
    forge: GitHubForge = at.forge()
    talks: Conversation = forge
    pulls: PullRequests = forge
    assert (talks.asked(), talks.board(), talks.has_issues(), pulls.listed()) == ((), None, True, {})


# --- what people ask for ---------------------------------------------------------------------------


def test_only_comments_to_the_bot_are_read_oldest_first(opened: Desk) -> None:
    ask(opened, "Nice!")
    first = ask(opened, "  /Freshline rebase\n\nplease")
    ask(opened, "what does /freshline rebase do?")
    ask(opened, "> /freshline merge")
    second = ask(opened, "/freshline help", by="stranger")
    opened.github.forget_requests()
    forge = opened.forge()
    assert forge.asked() == (
        Asked(1, BRANCH, first.id, "maintainer", "/Freshline rebase\n\nplease"),
        Asked(1, BRANCH, second.id, "stranger", "/freshline help"),
    )
    assert opened.counts() == {"reads": 1, "writes": 0}


def test_long_ones_are_cut_and_ids_may_be_large(opened: Desk) -> None:
    one = ask(opened, "/freshline " + "x" * 5000)
    one.id = 5_000_000_000
    (found,) = opened.forge().asked()
    assert (len(found.body), found.comment) == (1000, 5_000_000_000)
    opened.forge().answer(found, Reaction.DONE)
    assert [reaction.content for reaction in one.reactions] == ["+1"]


def test_neither_its_own_nor_an_apps(opened: Desk) -> None:
    opened.forge().say(1, "/freshline rebase")
    opened.github.create_app("robot")
    ask(opened, "/freshline rebase", by="robot[bot]")
    assert said(opened) == ["/freshline rebase"] * 2
    assert asked(opened.forge()) == []


def test_only_on_its_own_pull_requests(at: Desk) -> None:
    at.github.push(NAME, "topic", {"x": "1"})
    at.github.open_pull(NAME, "topic")
    at.github.push(NAME, BRANCH, {"x": "1"})
    at.github.open_pull(NAME, BRANCH)
    at.github.fork(NAME, "mallory")
    at.github.push("mallory/shop", "freshline/npm/evil", {"evil": "1"}, author="mallory")
    at.github.open_pull(NAME, "mallory:freshline/npm/evil", by="mallory")
    at.github.open_issue(NAME, "Issue")
    for number in (1, 2, 3, 4):
        at.github.comment(NAME, number, "/freshline merge when green")
    forge = at.forge()
    assert forge.asked() == ()
    for number in (1, 2, 3):
        with pytest.raises(ForgeError) as error:
            forge.say(number, "Hello")
        refused(error, f"Pull request {number} is somebody else's")
        with pytest.raises(ForgeError):
            forge.answer(Asked(number, BRANCH, 1, "x", "/freshline"), Reaction.DONE, "Hello")
    with pytest.raises(GitHubError):
        forge.say(4, "Hello")
    assert [len(said(at, number)) for number in (1, 2, 3, 4)] == [1, 1, 1, 1]


def test_a_persons_own_pull_request_is_no_bots_though_it_lends_its_token(at: Desk) -> None:
    at.github.push(NAME, "topic", {"x": "1"})
    at.github.open_pull(NAME, "topic", by="maintainer")
    forge = at.forge(token=at.github.personal_token("maintainer"))
    assert forge.listed() == {}
    with pytest.raises(ForgeError):
        forge.close(1, "Why.")
    with pytest.raises(ForgeError):
        forge.say(1, "Hello")
    assert (said(at), at.github.pull(NAME, 1).open) == ([], True)


def test_closed_ones_are_listened_to_by_their_last_comments(opened: Desk) -> None:
    opened.github.close_pull(NAME, 1)
    opened.github.delete_branch(NAME, BRANCH)
    for n in range(6):
        ask(opened, f"/freshline {n}")
    assert [body for _, _, body in asked(opened.forge())] == [f"/freshline {n}" for n in range(1, 6)]


def test_open_ones_by_more_of_them(opened: Desk) -> None:
    for n in range(25):
        ask(opened, f"/freshline {n}")
    assert [body for _, _, body in asked(opened.forge())] == [f"/freshline {n}" for n in range(5, 25)]


# --- who may ---------------------------------------------------------------------------------------


def test_who_may_write(at: Desk) -> None:
    roles = {"ann": "admin", "max": "maintain", "wil": "write", "tri": "triage", "rea": "read"}
    for login, role in roles.items():
        at.github.collaborator(NAME, login, role)
    forge = at.forge()
    assert [login for login in (*roles, "nobody") if forge.may_write(login)] == ["ann", "max", "wil"]
    at.github.forget_requests()
    assert forge.may_write("ann")
    assert not forge.may_write("nobody")
    assert at.counts()["reads"] == 0


@pytest.mark.parametrize("login", ["", "../x", "a/b", "a b", "a?b", "ann\n", "x" * 101, "robot[bot]"])
def test_what_is_no_login_is_not_asked_for(at: Desk, login: str) -> None:
    assert not at.forge().may_write(login)
    assert not any("collaborators" in one.path for one in at.github.requests)


def test_a_failure_is_no_answer(at: Desk) -> None:
    at.github.faults.fail(500, times=10, path="/permission$")
    with pytest.raises(GitHubError):
        at.forge().may_write("ann")


# --- answers ---------------------------------------------------------------------------------------


def test_an_answer_is_a_reply_and_a_reaction_once(opened: Desk) -> None:
    comment = ask(opened)
    forge = opened.forge()
    (one,) = forge.asked()
    assert not forge.answered(one)
    opened.github.forget_requests()
    forge.answer(one, Reaction.UNSURE, "I can't do that.")
    assert opened.counts()["writes"] == 2
    assert [(r.user.login, r.content) for r in comment.reactions] == [("freshline[bot]", "confused")]
    assert said(opened)[1].startswith("I can't do that.\n\n<!-- freshline: answer to ")
    again = opened.forge()
    opened.github.forget_requests()
    assert again.answered(again.asked()[0])
    assert opened.counts() == {"reads": 1, "writes": 0}
    again.answer(one, Reaction.UNSURE, "I can't do that. Really.")
    assert (len(said(opened)), len(comment.reactions)) == (2, 1)


def test_a_reaction_alone(opened: Desk) -> None:
    comment = ask(opened)
    opened.github.forget_requests()
    forge = opened.forge()
    (one,) = forge.asked()
    forge.answer(one, Reaction.DONE)
    assert (opened.counts()["writes"], len(comment.reactions), len(said(opened))) == (1, 1, 1)
    assert forge.answered(one)


def test_somebody_elses_reaction_is_no_answer(opened: Desk) -> None:
    comment = ask(opened)
    person = opened.github.personal_token("freshline")
    plain = opened.forge(token=person)
    plain.answer(Asked(1, BRANCH, comment.id, "maintainer", "/freshline"), Reaction.DONE)
    forge = opened.forge()
    assert not forge.answered(forge.asked()[0])


def test_a_comment_that_is_gone_needs_no_answer(opened: Desk) -> None:
    comment = ask(opened)
    forge = opened.forge()
    (one,) = forge.asked()
    opened.github.pull(NAME, 1).issue.comments.remove(comment)
    assert forge.answered(one)
    forge.answer(one, Reaction.DONE)
    opened.github.faults.fail(403, times=2, path="/reactions")
    with pytest.raises(GitHubError):
        forge.answered(one)
    with pytest.raises(GitHubError):
        forge.answer(one, Reaction.DONE)


def test_a_run_that_stops_between_reply_and_reaction(opened: Desk) -> None:
    comment = ask(opened)
    opened.github.faults.fail(500, times=10, path="/reactions$", method="POST")
    forge = opened.forge()
    (one,) = forge.asked()
    with pytest.raises(GitHubError):
        forge.answer(one, Reaction.DONE, "Done.")
    opened.github.faults.clear()
    opened.forge().answer(one, Reaction.DONE, "Done.")
    assert (len(said(opened)), len(comment.reactions)) == (2, 1)


def test_the_same_answer_to_two_comments(opened: Desk) -> None:
    ask(opened)
    ask(opened)
    forge = opened.forge()
    for one in forge.asked():
        forge.answer(one, Reaction.REFUSED, "No.")
    assert len(said(opened)) == 4


def test_something_is_said_once(opened: Desk) -> None:
    forge = opened.forge()
    forge.say(1, "It is yours now.")
    forge.say(1, "It is yours now.")
    opened.forge().say(1, "It is yours now.\r\n")
    assert said(opened) == ["It is yours now."]
    opened.github.faults.drop(after=True, path="/comments$")
    forge.say(1, "Another thing.")
    assert said(opened) == ["It is yours now.", "Another thing."]


def test_a_locked_conversation_is_told(opened: Desk) -> None:
    opened.github.pull(NAME, 1).issue.locked = True
    with pytest.raises(GitHubError) as error:
        opened.forge().say(1, "Hello")
    refused(error, "locked")


# --- the dashboard ---------------------------------------------------------------------------------


def boards(at: Desk) -> list[Issue]:
    return [one for one in at.github.repository(NAME).issues.values() if one.pull is None]


def only(at: Desk) -> Issue:
    (issue,) = boards(at)
    return issue


def test_the_dashboard_is_opened_in_one_write(at: Desk) -> None:
    forge = at.forge()
    assert (forge.board(), forge.has_issues()) == (None, True)
    at.github.forget_requests()
    made = forge.write_board(TITLE, BODY)
    assert at.counts()["writes"] == 1
    issue = only(at)
    assert (issue.title, issue.body, issue.labels) == (TITLE, BODY, ["freshline"])
    assert issue.user.login == "freshline[bot]"
    assert made == forge.board() == at.forge().board() == Board(1, made.node, TITLE, BODY, open=True)
    assert made.node


def test_the_same_dashboard_writes_nothing(at: Desk) -> None:
    at.forge().write_board(TITLE, BODY)
    forge = at.forge()
    at.github.forget_requests()
    forge.write_board(TITLE, BODY + "\n")
    forge.write_board(TITLE, BODY.replace("\n", "\r\n"))
    assert at.counts() == {"reads": 1, "writes": 0}


def test_other_words_are_one_write(at: Desk) -> None:
    at.forge().write_board(TITLE, BODY)
    forge = at.forge()
    at.github.forget_requests()
    changed = forge.write_board("Another title", BODY + "- [ ] two\n")
    assert at.counts() == {"reads": 2, "writes": 1}
    assert (only(at).title, only(at).body) == ("Another title", BODY + "- [ ] two\n")
    assert changed == at.forge().board()


def test_a_box_that_was_ticked_meanwhile_is_not_lost(at: Desk) -> None:
    at.forge().write_board(TITLE, BODY)
    forge = at.forge()
    assert forge.board() is not None
    ticked = BODY.replace("[ ]", "[x]")
    at.github.edit(NAME, 1, body=ticked)
    told = forge.write_board(TITLE, BODY + "more\n")
    assert told.body == only(at).body == ticked
    later = at.forge()
    assert later.board() == told
    later.write_board(TITLE, BODY + "more\n")
    assert only(at).body == BODY + "more\n"


def test_one_that_a_person_closed_stays_closed(at: Desk) -> None:
    at.forge().write_board(TITLE, BODY)
    forge = at.forge()
    assert forge.board() is not None
    at.github.edit(NAME, 1, state="closed")
    at.github.forget_requests()
    assert not forge.write_board(TITLE, BODY + "more\n").open
    again = at.forge()
    board = again.board()
    assert board is not None
    assert not board.open
    assert again.write_board(TITLE, BODY + "more\n") == board
    assert (at.counts()["writes"], only(at).body) == (0, BODY)


def test_one_that_was_renamed_is_found_and_one_without_its_label_too(at: Desk) -> None:
    at.forge().write_board(TITLE, BODY)
    at.github.edit(NAME, 1, title="Dependencies")
    board = at.forge().board()
    assert board is not None
    assert board.title == "Dependencies"
    at.github.unlabel(NAME, 1, "freshline")
    forge = at.forge()
    assert forge.board() is None
    assert forge.write_board("Dependencies", BODY).number == 1
    assert only(at).labels == ["freshline"]
    at.github.unlabel(NAME, 1, "freshline")
    at.github.edit(NAME, 1, state="closed")
    assert not at.forge().write_board("Dependencies", BODY).open
    assert only(at).labels == []


def test_somebody_elses_issue_that_looks_like_it_is_left_alone(at: Desk) -> None:
    at.github.open_issue(NAME, TITLE, BODY)
    at.github.label(NAME, 1, "freshline")
    forge = at.forge()
    assert forge.board() is None
    assert forge.write_board(TITLE, BODY).number == 2
    theirs = at.github.repository(NAME).issues[1]
    assert (theirs.body, theirs.state) == (BODY, "open")
    board = at.forge().board()
    assert board is not None
    assert board.number == 2


def test_of_two_the_oldest_open_one_counts(at: Desk) -> None:
    at.forge().write_board(TITLE, BODY)
    at.github.edit(NAME, 1, state="closed")
    issue = at.github.open_issue(NAME, TITLE, BODY, by="freshline[bot]")
    at.github.label(NAME, issue.number, "freshline")
    third = at.github.open_issue(NAME, TITLE, BODY, by="freshline[bot]")
    at.github.label(NAME, third.number, "freshline")
    board = at.forge().board()
    assert board is not None
    assert board.number == issue.number
    for number in (issue.number, third.number):
        at.github.edit(NAME, number, state="closed")
    board = at.forge().board()
    assert board is not None
    assert board.number == third.number


def lost(at: Desk) -> None:
    at.github.faults.drop(after=True, path="/issues$")


def lied(at: Desk) -> None:
    at.github.faults.lose_answer(500, path="/issues$")


@pytest.mark.parametrize("fault", [lost, lied])
def test_an_answer_that_is_lost_makes_no_second_dashboard(at: Desk, fault: Callable[[Desk], None]) -> None:
    fault(at)
    assert at.forge().write_board(TITLE, BODY).number == 1
    assert at.forge().write_board(TITLE, BODY).number == 1
    assert only(at).labels == ["freshline"]


def test_a_dashboard_that_never_arrived_is_an_error(at: Desk) -> None:
    at.github.faults.fail(502, path="/issues$")
    with pytest.raises(GitHubError):
        at.forge().write_board(TITLE, BODY)
    assert boards(at) == []
    at.forge().write_board(TITLE, BODY)
    assert only(at).number == 1


def test_a_refusal_to_open_one_is_an_error(at: Desk) -> None:
    at.github.faults.fail(403, path="/issues$")
    with pytest.raises(GitHubError) as error:
        at.forge().write_board(TITLE, BODY)
    refused(error, "A permission is missing")


def test_a_repository_without_issues(at: Desk) -> None:
    at.github.repository(NAME).has_issues = False
    forge = at.forge()
    assert not forge.has_issues()
    with pytest.raises(ForgeError) as error:
        forge.write_board(TITLE, BODY)
    refused(error, "Issues are switched off", NAME)
    assert at.counts()["writes"] == 0


def test_issues_that_are_switched_off_meanwhile(at: Desk) -> None:
    forge = at.forge()
    assert forge.has_issues()
    at.github.repository(NAME).has_issues = False
    with pytest.raises(GitHubError):
        forge.write_board(TITLE, BODY)


@pytest.mark.parametrize("level", ["read", None])
def test_an_app_without_the_permission_for_issues_does_the_rest(opened: Desk, level: str | None) -> None:
    granted = {name: given for name, given in opened.installation.permissions.items() if name != "issues"}
    opened.github.permit(opened.installation, granted if level is None else {**granted, "issues": level})
    ask(opened)
    forge = opened.forge()
    assert (forge.board(), len(forge.asked())) == (None, 1)
    forge.answer(forge.asked()[0], Reaction.DONE, "Done.")
    with pytest.raises(GitHubError) as error:
        forge.write_board(TITLE, BODY)
    refused(error, "A permission is missing", "issues: write", "installation's settings")


def test_a_private_repository_and_a_token_that_may_not_read_issues(at: Desk) -> None:
    at.github.repository(NAME).private = True
    rights = {"contents": "write", "metadata": "read", "pull_requests": "write"}
    at.github.collaborator(NAME, "maintainer", "admin")
    forge = at.forge(token=at.github.personal_token(permissions=rights))
    assert (forge.board(), forge.asked()) == (None, ())
    with pytest.raises(GitHubError) as error:
        forge.write_board(TITLE, BODY)
    refused(error, "A permission is missing")
    assert boards(at) == []


def test_a_plain_token_keeps_a_dashboard(at: Desk) -> None:
    token = at.github.personal_token()
    made = at.forge(token=token).write_board(TITLE, BODY)
    assert at.forge(token=token).board() == made
    assert at.forge(token=token).write_board(TITLE, BODY) == made
    assert only(at).user.login == "maintainer"


def test_the_mark_survives_long_words(at: Desk) -> None:
    at.forge().write_board(TITLE, "a line\n" * 20_000 + MARKER)
    board = at.forge().board()
    assert board is not None
    assert len(board.body) <= 65_536
    assert at.forge().write_board("t" * 300, "x").title == "t" * 255 + "…"
    assert only(at).body == f"{MARKER}\nx"


def test_a_dashboard_that_can_not_be_found_afterwards_is_told(at: Desk) -> None:
    forge = at.forge()
    assert forge.board() is None

    def vanish() -> None:
        at.github.repository(NAME).issues.clear()

    at.github.faults.kill_after(1, vanish, path="/issues$")
    with pytest.raises(ForgeError) as error:
        forge.write_board(TITLE, BODY)
    refused(error, "is not found")


# --- what it costs, and what it is for --------------------------------------------------------------


def test_what_the_overview_costs() -> None:
    query = Query({"query": OVERVIEW, "variables": {"subjects": 50}})
    assert query.errors == []
    assert query.cost() <= 5


class Listening(Unpaced):
    """Lets everything go, and notes what it is for."""

    def __init__(self, works: list[Work]) -> None:
        self._works = works

    def __call__(self, installation: int | None, work: Work) -> None:
        self._works.append(work)


def test_writes_are_told_what_they_are_for(at: Desk) -> None:
    works: list[Work] = []
    github = GitHub(at.identity, at.github.api_url, QUICK, Listening(works))
    try:
        forge = github.open(NAME)
        forge.propose(BRANCH, django(forge), None)
        review = forge.open(BRANCH, Words("t", "b", ("dependencies",)))
        assert works == [Work.NEW] * 5
        works.clear()
        forge.propose(BRANCH, django(forge, "5.3"), review.head)
        forge.open(BRANCH, Words("u", "b", ("dependencies",)))
        forge.say(1, "Hello")
        forge.write_board(TITLE, BODY)
        forge.write_board(TITLE, BODY + "more")
        forge.close(1, "Why.")
        forge.delete(BRANCH, forge.branches()[BRANCH].head)
        assert works == [Work.UPDATE] * 5 + [Work.DASHBOARD] * 2 + [Work.UPDATE] * 3
    finally:
        github.close()


def test_a_failure_does_not_change_what_the_next_write_is_for(opened: Desk) -> None:
    works: list[Work] = []
    github = GitHub(opened.identity, opened.github.api_url, QUICK, Listening(works))
    try:
        forge = github.open(NAME)
        opened.github.faults.fail(403, path="/issues$")
        with pytest.raises(GitHubError):
            forge.write_board(TITLE, BODY)
        forge.say(1, "Hello")
        assert works == [Work.DASHBOARD, Work.UPDATE]
    finally:
        github.close()


def test_asking_again_with_another_comment(opened: Desk) -> None:
    comment = ask(opened)
    forge = opened.forge()
    (one,) = forge.asked()
    later = ask(opened, "/freshline help")
    assert not forge.answered(replace(one, comment=later.id))
    assert comment.id < later.id
