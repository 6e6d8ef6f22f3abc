"""An App over repositories that name machine images: pass after pass, people, and AWS that does not answer."""

from __future__ import annotations

import pytest

from bot.core.model import Image
from tests.stories.fleet_desk import POLICY, SHOP, Fleet
from tests.stories.test_machine_images import NEW, OLD, REGIONS, TODAY, Cloud, cloud, main_tf, template  # noqa: F401 - cloud is a fixture

WEB = "acme/web"
NAME = "al2023-ami-2023-kernel-6.1-x86_64"
BRANCH = "freshline/aws_ami/amazon-linux+al2023-ami-2023-kernel-6.1-x86_64"
NEWER = "9.20260901.0"
STACK = "stack.yaml"


class Yard:
    """A fleet of two repositories with images: a template's map, and two files of Terraform in two regions."""

    def __init__(self, fleet: Fleet, cloud: Cloud) -> None:  # noqa: F811 - the fixture's name
        self.fleet = fleet
        self.cloud = cloud
        self.old = self.release(OLD)
        fleet.github.push(SHOP, "main", {"requirements.txt": "", "web/package.json": "{}", STACK: template(self.old)})
        fleet.github.create_repository(WEB, self.web(self.old))

    def release(self, release: str, *regions: str) -> dict[str, Image]:
        return {region: self.cloud.linux(release, region) for region in regions or REGIONS}

    @staticmethod
    def web(images: dict[str, Image]) -> dict[str, str]:
        return {f"{region}/main.tf": main_tf(images[region]) for region in REGIONS[:2]}

    def template(self, branch: str = BRANCH) -> str:
        return self.fleet.file(branch, STACK)


@pytest.fixture
def yard(fleet: Fleet, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Yard:  # noqa: F811 - the fixture's name
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    return Yard(fleet, cloud)


def test_a_new_image_reaches_both_repositories_by_itself(yard: Yard) -> None:
    fleet = yard.fleet
    fleet.rest()
    assert fleet.open() == fleet.open(WEB) == {}
    assert fleet.boards() == []
    new = yard.release(NEW)
    out = fleet.run()
    assert f"{SHOP} (releases changed what is decided): 1 created" in out
    assert f"{WEB} (releases changed what is decided): 1 created" in out
    assert yard.template() == template(new)
    assert {path: fleet.file(BRANCH, path, WEB) for path in yard.web(new)} == yard.web(new)
    fleet.rest()
    fleet.run()
    assert fleet.writes() == []
    assert f"Bump {NAME} from 2023.3.20240108.0 to 2023.9.20260801.0" in fleet.board().replace("\\", "")


def test_a_newer_image_moves_what_is_open(yard: Yard) -> None:
    fleet = yard.fleet
    yard.release(NEW)
    fleet.rest()
    before = fleet.open(), fleet.open(WEB)
    newer = yard.release(NEWER)
    fleet.run()
    assert (fleet.open(), fleet.open(WEB)) == before
    assert yard.template() == template(newer)


def test_what_is_merged_is_done(yard: Yard) -> None:
    fleet = yard.fleet
    new = yard.release(NEW)
    fleet.rest()
    fleet.github.merge_pull(SHOP, fleet.open()[BRANCH], method="squash")
    fleet.rest()
    assert yard.template("main") == template(new)
    assert fleet.open() == {}
    assert BRANCH not in fleet.github.branches(SHOP)
    assert fleet.open(WEB).keys() == {BRANCH}


def test_closing_means_neither_this_one_nor_an_older_one(yard: Yard) -> None:
    fleet = yard.fleet
    new = yard.release(NEW)
    fleet.rest()
    first = fleet.open()[BRANCH]
    fleet.github.close_pull(SHOP, first)
    fleet.rest()
    assert fleet.open() == {}
    assert "### Declined" in fleet.board()
    yard.release("6.20250301.0")
    fleet.rest()
    assert fleet.open() == {}
    assert fleet.open(WEB).keys() == {BRANCH}
    newer = yard.release(NEWER)
    fleet.rest()
    assert fleet.open()[BRANCH] > first
    assert yard.template() == template(newer)
    assert template(new) != template(newer)


def test_what_was_declined_comes_back_with_a_tick(yard: Yard) -> None:
    fleet = yard.fleet
    yard.release(NEW)
    fleet.rest()
    fleet.github.close_pull(SHOP, fleet.open()[BRANCH])
    fleet.rest()
    fleet.tick("2023.9.20260801.0")
    fleet.rest()
    assert fleet.open().keys() == {BRANCH}


def test_ignore_this_package_is_about_the_family(yard: Yard) -> None:
    fleet = yard.fleet
    yard.release(NEW)
    fleet.rest()
    number = fleet.open()[BRANCH]
    fleet.github.comment(SHOP, number, "/freshline ignore this package")
    fleet.rest()
    assert fleet.reactions(number) == [["+1"]]
    assert fleet.open() == {}
    assert "### Ignored" in fleet.board()
    newer = yard.release(NEWER)
    fleet.rest()
    assert fleet.open() == {}
    fleet.tick(NAME)
    fleet.rest()
    assert yard.template() == template(newer)


def test_a_quarantine_is_for_both(yard: Yard) -> None:
    fleet = yard.fleet
    yard.release(NEW)
    fleet.rest()
    fleet.github.comment(SHOP, fleet.open()[BRANCH], "/freshline quarantine")
    fleet.run()
    fleet.rest()
    assert fleet.open() == fleet.open(WEB) == {}
    newer = yard.release(NEWER)
    fleet.rest()
    assert yard.template() == template(newer)
    assert fleet.open(WEB).keys() == {BRANCH}


def test_the_rule_that_the_pull_request_offers_says_no(yard: Yard) -> None:
    fleet = yard.fleet
    yard.release(NEW)
    fleet.rest()
    body = fleet.github.pull(SHOP, fleet.open()[BRANCH]).issue.body or ""
    rule = body.partition("```toml\n")[2].partition("```")[0]
    fleet.github.push(SHOP, "main", {POLICY: rule})
    fleet.rest()
    assert fleet.open() == {}


# AWS that does not answer


def test_aws_that_is_down_closes_nothing(yard: Yard) -> None:
    fleet = yard.fleet
    yard.release(NEW)
    fleet.rest()
    before = fleet.open(), fleet.open(WEB), fleet.github.branches(SHOP), fleet.github.branches(WEB)
    yard.cloud.amazon.fail("InternalError", lambda call: call.action == "DescribeImages", status=500)
    fleet.run()
    fleet.run()
    assert (fleet.open(), fleet.open(WEB), fleet.github.branches(SHOP), fleet.github.branches(WEB)) == before


def test_a_region_that_is_silent_closes_nothing(yard: Yard) -> None:
    """What moved by hand in one region is no reason to close the pull request for the other, which nobody describes."""
    fleet = yard.fleet
    new = yard.release(NEW)
    fleet.rest()
    first, second = REGIONS[:2]
    fleet.github.push(WEB, "main", {f"{first}/main.tf": main_tf(new[first])})
    fleet.rest()
    before = fleet.open(WEB)
    assert before.keys() == {BRANCH}
    assert fleet.file(BRANCH, f"{second}/main.tf", WEB) == main_tf(new[second])
    yard.cloud.amazon.fail("AuthFailure", lambda call: call.region == second, status=401)
    fleet.run()
    fleet.run()
    assert fleet.open(WEB) == before


def test_images_that_vanish_close_nothing(yard: Yard) -> None:
    """The publisher took the new images away again while the old ones stand."""
    fleet = yard.fleet
    new = yard.release(NEW)
    fleet.rest()
    for one in new.values():
        yard.cloud.amazon.deregister(one)
    fleet.rest()
    assert fleet.open() == {}
    assert template(yard.old) == yard.template("main")


def test_an_id_of_a_family_that_nobody_knows_does_not_keep_what_is_done_open(yard: Yard) -> None:
    fleet = yard.fleet
    new = yard.release(NEW)
    fleet.github.push(WEB, "main", {"other.tf": 'locals {\n  image = "ami-0123456789abcdef0"\n}\n'})
    fleet.rest()
    assert fleet.open(WEB).keys() == {BRANCH}
    fleet.github.push(WEB, "main", yard.web(new))
    fleet.rest()
    assert fleet.open(WEB) == {}


def test_the_age_of_an_image_is_waited_for(yard: Yard) -> None:
    fleet = yard.fleet
    for region in REGIONS:
        yard.cloud.linux(NEW, region, created=TODAY)
    fleet.rest()
    assert fleet.open() == fleet.open(WEB) == {}
