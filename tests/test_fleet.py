"""A look at a fleet: which repositories need a visit, why, and which are left out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.errors import ExpectedError
from bot.core.model import Answer, Listing, Package, Refusal, Release, SkipReason
from bot.core.rules import DEFAULTS, Policy, combine
from bot.ecosystems.requirements import ecosystem
from bot.extraction import Reading
from bot.fleet import CHUNK, Due, Left, Paid, Scout, Survey, Why, expected, pay
from bot.forge.base import ForgeError
from bot.forge.github_fleet import Listed, RepositoryHead, Watched
from bot.store import Proposals, Refusals, Repositories, RepositoryRecord, Store
from bot.store.codec import encode_reading
from bot.upgrade import Known, Scan, Tools, fingerprint, foresee, nobody, readers, settle
from bot.visiting import Pass, Seen

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
FLEET = "github:1"
PUSHED = "2026-08-01T00:00:00Z"
LATER = "2026-08-31T00:00:00Z"
SCAN = Scan("acme/a", "c" * 40, "main", (), (), (), (), (), DEFAULTS, {})


@dataclass
class Hub:
    """A fleet on a forge, in memory; ``asked`` holds the nodes of each question."""

    listed: dict[str, Listed] = field(default_factory=dict)
    heads_of: dict[str, RepositoryHead] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def repositories(self) -> tuple[Listed, ...]:
        return tuple(self.listed.values())

    def heads(self, nodes: Sequence[str]) -> Mapping[str, RepositoryHead]:
        self.asked.append(("heads", tuple(nodes)))
        return {node: self.heads_of[node] for node in nodes if node in self.heads_of}

    def watched(self, nodes: Sequence[str]) -> Mapping[str, Watched]:
        self.asked.append(("watched", tuple(nodes)))
        return {node: Watched(node, self.changed[node], open=True) for node in nodes if node in self.changed}


@dataclass
class World:
    """A fleet, what the store knows of it, the releases there are, and the policies of operator and organisation."""

    store: Store
    hub: Hub = field(default_factory=Hub)
    versions: list[str] = field(default_factory=lambda: ["1.0", "1.1"])
    policy: Policy = DEFAULTS
    house: str = ""
    ecosystems: int = 1
    looked_up: list[frozenset[Package]] = field(default_factory=list)

    @property
    def memory(self) -> Repositories:
        return self.store.repositories(FLEET)

    @property
    def refusals(self) -> Refusals:
        return self.store.refusals(FLEET)

    @property
    def proposals(self) -> Proposals:
        return self.store.proposals(FLEET)

    def tools(self, repository: str, house: bytes | None) -> Tools:
        known = (replace(ecosystem, version=self.ecosystems),)
        history = self.refusals.history(repository)
        return Tools(known, self.store.facts(FLEET), self.look_up, history, self.policy, 1000, house)

    def look_up(self, packages: Iterable[Package]) -> dict[Package, Answer]:
        wanted = frozenset(packages)
        self.looked_up.append(wanted)
        releases = tuple(Release(v, NOW - timedelta(days=90)) for v in reversed(self.versions))
        return {package: Listing(package, releases) for package in wanted}

    def exists(self, name: str, node: str = "", **other: Any) -> None:
        """There is such a repository, with a branch ``main``."""
        node = node or f"R_{name}"
        facts: dict[str, Any] = {"private": False, "archived": False, "disabled": False, "fork": False}
        facts |= {"size": 1, "default_branch": "main", "pushed_at": PUSHED, **other}
        self.hub.listed[f"acme/{name}"] = Listed(f"acme/{name}", 1, node, **facts)
        self.hub.heads_of[node] = RepositoryHead(node, f"acme/{name}", "main", "a" * 40)

    def move(self, name: str, **head: Any) -> None:
        """Something was pushed to it; ``head`` is what is new about it."""
        one = replace(self.hub.listed[f"acme/{name}"], pushed_at=LATER)
        self.hub.listed[f"acme/{name}"] = one
        self.hub.heads_of[one.node] = replace(self.hub.heads_of[one.node], **head)

    def visited(self, name: str, text: str = "alpha==1.0\n", **other: Any) -> None:
        """It was visited, and left as it should be."""
        one = self.hub.listed[f"acme/{name}"]
        head = self.hub.heads_of[one.node]
        own = (head.policy or b"").decode()
        reading = Reading((ecosystem.extract("requirements.txt", text),), ())
        tools = self.tools(one.full_name, self.house.encode() or None)
        foreseen = foresee(Known(head.commit, head.branch, self.house, own, reading), tools)
        (decisions,) = settle([foreseen], self.look_up(foreseen.packages), nobody, NOW)
        record = RepositoryRecord(
            repository=one.full_name,
            node=one.node,
            pushed_at=one.pushed_at,
            branch=head.branch,
            head=head.commit,
            house_policy=self.house,
            own_policy=own,
            readers=readers(tools),
            reading=encode_reading(reading.files, reading.skipped),
            settled=fingerprint(decisions, foreseen.policy),
            visited_at=NOW,
        )
        self.memory.save(replace(record, **other))

    def survey(self, *told: str, forks: bool = False) -> Survey:
        self.hub.asked.clear()
        self.looked_up.clear()
        names = frozenset(f"acme/{name}" for name in told)
        return Scout(self.hub, self.memory, self.tools, self.look_up, nobody, forks, names).survey(NOW)

    def why(self, *told: str, forks: bool = False) -> dict[str, Why]:
        return {one.repository.removeprefix("acme/"): one.why for one in self.survey(*told, forks=forks).due}


@pytest.fixture
def world() -> Iterator[World]:
    with Store.in_memory() as store:
        yield World(store)


def test_an_empty_fleet_asks_nothing_more(world: World) -> None:
    assert world.survey() == Survey(0)
    assert world.hub.asked == []


def test_one_that_was_never_visited_is_new(world: World) -> None:
    world.exists("a")
    found = world.survey()
    assert found == Survey(1, [Due("acme/a", Why.NEW, Seen("R_a", PUSHED))])
    assert world.hub.asked == [("heads", ("R_a",))]
    assert world.memory.all() == {}
    assert world.survey().due == found.due


def test_one_that_is_as_it_was_left_costs_no_question(world: World) -> None:
    for name in "ab":
        world.exists(name)
        world.visited(name)
    assert world.survey() == Survey(2, unchanged=2)
    assert world.hub.asked == []
    assert world.looked_up == [{Package("pypi", "alpha")}]


# Why


def test_what_was_left_undone_is_done(world: World) -> None:
    world.exists("a")
    world.visited("a", settled="")
    assert world.why() == {"a": Why.UNSETTLED}


@pytest.mark.parametrize("head", [{"commit": "b" * 40}, {"branch": "trunk"}])
def test_a_new_head_of_the_default_branch(world: World, head: dict[str, Any]) -> None:
    world.exists("a")
    world.visited("a")
    world.move("a", **head)
    assert world.survey().due == [Due("acme/a", Why.MOVED, Seen("R_a", LATER))]
    assert world.hub.asked == [("heads", ("R_a",))]


def test_a_push_to_another_branch_is_looked_at_once(world: World) -> None:
    world.exists("a")
    world.visited("a")
    world.move("a")
    assert world.survey() == Survey(1, unchanged=1)
    assert world.hub.asked == [("heads", ("R_a",))]
    assert world.survey() == Survey(1, unchanged=1)
    assert world.hub.asked == []


@pytest.mark.parametrize(
    ("before", "after"), [(None, b"mode = 'observe'"), (b"mode = 'observe'", None), (b"major = 'hold'", b"\xff")]
)
def test_its_own_policy_changed(world: World, before: bytes | None, after: bytes | None) -> None:
    world.exists("a")
    world.move("a", policy=before)
    world.visited("a")
    world.move("a", policy=after)
    world.hub.listed["acme/a"] = replace(world.hub.listed["acme/a"], pushed_at="even later")
    assert world.why() == {"a": Why.POLICY}


def test_the_organisations_policy_changed(world: World) -> None:
    for name in ("a", ".github"):
        world.exists(name)
        world.visited(name)
    assert world.why() == {}
    world.move(".github", policy=b"major = 'hold'\n", commit="b" * 40)
    assert world.why() == {"a": Why.POLICY, ".github": Why.MOVED}
    world.house = "major = 'hold'\n"
    world.visited(".github")
    assert world.why() == {"a": Why.POLICY}, "known from its own visit, when nothing is asked"
    world.visited("a")
    assert world.why() == {}
    assert world.hub.asked == []


def test_an_organisations_policy_that_is_out_of_reach_is_as_it_was(world: World) -> None:
    world.exists("a")
    world.house = "major = 'hold'\n"
    world.visited("a")
    assert world.why() == {}


def test_freshline_reads_more_than_before(world: World) -> None:
    world.exists("a")
    world.visited("a")
    world.ecosystems = 2
    assert world.why() == {"a": Why.READERS}


@pytest.mark.parametrize("now", [LATER, None])
def test_something_happened_on_what_is_watched(world: World, now: str | None) -> None:
    for name in "ab":
        world.exists(name)
        world.visited(name)
        world.memory.watch(f"acme/{name}", {f"PR_{name}": PUSHED})
        world.hub.changed[f"PR_{name}"] = PUSHED
    assert world.why() == {}
    assert [(kind, sorted(nodes)) for kind, nodes in world.hub.asked] == [("watched", ["PR_a", "PR_b"])]
    del world.hub.changed["PR_a"]
    if now is not None:
        world.hub.changed["PR_a"] = now
    assert world.survey().due == [Due("acme/a", Why.TALK, Seen("R_a", PUSHED, {"PR_a": now or ""}))]


def test_github_told_of_something(world: World) -> None:
    for name in "ab":
        world.exists(name)
        world.visited(name)
    assert world.why("b", "unknown") == {"b": Why.TOLD}


def test_releases_change_what_is_decided(world: World) -> None:
    for name, text in (("a", "alpha==1.0\n"), ("b", "alpha>=1.0\n")):
        world.exists(name)
        world.visited(name, text)
    world.memory.watch("acme/a", {"PR_1": PUSHED})
    world.hub.changed["PR_1"] = PUSHED
    world.versions.append("1.2")
    found = world.survey()
    assert found.due == [Due("acme/a", Why.RELEASES, Seen("R_a", PUSHED, {"PR_1": PUSHED}))]
    assert found.unchanged == 1


def test_a_refusal_or_the_operators_policy_changes_what_is_decided(world: World) -> None:
    for name in "ab":
        world.exists(name)
        world.visited(name)
    world.refusals.add(Refusal("pypi", "alpha", "1.1", SkipReason.DECLINED, "no"), NOW, "acme/a")
    assert world.why() == {"a": Why.RELEASES}
    world.policy = combine(DEFAULTS, Policy(minimum_age="30d"))
    assert world.why() == {"a": Why.RELEASES, "b": Why.RELEASES}


def test_a_reading_that_another_freshline_kept_is_read_again(world: World) -> None:
    for name in "ab":
        world.exists(name)
        world.visited(name)
    world.visited("a", reading=b"\xc1")
    assert world.why() == {"a": Why.RELEASES}


def test_many_quiet_ones_are_decided_about_in_chunks(world: World) -> None:
    for number in range(CHUNK + 1):
        world.exists(f"r{number}")
        world.visited(f"r{number}", f"p{number % 3}==1.0\n")
    world.visited("r0", "p0==1.0\n", settled="otherwise")
    found = world.survey()
    assert ([one.repository for one in found.due], found.unchanged) == (["acme/r0"], CHUNK)
    assert [len(packages) for packages in world.looked_up] == [3, 1]


# What must not be lost


def test_a_visit_that_could_not_be_paid_is_due_again(world: World) -> None:
    world.exists("a")
    world.visited("a")
    world.move("a", commit="b" * 40)
    for _ in range(2):  # a limit was reached, or the process was killed
        assert world.why() == {"a": Why.MOVED}
    world.visited("a")
    assert world.why() == {}
    assert world.hub.asked == []


def test_a_head_that_was_not_given_is_asked_for_again(world: World) -> None:
    world.exists("a")
    world.visited("a")
    world.move("a", commit="b" * 40)
    head = world.hub.heads_of.pop("R_a")
    assert world.why() == {}
    world.hub.heads_of["R_a"] = head
    assert world.why() == {"a": Why.MOVED}


def test_another_default_branch_needs_no_push(world: World) -> None:
    world.exists("a")
    world.visited("a")
    world.hub.listed["acme/a"] = replace(world.hub.listed["acme/a"], default_branch="trunk")
    world.hub.heads_of["R_a"] = replace(world.hub.heads_of["R_a"], branch="trunk")
    assert world.why() == {"a": Why.MOVED}
    world.visited("a")
    assert world.why() == {}


# What is left out


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ({"archived": True}, Left.ARCHIVED),
        ({"disabled": True}, Left.DISABLED),
        ({"fork": True}, Left.FORK),
        ({"fork": True, "archived": True}, Left.ARCHIVED),
    ],
)
def test_what_is_left_out_by_its_listing(world: World, facts: dict[str, Any], left: Left) -> None:
    world.exists("a", **facts)
    world.exists("b")
    world.visited("b")
    assert world.survey("a") == Survey(2, [], {"acme/a": left}, unchanged=1)
    assert world.hub.asked == []


def test_forks_are_visited_where_policy_wants_them(world: World) -> None:
    world.exists("a", fork=True)
    assert world.why(forks=True) == {"a": Why.NEW}
    world.exists("a", fork=True, archived=True)
    assert world.survey(forks=True).left_out == {"acme/a": Left.ARCHIVED}


@pytest.mark.parametrize(
    ("head", "left"), [(RepositoryHead("R_a"), Left.EMPTY), (RepositoryHead("R_a", gone=True), Left.GONE)]
)
def test_what_is_left_out_by_its_head(world: World, head: RepositoryHead, left: Left) -> None:
    world.exists("a")
    world.hub.heads_of["R_a"] = head
    assert world.survey() == Survey(1, [], {"acme/a": left})


def test_one_that_comes_back_is_visited_when_it_moved(world: World) -> None:
    world.exists("a")
    world.visited("a")
    world.exists("a", archived=True)
    assert world.survey().left_out == {"acme/a": Left.ARCHIVED}
    assert world.memory.all().keys() == {"acme/a"}
    world.exists("a")
    assert world.why() == {}
    world.move("a", commit="b" * 40)
    assert world.why() == {"a": Why.MOVED}


# Names


def test_a_new_name_is_no_new_repository(world: World) -> None:
    world.exists("a")
    world.visited("a")
    world.refusals.add(Refusal("pypi", "alpha", "1.1", SkipReason.DECLINED, "no"), NOW, "acme/a")
    world.visited("a")
    del world.hub.listed["acme/a"]
    world.exists("z", "R_a")
    assert world.survey() == Survey(1, unchanged=1)
    assert world.memory.all().keys() == {"acme/z"}
    assert [one.version for one in world.refusals.own("acme/z")] == ["1.1"]


def test_a_new_name_that_another_lost_is_taken_over(world: World) -> None:
    for name in "ab":
        world.exists(name)
        world.visited(name)
        world.refusals.add(Refusal("pypi", "alpha", "1.1", SkipReason.DECLINED, name), NOW, f"acme/{name}")
        world.visited(name)
    del world.hub.listed["acme/a"]
    world.exists("b", "R_a")
    assert world.survey() == Survey(1, unchanged=1)
    assert {name: row.node for name, row in world.memory.all().items()} == {"acme/b": "R_a"}
    assert [one.detail for one in world.refusals.own("acme/b")] == ["a"]


def test_one_that_is_lost_is_forgotten_and_its_history_is_not(world: World) -> None:
    for name in "ab":
        world.exists(name)
        world.visited(name)
        world.memory.watch(f"acme/{name}", {f"PR_{name}": PUSHED})
        world.hub.changed[f"PR_{name}"] = PUSHED
    world.refusals.add(Refusal("pypi", "x", "1", SkipReason.DECLINED, "no"), NOW, "acme/a")
    del world.hub.listed["acme/a"]
    assert world.survey() == Survey(1, unchanged=1)
    assert world.memory.all().keys() == {"acme/b"}
    assert world.hub.asked == [("watched", ("PR_b",))]
    assert len(world.refusals.own("acme/a")) == 1


# The visits


def dues(*names: str) -> list[Due]:
    return [Due(f"acme/{name}", Why.NEW, Seen()) for name in names]


def test_every_visit_is_paid_whatever_the_others_do() -> None:
    def visit(due: Due) -> Pass:
        if due.repository == "acme/b":
            raise ForgeError("It is gone", due.repository, "Go on")
        if due.repository == "acme/c":
            raise KeyError("x")
        return Pass(SCAN, ())

    paid = {one.due.repository: one for one in pay(dues(*"abcd"), visit, 2, lambda: True) if isinstance(one, Paid)}
    assert {name: type(one.result) for name, one in paid.items()} == {
        "acme/a": Pass,
        "acme/b": ForgeError,
        "acme/c": KeyError,
        "acme/d": Pass,
    }
    assert [name for name, one in sorted(paid.items()) if expected(one)] == ["acme/a", "acme/b", "acme/d"]
    assert isinstance(paid["acme/b"].result, ExpectedError)


def test_what_must_wait_is_given_back() -> None:
    left = iter((True, True, False, False))
    done = list(pay(dues(*"abcd"), lambda _: Pass(SCAN, ()), 1, lambda: next(left)))
    assert {one.due.repository for one in done if isinstance(one, Paid)} == {"acme/a", "acme/b"}
    assert {one.repository for one in done if isinstance(one, Due)} == {"acme/c", "acme/d"}


def test_visits_run_beside_each_other_and_no_more_than_allowed() -> None:
    both = threading.Barrier(2, timeout=10)
    lock, most, now = threading.Lock(), [0], [0]

    def count(step: int) -> None:
        with lock:
            now[0] += step
            most[0] = max(most[0], now[0])

    def visit(_: Due) -> Pass:
        count(1)
        both.wait()
        count(-1)
        return Pass(SCAN, ())

    assert len(list(pay(dues(*"abcd"), visit, 2, lambda: True))) == 4
    assert most == [2]


def test_nothing_to_pay() -> None:
    refuse: Callable[[Due], Pass] = lambda _: Pass(SCAN, ())  # noqa: E731 - a value with a type
    assert list(pay([], refuse, 3, lambda: True)) == []
