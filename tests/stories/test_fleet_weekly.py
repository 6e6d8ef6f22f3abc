"""Pass after pass over a fleet: releases, a moving base, repositories that come, go and change their names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fakes.registry import Reply
from tests.stories.conftest import versions
from tests.stories.fleet_desk import ALPHA, ONE, PAD, POLICY, SHOP, Fleet


def test_a_release_moves_the_repositories_it_concerns_and_leaves_the_others_in_peace(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.github.create_repository("acme/web", {"package.json": '{"dependencies": {"left-pad": "1.0.0"}}\n'})
    fleet.rest()
    before = fleet.open()
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    out = fleet.run()
    assert "acme: 3 repositories: 2 to visit, 1 as before" in out
    assert f"{SHOP} (releases changed what is decided): 1 moved, 1 unchanged." in out
    assert fleet.about("acme/web") == []
    assert fleet.open() == before
    assert fleet.file(ALPHA) == "alpha==1.2\nbeta==2.0\n"
    assert fleet.github.pull(SHOP, before[ALPHA]).issue.title == "Bump alpha from 1.0 to 1.2"
    assert fleet.file(ALPHA, name="acme/lib") == "alpha==1.2\n"


def test_a_release_that_is_too_young_is_waited_for(fleet: Fleet) -> None:
    fleet.run()
    fleet.desk.registry.pypi("alpha", {**versions("1.0", "1.1"), "1.2": {"published": datetime.now(UTC)}})
    fleet.run()
    assert fleet.file(ALPHA) == "alpha==1.1\nbeta==2.0\n"


def test_what_is_merged_is_done(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.merge_pull(SHOP, fleet.open()[ALPHA], method="squash")
    fleet.run()
    assert fleet.open().keys() == {PAD}
    assert ALPHA not in fleet.github.branches(SHOP)
    assert "alpha" not in fleet.board()
    fleet.run()


def test_a_merge_that_is_taken_back_is_proposed_once_more(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    fleet.github.merge_pull(SHOP, number)
    fleet.run()
    fleet.github.revert_pull(SHOP, number)
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}
    assert fleet.open()[ALPHA] != number
    fleet.github.close_pull(SHOP, fleet.open()[ALPHA])
    fleet.run()
    assert fleet.open().keys() == {PAD}


def test_a_conflict_is_rebuilt_on_the_new_base(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.push(SHOP, "main", {"requirements.txt": "alpha==1.0\nbeta==2.0\ngamma==1\n"})
    assert f"{SHOP} (its default branch moved): 1 moved, 1 unchanged." in fleet.run()
    assert fleet.file(ALPHA) == "alpha==1.1\nbeta==2.0\ngamma==1\n"
    assert fleet.github.mergeable(SHOP, fleet.open()[ALPHA]) == "clean"


@pytest.mark.parametrize(
    ("rebase", "path", "moved"),
    [
        ("conflict", "README.md", False),
        ("conflict", "requirements.txt", True),
        ("always", "README.md", True),
        ("never", "requirements.txt", False),
    ],
)
def test_when_the_base_moves_policy_says_what_is_rebuilt(fleet: Fleet, rebase: str, path: str, moved: bool) -> None:
    fleet.github.push(SHOP, "main", {POLICY: f'[pull_requests]\nrebase = "{rebase}"\n'})
    fleet.run()
    before = fleet.github.branches(SHOP)[ALPHA]
    fleet.github.push(SHOP, "main", {path: "alpha==1.0\nbeta==2.0\n# words\n"})
    fleet.run()
    assert (fleet.github.branches(SHOP)[ALPHA] != before) is moved


def test_one_that_never_rebases_still_takes_a_newer_release(fleet: Fleet) -> None:
    fleet.github.push(SHOP, "main", {POLICY: '[pull_requests]\nrebase = "never"\n'})
    fleet.run()
    fleet.github.push(SHOP, "main", {"requirements.txt": "alpha==1.0\nbeta==2.0\n# words\n"})
    fleet.run()
    fleet.desk.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    fleet.run()
    assert fleet.file(ALPHA) == "alpha==1.2\nbeta==2.0\n# words\n"


def test_what_people_did_by_hand_closes_the_pull_request(fleet: Fleet) -> None:
    fleet.run()
    number = fleet.open()[ALPHA]
    fleet.github.push(SHOP, "main", {"requirements.txt": "alpha==1.1\nbeta==2.0\n"})
    assert "1 superseded" in fleet.run()
    assert fleet.open().keys() == {PAD}
    (said,) = fleet.said(number)
    assert said.startswith("Closed: it is not needed any more.")


def test_a_registry_that_is_down_closes_nothing(fleet: Fleet) -> None:
    fleet.run()
    fleet.desk.registry.reply("/simple/alpha/", Reply(500))
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}


# Repositories


def test_a_renamed_repository_stays_the_same_one(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.close_pull(SHOP, fleet.open()[ALPHA])
    fleet.run()
    before = fleet.open()
    fleet.github.rename_repository(SHOP, "store")
    fleet.run()
    assert fleet.open("acme/store") == before
    assert len(fleet.boards("acme/store")) == 1


def test_one_that_is_made_under_the_old_name_is_another_one(fleet: Fleet) -> None:
    fleet.rest()
    fleet.github.close_pull(SHOP, fleet.open()[ALPHA])
    fleet.rest()
    fleet.github.rename_repository(SHOP, "store")
    del fleet.github.world.names[SHOP]
    fleet.github.create_repository(SHOP, ONE)
    fleet.rest()
    assert fleet.open().keys() == {ALPHA}  # what was declined was declined in the other one
    assert fleet.open("acme/store").keys() == {PAD}


def test_a_deleted_repository_is_forgotten(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.rest()
    fleet.github.delete_repository(SHOP)
    assert "acme: 1 repository: 0 to visit, 1 as before" in fleet.run()


def test_a_transferred_repository_belongs_to_the_other_fleet(fleet: Fleet) -> None:
    fleet.github.install("globex")
    fleet.rest()
    moved = fleet.github.repository(SHOP)
    moved.owner = fleet.github.world.account("globex")
    fleet.github.world.names["globex/shop"] = moved.id
    before = fleet.open("globex/shop")
    out = fleet.run()
    assert "acme: 0 repositories" in out
    assert "globex/shop (not visited before): 2 unchanged." in out
    assert fleet.open("globex/shop") == before
    fleet.rest()


def test_taken_out_of_the_selection_and_put_back(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.rest()
    fleet.github.close_pull(SHOP, fleet.open()[ALPHA])
    fleet.rest()
    fleet.github.select(fleet.installation, remove=[SHOP])
    assert "acme: 1 repository: 0 to visit" in fleet.run()
    fleet.github.select(fleet.installation, add=[SHOP])
    assert f"{SHOP} (not visited before): 1 unchanged." in fleet.run()
    assert fleet.open().keys() == {PAD}  # what was declined stays declined
    fleet.rest()


def test_a_suspended_app_waits_until_it_is_let_in_again(fleet: Fleet) -> None:
    fleet.run()
    fleet.github.suspend(fleet.installation)
    answer = fleet.attempt()
    assert answer.code == 0  # its owner wants it so
    assert "acme: the App is suspended there; its owner can un-suspend it" in answer.out
    assert fleet.writes() == []
    fleet.github.unsuspend(fleet.installation)
    fleet.rest()


def test_an_app_that_is_installed_again_goes_on_with_what_is_there(fleet: Fleet) -> None:
    fleet.run()
    before, branches = fleet.open(), fleet.github.branches(SHOP)
    fleet.github.uninstall(fleet.installation)
    assert "not installed anywhere yet" in fleet.run()
    fleet.github.install("acme")
    assert "2 unchanged" in fleet.run()
    assert (fleet.open(), fleet.github.branches(SHOP)) == (before, branches)
    assert len(fleet.boards()) == 1


def test_the_trouble_of_one_repository_is_not_the_others(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.github.faults.fail(403, path=f"/repos/{SHOP}/git/trees")
    answer = fleet.attempt()
    assert answer.code == 1
    assert f"! {SHOP}: A permission is missing on GitHub" in answer.out
    assert fleet.open("acme/lib").keys() == {ALPHA}
    fleet.run()
    assert fleet.open().keys() == {ALPHA, PAD}


def test_two_that_swap_their_names(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.run()
    fleet.github.close_pull(SHOP, fleet.open()[ALPHA])
    fleet.run()
    for before, after in ((SHOP, "passing"), ("acme/lib", "shop"), ("acme/passing", "lib")):
        fleet.github.rename_repository(before, after)
    fleet.rest()
    assert fleet.open("acme/lib").keys() == {PAD}  # what was declined there stays declined
    assert fleet.open().keys() == {ALPHA}


def test_one_that_takes_the_name_of_a_deleted_one(fleet: Fleet) -> None:
    fleet.github.create_repository("acme/lib", ONE)
    fleet.run()
    for name in (SHOP, "acme/lib"):
        fleet.github.close_pull(name, fleet.open(name)[ALPHA])
    fleet.run()
    fleet.github.delete_repository("acme/lib")
    fleet.github.rename_repository(SHOP, "lib")
    fleet.rest()
    assert fleet.open("acme/lib").keys() == {PAD}
