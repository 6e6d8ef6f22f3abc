from __future__ import annotations
import time
from pathlib import Path
from tests.stories.conftest import Desk, versions
from tests.stories.wreck import *
POLICY = '[pull_requests]\nlabels = ["dependencies"]\nreviewers = ["carla"]\nassignees = ["dora"]\n'
PACKAGES = ("added", "closed", "conflict", "dropped", "helped", "merged", "newer", "theirs", "unloved")
SHOP, LIB = "acme/shop", "acme/lib"
BRANCH = "freshline/pypi/"

def living(fleet: Fleet) -> None:
    """A repository with a pull request for each thing that can happen to one; then all of it happens."""
    github, registry = fleet.github, fleet.desk.registry
    for name in PACKAGES:
        registry.pypi(name, versions("1.0", "1.1"))
    files = {f"{name}/requirements.txt": f"{name}==1.0\n" for name in PACKAGES if name != "added"}
    github.create_repository(SHOP, {**files, ".github/freshline.toml": POLICY})
    github.create_repository(LIB, {"requirements.txt": "newer==1.0\n"})
    for person in ("carla", "dora"):
        github.collaborator(SHOP, person)
    fleet.run()
    fleet.run()
    happen(fleet)

def happen(fleet: Fleet) -> None:
    github, numbers = fleet.github, fleet.open()
    number = {name: numbers[BRANCH + name] for name in PACKAGES if BRANCH + name in numbers}
    github.close_pull(SHOP, number["closed"])
    github.merge_pull(SHOP, number["merged"])
    changes = {
        "conflict/requirements.txt": "# pinned\nconflict==1.0\n",
        "dropped/requirements.txt": "dropped==1.1\n",
        "added/requirements.txt": "added==1.0\n",
    }
    github.push(SHOP, "main", changes)
    github.push(SHOP, BRANCH + "theirs", {"theirs/notes.txt": "mine\n"})
    github.comment(SHOP, number["helped"], "/freshline help")
    github.comment(SHOP, number["unloved"], "/freshline ignore this version")
    fleet.desk.registry.pypi("newer", versions("1.0", "1.1", "1.2"))

def test_x(desk: Desk, tmp_path: Path) -> None:
    with fleet_at(desk, tmp_path) as fleet:
        t = time.time()
        living(fleet)
        print("living", time.time() - t)
        m = Moment.of(fleet, tmp_path / "m")
        t = time.time()
        d = Death()
        import cProfile, pstats
        pr = cProfile.Profile()
        with dying(d):
            fleet.run()
                print("pass", time.time() - t, d.seen)
        p1 = picture(fleet, SHOP, LIB)
        fleet.settle()
        p2 = picture(fleet, SHOP, LIB)
        
        t = time.time()
        m.again()
        print("again", time.time() - t)
        fleet.github._gate.check_requests = False
        t = time.time()
        fleet.run()
        print("unchecked", time.time() - t)
        assert differences(picture(fleet, SHOP, LIB), p1) == []
