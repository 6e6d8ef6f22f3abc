"""What the fake remembers, as GitHub's nouns."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.fakes.github.gitrepo import GitRepository

Json = dict[str, Any]
LEVELS = {"read": 1, "write": 2, "admin": 3}
ROLES = {"read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}


def node_id(prefix: str, number: int | str) -> str:
    """An opaque id as GraphQL's: the kind and what it is."""
    return f"{prefix}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"


def node_key(identifier: str) -> tuple[str, str]:
    """The kind and what it is, of an opaque id; raises ``ValueError``."""
    prefix, _, rest = identifier.partition("_")
    return prefix, base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)).decode()


@dataclass(eq=False)
class Account:
    """A person, an organisation or an App's bot; ``kind``: User, Organization or Bot."""

    id: int
    login: str
    kind: str = "User"

    @property
    def node_id(self) -> str:
        return node_id({"User": "U", "Organization": "O", "Bot": "BOT"}[self.kind], self.id)

    @property
    def email(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(eq=False)
class App:
    """A GitHub App; ``private_key`` is PEM."""

    id: int
    slug: str
    owner: Account
    bot: Account
    permissions: dict[str, str]
    events: list[str]
    private_key: str
    created_at: datetime
    webhook_url: str | None = None
    webhook_secret: str = ""


@dataclass(eq=False)
class Installation:
    """An App on an account; ``repository_ids`` None means all of the account's."""

    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    repository_ids: set[int] | None
    created_at: datetime
    suspended_at: datetime | None = None
    removed: bool = False


@dataclass(eq=False)
class Token:
    """A credential; ``permissions`` None means what its user may do."""

    value: str
    user: Account
    installation: Installation | None = None
    permissions: dict[str, str] | None = None
    repository_ids: set[int] | None = None
    expires_at: datetime | None = None
    revoked: bool = False


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(eq=False)
class Comment:
    id: int
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    minimized: str | None = None
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(eq=False)
class Reaction:
    id: int
    user: Account
    content: str
    created_at: datetime


@dataclass(eq=False)
class Review:
    """``state``: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED."""

    id: int
    user: Account
    state: str
    body: str
    commit_id: str
    submitted_at: datetime


@dataclass(frozen=True)
class Happened:
    """An event of a time line, ``kind`` as GraphQL calls it; ``to``: who was assigned or asked (a team by its name)."""

    kind: str
    by: Account
    to: Account | str | None = None


@dataclass(eq=False)
class Issue:
    """An issue, or the half of a pull request that is one."""

    id: int
    number: int
    title: str
    body: str | None
    user: Account
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: Account | None = None
    locked: bool = False
    labels: list[str] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    pull: Pull | None = None
    app: App | None = None
    events: list[Happened] = field(default_factory=list)


@dataclass(eq=False)
class Pull:
    """A pull request inside one repository (from a fork: ``head_repository`` is another)."""

    id: int
    issue: Issue
    base: str
    head: str
    base_sha: str
    head_sha: str
    head_repository: Repository
    draft: bool = False
    maintainer_can_modify: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)
    reviewers: list[Account] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    # (base, head) whose mergeability was asked for; GitHub computes it after the first question.
    asked: tuple[str, str] | None = None
    # The history when it was merged, since the branch may be gone.
    merged_commits: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.issue.number

    @property
    def open(self) -> bool:
        return self.issue.state == "open"


@dataclass(eq=False)
class CheckSuite:
    id: int
    head_sha: str
    head_branch: str | None
    app: App
    created_at: datetime
    updated_at: datetime


@dataclass(eq=False)
class CheckRun:
    """``status``: queued, in_progress, completed; ``conclusion`` when completed."""

    id: int
    name: str
    suite: CheckSuite
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    output: Json = field(default_factory=dict)
    external_id: str = ""
    details_url: str | None = None

    @property
    def head_sha(self) -> str:
        return self.suite.head_sha


@dataclass(eq=False)
class CommitStatus:
    """``state``: pending, success, failure, error."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: datetime


@dataclass(eq=False)
class Deployment:
    id: int
    sha: str
    ref: str
    task: str
    environment: str
    creator: Account
    payload: Any
    description: str | None
    created_at: datetime
    updated_at: datetime
    original_environment: str = ""
    transient: bool = False
    production: bool = False
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass(eq=False)
class DeploymentStatus:
    """``state``: error, failure, inactive, pending, success, queued, in_progress."""

    id: int
    state: str
    creator: Account
    description: str
    environment: str
    target_url: str
    log_url: str
    environment_url: str
    created_at: datetime


@dataclass(eq=False)
class Release:
    id: int
    tag: str
    name: str | None
    body: str | None
    target: str
    author: Account
    created_at: datetime
    published_at: datetime | None
    draft: bool = False
    prerelease: bool = False


@dataclass(eq=False)
class Protection:
    """Branch protection, as far as it decides what may be merged."""

    checks: list[str] = field(default_factory=list)
    strict: bool = False
    reviews: int = 0
    enforce_admins: bool = False
    restrict_to: list[str] | None = None


@dataclass(eq=False)
class Ruleset:
    """A repository ruleset; ``bypass`` holds ids of Apps that pass it with a pull request."""

    id: int
    name: str
    branches: list[str]
    checks: list[str] = field(default_factory=list)
    strict: bool = False
    reviews: int | None = None
    merge_queue: bool = False
    forbid: list[str] = field(default_factory=list)
    bypass: list[int] = field(default_factory=list)


@dataclass(eq=False)
class QueueEntry:
    """A pull request in the merge queue; ``branch`` is what its group is tested on."""

    id: int
    pull: Pull
    user: Account
    enqueued_at: datetime
    head_sha: str
    branch: str
    group_sha: str


@dataclass(eq=False)
class Repository:
    id: int
    name: str
    owner: Account
    git: GitRepository
    default_branch: str
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    private: bool = False
    archived: bool = False
    disabled: bool = False
    fork: bool = False
    deleted: bool = False
    description: str | None = None
    topics: list[str] = field(default_factory=list)
    has_issues: bool = True
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    allow_auto_merge: bool = False
    delete_branch_on_merge: bool = False
    parent: Repository | None = None
    numbers: int = 0
    collaborators: dict[str, str] = field(default_factory=dict)
    # Teams that have access.
    teams: set[str] = field(default_factory=set)
    # A private repository of a free plan has none.
    no_drafts: bool = False
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    check_suites: list[CheckSuite] = field(default_factory=list)
    check_runs: list[CheckRun] = field(default_factory=list)
    statuses: list[CommitStatus] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    protections: dict[str, Protection] = field(default_factory=dict)
    rulesets: list[Ruleset] = field(default_factory=list)
    queue: list[QueueEntry] = field(default_factory=list)
    # Commits that GitHub signed, because an App made them and named nobody.
    signed: set[str] = field(default_factory=set)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def node_id(self) -> str:
        return node_id("R", self.id)

    @property
    def pulls(self) -> list[Pull]:
        return [issue.pull for issue in self.issues.values() if issue.pull]

    def pull(self, number: int) -> Pull | None:
        issue = self.issues.get(number)
        return issue.pull if issue else None

    def branch(self, name: str) -> str | None:
        return self.git.ref(f"refs/heads/{name}")

    def branches(self) -> dict[str, str]:
        return {name.removeprefix("refs/heads/"): sha for name, sha in self.git.refs("refs/heads/").items()}


@dataclass
class Actor:
    """Who does something; ``app`` where it is an App's bot, ``installation`` through which one."""

    user: Account
    app: App | None = None
    installation: Installation | None = None
