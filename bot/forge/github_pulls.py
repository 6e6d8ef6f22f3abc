"""The bot's pull requests in one repository: listed, opened, kept up to date, closed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from bot.forge.base import ForgeError, Review, ReviewState, Words
from bot.forge.github_client import Client
from bot.forge.github_errors import GitHubError
from bot.forge.github_graphql import KNOWN, Comments, Head, Overview, Pull, Pulls, named

MAX_BODY = 65_536
MAX_TITLE = 256
CUT = "\n\n*The rest was left out: GitHub takes no more.*\n"
LAST_COMMENTS = 50
MARK = "<!-- freshline: closed by the bot -->"
"""Stands in the comment that closes a pull request: a plain token's user is the bot and a person in one."""

OPEN_FROM = (
    """
query OpenFrom($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: 10, headRefName: $branch, states: OPEN, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes {
        ...Known
        body
        labels(first: 50) { nodes { name } }
        unlabeled: timelineItems(first: 1, itemTypes: [UNLABELED_EVENT]) { nodes { __typename } }
      }
    }
  }
}
"""
    + KNOWN
)
SAID = """
query Said($owner: String!, $name: String!, $number: Int!, $last: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) { state viewerDidAuthor comments(last: $last) { nodes { body viewerDidAuthor } } }
  }
}
"""


class _OpenPart(msgspec.Struct, rename="camel"):
    pull_requests: Pulls


class _OpenAnswer(msgspec.Struct):
    repository: _OpenPart


class _Talk(msgspec.Struct, rename="camel"):
    state: str
    viewer_did_author: bool
    comments: Comments


class _TalkPart(msgspec.Struct, rename="camel"):
    pull_request: _Talk


class _TalkAnswer(msgspec.Struct):
    repository: _TalkPart


class _Sha(msgspec.Struct):
    sha: str


class _Opened(msgspec.Struct):
    number: int
    html_url: str
    title: str
    head: _Sha
    body: str | None = None


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
        for pull in (*self._seen.pulls, *self._open_pulls()):
            known = newest.get(pull.head_ref_name)
            if _ours(pull) and (known is None or (pull.number, bool(pull.body)) > (known.number, bool(known.body))):
                newest[pull.head_ref_name] = pull
        reviews = {branch: _review(pull) for branch, pull in newest.items()}
        reviews |= {branch: review for branch, (_, review) in self._done.items()}
        return {branch: self._now(review) for branch, review in sorted(reviews.items())}

    def _now(self, review: Review) -> Review:
        return replace(review, state=ReviewState.CLOSED) if review.number in self._closed else review

    def open(self, branch: str, words: Words, head: Head | None) -> Review:
        """Open one from a branch to the base, or bring its words up to date.

        Labels are added where none of the wanted ones is there, unless somebody took one off. Raises
        ``ForgeError``, also where somebody else's pull request takes the branch's place.
        """
        wanted = Words(_title(words.title), _body(words.body), words.labels)
        if head is None:
            raise ForgeError(f"There is no branch {branch}", self._client.repository, "This is a fault of Freshline")
        done = self._done.get(branch)
        if done is not None and done[0] == wanted:
            return replace(done[1], head=head.branch.head)
        known = next((pull for pull in head.associated_pull_requests.nodes if _ours(pull)), None)
        review = self._refreshed(known, wanted, head) if known else self._created(branch, wanted, head)
        self._done[branch] = (wanted, review)
        return review

    def close(self, number: int, why: str) -> None:
        """Close one with a comment that says why; one that is closed already is left as it is."""
        talk = self._talk(number)
        if talk.state != "OPEN":
            return
        if not talk.viewer_did_author:
            raise ForgeError(
                f"Pull request {number} is somebody else's",
                self._client.repository,
                "Close it by hand, if it should be",
            )
        self._say(number, why, talk)
        self._client.send("PATCH", f"/pulls/{number:d}", {"state": "closed"}, _Opened)
        self._closed.add(number)

    def _say(self, number: int, text: str, talk: _Talk) -> None:
        """Comment, unless the very same was said before (by a run that was stopped right after it)."""
        body = _body(f"{text}\n\n{MARK}")
        if _has_said(talk, body):
            return
        try:
            self._client.send_once(f"/issues/{number:d}/comments", {"body": body})
        except GitHubError as error:
            # An answer that was lost may have been a success: it is looked for, never just sent again.
            if not error.passing or not _has_said(self._talk(number), body):
                raise

    def _talk(self, number: int) -> _Talk:
        asked = {**named(self._client), "number": number, "last": LAST_COMMENTS}
        return self._client.ask(SAID, asked, _TalkAnswer).repository.pull_request

    def _open_pulls(self) -> Iterable[Pull]:
        return (pull for head in self._seen.heads.values() for pull in head.associated_pull_requests.nodes)

    def _created(self, branch: str, words: Words, head: Head) -> Review:
        body = {
            "title": words.title,
            "body": words.body,
            "head": branch,
            "base": self._seen.base,
            "maintainer_can_modify": False,
        }
        try:
            made = self._client.send("POST", "/pulls", body, _Opened)
        except GitHubError as error:
            if error.status != 422:
                raise
            return self._refreshed(self._adopted(branch, error), words, head)
        if words.labels:
            self._label(made.number, words.labels)
        return Review(made.number, ReviewState.OPEN, made.html_url, made.head.sha, made.title, made.body or "")

    def _adopted(self, branch: str, refusal: GitHubError) -> Pull:
        """Our open pull request that GitHub says is there already; raises what it said where there is none."""
        asked = {**named(self._client), "branch": branch}
        found = self._client.ask(OPEN_FROM, asked, _OpenAnswer).repository.pull_requests.nodes
        mine = next((pull for pull in found if _ours(pull)), None)
        if mine is not None:
            return mine
        theirs = next((pull for pull in found if not pull.is_cross_repository), None)
        if theirs is None:
            raise refusal
        who = theirs.author.login if theirs.author else "somebody else"
        raise ForgeError(
            f"Pull request {theirs.number} from {branch} is {who}'s", self._client.repository, "It is left alone"
        ) from refusal

    def _refreshed(self, pull: Pull, words: Words, head: Head) -> Review:
        if (_plain(pull.title), _plain(pull.body)) != (_plain(words.title), _plain(words.body)):
            change: dict[str, Any] = {"title": words.title, "body": words.body}
            self._client.send("PATCH", f"/pulls/{pull.number:d}", change, _Opened)
        labels = {label.name.lower() for label in pull.labels.nodes} if pull.labels else set()
        missing = words.labels and labels.isdisjoint(label.lower() for label in words.labels)
        if missing and not (pull.unlabeled and pull.unlabeled.nodes):
            self._label(pull.number, words.labels)
        return Review(pull.number, ReviewState.OPEN, pull.url, head.branch.head, words.title, words.body)

    def _label(self, number: int, labels: tuple[str, ...]) -> None:
        """Add labels; GitHub makes those that the repository does not have."""
        self._client.send("POST", f"/issues/{number:d}/labels", {"labels": list(labels)}, list[Any])


def _ours(pull: Pull) -> bool:
    return pull.viewer_did_author and not pull.is_cross_repository


def _has_said(talk: _Talk, body: str) -> bool:
    return any(one.viewer_did_author and _plain(one.body) == _plain(body) for one in talk.comments.nodes)


def _review(pull: Pull) -> Review:
    state = ReviewState(pull.state.lower())
    return Review(
        pull.number,
        state,
        pull.url,
        pull.head_ref_oid,
        pull.title,
        pull.body,
        by_person=state is ReviewState.CLOSED and not _closed_by_author(pull),
    )


def _closed_by_author(pull: Pull) -> bool:
    """Whether the bot itself closed it; an account that is gone was a person's.

    A plain token's account is a person's too, who may have closed it by hand: there the bot's own
    comment tells. (A run that was killed between closing and noting it in the store must not turn
    into somebody's "not this version".)
    """
    if pull.comments is not None:
        return any(one.viewer_did_author and MARK in one.body for one in pull.comments.nodes)
    events = pull.closed.nodes if pull.closed else []
    actor = events[-1].actor if events else None
    return actor is not None and pull.author is not None and actor.login == pull.author.login


def _plain(text: str) -> str:
    """A text as it is compared: GitHub may change line ends and trim."""
    return text.replace("\r\n", "\n").strip()


def _title(text: str) -> str:
    return text if len(text) <= MAX_TITLE else f"{text[: MAX_TITLE - 1]}…"


def _body(text: str) -> str:
    """The text, cut at a line's end where GitHub would refuse it, with a sentence that says so."""
    if len(text) <= MAX_BODY:
        return text
    kept = text[: MAX_BODY - len(CUT)]
    return (kept.rpartition("\n")[0] or kept) + CUT
