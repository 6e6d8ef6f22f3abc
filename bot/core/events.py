"""What GitHub tells by itself: a closed set of events, as far as the bot acts on them.

They only say where to look: what is true is read from the forge, so that an event that is late,
repeated, out of order or lost can corrupt nothing (DESIGN section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """What happened to an installation or a repository."""

    ADDED = "added"
    REMOVED = "removed"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    PERMITTED = "permitted"
    RENAMED = "renamed"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened: the App's installation (0: it is no App's), and OWNER/REPO as it is called now."""

    installation: int
    repository: str


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """An account installed the App, removed it, suspended it, or granted it other permissions."""

    installation: int
    account: str
    change: Change


@dataclass(frozen=True, slots=True)
class RepositoryChanged:
    """A repository came to an installation, left it, or is another than before (archived, renamed, its settings)."""

    place: Place
    change: Change


@dataclass(frozen=True, slots=True)
class Pushed:
    """A branch moved; ``head`` is None for one that was deleted, ``default`` tells of the default branch."""

    place: Place
    branch: str
    head: str | None
    default: bool


@dataclass(frozen=True, slots=True)
class PullRequestChanged:
    """A pull request was opened, closed, merged, edited, labelled, pushed to or reviewed; never one from a fork.

    ``action`` is GitHub's word for it, ``reviewed`` for a review.
    """

    place: Place
    number: int
    branch: str
    action: str


@dataclass(frozen=True, slots=True)
class CommentWritten:
    """Somebody wrote a comment for the bot on an issue or a pull request: it begins with ``/freshline``.

    ``author`` is "" where the account is gone; ``body`` may be cut.
    """

    place: Place
    number: int
    comment: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class IssueChanged:
    """An issue was edited (a box was ticked), closed, opened again, deleted or moved; ``action`` is GitHub's word."""

    place: Place
    number: int
    action: str


@dataclass(frozen=True, slots=True)
class ChecksChanged:
    """A check, a suite of checks or a status of a commit changed."""

    place: Place
    head: str


@dataclass(frozen=True, slots=True)
class MergeGroupChanged:
    """A group of the merge queue was put together (``requested``) or given up."""

    place: Place
    head: str
    requested: bool


@dataclass(frozen=True, slots=True)
class DeploymentChanged:
    """A commit was deployed to an environment, or the state of that changed; ``state`` is "" for a new one."""

    place: Place
    head: str
    environment: str
    state: str


@dataclass(frozen=True, slots=True)
class Released:
    """A repository of the fleet published a release: others may depend on it."""

    place: Place
    tag: str


Event = (
    InstallationChanged
    | RepositoryChanged
    | Pushed
    | PullRequestChanged
    | CommentWritten
    | IssueChanged
    | ChecksChanged
    | MergeGroupChanged
    | DeploymentChanged
    | Released
)
"""Everything that the bot listens to."""
