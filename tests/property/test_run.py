"""DESIGN law 7: a run is idempotent, may be killed at any point, and its branches land in any order."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bot import ecosystems
from bot.core.model import Answer, History, Listing, Package, Release, SkipReason, Unavailable
from bot.core.rules import DEFAULTS, Match, Policy, Rule
from bot.core.versions import scheme
from bot.forge.base import Author, Branch, Deleted, Forge, NewCommit, Pushed, Refused, Snapshot
from bot.forge.local import open_forge
from bot.proposing import Ledger, Outcome, State, propose_all
from bot.store import ProposalRecord, ProposalStatus, Store
from bot.upgrade import Tools, scan

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ENVIRON = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
FEW = settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PYTHON = ("alpha", "beta", "gamma", "delta")
NODE = ("left-pad", "@acme/ui")
CONSTRAINTS = ("==1.0", "==1.0.0", ">=1,<2", "~=1.0", "==1.*", "~=1.4,!=1.5  # why")
RANGES = ("1.0.0", "^1.0.0", "~1.2.0", "1.x")
VERSIONS = ("1.0.0", "1.2.0", "1.4.0", "1.9.9", "2.0.0", "2.1.3", "3.0.0")


@dataclass(frozen=True)
class World:
    """A repository's files, and the newest release of each package before and after."""

    files: Mapping[str, str]
    before: Mapping[str, int]
    after: Mapping[str, int]
    policy: Policy


def newest() -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({name: st.integers(2, len(VERSIONS)) for name in (*PYTHON, *NODE)})


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = draw(st.lists(st.sampled_from(PYTHON), min_size=3, unique=True))
    lines = [f"{name}{draw(st.sampled_from(CONSTRAINTS))}\n" for name in names]
    node = {
        name: draw(st.sampled_from(RANGES)) for name in draw(st.lists(st.sampled_from(NODE), min_size=1, unique=True))
    }
    files = {"requirements.txt": "".join(lines), "web/package.json": json.dumps({"dependencies": node}, indent=2)}
    if draw(st.booleans()):  # a second place for some of them
        files["libs/a/requirements.txt"] = "".join(lines[:2])
    group = Rule(match=Match(registry=draw(st.sampled_from(["pypi", "npm"]))), group="some")
    policy = replace_rules(DEFAULTS, (group,) if draw(st.booleans()) else ())
    return World(files, draw(newest()), draw(newest()), policy)


def replace_rules(policy: Policy, rules: tuple[Rule, ...]) -> Policy:
    return Policy(
        mode=policy.mode,
        minimum_age=policy.minimum_age,
        strategy=policy.strategy,
        major=policy.major,
        exclude=policy.exclude,
        commit=policy.commit,
        rules=rules,
    )


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgSign=false")
    dates = {"GIT_AUTHOR_DATE": "@1700000000 +0000", "GIT_COMMITTER_DATE": "@1700000000 +0000"}
    command = ["git", "-C", str(folder), *identity, *arguments]
    done = subprocess.run(command, check=check, capture_output=True, text=True, env={**ENVIRON, **dates})
    return done.stdout if check else str(done.returncode)


def commit(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "change")


def listing(package: Package, count: int) -> Listing:
    key = scheme("pep440" if package.registry == "pypi" else "npm").key
    versions = sorted(VERSIONS[:count], key=key, reverse=True)
    return Listing(package, tuple(Release(version, NOW - timedelta(days=50)) for version in versions))


@dataclass
class Place:
    """A repository with a store of its own."""

    folder: Path
    store: Store
    policy: Policy

    @property
    def forge(self) -> Forge:
        return open_forge(str(self.folder), self.folder.parent / "state", ENVIRON)

    @property
    def ledger(self) -> Ledger:
        return self.store.proposals()

    def run(self, newest: Mapping[str, int], wrapped: tuple[Forge, Ledger] | None = None) -> tuple[Outcome, ...]:
        def look_up(packages: Iterable[Package]) -> dict[Package, Answer]:
            unknown = Unavailable(SkipReason.NOT_FOUND, "nobody knows it")
            return {p: listing(p, newest[p.name]) if p.name in newest else unknown for p in packages}

        forge, ledger = wrapped or (self.forge, self.ledger)
        tools = Tools(ecosystems.built_in(), self.store.facts(), look_up, History(), self.policy, 1_000_000)
        return propose_all(forge, ledger, scan(forge, tools, NOW), NOW)

    def refs(self) -> dict[str, str]:
        lines = git(self.folder, "for-each-ref", "--format=%(refname:short) %(objectname)").splitlines()
        return dict(line.split(" ") for line in lines)

    def branches(self) -> list[str]:
        return [ref for ref in self.refs() if ref.startswith("freshline/")]

    def rows(self) -> list[ProposalRecord]:
        kept = sorted(self.store.proposals().all(), key=lambda r: (r.branch, r.status, r.head))
        return [replace(record, repository="") for record in kept]

    def state(self) -> tuple[dict[str, str], list[ProposalRecord]]:
        return self.refs(), self.rows()


@contextmanager
def places(world: World, count: int) -> Iterator[list[Place]]:
    """So many identical repositories, object ids included."""
    with tempfile.TemporaryDirectory() as scratch:
        first = Path(scratch, "0", "shop")
        first.mkdir(parents=True)
        git(first, "-c", "init.defaultBranch=main", "init", "-q")
        commit(first, world.files)
        for number in range(1, count):
            shutil.copytree(first, Path(scratch, str(number), "shop"))
        made = [Place(Path(scratch, str(n), "shop"), Store.in_memory(), world.policy) for n in range(count)]
        try:
            yield made
        finally:
            for place in made:
                place.store.close()


class KilledError(Exception):
    """The process has ended here."""


class Fuse:
    """Lets so many writes through; at the next one everything ends."""

    def __init__(self, writes: int) -> None:
        self.left = writes

    def burn(self) -> None:
        if not self.left:
            raise KilledError
        self.left -= 1


class FusedForge:
    """A real forge whose writes burn a fuse."""

    def __init__(self, inner: Forge, fuse: Fuse) -> None:
        self.repository = inner.repository
        self._inner = inner
        self._fuse = fuse

    def snapshot(self, ref: str | None = None) -> Snapshot:
        return self._inner.snapshot(ref)

    def branches(self, prefix: str = "freshline/") -> dict[str, Branch]:
        return self._inner.branches(prefix)

    def authored(self, branch: Branch, author: Author) -> bool:
        return self._inner.authored(branch, author)

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:
        self._fuse.burn()
        return self._inner.propose(branch, commit, expected)

    def delete(self, branch: str, expected: str) -> Deleted | Refused:
        self._fuse.burn()
        return self._inner.delete(branch, expected)

    def changed(self, base_commit: str, other_commit: str, paths: Iterable[str]) -> bool:
        return self._inner.changed(base_commit, other_commit, paths)

    def touched(self, base_commit: str, other_commit: str) -> frozenset[str]:
        return self._inner.touched(base_commit, other_commit)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return self._inner.is_ancestor(ancestor, descendant)

    def recent_subjects(self, n: int = 50) -> list[str]:
        return self._inner.recent_subjects(n)

    def diff(self, base_commit: str | None, commit: str) -> str:
        return self._inner.diff(base_commit, commit)


class FusedLedger:
    """A real ledger whose writes burn a fuse."""

    def __init__(self, inner: Ledger, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def all(self, repository: str | None = None, status: ProposalStatus | None = None) -> tuple[ProposalRecord, ...]:
        return self._inner.all(repository, status)

    def open(self, repository: str, branch: str) -> ProposalRecord | None:
        return self._inner.open(repository, branch)

    def opened(self, repository: str, since: datetime) -> int:
        return self._inner.opened(repository, since)

    def numbered(self, repository: str, number: int) -> ProposalRecord | None:
        return self._inner.numbered(repository, number)

    def save(self, record: ProposalRecord) -> None:
        self._fuse.burn()
        self._inner.save(record)

    def close(self, repository: str, branch: str, status: ProposalStatus, at: datetime) -> bool:
        self._fuse.burn()
        return self._inner.close(repository, branch, status, at)


def run_killed(place: Place, newest: Mapping[str, int], writes: int) -> bool:
    """Run until so many writes are done; whether it was killed before its end."""
    fuse = Fuse(writes)
    try:
        place.run(newest, (FusedForge(place.forge, fuse), FusedLedger(place.ledger, fuse)))
    except KilledError:
        return True
    return False


@FEW
@given(worlds())
def test_running_again_changes_nothing(world: World) -> None:
    with places(world, 1) as [place]:
        for newest in (world.before, world.after):
            done = place.run(newest)
            event(f"{len(done)} branches")
            before, objects = place.state(), git(place.folder, "count-objects")
            again = place.run(newest)
            assert {outcome.state for outcome in again} <= {State.UNCHANGED}
            assert (place.state(), git(place.folder, "count-objects")) == (before, objects)


@FEW
@given(worlds(), st.lists(st.integers(0, 5), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_a_killed_run_ends_as_an_undisturbed_one(world: World, kills: list[int], landed: bool, rewritten: bool) -> None:
    with places(world, 2) as [calm, killed]:
        for place in (calm, killed):
            place.run(world.before)
            if landed and place.branches():
                git(place.folder, "merge", "-q", "--no-edit", place.branches()[0])
            if rewritten:  # every branch is rebuilt on the new base
                commit(place.folder, {n: f"# more\n{t}" for n, t in world.files.items() if n.endswith(".txt")})
        assert calm.refs() == killed.refs()
        calm.run(world.after)
        event(f"killed {sum([run_killed(killed, world.after, writes) for writes in kills])} times")
        killed.run(world.after)
        assert killed.state() == calm.state()


@FEW
@given(worlds(), st.integers(0, 5))
def test_a_first_run_that_was_killed_is_finished_though_the_world_moved_on(world: World, writes: int) -> None:
    with places(world, 2) as [calm, killed]:
        run_killed(killed, world.before, writes)
        calm.run(world.after)
        killed.run(world.after)
        assert proposed(calm) == proposed(killed)


def proposed(place: Place) -> list[tuple[ProposalRecord, str]]:
    """What is proposed, with the tree it gives: a branch that holds just that already keeps its older words."""
    some = [record for record in place.rows() if record.status == "open"]
    trees = [git(place.folder, "rev-parse", f"{record.branch}^{{tree}}") for record in some]
    return [(replace(record, head="", created_at=NOW), tree) for record, tree in zip(some, trees, strict=True)]


@FEW
@given(worlds(), st.data())
def test_branches_land_in_any_order(world: World, data: Any) -> None:
    with places(world, 1) as [place]:
        place.run(world.after)
        event(f"{len(place.branches())} branches")
        while branches := place.branches():
            for branch in branches:
                assert git(place.folder, "merge-tree", "--write-tree", "main", branch, check=False) == "0"
            landing = data.draw(st.sampled_from(branches))
            git(place.folder, "merge", "-q", "--no-edit", landing)
            done = {outcome.branch: outcome.state for outcome in place.run(world.after)}
            assert done[landing] is State.LANDED
        assert place.run(world.after) == ()
        assert {record.status for record in place.rows()} <= {ProposalStatus.LANDED}
