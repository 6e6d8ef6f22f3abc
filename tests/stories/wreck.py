"""What fault stories share: a fleet that is put back to a moment, runs that die, and a picture of how all is left."""

from __future__ import annotations

import copy
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests.adapters
from requests import PreparedRequest, Response
from sqlalchemy import Connection, Engine, event

from bot.core.errors import ExpectedError
from bot.faults import explained
from bot.store import ProposalRecord, Store
from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.records import Comment, Installation, Issue, Repository
from tests.stories.conftest import Answer, Desk

ONE_AT_A_TIME = {"FRESHLINE_GITHUB__CONCURRENCY": "1"}


class Fleet:
    """A desk whose App is installed on ``acme``; what it sends must be what GitHub describes."""

    def __init__(self, desk: Desk, github: FakeGitHub, key: Path) -> None:
        self.desk = desk
        self.github = github
        github.install("acme")
        key.write_text(github.app.private_key)
        self.login = {
            "FRESHLINE_GITHUB__API_URL": github.api_url,
            "FRESHLINE_GITHUB__APP_ID": str(github.app.id),
            "FRESHLINE_GITHUB__PRIVATE_KEY_FILE": str(key),
            **ONE_AT_A_TIME,
        }

    @property
    def environ(self) -> dict[str, str]:
        return {**self.desk.environ, **self.login}

    @property
    def installation(self) -> Installation:
        (one,) = self.github.world.installations.values()
        return one

    @property
    def database(self) -> Path:
        return self.desk.home / "state" / "freshline" / "freshline.db"

    def freshline(self, *arguments: str, **more: str) -> Answer:
        return self.desk.freshline(*arguments, **self.login, **more)

    def attempt(self, **more: str) -> Answer:
        """A pass over the fleet, however it goes; what ends the whole of it is said as the command says it."""
        try:
            return self.freshline("run", "--fleet", **more)
        except ExpectedError as error:
            return Answer(explained(error), "", f"! {error}")

    def run(self, **more: str) -> str:
        """A pass over the fleet, which goes well."""
        answer = self.attempt(**more)
        assert answer.code == 0, answer.out + answer.err
        return answer.out

    def settle(self) -> None:
        """Passes until one writes nothing more."""
        for _ in range(4):
            self.github.forget_requests()
            self.run()
            counts = self.github.counts
            if counts["write"] + counts["mutation"] == 0:
                return
        raise AssertionError("every pass writes something new")

    def open(self, name: str = "acme/shop") -> dict[str, int]:
        return {pull.head: pull.number for pull in self.github.pulls(name, "open")}

    def proposals(self) -> tuple[ProposalRecord, ...]:
        """What the store knows of the installation's proposals."""
        with Store.open(f"sqlite:///{self.database}") as store:
            return store.proposals(f"github:{self.installation.id}").all()

    def history(self, name: str) -> list[str]:
        """The refusals in force in a repository."""
        with Store.open(f"sqlite:///{self.database}") as store:
            known = store.refusals(f"github:{self.installation.id}").history(name).refusals
        return sorted(f"{one.registry}/{one.name}@{one.version} {one.reason}" for one in known)


@contextmanager
def fleet_at(desk: Desk, folder: Path) -> Iterator[Fleet]:
    """A fleet on a fake GitHub of its own; at the end every request must have been one that GitHub describes."""
    need("github specs", specs.why_not())
    with FakeGitHub(clock=Clock.real()) as github:
        lift_limits(github)
        yield Fleet(desk, github, folder / "key.pem")
        assert github.violations == []


def lift_limits(github: FakeGitHub) -> None:
    """Nothing is limited, and nothing was used."""
    limits = github.limits
    limits.writes_a_minute = limits.writes_an_hour = None
    limits.core = limits.graphql = 1_000_000
    limits.retry_after, limits.secondary_status = 60, 403
    limits.forget()


# Back to a moment

_STATE = ("accounts", "apps", "installations", "repositories", "names", "tokens", "_ids")


@dataclass(frozen=True)
class Moment:
    """How GitHub and the store were: put back as often as it is wanted, which is quicker than living it again."""

    fleet: Fleet
    world: dict[str, Any]
    refs: dict[int, dict[str, str]]
    store: Path

    @classmethod
    def of(cls, fleet: Fleet, folder: Path) -> Moment:
        github = fleet.github
        state = {name: getattr(github.world, name) for name in _STATE}
        world = copy.deepcopy({**state, "app": github.app})
        refs = {number: one.git.refs() for number, one in github.world.repositories.items()}
        shutil.copytree(fleet.database.parent, folder)
        return cls(fleet, world, refs, folder)

    def again(self) -> None:
        """Put it back; git objects that were made since stay, as nobody's."""
        github = self.fleet.github
        world = copy.deepcopy(self.world)
        github._app = world.pop("app")
        for name, value in world.items():
            setattr(github.world, name, value)
        for number, refs in self.refs.items():
            _put_refs(github.world.repositories[number], refs)
        github.forget_requests()
        github.deliveries.clear()
        github.faults.clear()
        lift_limits(github)
        shutil.rmtree(self.fleet.database.parent)
        shutil.copytree(self.store, self.fleet.database.parent)


def _put_refs(repository: Repository, refs: dict[str, str]) -> None:
    for name in repository.git.refs().keys() - refs.keys():
        repository.git.set_ref(name, None)
    for name, sha in refs.items():
        repository.git.set_ref(name, sha)
    repository.git.set_head(repository.default_branch)


# Runs that die


class KilledError(BaseException):
    """The process is dead: nothing in it does anything any more."""


Send = Callable[..., Response]


@dataclass
class Death:
    """Kills a run within this process right after its ``nth`` lasting change; 0: never, only counts.

    A lasting change is an answered request that changes something on GitHub, or a commit of the
    store that changed something in it (the count of the hour's writes left aside). Everything that
    a killed process leaves behind is one of these moments: between two of them it only reads. From
    then on nothing is sent and nothing is stored: the run's own cleaning up can't either.
    """

    nth: int = 0
    seen: int = 0
    dead: bool = False
    what: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def happened(self, what: str) -> None:
        """One more lasting change; raises when it was the last."""
        with self.lock:
            self.seen += 1
            if self.seen == self.nth:
                self.dead, self.what = True, what
        self.alive()

    def alive(self) -> None:
        if self.dead:
            raise KilledError


_CHANGE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (?!writes\b)(\w+)")


def _changes_github(request: PreparedRequest) -> bool:
    path = urlsplit(request.url or "").path
    if path.endswith("/graphql"):
        return "mutation " in (request.body if isinstance(request.body, str) else "")
    return request.method not in {"GET", "HEAD"} and not path.endswith("/access_tokens")


@contextmanager
def dying(death: Death) -> Iterator[None]:
    """Runs inside die as ``death`` says. What is tapped is of requests and SQLAlchemy: nothing in bot/ is touched."""
    adapter = requests.adapters.HTTPAdapter
    send: Send = adapter.send

    def carried(self: requests.adapters.HTTPAdapter, request: PreparedRequest, *rest: Any, **named: Any) -> Response:
        death.alive()
        answer = send(self, request, *rest, **named)
        if _changes_github(request):
            answer.content  # noqa: B018 - read to its end, so that the connection goes back to the pool
            death.happened(f"{request.method} {request.path_url}")
        return answer

    def begun(connection: Connection) -> None:
        death.alive()
        connection.info["changed"] = ""

    def executed(connection: Connection, cursor: Any, statement: str, *_more: object) -> None:
        change = _CHANGE.match(statement)
        if change and cursor.rowcount > 0:
            connection.info["changed"] = change[1]

    def committed(connection: Connection) -> None:
        death.alive()
        if connection.info.get("changed"):
            driver: Any = connection.connection.driver_connection
            driver.commit()
            death.happened(f"a commit of {connection.info['changed']}")

    listeners = (("begin", begun), ("after_cursor_execute", executed), ("commit", committed))
    adapter.send = carried  # type: ignore[method-assign]  # the way out of the process, of a library
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield
    finally:
        adapter.send = send  # type: ignore[method-assign]  # as above
        for name, listener in listeners:
            event.remove(Engine, name, listener)


# How all was left

Picture = dict[str, str]


def picture(fleet: Fleet, *names: str) -> Picture:
    """Everything people see, and what the store knows of it, without times, commit ids and numbers."""
    found: Picture = {}
    for name in names:
        one = fleet.github.repository(name)
        said = [*_branches(one), *_issues(one), *_proposals(fleet, one)]
        said.append(("refusals", ", ".join(fleet.history(name))))
        for what, words in said:
            # What is there twice is told twice.
            found[f"{name} {what}"] = f"{found.get(f'{name} {what}', '')}{words}"
    return found


def unfinished(whole: Picture) -> Picture:
    """The picture without what was closed: how that looked when it was closed is history."""
    closed = {name.split(" state of ")[-1] for name, words in whole.items() if words.startswith("closed")}
    gone = {f"record of {one.strip('<>')}" for one in closed}
    kept = {name: words for name, words in whole.items() if not any(name.endswith(one) for one in closed | gone)}
    assert len(kept) < len(whole)
    return kept


def differences(one: Picture, other: Picture) -> list[str]:
    """What two pictures don't share, short enough to be read."""
    names = [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
    return [f"{name}: {one.get(name, 'nothing')!r} ... {other.get(name, 'nothing')!r}" for name in names]


Told = Iterator[tuple[str, str]]


def _branches(one: Repository) -> Told:
    for name, sha in one.branches().items():
        commit = one.git.known_commit(sha)
        parents = [one.git.known_commit(parent).tree for parent in commit.parents]
        yield f"branch {name}", f"{commit.tree} over {parents}: {commit.message}"


def _issues(one: Repository) -> Told:
    words = _words(one)
    for issue in one.issues.values():
        called, pull = _called(issue), issue.pull
        people = sorted(person.login for person in issue.assignees)
        closer = issue.closed_by.login if issue.closed_by else ""
        yield f"title of {called}", issue.title
        yield f"body of {called}", _neutral(issue.body or "", words)
        yield f"state of {called}", f"{issue.state} {closer} {sorted(issue.labels)} {people}"
        for said in sorted(_comment(comment, words) for comment in issue.comments):
            yield f"comments on {called}", f"{said}\n"
        if pull is not None:
            asked = sorted(person.login for person in pull.reviewers)
            tree = one.git.known_commit(pull.head_sha).tree
            yield f"pull request {called}", f"{pull.base} {tree} {pull.draft} {pull.merged_at is not None} {asked}"


def _proposals(fleet: Fleet, one: Repository) -> Told:
    words = _words(one)
    for p in fleet.proposals():
        if p.repository == one.full_name:
            body = _neutral(p.body, words)
            yield f"record of {p.branch}", f"{p.title} {p.status} {p.updates} {p.told} {words.get(p.number)} {body}"


def _words(one: Repository) -> dict[int, str]:
    return {issue.number: _called(issue) for issue in one.issues.values()}


def _called(issue: Issue) -> str:
    return f"<{issue.pull.head if issue.pull else issue.title}>"


def _comment(comment: Comment, words: dict[int, str]) -> str:
    given = sorted((one.user.login, one.content) for one in comment.reactions)
    return f"{comment.user.login}: {_neutral(comment.body, words)} {given}"


def _neutral(text: str, words: dict[int, str]) -> str:
    """The text with names for numbers: two runs may open the same pull requests in another order."""
    named = re.sub(r"(?<=#)\d+|(?<=/pull/)\d+", lambda m: words.get(int(m[0]), "another"), text)
    return re.sub(r"answer to \d+", "answer", named)
