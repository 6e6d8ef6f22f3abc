"""What the ecosystems that state machine images share."""

from __future__ import annotations

import pytest

from bot.core.model import Caution, Part, SkipReason, Span
from bot.ecosystems._machine_images import Where, floating, region_of, replaces, statement, statements
from bot.formats import json, yaml
from bot.formats.base import Scalar

ID = "ami-0123456789abcdef0"


def test_a_whole_value_is_an_image() -> None:
    caution = replaces("aws_instance.db")
    found = statement(Scalar(ID, Span(10, 31), 3), Where("main.tf", "eu-west-1", "amis/*", (caution,)))
    assert found
    assert [(pin.path, pin.span, pin.text, pin.part) for pin in found.pins] == [
        ("main.tf", Span(10, 31), ID, Part.IMAGE_ID)
    ]
    assert (found.context.region, found.context.within, found.line) == ("eu-west-1", "amis/*", 3)
    assert found.cautions == (
        Caution("merging it replaces aws_instance.db, with whatever is kept on it", by_hand=True),
    )
    assert found.obstacle is None


@pytest.mark.parametrize(
    "text", ["", "ami-", "ami-123456789", "ami-0123456789ABCDEF0", f"{ID} ", f"{ID},{ID}", "AMI-12345678"]
)
def test_what_is_no_image(text: str) -> None:
    assert statement(Scalar(text, Span(0, len(text)), 1), Where("x")) is None


def test_an_id_with_escapes_is_seen_and_not_moved() -> None:
    (found,) = statements(json.parse('{"a": "\\u0061mi-12345678"}'), Where("x.json"))
    assert found.pins == ()
    assert found.obstacle
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


def test_what_becomes_an_image_later_is_said() -> None:
    found = floating("data.aws_ami.base", 7, "the newest at each apply")
    assert found.obstacle
    assert (found.obstacle.reason, found.line, found.pins) == (SkipReason.FLOATING, 7, ())


def test_regions_and_maps_are_told_by_keys() -> None:
    text = f"""
single: {ID}
Map:
  us-east-1: {{x: {ID}, y: ami-12345678}}
  eu-west-1: {{x: {ID}}}
deep:
  - us-gov-west-1:
      a: [{ID}, other, 1]
name: {{ami: ami-x}}
"""
    (root,) = yaml.parse(text)
    found = [
        (one.constraint, one.context.region, one.context.within) for one in statements(root, Where("x", "sa-east-1"))
    ]
    assert found == [
        (ID, "sa-east-1", ""),
        (ID, "us-east-1", "Map/*/x"),
        ("ami-12345678", "us-east-1", "Map/*/y"),
        (ID, "eu-west-1", "Map/*/x"),
        (ID, "us-gov-west-1", "deep/*/a"),
    ]
    assert [one.context.within for one in statements(root, Where("x", within="all"), ("vars",))][:2] == [
        "all",
        "vars/Map/*/x",
    ]


def test_nothing_is_no_image() -> None:
    assert list(statements(None, Where("x"))) == []


@pytest.mark.parametrize(
    ("path", "region"),
    [
        ("envs/eu-west-1/main.tf", "eu-west-1"),
        ("live/prod/us_gov_west_1.tfvars", "us-gov-west-1"),
        ("Eu-West-1.json", "eu-west-1"),
        ("eu-west-1/us-east-1.json", ""),
        ("eu-west-1/eu-west-1.json", "eu-west-1"),
        ("eu-west-11/main.tf", ""),
        ("main.tf", ""),
        ("neu-west-1/main.tf", ""),
    ],
)
def test_a_path_may_say_the_region(path: str, region: str) -> None:
    assert region_of(path) == region
