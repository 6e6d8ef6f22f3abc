"""A fleet on GitHub: which repositories an installation reaches, and what of them moved, asked a hundred at a time.

https://docs.github.com/en/rest/apps/installations and https://docs.github.com/en/graphql
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from bot.forge.github_app import AppLogin
from bot.forge.github_client import READING, READING_ISSUES, Keeping, Permissions, Session, Wire, checked_name
from bot.forge.github_errors import GitHubError, failure
from bot.forge.github_graphql import CONTENT, UNREADABLE, Blob, policy_text
from bot.http import Cache
from bot.policy_file import PATH as POLICY

PAGE = 100
"""GitHub gives at most so many of anything at once."""
MAX_PAGES = 500
LISTING: Permissions = {"metadata": "read"}
"""Every installation grants this."""
LONGEST_BRANCH = 1024
"""Git's own names are bounded by the file system; a longer one is not worked with."""

_NODE = re.compile(r"[A-Za-z0-9_=+/-]{1,200}")
_OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9T:.+Z-]{1,40}")


@dataclass(frozen=True, slots=True)
class Listed:
    """A repository as the installation's list shows it.

    ``node`` is its name in bulk questions. ``pushed_at`` is when anything was last pushed to any
    branch, as GitHub writes it ("" for never): a repository where it has not changed has no new
    head. ``size`` is in KiB, and GitHub works it out now and then only.
    """

    full_name: str
    id: int
    node: str
    pushed_at: str
    private: bool
    archived: bool
    disabled: bool
    fork: bool
    size: int
    default_branch: str


@dataclass(frozen=True, slots=True)
class RepositoryHead:
    """Where a repository stands; ``full_name`` is its name by now.

    ``branch`` (the default one) and ``commit`` are "" where there is no such branch yet. ``policy``
    is its policy file, None where it has none (``github_graphql.UNREADABLE`` for one that can't be
    read). With ``gone`` GitHub shows no such repository any more, and nothing else is known.
    """

    node: str
    full_name: str = ""
    branch: str = ""
    commit: str = ""
    policy: bytes | None = None
    archived: bool = False
    disabled: bool = False
    fork: bool = False
    empty: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """A pull request or an issue: ``updated_at`` changes with everything that people do there."""

    node: str
    updated_at: str
    open: bool


class _Repository(msgspec.Struct):
    full_name: str
    id: int
    node_id: str
    private: bool
    fork: bool
    default_branch: str
    pushed_at: str | None = None
    archived: bool = False
    disabled: bool = False
    size: int = 0


class _Page(msgspec.Struct):
    total_count: int
    repositories: list[_Repository]


HEADS = (
    """
query Heads($ids: [ID!]!, $policy: String!) {
  nodes(ids: $ids) {
    ... on Repository {
      nameWithOwner
      isArchived
      isDisabled
      isFork
      isEmpty
      defaultBranchRef { name target { oid } }
      policy: object(expression: $policy) { ...Content }
    }
  }
}
"""
    + CONTENT
)
# The two states are different types, which GraphQL lets no two fields of one name have.
WATCHED = """
query Watched($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on PullRequest { updatedAt pull: state }
    ... on Issue { updatedAt issue: state }
  }
}
"""


class _Target(msgspec.Struct):
    oid: str


class _Base(msgspec.Struct):
    name: str
    target: _Target | None = None


class _Head(msgspec.Struct, rename="camel"):
    """A node that is no repository has none of it."""

    name_with_owner: str = ""
    is_archived: bool = False
    is_disabled: bool = False
    is_fork: bool = False
    is_empty: bool = False
    default_branch_ref: _Base | None = None
    policy: Blob | None = None


class _Heads(msgspec.Struct):
    nodes: list[_Head | None]


class _Moved(msgspec.Struct, rename="camel"):
    updated_at: str = ""
    pull: str = ""
    issue: str = ""


class _Watched(msgspec.Struct):
    nodes: list[_Moved | None]


_Nodes = TypeVar("_Nodes", _Heads, _Watched)


class Fleet:
    """One installation: implements what a pass over many repositories begins with; safe for threads.

    ``cache`` keeps what GitHub confirms for nothing. Every method raises ``ForgeError``: for an
    installation that is suspended or gone, ``GitHubError`` with status 403 or 404.
    """

    def __init__(self, wire: Wire, login: AppLogin, cache: Cache) -> None:
        self._login = login
        self._keeping = Keeping(cache)
        self._session = Session(login, wire, f"{login.installation.account} on GitHub")

    @property
    def installation(self) -> int:
        """The App's installation."""
        return self._login.fleet

    def repositories(self) -> tuple[Listed, ...]:
        """Every repository that the installation reaches: one request for each 100, free where nothing changed.

        "Free" holds while the token is the same: GitHub's ETags are a token's own.
        https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation
        """
        found, steady = self._listed()
        if not steady:
            # What slid to an earlier page while the list was read was not seen: a second look finds it.
            found = {**found, **self._listed()[0]}
        return tuple(found.values())

    def heads(self, nodes: Sequence[str]) -> dict[str, RepositoryHead]:
        """Where these repositories stand, by node: one query for each 100."""
        made: dict[str, RepositoryHead] = {}
        for batch in _batches(nodes):
            self._in_halves(batch, lambda part: made.update(self._heads(part)))
        return made

    def watched(self, nodes: Sequence[str]) -> dict[str, Watched]:
        """When something last happened to these pull requests and issues, by node; those that are gone are left out."""
        made: dict[str, Watched] = {}
        for batch in _batches(nodes):
            self._in_halves(batch, lambda part: made.update(self._watched(part)))
        return made

    # How

    def _listed(self) -> tuple[dict[int, Listed], bool]:
        """The list by id, and whether it stayed the same while it was read."""
        found: dict[int, Listed] = {}
        totals: set[int] = set()
        read = 0
        for number in range(1, MAX_PAGES + 1):
            page = self._page(number)
            if page.total_count > MAX_PAGES * PAGE:
                break
            found.update((one.id, _listed(one)) for one in page.repositories)
            totals.add(page.total_count)
            read += len(page.repositories)
            if not page.repositories or number * PAGE >= page.total_count:
                return found, len(totals) == 1 and len(found) == read
        raise failure(
            f"The installation reaches more than {MAX_PAGES * PAGE} repositories",
            self._session.where,
            "Select fewer in the installation's settings",
        )

    def _page(self, number: int) -> _Page:
        path = f"/installation/repositories?per_page={PAGE}&page={number}"
        with self._reachable():
            return self._session.page(path, _Page, self._keeping, LISTING)

    def _heads(self, nodes: Sequence[str]) -> dict[str, RepositoryHead]:
        variables = {"ids": list(nodes), "policy": f"HEAD:{POLICY}"}
        answer, missed = self._ask(HEADS, variables, _Heads, len(nodes))
        hidden = {where for where, field in missed if field != "policy"}
        unread = {where for where, _ in missed}
        return {
            node: _head(node, None if n in hidden else one, readable=n not in unread)
            for n, (node, one) in enumerate(zip(nodes, answer.nodes, strict=True))
        }

    def _watched(self, nodes: Sequence[str]) -> dict[str, Watched]:
        answer, missed = self._ask(WATCHED, {"ids": list(nodes)}, _Watched, len(nodes))
        hidden = {where for where, _ in missed}
        return {
            node: Watched(node, _checked(_MOMENT, one.updated_at), "OPEN" in {one.pull, one.issue})
            for n, (node, one) in enumerate(zip(nodes, answer.nodes, strict=True))
            if one is not None and one.updated_at and n not in hidden
        }

    def _ask(
        self, query: str, variables: Mapping[str, object], shape: type[_Nodes], count: int
    ) -> tuple[_Nodes, list[tuple[int, str]]]:
        """An answer with one node for each id, and what it lacks: which node, which of its fields ("" for all)."""
        need = READING if self._login.lacks(READING_ISSUES) else READING_ISSUES
        with self._reachable():
            answer, missed = self._session.ask_partly(query, variables, shape, frozenset({"nodes"}), need)
        if len(answer.nodes) != count:
            raise failure("GitHub's answer can't be used", f"{self._session.where}, nodes", "Run again", 502)
        lacking = [(one.path[1:2], one.path[2:3]) for one in missed]
        return answer, [
            (where[0], str(field[0]) if field else "")
            for where, field in lacking
            if where and isinstance(where[0], int)
        ]

    def _in_halves(self, nodes: Sequence[str], ask: Callable[[Sequence[str]], None]) -> None:
        """One query for a batch; GitHub gives up on a slow one, so that is asked for in halves."""
        try:
            ask(nodes)
        except GitHubError as error:
            if not error.passing or len(nodes) == 1:
                raise
            middle = len(nodes) // 2
            self._in_halves(nodes[:middle], ask)
            self._in_halves(nodes[middle:], ask)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Say of an installation that is suspended or gone that it is."""
        account = self._session.where
        if self._login.installation.suspended:
            raise _suspended(account)
        try:
            yield
        except GitHubError as error:
            if error.status == 404:
                raise failure("The App is not installed any more", account, "Install it again to go on", 404) from error
            if error.status == 403 and "suspended" in error.said.lower():
                raise _suspended(account) from error
            raise


def _suspended(account: str) -> GitHubError:
    return failure("The App is suspended", account, "Un-suspend it in the account's settings", 403)


def _batches(nodes: Sequence[str]) -> Iterator[list[str]]:
    wanted = list(dict.fromkeys(nodes))
    for start in range(0, len(wanted), PAGE):
        yield wanted[start : start + PAGE]


def _listed(one: _Repository) -> Listed:
    return Listed(
        full_name=checked_name(one.full_name),
        id=one.id,
        node=_checked(_NODE, one.node_id),
        pushed_at=_checked(_MOMENT, one.pushed_at) if one.pushed_at else "",
        private=one.private,
        archived=one.archived,
        disabled=one.disabled,
        fork=one.fork,
        size=one.size,
        default_branch=one.default_branch[:LONGEST_BRANCH],
    )


def _head(node: str, one: _Head | None, *, readable: bool) -> RepositoryHead:
    if one is None or not one.name_with_owner:
        return RepositoryHead(node, gone=True)
    base = one.default_branch_ref
    return RepositoryHead(
        node,
        full_name=checked_name(one.name_with_owner),
        branch=base.name[:LONGEST_BRANCH] if base and base.target else "",
        commit=_checked(_OBJECT, base.target.oid) if base and base.target else "",
        policy=policy_text(one.policy) if readable else UNREADABLE,
        archived=one.is_archived,
        disabled=one.is_disabled,
        fork=one.is_fork,
        empty=one.is_empty,
    )


def _checked(pattern: re.Pattern[str], text: str) -> str:
    """The same text; raises ``GitHubError`` for one that is not of this form."""
    if not pattern.fullmatch(text):
        raise failure("GitHub's answer can't be understood", repr(text[:100]), "See whether api_url is right")
    return text
