"""A fleet's pass that is killed anywhere, or meets every fault of GitHub's: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.registry import FakeRegistry
from tests.stories.conftest import Desk, versions
from tests.stories.wreck import Death, Fleet, KilledError, Moment, Picture, differences, dying, fleet_at, picture

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
    fleet.desk.registry.pypi("newer", versions("1.0", "1.1", "1.2"))


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


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_process_killed_at_a_request_and_run_again(eve: Eve, carried_out: bool) -> None:
    """Really killed, at every seventh request: with the request carried out and its answer lost, or without."""
    for nth in range(EVERY if carried_out else EVERY // 2, eve.requests + 1, EVERY):
        eve.moment.again()
        kill_at(eve.fleet, nth, carried_out=carried_out)
        eve.assert_healed(f"killed at request {nth}")


def kill_at(fleet: Fleet, nth: int, *, carried_out: bool) -> None:
    """Run a pass in a process of its own, and kill it when its ``nth`` request arrives."""
    environ = {**os.environ, **fleet.environ}
    command = [sys.executable, "-m", "bot", "run", "--fleet"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        if carried_out:
            fleet.github.faults.kill_after(nth, run.kill)
        else:
            fleet.github.faults.call_before(nth, run.kill)
            fleet.github.faults.drop(nth=nth, times=1000)
        _, said = run.communicate(timeout=60)
        fleet.github.faults.clear()
        assert run.returncode == -signal.SIGKILL, said.decode()
