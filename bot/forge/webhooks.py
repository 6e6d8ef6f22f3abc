"""What GitHub's webhooks say, as facts: the signature first, then a typed reading of what the bot acts on.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from bot.core.commands import parse
from bot.core.errors import ExpectedError
from bot.core.events import (
    Change,
    ChecksChanged,
    CommentWritten,
    DeploymentChanged,
    Event,
    InstallationChanged,
    IssueChanged,
    MergeGroupChanged,
    Place,
    PullRequestChanged,
    Pushed,
    Released,
    RepositoryChanged,
)
from bot.forge.github_client import NAME

MAX_BODY = 25 * 1024 * 1024
"""Bytes: GitHub sends no larger one (https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap)."""
MAX_COMMENT = 10_000
"""Characters of a comment that are kept: more than is read of it (``commands.parse``)."""

_PREFIX = "sha256="
_HEADS = "refs/heads/"

_Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
_Text = Annotated[str, msgspec.Meta(max_length=1000)]
_Name = Annotated[str, msgspec.Meta(pattern=rf"\A(?:{NAME.pattern})\Z")]
_Commit = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")]
_Events = tuple[Event, ...]


class WebhookError(ExpectedError):
    """A webhook that can't be read: why, and what to do next. What it said is never quoted."""

    def __init__(self, why: str, what_next: str = "The next sweep finds out by itself") -> None:
        super().__init__(f"This webhook can't be read: {why}. {what_next}")
        self.why = why
        self.what_next = what_next


def signed(secret: str, body: bytes, signature: str) -> bool:
    """Whether ``signature`` (the header ``X-Hub-Signature-256``) is the secret's over the body as it came.

    Compared in constant time; an empty secret signs nothing.
    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    if not secret:
        return False
    right = _PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace"))


def read(event: str, body: bytes) -> tuple[Event, ...] | None:
    """What a webhook of this kind (the header ``X-GitHub-Event``) tells.

    None for a kind that the bot does not listen to; nothing where it tells nothing that the bot acts
    on. Raises ``WebhookError``.
    """
    reader = _READERS.get(event)
    return None if reader is None else reader.facts(_decoded(reader.decoder, body))


def installation_of(body: bytes) -> int | None:
    """The App's installation that a webhook of any kind is about; raises ``WebhookError``."""
    found = _decoded(_ANY, body).installation
    return None if found is None else found.id


def fleet_of(installation: int | None) -> str:
    """What the store calls an installation's fleet; what belongs to none has one of its own."""
    return "github" if installation is None else f"github:{installation}"


T = TypeVar("T")


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    if len(body) > MAX_BODY:
        raise WebhookError(f"it is larger than {MAX_BODY // 1024**2} MiB, more than GitHub sends")
    if body.startswith(b"payload="):
        raise WebhookError("it is a form", "Choose application/json as the content type in the webhook's settings")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise WebhookError(_worded(str(error))) from None
    except RecursionError:
        raise WebhookError("it is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise WebhookError("it is no JSON", "See that nothing between GitHub and Freshline changes it") from None


def _worded(said: str) -> str:
    """What msgspec says, which names fields and limits and never values; a pattern is no help to anyone."""
    where = said.rpartition(" - at ")[2]
    return f"{where} is nothing that GitHub allows there" if "matching regex" in said else said


# The parts of a payload that are read


class _Installation(msgspec.Struct):
    id: _Id


class _Repository(msgspec.Struct):
    full_name: _Name
    default_branch: _Text = ""


class _Any(msgspec.Struct, kw_only=True):
    installation: _Installation | None = None


class _Payload(_Any, kw_only=True):
    repository: _Repository
    action: _Text = ""

    @property
    def place(self) -> Place:
        """Where it happened."""
        return Place(0 if self.installation is None else self.installation.id, self.repository.full_name)


_ANY = msgspec.json.Decoder(_Any)


# Installations and repositories


class _Account(msgspec.Struct):
    login: _Text = ""
    slug: _Text = ""  # what an enterprise has in place of a login


class _WholeInstallation(_Installation):
    account: _Account | None = None


class _InstallationTold(msgspec.Struct):
    action: _Text
    installation: _WholeInstallation


class _SelectionTold(msgspec.Struct):
    installation: _Installation
    repositories_added: list[_Repository] = []
    repositories_removed: list[_Repository] = []


_INSTALLATION = {
    "created": Change.ADDED,
    "deleted": Change.REMOVED,
    "suspend": Change.SUSPENDED,
    "unsuspend": Change.RESUMED,
    "new_permissions_accepted": Change.PERMITTED,
}
_REPOSITORY = {
    "created": Change.ADDED,
    "deleted": Change.REMOVED,
    "renamed": Change.RENAMED,
    "transferred": Change.RENAMED,  # to another owner, so OWNER/REPO is another
    "archived": Change.ALTERED,
    "unarchived": Change.ALTERED,
    "edited": Change.ALTERED,
    "privatized": Change.ALTERED,
    "publicized": Change.ALTERED,
}


def _installation(told: _InstallationTold) -> _Events:
    account, change = told.installation.account or _Account(), _INSTALLATION.get(told.action)
    if change is None:
        return ()
    return (InstallationChanged(told.installation.id, account.login or account.slug, change),)


def _selection(told: _SelectionTold) -> _Events:
    lists = ((Change.ADDED, told.repositories_added), (Change.REMOVED, told.repositories_removed))
    return tuple(
        RepositoryChanged(Place(told.installation.id, one.full_name), change) for change, some in lists for one in some
    )


def _repository(told: _Payload) -> _Events:
    change = _REPOSITORY.get(told.action)
    return () if change is None else (RepositoryChanged(told.place, change),)


# Branches and pull requests


class _PushTold(_Payload, kw_only=True):
    ref: _Text
    after: _Commit
    deleted: bool = False


class _Head(msgspec.Struct):
    ref: _Text
    repo: _Repository | None = None


class _Pull(msgspec.Struct):
    number: _Id
    head: _Head


class _PullTold(_Payload, kw_only=True):
    pull_request: _Pull


_PULL = frozenset(
    {
        "auto_merge_disabled",
        "auto_merge_enabled",
        "closed",
        "converted_to_draft",
        "dequeued",
        "edited",
        "enqueued",
        "labeled",
        "opened",
        "ready_for_review",
        "reopened",
        "synchronize",
        "unlabeled",
    }
)
"""What is done to a pull request and can change what the bot does: not who is asked, or that it is locked."""


def _push(told: _PushTold) -> _Events:
    if not told.ref.startswith(_HEADS):
        return ()  # a tag
    branch = told.ref.removeprefix(_HEADS)
    head = None if told.deleted else told.after
    return (Pushed(told.place, branch, head, branch == told.repository.default_branch),)


def _pull(told: _PullTold) -> _Events:
    return _changed(told, told.action) if told.action in _PULL else ()


def _review(told: _PullTold) -> _Events:
    return _changed(told, "reviewed") if told.action in {"submitted", "dismissed"} else ()


def _changed(told: _PullTold, action: str) -> _Events:
    """Nothing for one from a fork, which can't be the bot's, whatever its branch is called."""
    one = told.pull_request
    if one.head.repo is None or one.head.repo.full_name.lower() != told.repository.full_name.lower():
        return ()
    return (PullRequestChanged(told.place, one.number, one.head.ref, action),)


# Issues and comments


class _Issue(msgspec.Struct):
    number: _Id


class _IssueTold(_Payload, kw_only=True):
    issue: _Issue


class _Comment(msgspec.Struct):
    id: _Id
    user: _Account | None = None  # none where the account is gone
    body: str | None = None


class _CommentTold(_IssueTold, kw_only=True):
    comment: _Comment


_ISSUE = frozenset({"closed", "deleted", "edited", "reopened", "transferred"})


def _issue(told: _IssueTold) -> _Events:
    return (IssueChanged(told.place, told.issue.number, told.action),) if told.action in _ISSUE else ()


def _comment(told: _CommentTold) -> _Events:
    body = (told.comment.body or "")[:MAX_COMMENT]
    if told.action != "created" or parse(body) is None:
        return ()  # what people say to each other is not kept
    author = (told.comment.user or _Account()).login
    return (CommentWritten(told.place, told.issue.number, told.comment.id, author, body),)


# Checks, the merge queue, deployments, releases


class _Checked(msgspec.Struct):
    head_sha: _Commit


class _RunTold(_Payload, kw_only=True):
    check_run: _Checked


class _SuiteTold(_Payload, kw_only=True):
    check_suite: _Checked


class _StatusTold(_Payload, kw_only=True):
    sha: _Commit


class _GroupTold(_Payload, kw_only=True):
    merge_group: _Checked


class _Deployment(msgspec.Struct):
    sha: _Commit
    environment: _Text


class _State(msgspec.Struct):
    state: _Text


class _DeploymentTold(_Payload, kw_only=True):
    deployment: _Deployment
    deployment_status: _State | None = None


class _Release(msgspec.Struct):
    tag_name: _Text


class _ReleaseTold(_Payload, kw_only=True):
    release: _Release


def _run(told: _RunTold) -> _Events:
    meant = told.action in {"created", "completed", "rerequested"}
    return (ChecksChanged(told.place, told.check_run.head_sha),) if meant else ()


def _suite(told: _SuiteTold) -> _Events:
    # Before it is complete its runs tell what there is to tell.
    return (ChecksChanged(told.place, told.check_suite.head_sha),) if told.action == "completed" else ()


def _status(told: _StatusTold) -> _Events:
    return (ChecksChanged(told.place, told.sha),)


def _group(told: _GroupTold) -> _Events:
    if told.action not in {"checks_requested", "destroyed"}:
        return ()
    return (MergeGroupChanged(told.place, told.merge_group.head_sha, told.action == "checks_requested"),)


def _deployment(told: _DeploymentTold) -> _Events:
    state = "" if told.deployment_status is None else told.deployment_status.state
    return (DeploymentChanged(told.place, told.deployment.sha, told.deployment.environment, state),)


def _release(told: _ReleaseTold) -> _Events:
    # "released" comes with "published", and alone when a pre-release becomes a release.
    return (Released(told.place, told.release.tag_name),) if told.action in {"published", "released"} else ()


@dataclass(frozen=True, slots=True)
class _Reader(Generic[T]):
    """How one kind of webhook is read."""

    decoder: msgspec.json.Decoder[T]
    facts: Callable[[T], _Events]


def _reader(shape: type[T], facts: Callable[[T], _Events]) -> _Reader[T]:
    return _Reader(msgspec.json.Decoder(shape), facts)


_READERS: dict[str, _Reader[Any]] = {
    "check_run": _reader(_RunTold, _run),
    "check_suite": _reader(_SuiteTold, _suite),
    "deployment": _reader(_DeploymentTold, _deployment),
    "deployment_status": _reader(_DeploymentTold, _deployment),
    "installation": _reader(_InstallationTold, _installation),
    "installation_repositories": _reader(_SelectionTold, _selection),
    "issue_comment": _reader(_CommentTold, _comment),
    "issues": _reader(_IssueTold, _issue),
    "merge_group": _reader(_GroupTold, _group),
    "pull_request": _reader(_PullTold, _pull),
    "pull_request_review": _reader(_PullTold, _review),
    "push": _reader(_PushTold, _push),
    "release": _reader(_ReleaseTold, _release),
    "repository": _reader(_Payload, _repository),
    "status": _reader(_StatusTold, _status),
}

EVENTS: frozenset[str] = frozenset(_READERS)
"""The kinds of webhooks that the bot listens to."""
