"""What people and the bot say to each other in one repository: comments, reactions, the dashboard issue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec

from bot.core.budget import Work
from bot.core.dashboard import MARKER
from bot.forge.base import Asked, Board, ForgeError, Reaction
from bot.forge.github_app import not_granted
from bot.forge.github_client import BOARD, READING, READING_ISSUES, Client
from bot.forge.github_errors import GitHubError
from bot.forge.github_graphql import BOARD_LABEL, ISSUE, KNOWN, Comment, Issue, Issues, Overview, Pull, named

COMMAND = "/freshline"
MOST_ASKED = 1000
"""Characters: so much of a comment is read."""
MAX_BODY = 65_536
MAX_TITLE = 256
CUT = "\n\n*The rest was left out: GitHub takes no more.*\n"
LAST_COMMENTS = 50
MOST_REACTIONS = 100
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

SAID = (
    """
query Said($owner: String!, $name: String!, $number: Int!, $last: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) { ...Known comments(last: $last) { nodes { ...Said } } }
  }
}
"""
    + KNOWN
)
OWN_ISSUES = (
    """
query OwnIssues($owner: String!, $name: String!, $author: String!) {
  repository(owner: $owner, name: $name) {
    issues(first: 50, filterBy: {createdBy: $author}, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes { ...Issue }
    }
  }
}
"""
    + ISSUE
)
ONE_ISSUE = (
    """
query OneIssue($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { issue(number: $number) { ...Issue } }
}
"""
    + ISSUE
)


class _TalkPart(msgspec.Struct, rename="camel"):
    pull_request: Pull


class _TalkAnswer(msgspec.Struct):
    repository: _TalkPart


class _IssuesPart(msgspec.Struct):
    issues: Issues


class _IssuesAnswer(msgspec.Struct):
    repository: _IssuesPart


class _IssuePart(msgspec.Struct):
    issue: Issue


class _IssueAnswer(msgspec.Struct):
    repository: _IssuePart


class _Number(msgspec.Struct):
    number: int


class _Person(msgspec.Struct):
    id: int
    login: str


class _Given(msgspec.Struct):
    id: int
    user: _Person | None = None


class _Role(msgspec.Struct):
    permission: str
    role_name: str = ""


class TalkDesk:
    """Comments on the login's own pull requests; nobody else's is read or answered. Methods raise ``ForgeError``."""

    def __init__(self, client: Client, seen: Overview) -> None:
        self._client = client
        self._seen = seen
        self._comments = {number_of(one): one for pull in own_pulls(seen, client.prefix) for one in pull.said}
        self._roles: dict[str, bool] = {}

    def asked(self) -> tuple[Asked, ...]:
        """What people ask for, oldest first: of the last 20 comments of an open one, the last 5 of another.

        What an App or an account that is gone wrote is left out: it has no rights to look up.
        """
        found: dict[int, Asked] = {}
        for pull in own_pulls(self._seen, self._client.prefix):
            for one in pull.said:
                if one.author is not None and _is_command(one):
                    body = one.body.strip()[:MOST_ASKED]
                    number = number_of(one)
                    found[number] = Asked(pull.number, pull.head_ref_name, number, one.author.login, body)
        return tuple(found[number] for number in sorted(found))

    def answered(self, asked: Asked) -> bool:
        """Whether the bot's reaction is on the comment; one that was deleted needs none."""
        seen = self._comments.get(asked.comment)
        if seen is not None and any(one.viewer_has_reacted for one in seen.reaction_groups or ()):
            return True
        path = f"/issues/comments/{asked.comment:d}/reactions?per_page={MOST_REACTIONS}"
        try:
            given = self._client.get(path, list[_Given])
        except GitHubError as error:
            if error.status == 404:
                return True
            raise
        return any(self._is_self(one.user) for one in given if one.user is not None)

    def may_write(self, login: str) -> bool:
        """Whether somebody may write to the repository; asked once a pass for each."""
        known = self._roles.get(login)
        if known is None:
            known = self._roles[login] = _LOGIN.fullmatch(login) is not None and self._writes(login)
        return known

    def answer(self, asked: Asked, reaction: Reaction, text: str = "") -> None:
        """Reply where there is a text, then react: a run that is stopped in between says nothing twice."""
        with self._client.working(Work.UPDATE):
            if text:
                mark = f"<!-- freshline: answer to {asked.comment:d} -->"
                say(self._client, asked.number, f"{text}\n\n{mark}", mark)
            try:
                path = f"/issues/comments/{asked.comment:d}/reactions"
                self._client.send("POST", path, {"content": reaction.value}, _Given)
            except GitHubError as error:
                # The comment was deleted meanwhile: nobody waits for the reaction any more.
                if error.status != 404:
                    raise

    def say(self, number: int, text: str) -> None:
        """Comment, unless the bot has said the very same there."""
        with self._client.working(Work.UPDATE):
            say(self._client, number, text)

    def _is_self(self, who: _Person) -> bool:
        viewer = self._seen.viewer
        return who.id == viewer.database_id if viewer.database_id is not None else who.login == viewer.login

    def _writes(self, login: str) -> bool:
        try:
            role = self._client.get(f"/collaborators/{quote(login, safe='')}/permission", _Role)
        except GitHubError as error:
            if error.status == 404:
                return False
            raise
        return role.permission in {"admin", "write"} or role.role_name == "maintain"


class BoardDesk:
    """The dashboard issue: one, by the login itself, with the mark in its body. Methods raise ``ForgeError``."""

    def __init__(self, client: Client, seen: Overview) -> None:
        self._client = client
        self._seen = seen
        self._board = _picked(seen.issues or ())

    def board(self) -> Board | None:
        """The dashboard as the pass knows it; one that somebody took the label off is found when it is written."""
        return self._board

    def write(self, title: str, body: str) -> Board:
        """Open it, or bring its words up to date; one that a person closed stays as it is.

        One whose words changed since the pass began (somebody ticked a box) is left to the next pass.
        """
        if not self._seen.has_issues:
            where = self._client.repository
            raise ForgeError("Issues are switched off", where, "Switch them on, or set dashboard = false")
        if self._client.login.lacks(BOARD):
            raise not_granted(f"{self._client.repository} (issues: write)")
        with self._client.working(Work.DASHBOARD):
            self._board = self._written(cut_title(title), cut_body(_marked(body)))
            return self._board

    def _written(self, title: str, body: str) -> Board:
        known = self._board or self._labelled(self._looked_for())
        if known is None:
            return self._opened(title, body)
        if not known.open or _same(known, title, body):
            return known
        now = self._now(known.number)
        if not now.open or not _same(now, known.title, known.body):
            return now
        self._client.send("PATCH", f"/issues/{known.number:d}", {"title": title, "body": body}, _Number, BOARD)
        return replace(known, title=title, body=body)

    def _opened(self, title: str, body: str) -> Board:
        words = {"title": title, "body": body, "labels": [BOARD_LABEL]}
        try:
            self._client.send_once("/issues", words, BOARD)
        except GitHubError as error:
            # An answer that was lost may have been a success: it is looked for, never just sent again.
            found = self._looked_for() if error.passing else None
            if found is None:
                raise
            return found
        found = self._looked_for()
        if found is None:
            where = self._client.repository
            raise ForgeError("The dashboard was opened and is not found", where, "The next run looks again")
        return found

    def _labelled(self, found: Board | None) -> Board | None:
        """One that lost its label gets it back, since the label is what it is found by."""
        if found is not None and found.open:
            path = f"/issues/{found.number:d}/labels"
            self._client.send("POST", path, {"labels": [BOARD_LABEL]}, list[Any], BOARD)
        return found

    def _looked_for(self) -> Board | None:
        """The dashboard among what the login opened last."""
        viewer = self._seen.viewer.login
        author = f"{self._seen.bot_login}[bot]" if self._client.login.is_app else viewer
        asked = {**named(self._client), "author": author}
        return _picked(self._ask(OWN_ISSUES, asked, _IssuesAnswer).repository.issues.nodes)

    def _now(self, number: int) -> Board:
        asked = {**named(self._client), "number": number}
        return _board(self._ask(ONE_ISSUE, asked, _IssueAnswer).repository.issue)

    def _ask(self, query: str, asked: dict[str, Any], shape: type[Any]) -> Any:
        need = READING if self._client.login.lacks(READING_ISSUES) else READING_ISSUES
        return self._client.ask_partly(query, asked, shape, frozenset(), need)[0]


def say(client: Client, number: int, text: str, mark: str = "") -> None:
    """Comment on a pull request of the bot's, unless it was said before: the very same, or one with ``mark`` in it.

    A run that was stopped right after it must not repeat it. Raises ``ForgeError``.
    """
    body = cut_body(text)
    if has_said(talk(client, number), body, mark):
        return
    try:
        client.send_once(f"/issues/{number:d}/comments", {"body": body})
    except GitHubError as error:
        # An answer that was lost may have been a success: it is looked for, never just sent again.
        if not error.passing or not has_said(talk(client, number), body, mark):
            raise


def talk(client: Client, number: int) -> Pull:
    """A pull request of the bot's with its last comments; raises ``ForgeError``, also for somebody else's."""
    asked = {**named(client), "number": number, "last": LAST_COMMENTS}
    found = client.ask(SAID, asked, _TalkAnswer).repository.pull_request
    if not found.ours(client.prefix):
        raise ForgeError(f"Pull request {number} is somebody else's", client.repository, "It is left alone")
    return found


def has_said(pull: Pull, body: str, mark: str = "") -> bool:
    """Whether the bot said this, or something with this mark, among the last comments."""
    own = [one.body for one in pull.said if one.viewer_did_author]
    return any(plain(one) == plain(body) or (mark != "" and mark in one) for one in own)


def own_pulls(seen: Overview, prefix: str) -> Iterable[Pull]:
    """The bot's own pull requests that a pass sees; an open one may come twice, the second time with more comments."""
    opened = (pull for head in seen.heads.values() for pull in head.associated_pull_requests.nodes)
    return [pull for pull in (*seen.pulls, *opened) if pull.ours(prefix)]


def number_of(comment: Comment) -> int:
    """A comment's id as REST names it."""
    return int(comment.full_database_id or 0)


def plain(text: str) -> str:
    """A text as it is compared: GitHub may change line ends and trim."""
    return text.replace("\r\n", "\n").strip()


def cut_title(text: str) -> str:
    """The title, cut where GitHub would refuse it."""
    return text if len(text) <= MAX_TITLE else f"{text[: MAX_TITLE - 1]}…"


def cut_body(text: str) -> str:
    """The text, cut at a line's end where GitHub would refuse it, with a sentence that says so."""
    if len(text) <= MAX_BODY:
        return text
    kept = text[: MAX_BODY - len(CUT)]
    return (kept.rpartition("\n")[0] or kept) + CUT


def _is_command(one: Comment) -> bool:
    """Whether a person's comment begins with the bot's name; its own never count."""
    person = one.author is not None and one.author.kind == "User" and not one.viewer_did_author
    return person and one.body.lstrip()[: len(COMMAND)].casefold() == COMMAND


def _picked(issues: Iterable[Issue]) -> Board | None:
    """The dashboard among some issues: of several the oldest open one, else the newest."""
    found = sorted((one for one in issues if one.viewer_did_author and MARKER in one.body), key=lambda one: one.number)
    chosen = next((one for one in found if one.state == "OPEN"), found[-1] if found else None)
    return _board(chosen) if chosen else None


def _board(one: Issue) -> Board:
    return Board(one.number, one.id, one.title, one.body, one.state == "OPEN")


def _marked(body: str) -> str:
    """The body with the mark in it, at the start where a cut can't take it away."""
    return body if MARKER in body[: MAX_BODY // 2] else f"{MARKER}\n{body}"


def _same(board: Board, title: str, body: str) -> bool:
    return (plain(board.title), plain(board.body)) == (plain(title), plain(body))
