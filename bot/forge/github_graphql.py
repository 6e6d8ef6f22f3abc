"""GraphQL: what a pass over one repository asks in few queries, and the shapes of the answers.

Every text is our own; what comes from elsewhere goes in as a variable
(https://docs.github.com/en/graphql/guides/forming-calls-with-graphql).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from bot.forge.base import Branch, NewCommit, blob_id, trailers_of
from bot.forge.commit import tidy
from bot.forge.github_client import READING, READING_ISSUES, Client, Missed, checked_name
from bot.forge.github_errors import GitHubError, failure
from bot.policy_file import PATH as POLICY

UNREADABLE = b"\xff"
"""Stands for a policy file that is there and can't be read: it is no UTF-8, so that no reader takes it for one."""
HEADS = "refs/heads/"
MAX_PAGES = 20
SUBJECTS = 50

_HEAD = """
fragment Head on Ref {
  prefix
  name
  target { oid ... on Commit { message author { email } tree { oid } parents(first: 1) { totalCount nodes { oid } } } }
  associatedPullRequests(first: 1, states: OPEN, orderBy: {field: CREATED_AT, direction: DESC}) {
    nodes {
      ...Open
    }
  }
}
"""
KNOWN = """
fragment Known on PullRequest {
  id
  number
  state
  url
  title
  baseRefName
  headRefName
  headRefOid
  isCrossRepository
  viewerDidAuthor
  author { login }
}
fragment Said on IssueComment {
  fullDatabaseId
  body
  viewerDidAuthor
  author { __typename login }
  reactionGroups { viewerHasReacted }
}
"""
OPEN = (
    """
fragment Open on PullRequest {
  ...Known
  body
  comments(last: 20) { nodes { ...Said } }
  opening: timelineItems(first: 50, itemTypes: [LABELED_EVENT, ASSIGNED_EVENT, REVIEW_REQUESTED_EVENT]) {
    nodes {
      __typename
      ... on LabeledEvent { actor { login } }
      ... on AssignedEvent { actor { login } }
      ... on ReviewRequestedEvent { actor { login } requestedReviewer { ... on User { login } } }
    }
  }
}
"""
    + KNOWN
)
BOARD_LABEL = "freshline"
ISSUE = "fragment Issue on Issue { id number state title body viewerDidAuthor }\n"
CONTENT = "fragment Content on Blob { oid text isBinary isTruncated }\n"
OVERVIEW = (
    """
query Overview($owner: String!, $name: String!, $refs: String!, $policy: String!, $subjects: Int!, $board: String!) {
  viewer { login databaseId }
  house: repository(owner: $owner, name: ".github") { object(expression: $policy) { ...Content } }
  boards: repository(owner: $owner, name: $name) {
    issues(first: 10, labels: [$board], orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...Issue } }
  }
  repository(owner: $owner, name: $name) {
    id
    nameWithOwner
    hasIssuesEnabled
    defaultBranchRef {
      name
      target {
        oid
        ... on Commit {
          tree { oid }
          history(first: $subjects) { nodes { messageHeadline parents(first: 1) { totalCount } } }
        }
      }
    }
    policy: object(expression: $policy) { ...Content }
    refs(refPrefix: $refs, first: 50) { pageInfo { hasNextPage endCursor } nodes { ...Head } }
    pullRequests(first: 100, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes {
        ...Known
        closed: timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) { nodes { ... on ClosedEvent { actor { login } } } }
        comments(last: 5) { nodes { ...Said } }
      }
    }
  }
}
"""
    + _HEAD
    + OPEN
    + ISSUE
    + CONTENT
)
REFS = (
    """
query Refs($owner: String!, $name: String!, $refs: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    refs(refPrefix: $refs, first: 50, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...Head } }
  }
}
"""
    + _HEAD
    + OPEN
)
REF = (
    """
query Ref($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) { ref(qualifiedName: $ref) { ...Head } }
}
"""
    + _HEAD
    + OPEN
)


class _Oid(msgspec.Struct):
    oid: str


class _Count(msgspec.Struct, rename="camel"):
    total_count: int


class _Login(msgspec.Struct):
    login: str


class _Reviewer(msgspec.Struct):
    login: str = ""


class Event(msgspec.Struct, rename="camel"):
    """What happened to a pull request; ``requested_reviewer`` has no login where it is a team."""

    kind: str = msgspec.field(default="", name="__typename")
    actor: _Login | None = None
    requested_reviewer: _Reviewer | None = None


class _Events(msgspec.Struct):
    nodes: list[Event]


class _Somebody(msgspec.Struct):
    login: str
    kind: str = msgspec.field(default="", name="__typename")


class _Reactions(msgspec.Struct, rename="camel"):
    viewer_has_reacted: bool


class Comment(msgspec.Struct, rename="camel"):
    """A comment on a pull request; its id is too large for GraphQL's ``databaseId``, an Int."""

    body: str
    viewer_did_author: bool
    full_database_id: str | int | None = None
    author: _Somebody | None = None
    reaction_groups: list[_Reactions] | None = None


class Comments(msgspec.Struct):
    """Some comments, the newest last."""

    nodes: list[Comment]


class Pull(msgspec.Struct, rename="camel"):
    """A pull request as the overview shows it.

    ``body`` and ``opening`` (what it was given: labels, assignees, reviewers) come with a branch's
    open one, ``closed`` with the newest of the repository, ``comments`` (the last) with both.
    """

    id: str
    number: int
    state: str
    url: str
    title: str
    base_ref_name: str
    head_ref_name: str
    head_ref_oid: str
    is_cross_repository: bool
    viewer_did_author: bool
    author: _Login | None = None
    body: str = ""
    closed: _Events | None = None
    comments: Comments | None = None
    opening: _Events | None = None

    def ours(self, prefix: str) -> bool:
        """Whether it is the login's own, from a branch of the bot's (they begin with ``prefix``) in this repository."""
        return self.viewer_did_author and not self.is_cross_repository and self.head_ref_name.startswith(prefix)

    @property
    def said(self) -> list[Comment]:
        """The last comments, the newest last."""
        return self.comments.nodes if self.comments else []


class Pulls(msgspec.Struct):
    """Some pull requests."""

    nodes: list[Pull]


class _Email(msgspec.Struct):
    email: str | None = None


class _Parents(msgspec.Struct, rename="camel"):
    total_count: int
    nodes: list[_Oid]


class _HeadTarget(msgspec.Struct):
    oid: str
    message: str = ""
    author: _Email | None = None
    tree: _Oid | None = None
    parents: _Parents | None = None


class _Parent(msgspec.Struct):
    sha: str


class Made(msgspec.Struct):
    """A commit as REST shows it; ``author`` is git's only of one that was just made."""

    sha: str
    author: _Email | None = None
    parents: list[_Parent] = []


class Head(msgspec.Struct, rename="camel"):
    """A branch with its head commit and the open pull request from it."""

    prefix: str
    name: str
    target: _HeadTarget
    associated_pull_requests: Pulls

    @property
    def full_name(self) -> str:
        """The branch's short name, whichever part of it GitHub counts to the prefix."""
        return (self.prefix + self.name).removeprefix(HEADS)

    @property
    def message(self) -> str:
        """The head commit's whole message."""
        return self.target.message

    @property
    def branch(self) -> Branch:
        """The branch as every forge shows it."""
        target = self.target
        parents = target.parents
        single = parents.nodes[0].oid if parents and parents.total_count == 1 and parents.nodes else None
        email = (target.author.email if target.author else None) or ""
        tree = target.tree.oid if target.tree else ""
        return Branch(self.full_name, target.oid, single, tree, email, trailers_of(target.message))


def moved_head(branch: str, made: Made, commit: NewCommit, tree: str, before: Head | None) -> Head:
    """A branch that was just put on a commit of ours."""
    parents = _Parents(1, [_Oid(commit.base or "")])
    target = _HeadTarget(made.sha, tidy(commit.message), made.author, _Oid(tree), parents)
    return Head(HEADS, branch, target, before.associated_pull_requests if before else Pulls([]))


class _Page(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _Refs(msgspec.Struct, rename="camel"):
    page_info: _Page
    nodes: list[Head]


class _Subject(msgspec.Struct, rename="camel"):
    message_headline: str
    parents: _Count


class _Subjects(msgspec.Struct):
    nodes: list[_Subject]


class _BaseTarget(msgspec.Struct):
    oid: str
    tree: _Oid | None = None
    history: _Subjects | None = None


class _Base(msgspec.Struct):
    name: str
    target: _BaseTarget | None


class Blob(msgspec.Struct, rename="camel"):
    """A file's content; without ``oid`` it is no blob, so that the fragment gave nothing."""

    oid: str | None = None
    text: str | None = None
    is_binary: bool | None = None
    is_truncated: bool = False


class Issue(msgspec.Struct, rename="camel"):
    """An issue of the repository."""

    id: str
    number: int
    state: str
    title: str
    body: str
    viewer_did_author: bool


class Issues(msgspec.Struct):
    """Some issues."""

    nodes: list[Issue]


class _Boards(msgspec.Struct):
    issues: Issues


class _Repository(msgspec.Struct, rename="camel"):
    id: str
    name_with_owner: str
    refs: _Refs
    pull_requests: Pulls
    default_branch_ref: _Base | None = None
    policy: Blob | None = None
    has_issues_enabled: bool = False


class _Viewer(msgspec.Struct, rename="camel"):
    login: str
    database_id: int | None = None


class _House(msgspec.Struct):
    object: Blob | None = None


class _Overview(msgspec.Struct):
    repository: _Repository
    viewer: _Viewer
    house: _House | None = None
    boards: _Boards | None = None


class _RefsPart(msgspec.Struct):
    refs: _Refs


class _RefsAnswer(msgspec.Struct):
    repository: _RefsPart


class _RefPart(msgspec.Struct):
    ref: Head | None = None


class _RefAnswer(msgspec.Struct):
    repository: _RefPart


class Overview(msgspec.Struct):
    """A repository as a pass begins: its base, the bot's branches, the newest pull requests.

    ``house`` is the policy file of the owner's ``.github`` repository, None where there is none
    that can be seen, ``UNREADABLE`` for one that can't be read.
    """

    id: str
    viewer: _Viewer
    base: str
    commit: str
    tree: str
    subjects: list[str]
    heads: dict[str, Head]
    pulls: list[Pull]
    contents: dict[str, bytes]
    house: bytes | None = None
    has_issues: bool = False
    issues: list[Issue] | None = None

    @property
    def bot_login(self) -> str:
        """The login as GraphQL names the author of something: an App's without its suffix."""
        return self.viewer.login.removesuffix("[bot]")

    @property
    def bot_names(self) -> frozenset[str]:
        """What stands before the @ in the address that GitHub gives an App's commits."""
        return frozenset({f"{self.viewer.database_id}+{self.bot_login}[bot]"})


def named(client: Client) -> dict[str, Any]:
    """The variables that name the repository."""
    owner, _, name = client.repository.partition("/")
    return {"owner": owner, "name": name}


def overview(client: Client) -> Overview:
    """Everything a pass begins with, in one query (more only above 100 branches)."""
    asked = {"refs": HEADS + client.prefix, "policy": f"HEAD:{POLICY}", "subjects": SUBJECTS, "board": BOARD_LABEL}
    need = READING if client.login.lacks(READING_ISSUES) else READING_ISSUES
    may_miss = frozenset({"house", "boards"})
    answer, missed = client.ask_partly(OVERVIEW, {**named(client), **asked}, _Overview, may_miss, need)
    found = answer.repository
    client.path_name = checked_name(found.name_with_owner)
    base = found.default_branch_ref
    if base is None or base.target is None or base.target.tree is None or base.target.history is None:
        raise failure("There is no commit yet", client.repository, "Commit something first", 409)
    heads = {head.full_name: head for head in _paged(client, HEADS + client.prefix, found.refs)}
    subjects = [one.message_headline for one in base.target.history.nodes if one.parents.total_count < 2]
    return Overview(
        id=found.id,
        viewer=answer.viewer,
        base=base.name,
        commit=base.target.oid,
        tree=base.target.tree.oid,
        subjects=subjects,
        heads=heads,
        pulls=found.pull_requests.nodes,
        contents=dict(proved(found.policy)),
        house=_house(answer.house, missed),
        has_issues=found.has_issues_enabled,
        issues=answer.boards.issues.nodes if answer.boards else None,
    )


def _house(found: _House | None, missed: tuple[Missed, ...]) -> bytes | None:
    """The owner's policy: what must not be read is not taken for what is not there."""
    if any(one.kind == "FORBIDDEN" and one.path[0] == "house" for one in missed):
        return UNREADABLE
    return policy_text(found.object) if found is not None else None


def _paged(client: Client, prefix: str, first: _Refs) -> Iterator[Head]:
    refs = first
    for _ in range(MAX_PAGES):
        yield from refs.nodes
        if not refs.page_info.has_next_page:
            return
        asked = {**named(client), "refs": prefix, "after": refs.page_info.end_cursor}
        refs = client.ask(REFS, asked, _RefsAnswer).repository.refs
    raise failure("There are too many branches", client.repository, f"Remove old ones that begin with {client.prefix}")


def heads_below(client: Client, folder: str) -> dict[str, Head]:
    """The branches in a folder of branches ("" or ending in a slash), by name."""
    asked = {**named(client), "refs": HEADS + folder, "after": None}
    first = client.ask(REFS, asked, _RefsAnswer).repository.refs
    return {head.full_name: head for head in _paged(client, HEADS + folder, first)}


def head_of(client: Client, branch: str) -> Head | None:
    """A branch as it stands now, None where there is none."""
    return client.ask(REF, {**named(client), "ref": HEADS + branch}, _RefAnswer).repository.ref


def resolve(client: Client, ref: str) -> tuple[str, bool]:
    """The commit of a branch or tag, and whether it is a branch; raises ``ForgeError``."""
    head = head_of(client, ref)
    return (head.target.oid, True) if head is not None else (commit_of(client, ref).sha, False)


def commit_of(client: Client, ref: str) -> Made:
    """A commit by its id or by a name; raises ``ForgeError``."""
    try:
        return client.get(f"/commits/{quote(ref, safe='')}", Made)
    except GitHubError as error:
        if error.status not in {404, 422}:
            raise
        raise failure(f"There is no commit {ref!r}", client.repository, "See that the name is right", 404) from error


def policy_text(blob: Blob | None) -> bytes | None:
    """A policy file's content, None where there is none, ``UNREADABLE`` where GraphQL does not give all of it."""
    if blob is None:
        return None
    return next((data for _, data in proved(blob)), UNREADABLE)


def proved(blob: Blob | None) -> Iterator[tuple[str, bytes]]:
    """The object id and content of a blob whose text is exactly its content.

    GitHub turns other encodings into UTF-8, cuts long texts, and gives none of binary files.
    """
    if blob is None or blob.oid is None or blob.text is None or blob.is_truncated:
        return
    data = blob.text.encode("utf-8", "surrogatepass")
    if blob_id(data) == blob.oid:
        yield blob.oid, data
