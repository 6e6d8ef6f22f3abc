"""A repository that names machine images, and AWS (moto) with real names in several regions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.model import Image
from tests.conftest import need
from tests.core.machine_images import AMAZON, CANONICAL, EKS, RED_HAT, STRANGER, al2023, image
from tests.fakes.amazon import FakeAmazon
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.stories.conftest import Answer, Desk

TODAY = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = TODAY - timedelta(days=60)
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")
TWELVE = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-central-1", "eu-north-1", "ap-southeast-2", "ap-northeast-1"),
)
OLD, NEW = "3.20240108.0", "9.20260801.0"


class Cloud:
    """AWS as somebody sees it; images are put with ids that look like real ones."""

    def __init__(self, desk: Desk, amazon: FakeAmazon) -> None:
        self.desk = desk
        self.amazon = amazon

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "FRESHLINE_AWS__ENDPOINT_URL": self.amazon.endpoint,
            "FRESHLINE_AWS__REGIONS": ",".join(REGIONS),
        }

    def put(self, given: Image, **more: Any) -> Image:
        named = f"{given.owner} {given.region} {given.name} {given.architecture}"
        one = replace(
            given, id=f"ami-{hashlib.sha256(named.encode()).hexdigest()[:17]}", created=more.pop("created", LONG_AGO)
        )
        return self.amazon.put(one, **more)

    def linux(self, release: str, region: str = "eu-west-1", **more: Any) -> Image:
        return self.put(al2023(release, region=region), **more)

    def run(self) -> str:
        return self.desk.run(**self.environ)

    def freshline(self, *arguments: str) -> Answer:
        return self.desk.freshline(*arguments, **self.environ)

    def skips(self) -> dict[str, dict[str, Any]]:
        found = self.desk.scan(**self.environ)["dependencies"]
        return {one["constraint"]: one["skip"] for one in found if one["skip"]}

    def moved(self, path: str) -> str:
        """The file as the only branch has it."""
        (branch,) = self.desk.branches()
        return self.desk.show(branch, path)


@pytest.fixture
def cloud(desk: Desk) -> Iterator[Cloud]:
    with FakeAmazon() as amazon:
        yield Cloud(desk, amazon)


def template(images: Mapping[str, Image]) -> str:
    entries = "".join(f"    {region}:\n      Base: {one.id}\n" for region, one in images.items())
    return (
        "AWSTemplateFormatVersion: '2010-09-09'\n"
        f"Mappings:\n  Images:\n{entries}"
        "Resources:\n"
        "  Template:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n      LaunchTemplateData:\n"
        "        ImageId: !FindInMap [Images, !Ref AWS::Region, Base]\n        InstanceType: t3.micro\n"
    )


# A region map


def test_a_region_map_of_twelve_images_is_one_pull_request(cloud: Cloud) -> None:
    need("github specs", specs.why_not())
    old = {region: cloud.linux(OLD, region) for region in TWELVE}
    new = {region: cloud.linux(NEW, region) for region in TWELVE}
    with FakeGitHub(clock=Clock.real()) as github:
        github.create_repository("acme/shop", {"stack.yaml": template(old)})
        login = {"FRESHLINE_GITHUB__API_URL": github.api_url, "FRESHLINE_GITHUB__TOKEN": github.personal_token()}
        for _ in range(2):
            answer = cloud.desk.freshline("run", "acme/shop", **cloud.environ, **login)
            assert answer.code == 0, answer
        (pull,) = github.pulls("acme/shop", "open")
        name = "al2023-ami-2023-kernel-6.1-x86_64"
        assert pull.issue.title == f"Bump {name} from 2023.3.20240108.0 to 2023.9.20260801.0"
        body = pull.issue.body or ""
        assert all(f"`{old[region].id}` | `{new[region].id}` | image |" in body for region in TWELVE)
        assert all(f"({region})".replace("-", "-") in body for region in TWELVE)
        assert "**os** pipeline" in body
        assert github.files("acme/shop", pull.head)["stack.yaml"].decode() == template(new)
    calls = cloud.amazon.counted()
    assert {calls["DescribeImages", region] for region in TWELVE} == {4}  # two in each of two runs


def test_a_map_moves_to_what_every_region_has(cloud: Cloud) -> None:
    middle = "6.20250301.0"
    old = {region: cloud.linux(OLD, region) for region in REGIONS}
    between = {region: cloud.linux(middle, region) for region in REGIONS}
    for region in REGIONS[1:]:
        cloud.linux(NEW, region)
    cloud.linux(NEW, REGIONS[0], created=TODAY - timedelta(hours=7))
    cloud.desk.write({"stack.yaml": template(old)})
    cloud.run()
    assert cloud.moved("stack.yaml") == template(between)


def test_images_of_terraform_and_a_template_move_together(cloud: Cloud) -> None:
    old = {region: cloud.linux(OLD, region) for region in REGIONS}
    new = {region: cloud.linux(NEW, region) for region in REGIONS}

    def files(images: Mapping[str, Image]) -> dict[str, str]:
        entries = "".join(f'    "{region}" = "{one.id}"\n' for region, one in images.items())
        return {
            "stack.yaml": template(images),
            "infra/variables.tf": f'variable "images" {{\n  type = map(string)\n  default = {{\n{entries}  }}\n}}\n',
            "infra/eu-west-1/main.tf": (
                f'resource "aws_launch_template" "web" {{\n  image_id      = "{images["eu-west-1"].id}"\n'
                '  instance_type = "t3.micro"\n}\n'
            ),
        }

    cloud.desk.write(files(old))
    cloud.run()
    assert {path: cloud.moved(path) for path in files(new)} == files(new)
    (branch,) = cloud.desk.branches()
    cloud.desk.git("merge", "-q", "--no-edit", branch)
    cloud.run()
    assert cloud.desk.branches() == {}
    assert {skip["reason"] for skip in cloud.skips().values()} == {"up_to_date"}


def test_an_instance_is_proposed_and_left_to_a_person(cloud: Cloud) -> None:
    old, new = cloud.linux(OLD), cloud.linux(NEW)
    text = 'resource "aws_instance" "db" {{\n  ami           = "{}"\n  instance_type = "t3.micro"\n}}\n'
    cloud.desk.write({"main.tf": text.format(old.id)})
    cloud.run()
    assert cloud.moved("main.tf") == text.format(new.id)
    (branch,) = cloud.desk.branches()
    said = cloud.freshline("status", str(cloud.desk.repository), "--show", branch).out
    assert "aws\\_instance.db" in said
    assert "a person merges this one" in said


# Never the wrong image


def main_tf(*images: Image) -> str:
    return "".join(
        f'resource "aws_launch_template" "t{n}" {{\n  image_id = "{one.id}"\n}}\n' for n, one in enumerate(images)
    )


UBUNTU = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-{}"
NODE = "amazon-eks-node-al2023-x86_64-standard-{}"


def named(name: str, owner: str = AMAZON, **more: Any) -> Image:
    return image(name, owner, region="eu-west-1", **more)


STAYS: dict[str, tuple[Image, list[Image], str]] = {
    "the same name from another owner": (
        al2023(OLD, region="eu-west-1"),
        [named(f"al2023-ami-2023.{NEW}-kernel-6.1-x86_64", STRANGER)],
        "up_to_date",
    ),
    "a newer image of another architecture": (
        al2023(OLD, region="eu-west-1"),
        [named(f"al2023-ami-2023.{NEW}-kernel-6.1-x86_64", architecture="arm64")],
        "blocked_site",
    ),
    "Amazon Linux 2023 beside Amazon Linux 2": (
        named("amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2"),
        [al2023(NEW, region="eu-west-1")],
        "up_to_date",
    ),
    "an EKS node of the next Kubernetes version": (
        named(NODE.format("1.29-v20240110"), EKS),
        [named(NODE.format("1.30-v20260801"), EKS), named(NODE.format("1.33-v20260801"), EKS)],
        "up_to_date",
    ),
    "another kernel line": (
        al2023(OLD, region="eu-west-1"),
        [named(f"al2023-ami-2023.{NEW}-kernel-6.12-x86_64")],
        "up_to_date",
    ),
    "another Ubuntu": (
        named(UBUNTU.format("20240126"), CANONICAL),
        [named(UBUNTU.format("20260801").replace("jammy-22.04", "noble-24.04"), CANONICAL)],
        "up_to_date",
    ),
    "another Windows": (
        named("Windows_Server-2019-English-Full-Base-2024.01.10", "801119661308", platform="windows"),
        [named("Windows_Server-2022-English-Full-Base-2026.08.01", "801119661308", platform="windows")],
        "up_to_date",
    ),
    "an older image under a wider filter": (
        al2023(NEW, region="eu-west-1"),
        [al2023(OLD, region="eu-west-1"), named(f"al2023-ami-minimal-2023.{NEW}-kernel-6.1-x86_64")],
        "up_to_date",
    ),
    "a Packer image with no order in its name": (
        named("golden-abc9f12", STRANGER, public=False),
        [named("golden-ffe0917", STRANGER, public=False)],
        "family_unknown",
    ),
    "a public image where a private one stood": (
        al2023(OLD, region="eu-west-1", public=False),
        [al2023(NEW, region="eu-west-1")],
        "blocked_site",
    ),
    "an image that is too young": (al2023(OLD, region="eu-west-1"), [], "too_young"),
}


@pytest.mark.parametrize("name", STAYS)
def test_never_the_wrong_image(cloud: Cloud, name: str) -> None:
    current, others, reason = STAYS[name]
    stated = cloud.put(current)
    for one in others:
        cloud.put(one)
    if reason == "too_young":
        cloud.linux(NEW, created=TODAY - timedelta(days=2))
    cloud.desk.write({"main.tf": main_tf(stated)})
    cloud.run()
    assert cloud.desk.branches() == {}
    assert cloud.skips()[stated.id]["reason"] == reason


RHEL = "RHEL-9.{}.0_HVM-{}-x86_64-{}-Hourly2-GP3"


def _deprecated(cloud: Cloud) -> tuple[Image, Image]:
    cloud.put(replace(al2023(NEW, region="eu-west-1"), deprecated=TODAY - timedelta(days=1)))
    return cloud.linux(OLD), cloud.linux("6.20250301.0")


def _respun(cloud: Cloud) -> tuple[Image, Image]:
    cloud.put(named(RHEL.format(2, "20260801", 93), RED_HAT), created=TODAY - timedelta(days=10))
    old = cloud.put(named(RHEL.format(2, "20240117", 49), RED_HAT))
    return old, cloud.put(named(RHEL.format(4, "20240423", 61), RED_HAT))


def _recommended(cloud: Cloud) -> tuple[Image, Image]:
    old, middle = cloud.linux(OLD), cloud.linux("6.20250301.0")
    cloud.linux(NEW)
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64"
    cloud.amazon.recommend("eu-west-1", parameter, middle.id)
    return old, middle


MOVES: dict[str, Callable[[Cloud], tuple[Image, Image]]] = {
    "a deprecated newest gives way": _deprecated,
    "a RHEL re-spin is older than the next minor": _respun,
    "the publisher's recommendation": _recommended,
}


@pytest.mark.parametrize("name", MOVES)
def test_the_right_image(cloud: Cloud, name: str) -> None:
    old, new = MOVES[name](cloud)
    cloud.desk.write({"main.tf": main_tf(old)})
    cloud.run()
    assert cloud.moved("main.tf") == main_tf(new)


def test_an_image_that_is_gone_is_followed_by_what_was_known_of_it(cloud: Cloud) -> None:
    old = cloud.linux(OLD)
    cloud.desk.write({"main.tf": main_tf(old)})
    assert cloud.skips()[old.id]["reason"] == "up_to_date"
    cloud.amazon.deregister(old)
    new = cloud.linux(NEW)
    cloud.run()
    assert cloud.moved("main.tf") == main_tf(new)


def test_an_image_that_nobody_knows_is_said(cloud: Cloud) -> None:
    cloud.desk.write({"main.tf": 'locals {\n  image = "ami-0123456789abcdef0"\n}\n'})
    cloud.run()
    assert cloud.desk.branches() == {}
    skip = cloud.skips()["ami-0123456789abcdef0"]
    assert skip["reason"] == "not_found"
    assert all(region in skip["detail"] for region in REGIONS)


def test_two_families_in_one_map_stay(cloud: Cloud) -> None:
    mixed = {
        "eu-west-1": cloud.linux(OLD, "eu-west-1"),
        "us-east-1": cloud.put(image(UBUNTU.format("20240126"), CANONICAL, region="us-east-1")),
    }
    cloud.linux(NEW, "eu-west-1")
    cloud.put(image(UBUNTU.format("20260801"), CANONICAL, region="us-east-1"))
    cloud.desk.write({"stack.yaml": template(mixed)})
    cloud.run()
    assert cloud.desk.branches() == {}
    assert {skip["reason"] for skip in cloud.skips().values()} == {"blocked_site"}


# When AWS can't be asked


def test_without_credentials_the_rest_goes_on(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    cloud.desk.registry.pypi("alpha", {"1.0": {"published": LONG_AGO}, "1.1": {"published": LONG_AGO}})
    cloud.desk.write({"main.tf": main_tf(cloud.linux(OLD)), "requirements.txt": "alpha==1.0\n"})
    answer = cloud.desk.freshline("scan", str(cloud.desk.repository), AWS_EC2_METADATA_DISABLED="true")
    assert answer.code == 0
    assert "there are no AWS credentials" in answer.out
    cloud.desk.run(AWS_EC2_METADATA_DISABLED="true")
    assert list(cloud.desk.branches()) == ["freshline/pypi/alpha"]


def test_a_proposal_stands_while_aws_cannot_be_asked(cloud: Cloud) -> None:
    cloud.desk.write({"main.tf": main_tf(cloud.linux(OLD))})
    cloud.linux(NEW)
    cloud.run()
    before = cloud.desk.branches()
    cloud.amazon.fail("UnauthorizedOperation", lambda call: call.action == "DescribeImages", status=403)
    cloud.run()
    assert cloud.desk.branches() == before
    (skip,) = cloud.skips().values()
    assert skip["reason"] == "registry_unavailable"
    assert "ec2:DescribeImages" in skip["detail"]


def test_one_region_that_cannot_be_asked_costs_only_its_images(cloud: Cloud) -> None:
    here, there = cloud.linux(OLD, "eu-west-1"), cloud.linux(OLD, "us-east-1")
    new = cloud.linux(NEW, "eu-west-1")
    cloud.linux(NEW, "us-east-1")
    cloud.desk.write({"eu-west-1/main.tf": main_tf(here), "us-east-1/main.tf": main_tf(there)})
    cloud.amazon.fail("AuthFailure", lambda call: call.region == "us-east-1", status=401)
    cloud.run()
    assert cloud.moved("eu-west-1/main.tf") == main_tf(new)
    assert cloud.moved("us-east-1/main.tf") == main_tf(there)


def test_a_silent_region_takes_nothing_from_an_open_proposal(cloud: Cloud) -> None:
    old = {region: cloud.linux(OLD, region) for region in REGIONS[:2]}
    for region in old:
        cloud.linux(NEW, region)
    cloud.desk.write({f"{region}/main.tf": main_tf(one) for region, one in old.items()})
    cloud.run()
    before = cloud.desk.branches()
    cloud.amazon.fail("AuthFailure", lambda call: call.region == "us-east-1", times=20, status=401)
    out = cloud.run()
    assert cloud.desk.branches() == before
    assert "could not be asked for" in out


def test_scan_tells_the_family_and_what_the_place_becomes(cloud: Cloud) -> None:
    old, new = cloud.linux(OLD), cloud.linux(NEW)
    floating = 'data "aws_ami" "base" {\n  most_recent = true\n  owners      = ["amazon"]\n}\n'
    cloud.desk.write({"main.tf": main_tf(old), "other.tf": main_tf(new), "base.tf": floating})
    found = {one["path"]: one for one in cloud.desk.scan(**cloud.environ)["dependencies"]}
    moving = found["main.tf"]
    name = "al2023-ami-2023-kernel-6.1-x86_64"
    assert (moving["name"], moving["constraint"], moving["pipeline"]) == (name, old.id, "os")
    assert (moving["update"]["version"], moving["update"]["becomes"]) == ("2023.9.20260801.0", new.id)
    assert (found["other.tf"]["name"], found["other.tf"]["skip"]["reason"]) == (name, "up_to_date")
    assert found["base.tf"]["skip"]["reason"] == "floating"
    out = cloud.freshline("scan", str(cloud.desk.repository)).out
    assert f"update\t{name}\t{old.id}\t{new.id}\timage," in out
    assert "\tnot fixed\t" in out


@pytest.mark.parametrize("path", ["main.tf", "stack.yaml"])
def test_a_comment_says_what_an_image_was_that_is_gone(cloud: Cloud, path: str) -> None:
    cloud.linux(OLD)
    new = cloud.linux(NEW)
    note = "# freshline: aws_ami=amazon-linux/al2023-ami-2023*.*-kernel-6.1-x86_64"
    texts = {
        "main.tf": f'provider "aws" {{\n  region = "eu-west-1"\n}}\n\nlocals {{\n  image = "%s" {note}\n}}\n',
        "stack.yaml": (
            "Mappings:\n  M:\n    eu-west-1:\n"
            f"      Image: %s {note}\n"
            "Resources:\n  T: {Type: 'AWS::EC2::LaunchTemplate'}\n"
        ),
    }
    cloud.desk.write({path: texts[path] % "ami-0123456789abcdef0"})
    cloud.run()
    assert cloud.moved(path) == texts[path] % new.id
