"""The bot's pull requests in one repository: listed, opened, kept up to date, closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from bot.core.budget import Work
from bot.forge.base import ForgeError, Review, ReviewState, Words
from bot.forge.github_client import Client
from bot.forge.github_errors import GitHubError
from bot.forge.github_graphql import OPEN, Head, Overview, Pull, Pulls, named
from bot.forge.github_talk import cut_body, cut_title, own_pulls, plain, say, talk

MARK = "<!-- freshline: closed by the bot -->"
"""Stands in the comment that closes a pull request: a plain token's user is the bot and a person in one."""
LEFT_OUT = "<!-- freshline: left out -->"
"""Stands in the comment about people who could not be asked, so that they are not asked again."""
ANOTHER_BASE = (
    "The default branch is another one now, and GitHub can't move this pull request there. A new one takes its place."
)

OPEN_FROM = (
    """
query OpenFrom($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: 10, headRefName: $branch, states: OPEN, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes { ...Open }
    }
  }
}
"""
    + OPEN
)


class _OpenPart(msgspec.Struct, rename="camel"):
    pull_requests: Pulls


class _OpenAnswer(msgspec.Struct):
    repository: _OpenPart


class _Sha(msgspec.Struct):
    sha: str


class _Opened(msgspec.Struct):
    number: int
    node_id: str
    html_url: str
    title: str
    head: _Sha
    body: str | None = None


class _Login(msgspec.Struct):
    login: str


class _Assigned(msgspec.Struct):
    assignees: list[_Login]


class PullDesk:
    """The pull requests of the login's own, from this repository's branches; nobody else's is ever touched."""

    def __init__(self, client: Client, seen: Overview) -> None:
        self._client = client
        self._seen = seen
        self._closed: set[int] = set()
        self._done: dict[str, tuple[Words, Review]] = {}

    def listed(self) -> dict[str, Review]:
        """The newest pull request of each branch, by branch: every open one, and the others among the last 100.

        ``body`` is told of open ones alone.
        """
        newest: dict[str, Pull] = {}
        for pull in own_pulls(self._seen, self._client.prefix):
            known = newest.get(pull.head_ref_name)
            if known is None or (pull.number, bool(pull.body)) > (known.number, bool(known.body)):
                newest[pull.head_ref_name] = pull
        by_app = self._client.login.is_app
        reviews = {branch: _review(pull, by_app=by_app) for branch, pull in newest.items()}
        reviews |= {branch: review for branch, (_, review) in self._done.items()}
        return {branch: self._now(review) for branch, review in sorted(reviews.items())}

    def _now(self, review: Review) -> Review:
        return replace(review, state=ReviewState.CLOSED) if review.number in self._closed else review

    def open(self, branch: str, words: Words, head: Head | None) -> Review:
        """Open one from a branch to the base, or bring its words and its base up to date.

        What else is asked for (labels, assignees, reviewers) is asked for at the opening; later only
        what a run that was stopped then left out. Who can't be asked is left out, and that is said
        in a comment. Raises ``ForgeError``, also where somebody else's pull request takes its place.
        """
        wanted = replace(words, title=cut_title(words.title), body=cut_body(words.body))
        if head is None:
            raise ForgeError(f"There is no branch {branch}", self._client.repository, "This is a fault of Freshline")
        done = self._done.get(branch)
        if done is not None and done[1].number not in self._closed:
            review = self._again(*done, wanted, head)
        else:
            review = self._first(branch, wanted, head)
        self._done[branch] = (wanted, review)
        return review

    def _first(self, branch: str, words: Words, head: Head) -> Review:
        known = next((pull for pull in head.associated_pull_requests.nodes if pull.ours(self._client.prefix)), None)
        if known is not None and known.number not in self._closed:
            return self._refreshed(known, words, head)
        return self._created(branch, words, head)

    def _again(self, before: Words, review: Review, words: Words, head: Head) -> Review:
        """One that this pass has brought up to date already."""
        if (before.title, before.body) != (words.title, words.body):
            with self._client.working(Work.UPDATE):
                change = {"title": words.title, "body": words.body}
                self._client.send("PATCH", f"/pulls/{review.number:d}", change, _Opened)
        return replace(review, head=head.branch.head, title=words.title, body=words.body)

    def close(self, number: int, why: str) -> None:
        """Close one with a comment that says why; one that is closed already is left as it is."""
        if talk(self._client, number).state != "OPEN":
            return
        with self._client.working(Work.UPDATE):
            try:
                say(self._client, number, f"{why}\n\n{MARK}")
            except GitHubError as error:
                # Where people locked the conversation nothing can be said, and it is closed all the same.
                if error.status != 403 or "locked" not in error.said.lower():
                    raise
            self._client.send("PATCH", f"/pulls/{number:d}", {"state": "closed"}, _Opened)
        self._closed.add(number)

    def _created(self, branch: str, words: Words, head: Head) -> Review:
        with self._client.working(Work.NEW):
            try:
                made, notes = self._posted(branch, words)
            except GitHubError as error:
                if error.status != 422:
                    raise
                return self._refreshed(self._adopted(branch, error), words, head)
            notes += self._asking(made.number).all_of(words)
        body = made.body or ""
        review = Review(made.number, ReviewState.OPEN, made.html_url, made.head.sha, made.title, body)
        return replace(review, node=made.node_id, notes=notes)

    def _posted(self, branch: str, words: Words) -> tuple[_Opened, tuple[str, ...]]:
        """The new pull request, an ordinary one where there are no drafts (a free plan's private repositories)."""
        ends = {"head": branch, "base": self._seen.base}
        body = {"title": words.title, "body": words.body, **ends, "maintainer_can_modify": False}
        if not words.draft:
            return self._client.send("POST", "/pulls", body, _Opened), ()
        try:
            return self._client.send("POST", "/pulls", {**body, "draft": True}, _Opened), ()
        except GitHubError as error:
            if error.status != 422 or "draft" not in error.said.lower():
                raise
        note = "GitHub has no drafts for this repository, so it is open for review."
        return self._client.send("POST", "/pulls", body, _Opened), (note,)

    def _adopted(self, branch: str, refusal: GitHubError) -> Pull:
        """Our open pull request that GitHub says is there already; raises what it said where there is none."""
        asked = {**named(self._client), "branch": branch}
        found = self._client.ask(OPEN_FROM, asked, _OpenAnswer).repository.pull_requests.nodes
        mine = [pull for pull in found if pull.ours(self._client.prefix)]
        if mine:
            return next((pull for pull in mine if pull.base_ref_name == self._seen.base), mine[0])
        theirs = next((pull for pull in found if not pull.is_cross_repository), None)
        if theirs is None:
            raise refusal
        who = theirs.author.login if theirs.author else "somebody else"
        raise ForgeError(
            f"Pull request {theirs.number} from {branch} is {who}'s", self._client.repository, "It is left alone"
        ) from refusal

    def _refreshed(self, pull: Pull, words: Words, head: Head) -> Review:
        with self._client.working(Work.UPDATE):
            if not self._reworded(pull, words):
                self.close(pull.number, ANOTHER_BASE)
                return self._created(pull.head_ref_name, words, head)
            notes = self._asking(pull.number).rest_of(words, pull)
        review = Review(pull.number, ReviewState.OPEN, pull.url, head.branch.head, words.title, words.body)
        return replace(review, node=pull.id, notes=notes)

    def _reworded(self, pull: Pull, words: Words) -> bool:
        """Bring title, body and base up to date; False where GitHub does not let it go to the base.

        It refuses where another pull request goes there from the same branch.
        """
        change: dict[str, Any] = {}
        if (plain(pull.title), plain(pull.body)) != (plain(words.title), plain(words.body)):
            change = {"title": words.title, "body": words.body}
        if pull.base_ref_name != self._seen.base:
            change["base"] = self._seen.base
        if not change:
            return True
        try:
            self._client.send("PATCH", f"/pulls/{pull.number:d}", change, _Opened)
        except GitHubError as error:
            if error.status != 422 or "base" not in change:
                raise
            return False
        return True

    def _asking(self, number: int) -> _Asking:
        return _Asking(self._client, number, self._seen.bot_login)


class _Asking:
    """Asks for labels, assignees and reviewers of one pull request, whose author is ``author``."""

    def __init__(self, client: Client, number: int, author: str) -> None:
        self._client = client
        self._number = number
        self._author = author
        self._issue = f"/issues/{number:d}"

    def all_of(self, words: Words) -> tuple[str, ...]:
        """Everything, right after the opening: two requests. Answers who was left out, in sentences."""
        without = self._review(words.reviewers, words.team_reviewers)
        if not words.assignees:
            self._label(words.labels)
            return self._told((), without)
        change = {"labels": list(words.labels), "assignees": list(words.assignees)}
        try:
            # Right now nobody else's labels and assignees can be lost by it.
            found = self._client.send("PATCH", self._issue, change, _Assigned)
        except GitHubError as error:
            if error.status != 422:
                raise
            self._label(words.labels)
            return self._told(self._assign(words.assignees), without)
        return self._told(_missing(words.assignees, found), without)

    def rest_of(self, words: Words, pull: Pull) -> tuple[str, ...]:
        """What was never asked for, because a run was stopped; what people took away since stays away."""
        events = pull.opening.nodes if pull.opening else []
        own = {event.kind for event in events if event.actor is not None and event.actor.login == self._author}
        told = any(one.viewer_did_author and LEFT_OUT in one.body for one in pull.said)
        without: tuple[str, ...] = ()
        if not told and not _once_asked(words, pull):
            without = self._review(words.reviewers, words.team_reviewers)
        if "LabeledEvent" not in own:
            self._label(words.labels)
        unassigned = words.assignees and "AssignedEvent" not in own and not told
        return self._told(self._assign(words.assignees) if unassigned else (), without)

    def _label(self, labels: tuple[str, ...]) -> None:
        """Add labels; GitHub makes those that the repository does not have."""
        if labels:
            self._client.send("POST", f"{self._issue}/labels", {"labels": list(labels)}, list[Any])

    def _assign(self, people: tuple[str, ...]) -> tuple[str, ...]:
        """Add assignees; answers who GitHub silently left out."""
        found = self._client.send("POST", f"{self._issue}/assignees", {"assignees": list(people)}, _Assigned)
        return _missing(people, found)

    def _review(self, people: tuple[str, ...], teams: tuple[str, ...]) -> tuple[str, ...]:
        """Ask for reviews; answers who could not be asked. GitHub takes all of one request or none."""
        if not people and not teams:
            return ()
        if self._requested(people, teams):
            return ()
        known = tuple(one for one in people if self._collaborates(one))
        if (known, teams) != (people, ()) and self._requested(known, teams):
            return tuple(one for one in people if one not in known)
        if teams and self._requested(known, ()):
            return (*(one for one in people if one not in known), *teams)
        return (*people, *teams)

    def _requested(self, people: Sequence[str], teams: Sequence[str]) -> bool:
        if not people and not teams:
            return False
        body = {"reviewers": list(people), "team_reviewers": list(teams)}
        try:
            self._client.send("POST", f"/pulls/{self._number:d}/requested_reviewers", body, _Number)
        except GitHubError as error:
            if error.status != 422:
                raise
            return False
        return True

    def _collaborates(self, login: str) -> bool:
        """Whether somebody may be asked for a review: whoever is let in, but not the author."""
        if login.casefold() == self._author.casefold():
            return False
        try:
            self._client.get(f"/collaborators/{login}", type(None))
        except GitHubError as error:
            if error.status != 404:
                raise
            return False
        return True

    def _told(self, unassigned: tuple[str, ...], unasked: tuple[str, ...]) -> tuple[str, ...]:
        """Say once who was left out; answers the sentences."""
        notes = _sentences(unassigned, unasked)
        if notes:
            say(self._client, self._number, "\n\n".join((*notes, LEFT_OUT)), LEFT_OUT)
        return notes


class _Number(msgspec.Struct):
    number: int


def _missing(people: Iterable[str], found: _Assigned) -> tuple[str, ...]:
    there = {one.login.casefold() for one in found.assignees}
    return tuple(one for one in people if one.casefold() not in there)


def _once_asked(words: Words, pull: Pull) -> bool:
    """Whether one of the wanted reviewers was ever asked, by whomever: all are asked in one request.

    Of a team GitHub may not tell the name; CODEOWNERS asks in the author's name, so that says nothing.
    """
    events = [event for event in (pull.opening.nodes if pull.opening else ()) if event.kind == "ReviewRequestedEvent"]
    names = {one.requested_reviewer.login.casefold() if one.requested_reviewer else "" for one in events}
    if "" in names and words.team_reviewers:
        return True
    return not names.isdisjoint(one.casefold() for one in words.reviewers)


def _sentences(unassigned: Iterable[str], unasked: Iterable[str]) -> tuple[str, ...]:
    found = []
    for names, what in ((unasked, "could not be asked for a review"), (unassigned, "could not be assigned")):
        listed = ", ".join(f"`{name}`" for name in names)
        if listed:
            found.append(f"{listed} {what}: GitHub allows that only for those who have access to this repository.")
    return tuple(found)


def _review(pull: Pull, *, by_app: bool) -> Review:
    state = ReviewState(pull.state.lower())
    closed = state is ReviewState.CLOSED
    return Review(
        pull.number,
        state,
        pull.url,
        pull.head_ref_oid,
        pull.title,
        pull.body,
        by_person=closed and not _closed_by_author(pull, by_app=by_app),
        node=pull.id,
    )


def _closed_by_author(pull: Pull, *, by_app: bool) -> bool:
    """Whether the bot itself closed it; an account that is gone was a person's.

    A plain token's account is a person's too, who may have closed it by hand: there the bot's own
    comment tells. (A run that was killed between closing and noting it in the store must not turn
    into somebody's "not this version".)
    """
    if not by_app:
        return any(one.viewer_did_author and MARK in one.body for one in pull.said)
    events = pull.closed.nodes if pull.closed else []
    actor = events[-1].actor if events else None
    return actor is not None and pull.author is not None and actor.login == pull.author.login
