"""A visit at its edges: what must wait, what policy only observes, what is left to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.model import Answer, Listing, Package, Release
from bot.core.rules import DEFAULTS, Mode, Policy, PullRequests, Rebase, combine
from bot.ecosystems.requirements import ecosystem
from bot.forge.base import ReviewState
from bot.proposing import Outcome, State
from bot.store import RepositoryRecord, Store
from bot.upgrade import Tools
from bot.visiting import Pass, Seen, Shelf, Visit, unsettled
from tests.fakes.town import NAME, Town
from tests.stories.conftest import git
from tests.test_view import SCAN

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
FLEET = "github:1"
BRANCH = "freshline/pypi/"


@dataclass
class Place:
    """A town, what the bot remembers of it, and the releases of the world."""

    folder: Path
    store: Store
    town: Town
    policy: Policy = DEFAULTS
    versions: dict[str, list[str]] = field(default_factory=dict)

    def write(self, *requirements: str) -> None:
        """The base branch has a file for each requirement, and no others."""
        git(self.folder, "rm", "-q", "-r", "--ignore-unmatch", ".")
        for one in requirements:
            name = one.partition("=")[0]
            (self.folder / f"requirements-{name}.txt").write_text(f"{one}\n")
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--allow-empty", "--date=2026-08-01T00:00:00Z", "-m", "change")

    def commit_to(self, branch: str) -> None:
        """Somebody else commits to a branch."""
        git(self.folder, "checkout", "-q", branch)
        git(self.folder, "commit", "-q", "--allow-empty", "-m", "my own")
        git(self.folder, "checkout", "-q", "main")

    def look_up(self, packages: Iterable[Package]) -> dict[Package, Answer]:
        found: dict[Package, Answer] = {}
        for package in packages:
            known = reversed(self.versions.get(package.name, ["1.0", "1.1"]))
            found[package] = Listing(package, tuple(Release(one, NOW - timedelta(days=90)) for one in known))
        return found

    def tools(self) -> Tools:
        history = self.store.refusals(FLEET).history(NAME)
        return Tools((ecosystem,), self.store.facts(FLEET), self.look_up, history, self.policy, 1000)

    def visit(self, *postponed: str, changed: Mapping[str, str] | None = None) -> Pass:
        self.town.postponed = set(postponed)
        self.town.log.clear()
        shelf = Shelf(self.store.proposals(FLEET), self.store.refusals(FLEET), self.store.repositories(FLEET))
        seen = Seen("R_1", "2026-08-01T00:00:00Z", changed or {})
        return Visit(self.town, shelf, self.tools, lambda _: {}, NOW, seen).carry_out()

    @property
    def record(self) -> RepositoryRecord:
        return self.store.repositories(FLEET).all()[NAME]

    def states(self) -> dict[str, ReviewState]:
        return {branch.removeprefix(BRANCH): one.state for branch, one in self.town.reviews.items()}

    def picture(self) -> dict[str, object]:
        """Everything that people see, and everything that is kept."""
        town, kept = self.town, self.store
        board = town.board()
        return {
            "branches": {name: (one.trailers, one.tree) for name, one in town.branches().items()},
            "reviews": {name: (one.state, one.title, one.body) for name, one in town.reviews.items()},
            "said": sorted(text for _, text in town.said),
            "reactions": dict(town.reactions),
            "board": board and unnumbered(board.body),
            "refusals": {(one.name, one.version, one.reason) for one in kept.refusals(FLEET).own(NAME)},
            "proposals": sorted((one.branch, one.title, one.status) for one in kept.proposals(FLEET).all(NAME)),
            "answered": kept.repositories(FLEET).answered(NAME),
        }


def unnumbered(body: str) -> str:
    """The dashboard without the numbers of pull requests, which depend on the order of their opening."""
    return "".join(one for one in body if not one.isdigit())


def made(folder: Path) -> Place:
    folder.mkdir()
    git(folder, "-c", "init.defaultBranch=main", "init", "-q")
    git(folder, "config", "core.hooksPath", "/dev/null")
    return Place(folder, Store.in_memory(), Town(folder))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = made(tmp_path / "shop")
    found.write("alpha==1.0", "beta==1.1")
    yield found
    found.store.close()


# What must wait


def eventful(place: Place) -> None:
    """A repository in which the next visit has every kind of thing to do."""
    place.write("closed==1.0", "newer==1.0", "theirs==1.0", "helped==1.0", "unloved==1.0", "dropped==1.0")
    place.visit()
    place.visit()
    town = place.town
    town.end(f"{BRANCH}closed")
    place.versions["newer"] = ["1.0", "1.1", "1.2"]
    place.commit_to(f"{BRANCH}theirs")
    town.ask(f"{BRANCH}helped", "/freshline help")
    town.ask(f"{BRANCH}helped", "/freshline quarantine", "mallory")
    town.ask(f"{BRANCH}unloved", "/freshline ignore this version")
    place.write("closed==1.0", "newer==1.0", "theirs==1.0", "helped==1.0", "unloved==1.0", "added==1.0")


@pytest.mark.parametrize("method", ["propose", "delete", "open", "close", "answer", "say", "write_board"])
def test_what_has_to_wait_is_done_later_and_once(tmp_path: Path, method: str) -> None:
    calm, held = made(tmp_path / "calm"), made(tmp_path / "held")
    for place in (calm, held):
        eventful(place)
    assert not calm.visit().postponed
    assert held.visit(method).postponed
    assert held.record.settled == ""
    assert not any(line.startswith(f"{method} ") for line in held.town.log)
    assert not held.visit().postponed
    settled = {place.visit().postponed for place in (calm, held)}
    assert settled == {False}
    assert held.picture() == calm.picture()
    assert held.record.settled == calm.record.settled != ""
    for place in (calm, held):
        place.visit()
        assert place.town.log == []
        place.store.close()


def test_what_happened_is_all_seen_to(tmp_path: Path) -> None:
    place = made(tmp_path / "shop")
    eventful(place)
    done = place.visit()
    assert {one.branch.removeprefix(BRANCH): one.state for one in done.outcomes} == {
        "newer": State.MOVED,
        "theirs": State.LEFT_ALONE,
        "helped": State.UNCHANGED,
        "added": State.CREATED,
        "dropped": State.SUPERSEDED,
    }
    assert {name for name, state in place.states().items() if state is ReviewState.OPEN} == {
        *("newer", "theirs", "helped", "added")
    }
    assert done.notes == ("#3: mallory may not write here, so “quarantine” was not heeded",)
    place.store.close()


def test_a_ticked_box_is_not_forgotten_when_hearing_has_to_wait(place: Place) -> None:
    place.policy = combine(DEFAULTS, Policy(pull_requests=PullRequests(max_open=1)))
    place.write("alpha==1.0", "beta==1.0", "gamma==1.0")
    place.visit()
    assert place.states().keys() == {"alpha"}
    place.town.tick("gamma")
    place.town.ask(f"{BRANCH}alpha", "/freshline ignore this version")
    assert place.visit("close").postponed
    assert place.states().keys() == {"alpha"}
    place.visit()
    assert place.states() == {"alpha": ReviewState.CLOSED, "beta": ReviewState.OPEN, "gamma": ReviewState.OPEN}


def test_a_ticked_box_stays_until_it_is_done(place: Place) -> None:
    place.policy = combine(DEFAULTS, Policy(pull_requests=PullRequests(max_open=1)))
    place.write("alpha==1.0", "beta==1.0", "gamma==1.0")
    place.visit()
    place.town.tick("gamma")
    assert place.visit("propose").postponed
    place.visit()
    assert place.states() == {"alpha": ReviewState.OPEN, "gamma": ReviewState.OPEN}
    board = place.town.board()
    assert board is not None
    assert "[x]" not in board.body


# Policy that only observes


def test_where_policy_only_observes_nothing_is_written(place: Place) -> None:
    place.visit()
    place.town.ask(f"{BRANCH}alpha", "/freshline ignore this version")
    place.policy = combine(DEFAULTS, Policy(mode=Mode.OBSERVE))
    place.versions["beta"] = ["1.0", "1.1", "1.2"]
    before = place.picture()
    done = place.visit()
    assert (done.observed, done.outcomes, place.town.log) == (True, (), [])
    assert place.picture() == before
    assert place.record.settled == done.scan.fingerprint
    assert "I_99" in place.store.repositories(FLEET).watched()
    place.policy = DEFAULTS
    place.visit()
    assert place.states() == {"alpha": ReviewState.CLOSED, "beta": ReviewState.OPEN}


def test_an_own_policy_that_observes_counts_as_well(place: Place) -> None:
    (place.folder / ".github").mkdir()
    (place.folder / ".github" / "freshline.toml").write_text('mode = "observe"\n')
    git(place.folder, "add", "-A")
    git(place.folder, "commit", "-qm", "policy")
    assert place.visit().observed
    assert (place.town.log, place.town.board()) == ([], None)
    assert place.record.own_policy == 'mode = "observe"\n'


def test_a_base_that_moved_while_nothing_was_to_be_rebased_is_not_forgotten(place: Place) -> None:
    """The branch stays as it is by policy; when policy changes, it is rebuilt where its files changed."""
    place.visit()
    place.policy = combine(DEFAULTS, Policy(pull_requests=PullRequests(rebase=Rebase.NEVER)))
    (place.folder / "requirements-alpha.txt").write_text("# pinned\nalpha==1.0\n")
    git(place.folder, "commit", "-qam", "comment")
    before = place.town.branches()
    place.visit()
    assert place.town.branches() == before
    place.visit()
    assert place.town.log == []
    place.policy = DEFAULTS
    place.visit()
    assert git(place.folder, "show", f"{BRANCH}alpha:requirements-alpha.txt") == "# pinned\nalpha==1.1\n"


# How it is remembered


def test_what_is_watched_and_since_when(place: Place) -> None:
    place.visit()
    watched = place.store.repositories(FLEET).watched
    assert {node: one.updated_at for node, one in watched().items()} == {"PR_1": "", "I_99": ""}
    place.visit(changed={"PR_1": "t1", "I_99": "t2", "PR_other": "t3"})
    assert {node: one.updated_at for node, one in watched().items()} == {"PR_1": "t1", "I_99": "t2"}
    assert (place.record.node, place.record.pushed_at) == ("R_1", "2026-08-01T00:00:00Z")


def test_a_policy_that_cannot_be_read_is_read_again(place: Place) -> None:
    (place.folder / ".github").mkdir()
    (place.folder / ".github" / "freshline.toml").write_bytes(b"\xff")
    git(place.folder, "add", "-A")
    git(place.folder, "commit", "-qm", "policy")
    assert place.visit().scan.warnings != ()
    assert (place.record.own_policy, place.record.settled) == ("", "")


def test_a_repository_without_issues_has_no_dashboard(place: Place) -> None:
    place.town.issues = False
    place.visit()
    assert place.town.board() is None
    assert place.record.settled != ""


def outcome(state: State, *, theirs: bool = False) -> Outcome:
    return Outcome("freshline/pypi/x", state, "", "", "", None, None, theirs=theirs)


@pytest.mark.parametrize(
    ("done", "left"),
    [
        (Pass(SCAN, ()), False),
        (Pass(SCAN, (), postponed=True), True),
        (Pass(SCAN, (outcome(State.WAITING), outcome(State.CREATED))), False),
        (Pass(SCAN, (outcome(State.LEFT_ALONE),)), True),
    ],
)
def test_what_is_left_to_do(done: Pass, *, left: bool) -> None:
    assert unsettled(done) is left
    assert unsettled(replace(done, observed=True)) is left
