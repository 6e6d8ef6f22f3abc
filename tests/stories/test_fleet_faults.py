"""A fleet's pass that is killed anywhere, or meets every fault of GitHub's: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.faults import Fault
from tests.fakes.github.records import Installation
from tests.fakes.github.world import Content, link_to, submodule
from tests.fakes.registry import FakeRegistry, Reply
from tests.stories.conftest import Desk, versions
from tests.stories.wreck import (
    Death,
    Fleet,
    KilledError,
    Moment,
    Picture,
    differences,
    dying,
    fleet_at,
    lift_limits,
    picture,
    unfinished,
)

SHOP, LIB = "acme/shop", "acme/lib"
BRANCH = "freshline/pypi/"
PACKAGES = ("added", "closed", "conflict", "dropped", "helped", "merged", "newer", "theirs", "unloved")
POLICY = '[pull_requests]\nlabels = ["dependencies"]\nreviewers = ["carla"]\nassignees = ["dora"]\n'
CHUNKS = 6
EVERY = 7


def living(fleet: Fleet) -> None:
    """A repository with a pull request for each thing that can happen to one, and a quieter neighbour."""
    github = fleet.github
    for name in PACKAGES:
        fleet.desk.registry.pypi(name, versions("1.0", "1.1"))
    files = {f"{name}/requirements.txt": f"{name}==1.0\n" for name in PACKAGES if name != "added"}
    github.create_repository(SHOP, {**files, ".github/freshline.toml": POLICY})
    github.create_repository(LIB, {"requirements.txt": "newer==1.0\n"})
    for person in ("carla", "dora"):
        github.collaborator(SHOP, person)
    fleet.settle()


def happen(fleet: Fleet) -> None:
    """All of it happens, so that one pass opens, updates, rebases, retires, learns, answers, and lets go."""
    github = fleet.github
    number = {branch.removeprefix(BRANCH): one for branch, one in fleet.open().items()}
    github.close_pull(SHOP, number["closed"])
    github.merge_pull(SHOP, number["merged"])
    changes = {
        "conflict/requirements.txt": "# pinned\nconflict==1.0\n",
        "dropped/requirements.txt": "dropped==1.1\n",
        "added/requirements.txt": "added==1.0\n",
    }
    github.push(SHOP, "main", changes)
    github.push(SHOP, f"{BRANCH}theirs", {"theirs/notes.txt": "mine\n"})
    github.comment(SHOP, number["helped"], "/freshline help")
    github.comment(SHOP, number["unloved"], "/freshline ignore this version")
    publish(fleet)


def publish(fleet: Fleet) -> None:
    """The registry as the pass finds it: one release is new."""
    for name in PACKAGES:
        newer = ("1.2",) if name == "newer" else ()
        fleet.desk.registry.pypi(name, versions("1.0", "1.1", *newer))


@dataclass(frozen=True)
class Eve:
    """The moment before the pass, how all is when the pass is done, and how many changes and requests it took."""

    fleet: Fleet
    moment: Moment
    wanted: Picture
    changes: int
    requests: int

    def now(self) -> list[str]:
        """What is otherwise than after an undisturbed pass."""
        return differences(picture(self.fleet, SHOP, LIB), self.wanted)

    def assert_healed(self, why: str) -> None:
        """One more pass makes everything as it should be, and leaves nothing to do."""
        self.fleet.run()
        assert self.now() == [], why


@pytest.fixture(scope="module")
def eve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eve]:
    folder = tmp_path_factory.mktemp("eve")
    with FakeRegistry() as registry, fleet_at(Desk(folder, registry, folder / "home"), folder) as fleet:
        living(fleet)
        happen(fleet)
        moment = Moment.of(fleet, folder / "moment")
        counting = Death()
        fleet.github.forget_requests()
        with dying(counting):
            fleet.run()
        requests = len(fleet.github.requests)
        wanted = picture(fleet, SHOP, LIB)
        fleet.settle()
        assert differences(picture(fleet, SHOP, LIB), wanted) == []
        yield Eve(fleet, moment, wanted, counting.seen, requests)


def test_the_pass_does_everything_that_a_pass_can_do(eve: Eve) -> None:
    eve.moment.again()
    out = eve.fleet.run()
    assert "1 created, 2 moved, 1 unchanged, 1 left alone, 1 superseded" in out
    assert eve.now() == []
    states = {pull.head: pull.issue.state for pull in eve.fleet.github.pulls(SHOP)}
    closed = {branch.removeprefix(BRANCH) for branch, state in states.items() if state == "closed"}
    assert closed == {"closed", "merged", "dropped", "unloved"}
    assert eve.changes > 50


# Killed anywhere


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_after_any_change_and_run_again_all_is_as_undisturbed(eve: Eve, chunk: int) -> None:
    for nth in range(chunk + 1, eve.changes + 1, CHUNKS):
        eve.moment.again()
        death = Death(nth)
        with dying(death), pytest.raises(KilledError):
            eve.fleet.run()
        eve.assert_healed(f"killed after change {nth}: {death.what}")


def test_a_process_killed_at_a_request_and_run_again(eve: Eve) -> None:
    """Really killed, at every seventh request: by turns with the request carried out (its answer lost), or without."""
    for nth in range(EVERY, eve.requests + 1, EVERY):
        eve.moment.again()
        kill_at(eve.fleet, nth, carried_out=nth % 2 == 0)
        eve.assert_healed(f"killed at request {nth}")
        eve.fleet.settle()
        assert eve.now() == [], nth


def kill_at(fleet: Fleet, nth: int, *, carried_out: bool) -> None:
    """Run a pass in a process of its own, and kill it when its ``nth`` request arrives."""
    with process(fleet) as run:
        if carried_out:
            fleet.github.faults.kill_after(nth, run.kill)
        else:
            fleet.github.faults.call_before(nth, run.kill)
            fleet.github.faults.drop(nth=nth, times=1000)
        _, said = run.communicate(timeout=60)
    fleet.github.faults.clear()
    assert run.returncode == -signal.SIGKILL, said


def process(fleet: Fleet) -> subprocess.Popen[str]:
    """A pass over the fleet in a process of its own."""
    environ = {**os.environ, **fleet.environ}
    command = [sys.executable, "-m", "bot", "run", "--fleet"]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_two_passes_at_once_do_nothing_twice(eve: Eve) -> None:
    eve.moment.again()
    with process(eve.fleet) as one, process(eve.fleet) as other:
        said = [run.communicate(timeout=60)[0] for run in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    eve.assert_healed("\n".join(said))


# What GitHub can do to a pass

Spoil = Callable[[FakeGitHub], None]
OF_SHOP = "^/repos/acme/shop/"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between attempts are none: they are urllib3's, and are tested where they are chosen."""
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=lambda _: None, time=time.time))


def always(kind: str, **facts: Any) -> Spoil:
    """A fault that all that is asked of one repository meets, as long as it stands."""

    def spoil(github: FakeGitHub) -> None:
        fault = Fault(kind, times=10_000, path=OF_SHOP, **facts)
        github.faults.add(fault)

    return spoil


def secondary(seconds: int, status: int) -> Spoil:
    def spoil(github: FakeGitHub) -> None:
        github.limits.retry_after, github.limits.secondary_status = seconds, status
        github.faults.secondary(times=10_000, path=OF_SHOP)

    return spoil


HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
FAULTS: dict[str, tuple[Spoil, str]] = {
    "500": (always("status", status=500), "GitHub failed (HTTP 500)"),
    "502 with HTML": (always("garble", status=502, text=HTML), "GitHub failed (HTTP 502)"),
    "200 with HTML": (always("garble", status=200, text=HTML), "GitHub's answer can't be"),
    "garbage": (always("garble", status=200, text='{"sha": "'), "GitHub's answer can't be"),
    "another shape": (always("garble", status=200, text="[1, 2]"), "GitHub's answer can't be"),
    "nothing": (always("garble", status=200, text=""), "GitHub's answer can't be"),
    "dropped": (always("drop"), "GitHub does not answer"),
    "dropped afterwards": (always("drop", after=True), "GitHub does not answer"),
    "secondary limit": (secondary(3600, 403), "GitHub's secondary rate limit is used up"),
    "429": (secondary(3600, 429), "GitHub's secondary rate limit is used up"),
    "403": (always("status", status=403), "A permission is missing on GitHub"),
    "404": (always("status", status=404), "GitHub shows no such thing"),
    "409": (always("status", status=409), "GitHub can't do that"),
    "422": (always("status", status=422), "GitHub refused the request"),
    "451": (always("status", status=451), "may not show the repository for legal reasons"),
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", FAULTS)
def test_one_repository_meets_a_fault_and_the_rest_goes_on(eve: Eve, name: str) -> None:
    spoil, said = FAULTS[name]
    eve.moment.again()
    spoil(eve.fleet.github)
    assert said in failed(eve.fleet, SHOP)
    assert moved_on(eve.fleet)
    mend(eve.fleet)
    eve.assert_healed(name)


def failed(fleet: Fleet, *names: str) -> str:
    """A pass in which some visits can't be paid: the lines that say why, one for each."""
    answer = fleet.attempt()
    assert answer.code == 1, answer.out + answer.err
    lines = [line for line in answer.out.splitlines() if line.startswith("! ")]
    assert [line.split(":")[0].removeprefix("! ") for line in sorted(lines)] == sorted(names), answer.out
    assert "Traceback" not in answer.out + answer.err
    return "\n".join(lines)


def moved_on(fleet: Fleet) -> bool:
    """Whether the neighbour has its newer release."""
    files = fleet.github.files(LIB, f"{BRANCH}newer")
    return files["requirements.txt"] == b"newer==1.2\n"


def mend(fleet: Fleet) -> None:
    fleet.github.faults.clear()
    lift_limits(fleet.github)


# What happens to a fleet half-way through a pass


def no_core(github: FakeGitHub) -> None:
    github.limits.exhaust(f"installation {installed(github).id}", "core")


def no_graphql(github: FakeGitHub) -> None:
    github.limits.exhaust(f"installation {installed(github).id}", "graphql")


def installed(github: FakeGitHub) -> Installation:
    (one,) = github.world.installations.values()
    return one


def suspend(github: FakeGitHub) -> None:
    github.suspend(installed(github))


def unsuspend(github: FakeGitHub) -> None:
    github.unsuspend(installed(github))


def forbid_writing(github: FakeGitHub) -> None:
    github.permit(installed(github), {"contents": "read", "pull_requests": "read", "issues": "write"})


def forbid_issues(github: FakeGitHub) -> None:
    granted = installed(github).permissions.items()
    github.permit(installed(github), {name: level for name, level in granted if name != "issues"})


def permit_all(github: FakeGitHub) -> None:
    github.permit(installed(github), github.app.permissions)


def archive(github: FakeGitHub) -> None:
    github.archive(SHOP)


def unarchive(github: FakeGitHub) -> None:
    github.archive(SHOP, archived=False)


def take_away(github: FakeGitHub) -> None:
    github.select(installed(github), remove=[SHOP])


def give_back(github: FakeGitHub) -> None:
    github.select(installed(github), add=[SHOP])


def expire(github: FakeGitHub) -> None:
    github.expire_tokens()


HALF_WAY: dict[str, tuple[Spoil, Spoil, str]] = {
    "rate limit of requests": (no_core, lift_limits, "GitHub's rate limit is used up"),
    "rate limit of points": (no_graphql, lift_limits, "GitHub's rate limit is used up"),
    "suspended": (suspend, unsuspend, "The App is suspended"),
    "may not write": (forbid_writing, permit_all, "A permission is missing on GitHub"),
    "may not keep issues": (forbid_issues, permit_all, "A permission is missing on GitHub"),
}
MOMENTS = (9, 37)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("nth", MOMENTS)
@pytest.mark.parametrize("name", HALF_WAY)
def test_what_the_fleet_loses_half_way_is_said_of_each_repository(eve: Eve, name: str, nth: int) -> None:
    spoil, undo, said = HALF_WAY[name]
    eve.moment.again()
    github = eve.fleet.github
    github.faults.call_before(nth, lambda: spoil(github))
    assert failed(eve.fleet, SHOP, LIB).count(said) == 2
    undo(github)
    eve.assert_healed(name)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", [name for name in HALF_WAY if name != "may not keep issues"])
def test_what_the_fleet_has_not_is_said_and_nothing_is_lost(eve: Eve, name: str) -> None:
    spoil, undo, said = HALF_WAY[name]
    eve.moment.again()
    spoil(eve.fleet.github)
    answer = eve.fleet.attempt()
    assert answer.code == (0 if name == "suspended" else 1)  # what the owner wants is no fault
    assert said.lower() in answer.out.lower()
    undo(eve.fleet.github)
    eve.assert_healed(name)


@pytest.mark.parametrize("nth", MOMENTS)
def test_tokens_that_expire_half_way_are_renewed(eve: Eve, nth: int) -> None:
    eve.moment.again()
    github = eve.fleet.github
    github.faults.call_before(nth, github.expire_tokens)
    eve.fleet.run()
    assert eve.now() == []


LOST: dict[str, tuple[Spoil, Spoil, str]] = {
    "archived": (archive, unarchive, "The repository is archived"),
    "taken away": (take_away, give_back, "A permission is missing on GitHub"),
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("nth", MOMENTS)
@pytest.mark.parametrize("name", LOST)
def test_a_repository_that_is_lost_half_way_comes_back(eve: Eve, name: str, nth: int) -> None:
    spoil, undo, said = LOST[name]
    eve.moment.again()
    github = eve.fleet.github
    github.faults.call_before(nth, lambda: spoil(github))
    assert said in failed(eve.fleet, SHOP)
    assert moved_on(eve.fleet)
    eve.fleet.run()  # it is known to be gone, and that is no failure
    undo(github)
    eve.assert_healed(name)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("nth", MOMENTS)
def test_a_repository_that_is_deleted_half_way_is_no_more(eve: Eve, nth: int) -> None:
    eve.moment.again()
    github = eve.fleet.github
    github.faults.call_before(nth, lambda: github.delete_repository(SHOP))
    assert "GitHub shows no such thing" in failed(eve.fleet, SHOP)
    assert moved_on(eve.fleet)
    assert "acme: 1 repository" in eve.fleet.run()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("nth", MOMENTS)
def test_an_app_that_is_uninstalled_half_way_stops(eve: Eve, nth: int) -> None:
    eve.moment.again()
    github = eve.fleet.github
    github.faults.call_before(nth, lambda: github.uninstall(installed(github)))
    failed(eve.fleet, SHOP, LIB)
    github.forget_requests()
    eve.fleet.run()
    assert github.counts["write"] + github.counts["mutation"] == 0


def rename(github: FakeGitHub) -> None:
    github.rename_repository(SHOP, "store")


def rename_back(github: FakeGitHub) -> None:
    github.rename_repository("acme/store", "shop")


def rename_branch(github: FakeGitHub) -> None:
    github.rename_branch(SHOP, "main", "trunk")


def rewrite(github: FakeGitHub) -> None:
    files: dict[str, Content] = dict(github.files(SHOP))
    github.rewrite(SHOP, "main", files)


def rewrite_otherwise(github: FakeGitHub) -> None:
    kept = {"newer/requirements.txt": "# anew\nnewer==1.0\n", "theirs/requirements.txt": "theirs==1.0\n"}
    github.rewrite(SHOP, "main", kept)


def nothing(github: FakeGitHub) -> None:
    """What is done stays."""
    del github


CHANGES: dict[str, tuple[Spoil, Spoil]] = {
    "renamed": (rename, rename_back),
    "default branch renamed": (rename_branch, nothing),
    "rewritten": (rewrite, nothing),
    "rewritten otherwise": (rewrite_otherwise, nothing),
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_half_way_is_as_if_it_had_changed_before(eve: Eve, name: str) -> None:
    change, undo = CHANGES[name]
    github = eve.fleet.github
    eve.moment.again()
    change(github)
    eve.fleet.settle()
    undo(github)
    wanted = unfinished(picture(eve.fleet, SHOP, LIB))
    for nth in (13, *MOMENTS):
        eve.moment.again()
        github.faults.call_before(nth, lambda: change(github))
        eve.fleet.attempt()
        eve.fleet.settle()
        undo(github)
        assert differences(unfinished(picture(eve.fleet, SHOP, LIB)), wanted) == [], nth


# What a repository can hold


def test_a_repository_full_of_traps_says_so_and_the_rest_goes_on(eve: Eve) -> None:
    eve.moment.again()
    huge = b"newer==1.0\n" * (30 * 2**20 // 11)
    traps: dict[str, Content] = {
        "huge/requirements.txt": huge,
        "link/requirements.txt": link_to("../../../etc/passwd"),
        "module": submodule("1" * 40),
        "loop": link_to("loop"),
    }
    eve.fleet.github.push(LIB, "main", traps)
    eve.fleet.run()
    assert moved_on(eve.fleet)
    (board,) = [one for one in eve.fleet.github.repository(LIB).issues.values() if one.pull is None]
    assert "huge/requirements.txt" in (board.body or "")
    assert differences(picture(eve.fleet, SHOP), {k: v for k, v in eve.wanted.items() if k.startswith(SHOP)}) == []
    kept = eve.fleet.github.repository(LIB).git
    tree = kept.known_commit(str(eve.fleet.github.head(LIB, f"{BRANCH}newer"))).tree
    assert {path: entry.mode for path, entry in kept.walk(tree)}["loop"] == "120000"


def test_trees_that_are_cut_off_are_read_all_the_same(eve: Eve) -> None:
    eve.moment.again()
    github = eve.fleet.github
    github.world.settings.tree_limit = 3
    try:
        eve.fleet.run()
    finally:
        github.world.settings.tree_limit = 100_000
    assert eve.now() == []


# The registry


def test_a_registry_that_is_down_closes_nothing(eve: Eve) -> None:
    eve.moment.again()
    registry = eve.fleet.desk.registry
    before = set(eve.fleet.open())
    for name in PACKAGES:
        registry.reply(f"/simple/{name}/", Reply(403))
    try:
        eve.fleet.run()
        eve.fleet.run()
    finally:
        publish(eve.fleet)
    people = {BRANCH + name for name in ("closed", "merged", "unloved")}
    assert set(eve.fleet.open()) == before - people
    eve.assert_healed("the registry is up again")


# Any of it, at random


def misfortunes(seed: int, github: FakeGitHub, requests: int) -> list[str]:
    """Some faults at some requests; what they are, for whoever has to find out."""
    dice = random.Random(seed)
    faults = github.faults
    kinds: dict[str, Callable[[int, int], None]] = {
        "500": lambda nth, times: faults.fail(500, nth=nth, times=times),
        "403": lambda nth, times: faults.fail(403, nth=nth, times=times),
        "404": lambda nth, times: faults.fail(404, nth=nth, times=times),
        "drop": lambda nth, times: faults.drop(nth=nth, times=times),
        "drop after": lambda nth, times: faults.drop(nth=nth, times=times, after=True),
        "lost answer": lambda nth, times: faults.lose_answer(502, nth=nth, times=times),
        "lost answer with 200": lambda nth, times: faults.add(Fault("garble", nth=nth, times=times, after=True)),
        "HTML": lambda nth, times: faults.garble(HTML, 502, nth=nth, times=times),
        "garbage": lambda nth, times: faults.garble('{"a": ', nth=nth, times=times),
        "secondary": lambda nth, times: faults.secondary(nth=nth, times=times),
        "expired": lambda nth, _: faults.call_before(nth, github.expire_tokens),
    }
    github.limits.retry_after = dice.choice((0, 3600))
    said = []
    for _ in range(dice.randint(2, 6)):
        kind, nth, times = dice.choice(sorted(kinds)), dice.randint(1, requests), dice.choice((1, 1, 2, 7, 20))
        kinds[kind](nth, times)
        said.append(f"{kind} at {nth}, {times} times")
    return said


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(25))
def test_any_faults_at_all_are_healed_by_one_clean_pass(eve: Eve, seed: int) -> None:
    eve.moment.again()
    said = misfortunes(seed, eve.fleet.github, eve.requests)
    answer = eve.fleet.attempt()
    assert answer.code in {0, 1}, said
    mend(eve.fleet)
    eve.assert_healed("; ".join(said))
