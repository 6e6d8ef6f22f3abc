from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.machine_images import Chosen, Family, ImageRules, Kept, OperatorFamily, Order, Reason, newest
from bot.core.machine_images.asked import Asked
from bot.core.machine_images.gone import (
    _EQUAL,
    Described,
    Known,
    Unknown,
    family_named,
    from_description,
    from_family,
    from_siblings,
)
from bot.core.model import Image
from tests.core.machine_images import AMAZON, NOW, OLD, OURS, al2023, image

PATTERN = "al2023-ami-2023*.*-kernel-6.1-x86_64"
WORD = f"amazon-linux/{PATTERN}"
GONE = Asked("us-east-1", "ami-12345678", family=WORD)
BESIDE = Asked("eu-west-1", "ami-12345678", beside="map")
NO_RULES = ImageRules()
FIRST, SECOND = al2023("1.20230308.0"), al2023("3.20240108.0")

OTHERS: dict[str, Any] = {
    "architecture": "arm64",
    "virtualization": "paravirtual",
    "root_device": "instance-store",
    "boot_mode": "",
    "ena": False,
    "platform": "windows",
    "usage_operation": "RunInstances:0002",
    "product_codes": ("a",),
    "public": False,
}


def known(found: Known | Unknown) -> Known:
    assert isinstance(found, Known), found
    return found


def unknown(found: Known | Unknown) -> str:
    assert isinstance(found, Unknown), found
    return found.detail


@pytest.mark.parametrize(
    ("text", "family"),
    [
        (WORD, Family("amazon-linux", PATTERN)),
        ("ubuntu/ubuntu/images/hvm-ssd/ubuntu-*", Family("ubuntu", "ubuntu/images/hvm-ssd/ubuntu-*")),
        ("operator:111122223333/golden-*", Family("operator:111122223333", "golden-*")),
        ("amazon-linux", None),
        ("amazon-linux/", None),
        ("/x", None),
        ("amazon-linux/*", None),
        ("amazon-linux/*?*", None),
        ("amazon-linux/a\nb", None),
        ("amazon-linux/" + "a" * 129, None),
        ("a" * 129 + "/a", None),
    ],
)
def test_somebodys_word(text: str, family: Family | None) -> None:
    assert family_named(text) == family


def test_from_a_description() -> None:
    found = from_description(Described(FIRST, OLD))
    assert found.image == replace(FIRST, state="deregistered")
    assert found.said == f"{FIRST.id} is gone from us-east-1; known from its description of 2026-09-01"
    assert isinstance(newest(found.image, [SECOND], NO_RULES, NOW), Chosen)


def test_a_word_gives_the_oldest_of_the_family() -> None:
    tagged = replace(FIRST, tags=(("a", "b"),), deprecated=OLD)
    found = known(from_family(GONE, [SECOND, tagged], NO_RULES))
    assert found.image == replace(FIRST, id=GONE.id, state="deregistered")
    assert "said to have been of amazon-linux's al2023" in found.said
    choice = newest(found.image, [SECOND, tagged], NO_RULES, NOW)
    assert isinstance(choice, Chosen)
    assert choice.image == SECOND


def test_even_the_oldest_may_follow_one_that_is_gone() -> None:
    found = known(from_family(GONE, [FIRST], NO_RULES))
    choice = newest(found.image, [FIRST], NO_RULES, NOW)
    assert isinstance(choice, Chosen)
    assert choice.image == FIRST


def test_a_loose_word_is_enough_where_it_fits_one_family() -> None:
    loose = replace(GONE, family="amazon-linux/al2023-ami-2023.*-x86_64")
    assert known(from_family(loose, [FIRST, SECOND], NO_RULES)).image.name == FIRST.name


def test_a_word_that_fits_two_families() -> None:
    other = image("al2023-ami-2023.3.20240108.0-kernel-6.12-x86_64")
    loose = replace(GONE, family="amazon-linux/al2023-ami-2023.*-x86_64")
    assert "holds 2 families, such as amazon-linux/al2023" in unknown(from_family(loose, [FIRST, other], NO_RULES))


@pytest.mark.parametrize("field", _EQUAL)
def test_where_the_family_differs_nothing_is_certain(field: str) -> None:
    odd = replace(SECOND, **{field: OTHERS[field]})
    assert f"differ in {field}" in unknown(from_family(GONE, [FIRST, odd], NO_RULES))


@pytest.mark.parametrize("field", _EQUAL)
def test_what_must_be_certain_is_what_the_choice_compares(field: str) -> None:
    current = replace(FIRST, **{field: OTHERS[field]}) if field != "public" else replace(FIRST, public=False)
    choice = newest(current, [SECOND], NO_RULES, NOW)
    assert isinstance(choice, Kept)
    assert choice.reason is Reason.INCOMPATIBLE


def test_only_fitting_images_of_the_publisher_count() -> None:
    others: list[Image] = [
        image("al2023-ami-2023.0.20230308.0-kernel-6.1-x86_64", owner="666666666666"),
        image("amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2"),
    ]
    assert known(from_family(GONE, [*others, SECOND], NO_RULES)).image.name == SECOND.name
    assert "there is no image of" in unknown(from_family(GONE, others, NO_RULES))
    assert "there is no image of" in unknown(
        from_family(replace(GONE, family=f"amazon-ecs/{PATTERN}"), [SECOND], NO_RULES)
    )


def test_a_word_that_is_no_family() -> None:
    assert "'nonsense' is no family" in unknown(from_family(replace(GONE, family="nonsense"), [FIRST], NO_RULES))


def test_a_word_for_the_operators_own() -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, "golden-*", Order.NUMBER),))
    images = [image(f"golden-{n}", OURS, public=False) for n in (10, 9)]
    asked = replace(GONE, family=f"operator:{OURS}/golden-*")
    assert known(from_family(asked, images, rules)).image.name == "golden-9"


def test_siblings_give_the_oldest_of_the_map_in_its_own_region() -> None:
    found = known(from_siblings(BESIDE, [SECOND, replace(FIRST, region="us-west-2")], NO_RULES))
    assert found.image == replace(FIRST, id=BESIDE.id, region="eu-west-1", state="deregistered")
    assert found.said.startswith("ami-12345678 is gone from eu-west-1; taken for what stands beside it in its map (al2")
    assert isinstance(newest(found.image, [replace(SECOND, region="eu-west-1")], NO_RULES, NOW), Chosen)


@pytest.mark.parametrize(
    ("region", "owner"),
    [("eu-west-1", AMAZON), ("cn-north-1", "141808717104"), ("us-gov-west-1", "045324592363")],
)
def test_the_publisher_may_have_another_account_there(region: str, owner: str) -> None:
    found = known(from_siblings(replace(BESIDE, region=region), [FIRST], NO_RULES))
    assert found.image.owner == owner


def test_an_account_of_the_operators_is_the_same_everywhere() -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, "golden-*", Order.NUMBER),))
    found = known(from_siblings(BESIDE, [image("golden-9", OURS)], rules))
    assert found.image.owner == OURS


def test_a_region_in_the_name_moves_along() -> None:
    fedora = image("Fedora-Cloud-Base-39-1.5.x86_64-hvm-us-east-1-gp3-0", "125523088429")
    found = known(from_siblings(BESIDE, [fedora], NO_RULES))
    assert found.image.name == "Fedora-Cloud-Base-39-1.5.x86_64-hvm-eu-west-1-gp3-0"


@pytest.mark.parametrize(
    ("asked", "siblings", "why"),
    [
        (BESIDE, [], "nothing stands beside it that is known"),
        (replace(BESIDE, region=""), [FIRST], "nothing says its region"),
        (BESIDE, [FIRST, image("golden-9", OURS)], "beside it in its map is one whose family is not known"),
        (BESIDE, [FIRST, image("amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2")], "its region map holds 2 families"),
        (BESIDE, [FIRST, replace(SECOND, ena=False)], "the images of its region map differ in ena"),
    ],
)
def test_siblings_that_do_not_tell(asked: Asked, siblings: list[Image], why: str) -> None:
    assert why in unknown(from_siblings(asked, siblings, NO_RULES))
