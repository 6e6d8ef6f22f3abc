from __future__ import annotations

import json

import pytest

from bot.core.model import FileFacts, ParseError
from bot.ecosystems.cdk_context import ecosystem, extract

AMI = "ami-0123456789abcdef0"
LOOK_UP = "ami:account=111122223333:filters.image-type.0=machine:filters.name.0=golden-*:owners.0=self:region={}"
PARAMETER = "ssm:account=111122223333:parameterName=/aws/service/ecs/optimized-ami/image_id:region={}:x=y"


def told(value: object, path: str = "cdk.context.json") -> list[tuple[str, str, str]]:
    text = json.dumps(value, indent=2)
    found = extract(path, text).statements
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    assert all([caution.by_hand for caution in one.cautions] == [True] for one in found)
    return [(one.constraint, one.context.region, one.context.within) for one in found]


@pytest.mark.parametrize("key", [LOOK_UP, PARAMETER])
def test_a_look_up_in_several_regions_is_one_map(key: str) -> None:
    assert told({key.format("eu-west-1"): AMI, key.format("us-gov-west-1"): AMI}) == [
        (AMI, "eu-west-1", key.format("*")),
        (AMI, "us-gov-west-1", key.format("*")),
    ]


def test_an_own_entry() -> None:
    assert told({"ami": AMI}) == [(AMI, "", "")]
    assert told({"ami": AMI}, "eu-west-1/cdk.context.json") == [(AMI, "eu-west-1", "")]
    own = {"images": {"eu-west-1": {"x86": AMI, "arm": f"{AMI[:-1]}1"}}}
    assert told(own) == [(AMI, "eu-west-1", "images/*/x86"), (f"{AMI[:-1]}1", "eu-west-1", "images/*/arm")]
    assert told({f"{LOOK_UP.format('eu-west-1')}{'x' * 5000}": AMI}) == [(AMI, "", "")]
    assert told({LOOK_UP.format("nowhere"): AMI}) == [(AMI, "", "")]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {LOOK_UP.format("eu-west-1"): [AMI]},
        {LOOK_UP.format("eu-west-1"): f"the {AMI}"},
        {AMI: 5},
        [AMI],
        {"availability-zones:account=1:region=eu-west-1": ["eu-west-1a"], "x": "ami-"},
    ],
)
def test_what_says_nothing(value: object) -> None:
    assert told(value) == []


def test_what_can_not_be_read_is_refused() -> None:
    assert extract("cdk.context.json", "{") == FileFacts("cdk.context.json", "cdk_context", ())
    with pytest.raises(ParseError):
        extract("cdk.context.json", '{"ami-')


def test_the_pattern_is_the_name() -> None:
    assert ecosystem.patterns == ("cdk.context.json",)
