"""What every forge can do, and the values that go in and out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.core.errors import ExpectedError
from bot.core.render import BRANCH_PREFIX, TRAILER

PREFIX = BRANCH_PREFIX
"""Every branch of the bot starts with this."""

SYMBOLIC_LINK = 0o120000
SUBMODULE = 0o160000
MAX_FILE = 16 * 1024 * 1024
"""Bytes: a larger file is not read unless the caller says so."""
MAX_TOTAL = 128 * 1024 * 1024
"""Bytes that one ``read_many`` gives at most, so that many large files don't fill the memory."""


class ForgeError(ExpectedError):
    """Something could not be done with a repository: what, where, and what to do next."""

    def __init__(self, what: str, where: str, what_next: str) -> None:
        super().__init__(f"{what}: {where}. {what_next}")
        self.what = what
        self.where = where
        self.what_next = what_next


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a snapshot.

    ``blob`` is git's object id of the content, "" where there is no git (see ``blob_id``).
    ``mode`` is git's (0o100644, 0o100755, 0o120000 for a symbolic link, 0o160000 for a
    submodule). ``size`` is in bytes, None where telling it would cost (``read_many`` knows).
    """

    path: str
    blob: str
    mode: int
    size: int | None

    @property
    def regular(self) -> bool:
        """Whether it is a plain file: neither a symbolic link nor a submodule."""
        return self.mode not in {SYMBOLIC_LINK, SUBMODULE}


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A file that was not read: its size and the limit it breaks, in bytes."""

    size: int
    limit: int


@dataclass(frozen=True, slots=True)
class Search:
    """Texts of which one has to stand in a file, and the files that are meant."""

    texts: tuple[str, ...]
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: files that hold a text, and files that only reading would tell.

    ``unread`` is empty where the forge can search without giving every file away.
    """

    holding: frozenset[str]
    unread: frozenset[str] = frozenset()


class Snapshot(Protocol):
    """A repository as it was at one commit; paths are relative to the folder that was asked for.

    ``commit`` is None where there is no git; ``branch`` is the base branch's short name,
    "HEAD" when none is checked out.
    """

    @property
    def commit(self) -> str | None:
        """The commit's object id."""
        ...

    @property
    def branch(self) -> str:
        """The base branch."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Every file, symbolic links (never followed) included, submodules not; by path."""
        ...

    def read_many(self, paths: Iterable[str], limit: int = MAX_FILE) -> dict[str, bytes | TooLarge]:
        """The content of regular files, at most ``limit`` bytes each and ``MAX_TOTAL`` together.

        A path that names no regular file of the snapshot is left out of the answer. Raises
        ``ForgeError``.
        """
        ...

    def containing(self, searches: Sequence[Search]) -> tuple[Found, ...]:
        """For each search the text files among its paths that hold one of its texts.

        What is found may hold another search's text instead. Much cheaper than reading them all.
        Where searching would mean reading, the files that are worth it are named, not read: the
        caller knows which of them it remembers, and fetches the rest together with whatever else it
        needs. Raises ``ForgeError``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be made: ``files`` (path to new content) on top of ``base``.

    ``base`` is None only for a folder without git, which nothing but a dry run accepts.
    ``at`` is timezone-aware. Files that the base has keep their mode, others get 0o100644.
    """

    base: str | None
    files: Mapping[str, bytes]
    message: str
    author: Author
    at: datetime


class ReviewState(StrEnum):
    """Where a pull request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Review:
    """A pull request from a branch of the bot's, on forges that have them.

    ``head`` is the commit it showed last; ``by_person`` tells, for a closed one, that somebody
    other than the bot closed it. ``node`` is what the forge calls it in bulk questions. ``notes``
    are sentences about what was asked for at its opening and could not be had.
    """

    number: int
    state: ReviewState
    url: str
    head: str
    title: str
    body: str
    by_person: bool = False
    node: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """What a pull request says, and what is asked for when it is opened.

    Labels, assignees, reviewers and ``draft`` are for the opening: what people change of them
    afterwards stays. A forge without pull requests has no use for any of it.
    """

    title: str
    body: str
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A comment on a pull request of the bot's that begins with ``/freshline``; ``branch`` is its branch."""

    number: int
    branch: str
    comment: int
    author: str
    body: str


class Reaction(StrEnum):
    """How a comment is answered at once (https://docs.github.com/en/rest/reactions)."""

    DONE = "+1"
    REFUSED = "-1"
    UNSURE = "confused"


@dataclass(frozen=True, slots=True)
class Board:
    """The dashboard issue as it stands: ``open`` is false where a person closed it."""

    number: int
    node: str
    title: str
    body: str
    open: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the bot's: ``parent`` is None unless its head has exactly one.

    ``trailers`` are the values of the head's own trailers (``render.TRAILER``), one for each update.
    """

    name: str
    head: str
    parent: str | None
    tree: str
    author_email: str
    trailers: tuple[str, ...]


class RefusalReason(StrEnum):
    """Why a branch was left alone."""

    MOVED = "moved"
    EXISTS = "exists"
    GONE = "gone"
    CHECKED_OUT = "checked_out"
    NOT_A_FILE = "not_a_file"
    PERMISSION_MISSING = "permission_missing"


@dataclass(frozen=True, slots=True)
class Pushed:
    """The branch stands at ``head``; ``changed`` is false when it already did."""

    head: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Deleted:
    """The branch is not there; ``changed`` is false when it already was not."""

    changed: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The branch was left alone, and why."""

    reason: RefusalReason
    detail: str


class Forge(Protocol):
    """A repository that the bot reads and proposes to. Every method raises ``ForgeError``."""

    @property
    def repository(self) -> str:
        """What the store calls the repository: a path or an address, without credentials."""
        ...

    def snapshot(self, ref: str | None = None) -> Snapshot:
        """The repository at a branch, tag or commit; None for the base branch."""
        ...

    def branches(self, prefix: str = PREFIX) -> dict[str, Branch]:
        """The branches whose names start with ``prefix``, by name."""
        ...

    def authored(self, branch: Branch, author: Author) -> bool:
        """Whether the branch's head is by whom this forge commits as, given ``author``."""
        ...

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:
        """Put a branch on a new commit: created, or moved from ``expected`` and nothing else.

        ``expected`` is the head that the bot recorded, None when the branch must not exist. A
        head that already is this very commit (parent, tree, message, author) is not touched.
        """
        ...

    def delete(self, branch: str, expected: str) -> Deleted | Refused:
        """Remove a branch that stands at ``expected``."""
        ...

    def changed(self, base_commit: str, other_commit: str, paths: Iterable[str]) -> bool:
        """Whether any of these paths differs between two commits."""
        ...

    def touched(self, base_commit: str, other_commit: str) -> frozenset[str]:
        """The paths that differ between two commits."""
        ...

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether a commit is reachable from another (a shallow history may hide that)."""
        ...

    def recent_subjects(self, n: int = 50) -> list[str]:
        """The subjects of the base branch's newest commits, merges left out."""
        ...

    def diff(self, base_commit: str | None, commit: str) -> str:
        """What a commit changes against another, as a unified diff for people to read."""
        ...


class PullRequests(Protocol):
    """The pull requests of a forge that has them. Every method raises ``ForgeError``."""

    def listed(self) -> dict[str, Review]:
        """The newest pull request of each branch of the bot's, by branch; none from other people's forks."""
        ...

    def open(self, branch: str, words: Words) -> Review:
        """Open one from the branch to the base, or bring its words up to date; the same again writes nothing."""
        ...

    def close(self, number: int, why: str) -> None:
        """Close one with a comment that says why; one that is closed already is left as it is."""
        ...


class Conversation(Protocol):
    """What people and the bot say to each other on a forge that has pull requests. Methods raise ``ForgeError``."""

    def asked(self) -> tuple[Asked, ...]:
        """Latest comments on the bot's pull requests that begin with ``/freshline``, oldest first, never its own."""
        ...

    def answered(self, asked: Asked) -> bool:
        """Whether the bot's reaction is on the comment already (the store may have been lost)."""
        ...

    def may_write(self, login: str) -> bool:
        """Whether somebody may write to the repository."""
        ...

    def answer(self, asked: Asked, reaction: Reaction, text: str = "") -> None:
        """React to a comment, after a reply where there is a text; the same again changes nothing."""
        ...

    def say(self, number: int, text: str) -> None:
        """Comment on a pull request, unless the bot has said the very same there."""
        ...

    def board(self) -> Board | None:
        """The dashboard issue, None where there is none or the repository has no issues."""
        ...

    def has_issues(self) -> bool:
        """Whether the repository keeps issues, and the bot may write them."""
        ...

    def write_board(self, title: str, body: str) -> Board:
        """Open the dashboard issue, or bring its words up to date; the same again writes nothing."""
        ...


def blob_id(data: bytes) -> str:
    """The object id that git (SHA-1) gives this content (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def trailers_of(message: str) -> tuple[str, ...]:
    """The values of the bot's trailers (``render.TRAILER``) in a commit message's last paragraph."""
    subject, *paragraphs = message.rstrip().split("\n\n")
    del subject  # it is no trailer, whatever it says
    lines = paragraphs[-1].splitlines() if paragraphs else []
    return tuple(line.removeprefix(f"{TRAILER}: ").strip() for line in lines if line.startswith(f"{TRAILER}: "))
