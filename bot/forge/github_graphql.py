"""GraphQL: what a pass over one repository asks in few queries, and the shapes of the answers.

Every text is our own; what comes from elsewhere goes in as a variable
(https://docs.github.com/en/graphql/guides/forming-calls-with-graphql).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from bot.forge.base import PREFIX, Branch, NewCommit, blob_id, trailers_of
from bot.forge.commit import tidy
from bot.forge.github_client import Client, checked_name
from bot.forge.github_errors import GitHubError, failure
from bot.policy_file import PATH as POLICY

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
      ...Known
      body
      labels(first: 50) { nodes { name } }
      unlabeled: timelineItems(first: 1, itemTypes: [UNLABELED_EVENT]) { nodes { __typename } }
    }
  }
}
"""
KNOWN = """
fragment Known on PullRequest {
  number
  state
  url
  title
  headRefName
  headRefOid
  isCrossRepository
  viewerDidAuthor
  author { login }
}
"""
CONTENT = "fragment Content on Blob { oid text isBinary isTruncated }\n"
OVERVIEW = (
    """
query Overview($owner: String!, $name: String!, $refs: String!, $policy: String!, $subjects: Int!, $plain: Boolean!) {
  viewer { login databaseId }
  repository(owner: $owner, name: $name) {
    id
    nameWithOwner
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
        comments(last: 5) @include(if: $plain) { nodes { body viewerDidAuthor } }
      }
    }
  }
}
"""
    + _HEAD
    + KNOWN
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
    + KNOWN
)
REF = (
    """
query Ref($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) { ref(qualifiedName: $ref) { ...Head } }
}
"""
    + _HEAD
    + KNOWN
)


class _Oid(msgspec.Struct):
    oid: str


class _Count(msgspec.Struct, rename="camel"):
    total_count: int


class _Login(msgspec.Struct):
    login: str


class _Label(msgspec.Struct):
    name: str


class _Labels(msgspec.Struct):
    nodes: list[_Label]


class _Event(msgspec.Struct):
    actor: _Login | None = None


class _Events(msgspec.Struct):
    nodes: list[_Event]


class Comment(msgspec.Struct, rename="camel"):
    """A comment on a pull request."""

    body: str
    viewer_did_author: bool


class Comments(msgspec.Struct):
    """Some comments, the newest last."""

    nodes: list[Comment]


class Pull(msgspec.Struct, rename="camel"):
    """A pull request as the overview shows it.

    ``body``, ``labels`` and ``unlabeled`` (whether anybody took a label off) come with a branch's
    open one, ``closed`` and (for a plain token) ``comments`` with the newest of the repository.
    """

    number: int
    state: str
    url: str
    title: str
    head_ref_name: str
    head_ref_oid: str
    is_cross_repository: bool
    viewer_did_author: bool
    author: _Login | None = None
    body: str = ""
    closed: _Events | None = None
    comments: Comments | None = None
    labels: _Labels | None = None
    unlabeled: _Events | None = None


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


class _Repository(msgspec.Struct, rename="camel"):
    id: str
    name_with_owner: str
    refs: _Refs
    pull_requests: Pulls
    default_branch_ref: _Base | None = None
    policy: Blob | None = None


class _Viewer(msgspec.Struct, rename="camel"):
    login: str
    database_id: int | None = None


class _Overview(msgspec.Struct):
    repository: _Repository
    viewer: _Viewer


class _RefsPart(msgspec.Struct):
    refs: _Refs


class _RefsAnswer(msgspec.Struct):
    repository: _RefsPart


class _RefPart(msgspec.Struct):
    ref: Head | None = None


class _RefAnswer(msgspec.Struct):
    repository: _RefPart


class Overview(msgspec.Struct):
    """A repository as a pass begins: its base, the bot's branches, the newest pull requests."""

    id: str
    viewer: _Viewer
    base: str
    commit: str
    tree: str
    subjects: list[str]
    heads: dict[str, Head]
    pulls: list[Pull]
    contents: dict[str, bytes]

    @property
    def bot_names(self) -> frozenset[str]:
        """What stands before the @ in the address that GitHub gives an App's commits."""
        login = self.viewer.login.removesuffix("[bot]")
        return frozenset({f"{self.viewer.database_id}+{login}[bot]"})


def named(client: Client) -> dict[str, Any]:
    """The variables that name the repository."""
    owner, _, name = client.repository.partition("/")
    return {"owner": owner, "name": name}


def overview(client: Client) -> Overview:
    """Everything a pass begins with, in one query (more only above 100 branches)."""
    asked = {"refs": HEADS + PREFIX, "policy": f"HEAD:{POLICY}", "subjects": SUBJECTS, "plain": not client.login.is_app}
    answer = client.ask(OVERVIEW, {**named(client), **asked}, _Overview)
    found = answer.repository
    client.path_name = checked_name(found.name_with_owner)
    base = found.default_branch_ref
    if base is None or base.target is None or base.target.tree is None or base.target.history is None:
        raise failure("There is no commit yet", client.repository, "Commit something first", 409)
    heads = {head.full_name: head for head in _paged(client, HEADS + PREFIX, found.refs)}
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
    )


def _paged(client: Client, prefix: str, first: _Refs) -> Iterator[Head]:
    refs = first
    for _ in range(MAX_PAGES):
        yield from refs.nodes
        if not refs.page_info.has_next_page:
            return
        asked = {**named(client), "refs": prefix, "after": refs.page_info.end_cursor}
        refs = client.ask(REFS, asked, _RefsAnswer).repository.refs
    raise failure("There are too many branches", client.repository, f"Remove old ones that begin with {PREFIX}")


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


def proved(blob: Blob | None) -> Iterator[tuple[str, bytes]]:
    """The object id and content of a blob whose text is exactly its content.

    GitHub turns other encodings into UTF-8, cuts long texts, and gives none of binary files.
    """
    if blob is None or blob.oid is None or blob.text is None or blob.is_truncated:
        return
    data = blob.text.encode("utf-8", "surrogatepass")
    if blob_id(data) == blob.oid:
        yield blob.oid, data
