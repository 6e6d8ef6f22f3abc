"""Repositories and accounts that mean harm, or are merely odd: whatever they write costs only themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.model import Image
from tests.conftest import need
from tests.core.machine_images import OURS, STRANGER, image
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.stories.test_machine_images import NEW, OLD, REGIONS, Cloud, cloud, main_tf  # noqa: F401 - cloud is a fixture

DEEP = 20_000
TEMPLATE = (
    "AWSTemplateFormatVersion: '2010-09-09'\nMappings:\n  I:\n{}Resources:\n  T:\n    Type: AWS::EC2::LaunchTemplate\n"
)


def ids(count: int) -> list[str]:
    return [f"ami-{number:017x}" for number in range(count)]


@pytest.fixture
def good(cloud: Cloud) -> Image:  # noqa: F811 - the fixture's name
    """An image that moves, whatever stands beside it."""
    cloud.desk.write({"good/eu-west-1/main.tf": main_tf(cloud.linux(OLD))})
    return cloud.linux(NEW)


def moves(cloud: Cloud, good: Image) -> str:  # noqa: F811 - the fixture's name
    out = cloud.run()
    assert cloud.moved("good/eu-west-1/main.tf") == main_tf(good)
    return out


DEEP_FILES = {
    "main.tf": f'locals {{\n  image = {"[" * DEEP}"ami-0123456789abcdef0"{"]" * DEEP}\n}}\n',
    "stack.yaml": TEMPLATE.format(f"    eu-west-1: {'[' * DEEP}ami-0123456789abcdef0{']' * DEEP}\n"),
    "stack.json": f'{{"Resources": {{"AWS::": {"[" * DEEP}"ami-0123456789abcdef0"{"]" * DEEP}}}}}',
    "vars/images.json": f'{{"image": {"[" * DEEP}"ami-0123456789abcdef0"{"]" * DEEP}}}',
    "vars/images.toml": f'image = {"[" * DEEP}"ami-0123456789abcdef0"{"]" * DEEP}\n',
    "cdk.context.json": f'{{"ami": {"[" * DEEP}"ami-0123456789abcdef0"{"]" * DEEP}}}',
    "a.pkr.hcl": f'source "amazon-ebs" "x" {{\n  source_ami = {"(" * DEEP}"ami-0123456789abcdef0"{")" * DEEP}\n}}\n',
    "lib/stack.ts": f'const image = {"(" * DEEP}"ami-0123456789abcdef0"{")" * DEEP}; // aws-cdk-lib\n',
}


@pytest.mark.parametrize("path", DEEP_FILES)
def test_what_is_nested_deeply_costs_only_its_file(cloud: Cloud, good: Image, path: str) -> None:  # noqa: F811 - the fixture's name
    cloud.desk.write({path: DEEP_FILES[path]})
    moves(cloud, good)


LONG = "ami-" + "a" * 900_000
LONG_FILES = {
    "main.tf": f'locals {{\n  image = "{LONG}"\n  other = "{"ami-0123456789abcdef0" * 20_000}"\n}}\n',
    "stack.yaml": TEMPLATE.format(
        f"    eu-west-1:\n      Base: {LONG}\n    us-east-1:\n      Base: {'ami-' * 100_000}\n"
    ),
    "vars/images.json": json.dumps({"image": LONG, "others": "ami-" * 100_000, LONG: "ami-0123456789abcdef0"}),
    "cdk.context.json": json.dumps({"ami:" + LONG: LONG, "ami:region=eu-west-1": "ami-" * 100_000}),
    "image.pkr.hcl": f'source "amazon-ebs" "x" {{\n  source_ami = "{LONG}"\n}}\n',
    "lib/stack.ts": f'import "aws-cdk-lib";\nconst a = "{LONG}"; const b = "{"ami-" * 100_000}";\n',
}


@pytest.mark.parametrize("path", LONG_FILES)
def test_what_is_a_megabyte_long_is_no_image(cloud: Cloud, good: Image, path: str) -> None:  # noqa: F811 - the fixture's name
    cloud.desk.write({path: LONG_FILES[path]})
    moves(cloud, good)
    assert all(len(value) < 100 for call in cloud.amazon.calls for value in call.values)


def test_ten_thousand_ids_are_asked_for_in_few_requests(cloud: Cloud, good: Image) -> None:  # noqa: F811 - the fixture's name
    text = "".join(f'  i{number} = "{one}"\n' for number, one in enumerate(ids(10_000)))
    cloud.desk.write({"eu-west-1/main.tf": f"locals {{\n{text}}}\n"})
    cloud.amazon.calls.clear()
    moves(cloud, good)
    assert cloud.amazon.counted()["DescribeImages", "eu-west-1"] <= 10_001 // 200 + 2
    assert {call.region for call in cloud.amazon.calls} == {"eu-west-1"}
    assert {call.action for call in cloud.amazon.calls} <= {"DescribeImages", "GetParameters"}


def test_a_map_of_made_up_regions_asks_no_host_that_there_is_not(cloud: Cloud, good: Image) -> None:  # noqa: F811 - the fixture's name
    made_up = [f"eu-{a}{b}-1" for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrst"][:500]
    rows = "".join(f"    {region}:\n      Base: {one}\n" for region, one in zip(made_up, ids(500), strict=True))
    cloud.desk.write({"stack.yaml": TEMPLATE.format(rows)})
    moves(cloud, good)
    assert {call.region for call in cloud.amazon.calls} <= set(REGIONS)
    details = {skip["detail"] for text, skip in cloud.skips().items() if text in ids(500)}
    assert all("is no region that this boto3 knows" in detail or "region map" in detail for detail in details)


@pytest.mark.parametrize(
    ("path", "written", "found"),
    [
        ("vars/images.json", '{{"image": "\\u0061mi-{}"}}', True),
        ("vars/images.yaml", 'image: "\\x61mi-{}"\n', True),
        ("vars/images.toml", 'image = "\\u0061mi-{}"\n', True),
        ("main.tf", 'locals {{\n  image = "\\u0061mi-{}"\n}}\n', True),
        ("vars/images.json", '{{"image": "ami-{}\\n"}}', False),
        ("vars/images.json", '{{"image": "ami-{}\\u0000"}}', False),
        ("vars/images.json", '{{"image": "\u202eami-{}"}}', False),
    ],
)
def test_an_id_that_is_written_with_escapes_is_never_edited(
    cloud: Cloud,  # noqa: F811 - the fixture's name
    good: Image,
    path: str,
    written: str,
    found: bool,
) -> None:
    old = cloud.linux(OLD, "us-east-1")
    cloud.linux(NEW, "us-east-1")
    cloud.desk.write({path: written.format(old.id.removeprefix("ami-"))})
    out = moves(cloud, good)
    assert cloud.moved(path) == written.format(old.id.removeprefix("ami-"))
    stated = [one for one in cloud.desk.scan(**cloud.environ)["dependencies"] if one["path"] == path]
    assert {one["skip"]["reason"] for one in stated} <= {"unsupported_constraint"}
    assert not stated or found, out


# Names from EC2


ODD = "golden-7 `x` | <!-- y --> [z](javascript:0) @octocat #1 \u202e\u2066 **b** \r\n\r\n# Heading ::error::"
"""More than EC2 admits, as long as it admits."""


def private(name: str, **more: object) -> Image:
    return replace(image(name.ljust(128, "~")[:128], OURS, region="eu-west-1", public=False), **more)  # type: ignore[arg-type] # fields of an image


@pytest.fixture
def configured(cloud: Cloud) -> Cloud:  # noqa: F811 - the fixture's name
    """An operator whose own images are those of an account that names them oddly."""
    folder = Path(cloud.desk.environ["XDG_CONFIG_HOME"]) / "freshline"
    folder.mkdir(parents=True)
    (folder / "freshline.toml").write_text(
        f'[[policy.machine_images.families]]\nowner = "{OURS}"\nnames = "golden-*"\norder = "name-number"\n'
    )
    return cloud


def test_names_from_ec2_are_no_markup(configured: Cloud) -> None:
    need("github specs", specs.why_not())
    old = configured.put(private("golden-1 " + ODD))
    new = configured.put(private("golden-3 " + ODD))
    for number, unlike in ((9, {"architecture": "arm64"}), (8, {"boot_mode": "`|\n<b>"})):
        configured.put(private(f"golden-{number} " + ODD, **unlike))
    with FakeGitHub(clock=Clock.real()) as github:
        github.create_repository("acme/shop", {"main.tf": main_tf(old)})
        login = {"FRESHLINE_GITHUB__API_URL": github.api_url, "FRESHLINE_GITHUB__TOKEN": github.personal_token()}
        answer = configured.desk.freshline("run", "acme/shop", **configured.environ, **login)
        assert answer.code == 0, answer
        (pull,) = github.pulls("acme/shop", "open")
        body, title = pull.issue.body or "", pull.issue.title
        assert github.files("acme/shop", pull.head)["main.tf"].decode() == main_tf(new)
        answer = configured.desk.freshline("status", "acme/shop", **configured.environ, **login)
    assert "\n" not in title
    assert "golden" in title
    visible = body.replace("\u200b", "")
    assert "arm64 instead of x86" in visible.replace("\\", "")
    for harm in ("<!-- y", "[z](", "@octocat", "\n# Heading", "\u202e", "\u2066", " | <", "\r"):
        assert harm not in body, harm
    assert all(c.isprintable() or c == "\n" for c in visible + answer.out)


def test_what_is_said_of_odd_names_is_safe_on_a_terminal(configured: Cloud) -> None:
    old = configured.put(private("golden-1 " + ODD))
    configured.put(private("golden-9 " + ODD, architecture="arm64"))
    configured.desk.write({"main.tf": main_tf(old)})
    for form in ("table", "markdown"):
        answer = configured.freshline("scan", str(configured.desk.repository), "--format", form)
        assert answer.code == 0
        assert "instead of x86" in answer.out.replace("\\", "")
        # Markdown breaks what could be a mention with a zero-width space
        assert all(c.isprintable() or c in "\n\t\u200b" for c in answer.out), form


DISGUISES = (
    "al2023-ami-2023.9.20260801.0-kernel-6.1-x86_64",
    " al2023-ami-2023.9.20260801.0-kernel-6.1-x86_64",
    "al2023-ami-2023.9.20260801.0-kernel-6.1-x86_64\n",
    "al2023-ami-2023.9.\u0662\u0660\u0662\u06660801.0-kernel-6.1-x86_64",
    "al2023-ami-2023.9.20260801.0-kernel-6.1-x86_64 (golden-9)",
    "golden-9/al2023-ami-2023.9.20260801.0-kernel-6.1-x86_64",
)


@pytest.mark.parametrize("name", DISGUISES)
@pytest.mark.parametrize("owner", [OURS, STRANGER])
def test_a_name_like_a_publishers_is_nothing_without_its_account(configured: Cloud, name: str, owner: str) -> None:
    old = configured.linux(OLD)
    configured.put(image(name, owner, region="eu-west-1"))
    configured.put(image("golden-9", owner, region="eu-west-1"))
    configured.desk.write({"main.tf": main_tf(old)})
    configured.run()
    assert configured.desk.branches() == {}
    assert configured.skips()[old.id]["reason"] == "up_to_date"
