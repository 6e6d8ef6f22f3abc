from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from bot.core.machine_images import ImageRules, OperatorFamily, Order, TrustedOwner
from bot.core.machine_images.asked import Asked
from bot.core.machine_images.gone import Described
from bot.core.model import Gallery, Image, Package, SkipReason, Unavailable
from bot.http import Http, MemoryCache
from bot.registries._amazon import Amazon
from bot.registries.aws_ami import image as parsed
from bot.registries.aws_ami import least_privilege, look_up, registry
from bot.registries.base import LookUpError
from tests.core.machine_images import AMAZON, CANONICAL, EKS, NOW, OLD, OURS, STRANGER, al2023
from tests.core.machine_images import image as described
from tests.fakes.amazon import OWN, Call, FakeAmazon

REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")
NO_RULES = ImageRules()
ROLE = f"arn:aws:iam::{OURS}:role/freshline/reader"


class Shelf:
    """What is kept, in memory; as the store does, it gives the newest of any region for the region ""."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Described] = {}

    def get_many(self, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Described]:
        found = {}
        for region, name in wanted:
            fitting = [one for key, one in self.kept.items() if key[1] == name and region in {"", key[0]}]
            if fitting:
                found[region, name] = max(fitting, key=lambda one: one.seen_at)
        return found

    def put_many(self, images: Iterable[Image], now: datetime) -> None:
        self.kept |= {(image.region, image.id): Described(image, now) for image in images}


@pytest.fixture
def amazon(fake: FakeAmazon) -> Amazon:
    return Amazon(REGIONS, endpoint=fake.endpoint, attempts=1)


def identified(number: int, region: str = "") -> str:
    """An id that is unlike any other number's or region's."""
    return f"ami-{REGIONS.index(region) if region else 9}{number:016x}"


def al(number: int, region: str = "eu-west-1", **more: Any) -> Image:
    """The nth release of Amazon Linux 2023."""
    release = f"{number}.2024{1 + number % 12:02}08.0"
    return al2023(release, region=region, **({"id": identified(number, region)} | more))


def ask(image: Image, **more: Any) -> Asked:
    return Asked(**({"region": image.region, "id": image.id} | more))


def one(
    asked: Asked, amazon: Amazon, shelf: Shelf | None = None, rules: ImageRules = NO_RULES
) -> Gallery | Unavailable:
    answers = look_up([asked.package], amazon, shelf or Shelf(), rules, NOW)
    (answer,) = answers.values()
    assert isinstance(answer, (Gallery, Unavailable))
    return answer


def gallery(asked: Asked, amazon: Amazon, shelf: Shelf | None = None, rules: ImageRules = NO_RULES) -> Gallery:
    answer = one(asked, amazon, shelf, rules)
    assert isinstance(answer, Gallery), answer
    return answer


def unavailable(
    asked: Asked, amazon: Amazon, shelf: Shelf | None = None, rules: ImageRules = NO_RULES
) -> tuple[SkipReason, str]:
    answer = one(asked, amazon, shelf, rules)
    assert isinstance(answer, Unavailable), answer
    return answer.reason, answer.detail


# One image


def test_an_image_and_those_of_its_family(fake: FakeAmazon, amazon: Amazon) -> None:
    old, new = fake.put(al(1)), fake.put(al(2))
    found = gallery(ask(old), amazon)
    assert found.package == ask(old).package
    assert found.image == old
    assert set(found.candidates) == {old, new}
    assert found.said == ""
    assert fake.counted() == {("DescribeImages", "eu-west-1"): 2, ("GetParameters", "eu-west-1"): 1}


def test_everything_that_a_description_says_arrives(fake: FakeAmazon, amazon: Amazon) -> None:
    full = replace(
        al(1),
        platform="windows",
        architecture="arm64",
        boot_mode="uefi",
        ena=False,
        usage_operation="RunInstances:0002",
        product_codes=("aaa", "bbb"),
        deprecated=OLD,
        state="disabled",
        public=False,
        tags=(("a", "1"), ("b", "2")),
    )
    fake.put(full)
    assert gallery(ask(full), amazon).image == full


def test_the_same_name_from_another_owner_is_no_candidate(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(al(1))
    fake.put(al(2, owner=STRANGER))
    assert gallery(ask(own), amazon).candidates == (own,)


def test_another_architecture_kernel_or_system_is_no_candidate(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(al(1))
    fake.put(described("al2023-ami-2023.3.20240108.0-kernel-6.1-arm64", id=identified(2), region="eu-west-1"))
    fake.put(described("al2023-ami-2023.3.20240108.0-kernel-6.12-x86_64", id=identified(3), region="eu-west-1"))
    fake.put(described("amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", id=identified(4), region="eu-west-1"))
    assert gallery(ask(own), amazon).candidates == (own,)


def test_the_next_kubernetes_version_is_a_candidate_only_when_majors_are_wanted(
    fake: FakeAmazon, amazon: Amazon
) -> None:
    own = fake.put(described("amazon-eks-node-1.29-v20240110", EKS, id=identified(1), region="eu-west-1"))
    after = fake.put(described("amazon-eks-node-1.30-v20240610", EKS, id=identified(2), region="eu-west-1"))
    assert gallery(ask(own), amazon).candidates == (own,)
    fake.calls.clear()
    assert set(gallery(ask(own, majors=True), amazon).candidates) == {own, after}
    assert len(fake.asked("DescribeImages")) == 2


def test_majors_that_one_place_wants_cost_no_second_call(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(described("debian-12-amd64-20240201-1644", "136693071363", id=identified(1), region="eu-west-1"))
    answers = look_up([ask(own).package, ask(own, majors=True).package], amazon, Shelf(), NO_RULES, NOW)
    assert len(answers) == 2
    names = ("debian-12-amd64-*-*", "debian-13-amd64-*-*")
    assert [call.values for call in fake.asked("DescribeImages")] == [(own.id,), names]


def test_deprecated_images_are_candidates_for_the_decision_to_pass_over(fake: FakeAmazon, amazon: Amazon) -> None:
    own, new = fake.put(al(1)), fake.put(al(2, deprecated=OLD))
    assert {image.deprecated for image in gallery(ask(own), amazon).candidates} == {own.deprecated, new.deprecated}


def test_an_image_of_no_publisher_has_no_candidates(fake: FakeAmazon, amazon: Amazon) -> None:
    stranger = fake.put(al(1, owner=STRANGER))
    fake.put(al(2, owner=STRANGER))
    found = gallery(ask(stranger), amazon)
    assert (found.image, found.candidates) == (stranger, ())
    assert len(fake.calls) == 1


def test_a_recommendation_is_asked_for_in_the_same_region(fake: FakeAmazon, amazon: Amazon) -> None:
    fake.put(al(1))
    elsewhere, here = al(2, "us-east-1"), fake.put(al(2))
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64"
    fake.recommend("eu-west-1", parameter, here.id)
    fake.recommend("us-east-1", parameter, elsewhere.id)
    assert gallery(ask(al(1)), amazon).recommended == here.id
    assert {call.region for call in fake.calls} == {"eu-west-1"}


def test_a_parameter_that_names_no_image_is_no_recommendation(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(al(1))
    fake.recommend("eu-west-1", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64", "see elsewhere")
    assert gallery(ask(own), amazon).recommended == ""


def test_a_parameter_that_may_not_be_read_is_no_failure(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(al(1))
    fake.fail("AccessDeniedException", lambda call: call.action == "GetParameters")
    found = gallery(ask(own), amazon)
    assert (found.image, found.recommended) == (own, "")


def test_what_asks_for_no_image_is_an_answer_too(amazon: Amazon, fake: FakeAmazon) -> None:
    packages = [
        Package("aws_ami", "nonsense"),
        Asked("eu-west-1", "ami-xyz").package,
        Asked("eu-west-1.evil.example", "ami-12345678").package,
    ]
    answers = list(look_up(packages, amazon, Shelf(), NO_RULES, NOW).values())
    assert [answer.reason for answer in answers if isinstance(answer, Unavailable)] == [SkipReason.INVALID_NAME] * 3
    assert look_up([], amazon, Shelf(), NO_RULES, NOW) == {}
    assert fake.calls == []


# Many


def test_five_hundred_ids_in_three_regions_are_few_calls(fake: FakeAmazon, amazon: Amazon) -> None:
    every = [fake.put(al(number, region)) for region in REGIONS for number in range(167)]
    ubuntu = [
        fake.put(
            described(
                "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
                CANONICAL,
                id=identified(900, region),
                region=region,
            )
        )
        for region in REGIONS
    ]
    shelf = Shelf()
    answers = look_up([ask(image).package for image in (*every, *ubuntu)], amazon, shelf, NO_RULES, NOW)
    assert len(answers) == 504
    assert {type(answer) for answer in answers.values()} == {Gallery}
    # one for the 168 ids, one a family
    assert fake.counted() == {
        **{("DescribeImages", region): 3 for region in REGIONS},
        **{("GetParameters", region): 1 for region in REGIONS},
    }
    assert len(shelf.kept) == 504


def test_more_than_two_hundred_ids_of_one_region_are_asked_for_in_turn(fake: FakeAmazon, amazon: Amazon) -> None:
    every = [fake.put(al(number)) for number in range(450)]
    look_up([ask(image).package for image in every], amazon, Shelf(), NO_RULES, NOW)
    sizes = [len(call.values) for call in fake.asked("DescribeImages")]
    assert sizes == [200, 200, 50, 1]


def test_more_than_ten_parameters_are_asked_for_in_turn(fake: FakeAmazon, amazon: Amazon) -> None:
    names = [f"amazon-eks-node-1.{minor}-v20240110" for minor in range(20, 32)]
    every = [fake.put(described(name, EKS, id=identified(n), region="eu-west-1")) for n, name in enumerate(names)]
    look_up([ask(image).package for image in every], amazon, Shelf(), NO_RULES, NOW)
    assert fake.counted() == {("DescribeImages", "eu-west-1"): 13, ("GetParameters", "eu-west-1"): 2}


def test_an_id_whose_region_nobody_says_is_sought_everywhere(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(al(1, "us-east-1"))
    found = gallery(Asked("", own.id), amazon)
    assert found.image == own
    assert found.candidates == (own,)
    assert fake.counted() == {
        **{("DescribeImages", region): 1 + (region == "us-east-1") for region in REGIONS},
        ("GetParameters", "us-east-1"): 1,
    }


def test_the_regions_of_the_session_stand_in_for_the_operators(
    fake: FakeAmazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = fake.put(al(1, "us-east-1"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert gallery(Asked("", own.id), Amazon(endpoint=fake.endpoint)).image == own


def test_without_any_region_there_is_nobody_to_ask(fake: FakeAmazon) -> None:
    reason, detail = unavailable(Asked("", "ami-12345678"), Amazon(endpoint=fake.endpoint))
    assert reason is SkipReason.REGISTRY_UNAVAILABLE
    assert detail == "ami-12345678: nothing says its region: name the regions in [aws] of freshline.toml"


def test_a_region_that_there_is_not_is_not_asked(fake: FakeAmazon, amazon: Amazon) -> None:
    reason, detail = unavailable(Asked("eu-nowhere-7", "ami-12345678"), amazon)
    assert reason is SkipReason.REGISTRY_UNAVAILABLE
    assert "eu-nowhere-7 is no region that this boto3 knows" in detail
    assert fake.calls == []


# Owners and families of the operator


GOLDEN = ImageRules(families=(OperatorFamily(OWN, "golden-*", Order.NUMBER, ("approved", "yes")),))


def golden(number: int, owner: str = OWN, **more: Any) -> Image:
    return described(
        f"golden-{number}", owner, **({"id": identified(number), "region": "eu-west-1", "public": False} | more)
    )


def test_a_family_of_the_operators(fake: FakeAmazon, amazon: Amazon) -> None:
    own, new = fake.put(golden(1)), fake.put(golden(2, tags=(("approved", "yes"),)))
    fake.put(golden(3, STRANGER))
    found = gallery(ask(own), amazon, rules=GOLDEN)
    assert set(found.candidates) == {own, new}
    assert fake.asked("DescribeImages")[-1] == Call("DescribeImages", "eu-west-1", ("golden-*",), (OWN,), "AKIAOWN")
    assert fake.asked("GetParameters") == []


def test_signs_that_mean_more_to_ec2_stand_for_themselves(fake: FakeAmazon, amazon: Amazon) -> None:
    rules = ImageRules(families=(OperatorFamily(OWN, r"a?b\c-*", Order.NUMBER),))
    own = fake.put(described(r"a?b\c-1", OWN, id=identified(1), region="eu-west-1"))
    gallery(ask(own), amazon, rules=rules)
    assert fake.asked("DescribeImages")[-1].values == (r"a\?b\\c-*",)


def test_an_account_that_the_operator_trusts_is_asked_too(fake: FakeAmazon, amazon: Amazon) -> None:
    rules = ImageRules(trusted_owners=(TrustedOwner(OURS, "amazon-linux"), TrustedOwner(STRANGER)))
    own, new = fake.put(al(1)), fake.put(al(2, owner=OURS))
    fake.put(al(3, owner=STRANGER))
    assert set(gallery(ask(own), amazon, rules=rules).candidates) == {own, new}


def test_an_account_that_is_its_own_publisher(fake: FakeAmazon, amazon: Amazon) -> None:
    rules = ImageRules(trusted_owners=(TrustedOwner(OURS),))
    own, new = fake.put(al(1, owner=OURS)), fake.put(al(2, owner=OURS))
    fake.put(al(3))
    assert set(gallery(ask(own), amazon, rules=rules).candidates) == {own, new}


# Several accounts


@pytest.fixture
def roles(amazon: Amazon) -> Amazon:
    return replace(amazon, roles=(ROLE,))


def test_what_any_account_sees_counts(fake: FakeAmazon, roles: Amazon) -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, "golden-*", Order.NUMBER),))
    own = fake.put(golden(1, OURS), account=OURS)
    fake.put(golden(2, OURS), account=OWN)
    new = fake.put(golden(2, OURS, tags=(("approved", "yes"),)), account=OURS)
    found = gallery(ask(own), roles, rules=rules)
    # the owner alone sees tags, so its description counts
    assert set(found.candidates) == {own, new}
    assert [call.action for call in fake.calls] == ["AssumeRole", *["DescribeImages"] * 4]
    assert fake.calls[1].access_key == "AKIAOWN"
    assert fake.calls[2].access_key not in {"AKIAOWN", ""}


def test_a_private_image_is_asked_for_again_where_its_tags_may_be_seen(fake: FakeAmazon, roles: Amazon) -> None:
    fake.put(golden(1, OURS), account=OWN)
    own = fake.put(golden(1, OURS, tags=(("a", "b"),)), account=OURS)
    assert gallery(ask(own), roles).image.tags == (("a", "b"),)


def test_a_private_image_without_tags_is_the_same_to_both(fake: FakeAmazon, roles: Amazon) -> None:
    own = fake.put(golden(1, OURS), account=OWN)
    fake.put(golden(1, OURS), account=OURS)
    assert gallery(ask(own), roles).image == own
    assert len(fake.asked("DescribeImages")) == 2


def test_half_a_list_of_private_images_is_no_answer(fake: FakeAmazon, roles: Amazon) -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, "golden-*", Order.NUMBER),))
    own = fake.put(golden(1, OURS), account=OWN)
    fake.put(golden(2, OURS), account=OURS)
    fake.fail("AccessDenied", lambda call: call.action == "AssumeRole", status=403, times=1)
    reason, detail = unavailable(ask(own), roles, rules=rules)
    assert (reason, "sts:AssumeRole" in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)
    private = lambda call: call.access_key == "AKIAOWN" and call.values == ("golden-*",)  # noqa: E731 - used twice
    fake.fail("RequestLimitExceeded", private, status=503)
    assert unavailable(ask(own), roles, rules=rules)[0] is SkipReason.REGISTRY_UNAVAILABLE


def test_a_question_without_majors_gets_none_of_anothers(fake: FakeAmazon, amazon: Amazon) -> None:
    old = fake.put(al(1))
    later = fake.put(described("al2023-ami-2023.9.20260801.0-kernel-6.12-x86_64", id=identified(7), region="eu-west-1"))
    plain, wide = look_up([ask(old).package, ask(old, majors=True).package], amazon, Shelf(), NO_RULES, NOW).values()
    assert isinstance(plain, Gallery)
    assert isinstance(wide, Gallery)
    assert (later in plain.candidates, later in wide.candidates) == (False, True)


def test_public_images_are_asked_for_once(fake: FakeAmazon, roles: Amazon) -> None:
    own = fake.put(al(1))
    fake.put(al(1), account=OURS)
    assert gallery(ask(own), roles).candidates == (own,)
    assert len(fake.asked("DescribeImages")) == 2
    assert len(fake.asked("GetParameters")) == 1


def test_where_one_account_may_not_ask_the_next_does(fake: FakeAmazon, roles: Amazon) -> None:
    own, new = (fake.put(al(number), account=OURS) for number in (1, 2))
    fake.fail("UnauthorizedOperation", lambda call: call.access_key == "AKIAOWN" and call.action == "DescribeImages")
    fake.fail("AccessDeniedException", lambda call: call.access_key == "AKIAOWN" and call.action == "GetParameters")
    assert set(gallery(ask(own), roles).candidates) == {own, new}


def test_a_role_that_cannot_be_assumed_costs_only_what_is_not_seen_otherwise(fake: FakeAmazon, roles: Amazon) -> None:
    own = fake.put(al(1))
    fake.fail("AccessDenied", lambda call: call.action == "AssumeRole", status=403)
    packages = [ask(own).package, Asked("eu-west-1", "ami-12345678").package]
    seen, unseen = look_up(packages, roles, Shelf(), NO_RULES, NOW).values()
    assert isinstance(seen, Gallery)
    assert unseen == Unavailable(
        SkipReason.REGISTRY_UNAVAILABLE,
        f"ami-12345678: account {OURS} (role reader) may not sts:AssumeRole in eu-west-1: "
        "grant it (freshline doctor --aws-policy prints the policy)",
    )


@pytest.mark.parametrize("role", ["admin", "arn:aws:iam::1:role/x", f"arn:aws:iam::{OURS}:user/x"])
def test_what_is_no_role_is_said_without_showing_it(fake: FakeAmazon, amazon: Amazon, role: str) -> None:
    _, detail = unavailable(Asked("eu-west-1", "ami-12345678"), replace(amazon, roles=(role,)))
    assert detail == ("ami-12345678: a role in [aws] is no ARN of a role (arn:aws:iam::ACCOUNT:role/NAME): correct it")


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
)
def test_a_role_is_assumed_in_a_region_of_its_partition(
    fake: FakeAmazon, amazon: Amazon, partition: str, region: str
) -> None:
    role = f"arn:{partition}:iam::{OURS}:role/reader"
    one(Asked("eu-west-1", "ami-12345678"), replace(amazon, roles=(role, role)))
    assert [call.region for call in fake.asked("AssumeRole")] == [region]


# Copies


SOURCE = "ami-5555555555555555a"


def test_a_copy_is_as_old_as_what_it_is_a_copy_of(fake: FakeAmazon, amazon: Amazon) -> None:
    source = fake.put(golden(1, id=SOURCE, region="us-east-1", created=OLD))
    copy = {"source_image_id": source.id, "source_image_region": "us-east-1"}
    own = fake.put(golden(1, created=NOW), **copy)
    new = fake.put(golden(2, created=NOW), **copy)
    shelf = Shelf()
    found = gallery(ask(own), amazon, shelf, GOLDEN)
    assert found.image.created == OLD
    assert {image.created for image in found.candidates} == {OLD}
    assert shelf.kept["eu-west-1", new.id].image.created == OLD
    assert fake.counted()["DescribeImages", "us-east-1"] == 1
    fake.calls.clear()
    assert gallery(ask(own), amazon, shelf, GOLDEN).candidates == found.candidates
    assert fake.counted() == {("DescribeImages", "eu-west-1"): 2}


def test_an_image_built_on_another_is_as_young_as_itself(fake: FakeAmazon, amazon: Amazon) -> None:
    fake.put(golden(9, id=SOURCE, created=OLD))
    own = fake.put(golden(1, created=NOW), source_image_id=SOURCE, instance_id="i-1234567890abcdef0")
    assert gallery(ask(own), amazon, rules=GOLDEN).image.created == NOW


def test_a_source_in_the_same_answer_is_not_asked_for(fake: FakeAmazon, amazon: Amazon) -> None:
    source = fake.put(golden(1, created=OLD))
    fake.put(golden(2, created=NOW), source_image_id=source.id)
    found = gallery(ask(source), amazon, rules=GOLDEN)
    assert {image.created for image in found.candidates} == {OLD}
    assert len(fake.asked("DescribeImages")) == 2


@pytest.mark.parametrize(
    "source",
    [
        {"source_image_id": SOURCE, "source_image_region": "us-east-1"},
        {"source_image_id": "nonsense"},
        {"source_image_id": SOURCE, "source_image_region": "nowhere"},
    ],
)
def test_a_copy_whose_source_is_not_seen_has_its_own_age(
    fake: FakeAmazon, amazon: Amazon, source: dict[str, str]
) -> None:
    own = fake.put(golden(1, created=NOW), **source)
    shelf = Shelf()
    assert gallery(ask(own), amazon, shelf, GOLDEN).image.created == NOW
    assert ("eu-west-1", own.id) in shelf.kept


def test_a_copy_whose_source_cannot_be_asked_for_is_asked_for_again(fake: FakeAmazon, amazon: Amazon) -> None:
    fake.put(golden(1, id=SOURCE, region="us-east-1", created=OLD))
    own = fake.put(golden(1, created=NOW), source_image_id=SOURCE, source_image_region="us-east-1")
    fake.fail("UnauthorizedOperation", lambda call: call.region == "us-east-1", times=2)
    shelf = Shelf()
    assert gallery(ask(own), amazon, shelf, GOLDEN).image.created == NOW
    assert shelf.kept == {}
    assert gallery(ask(own), amazon, shelf, GOLDEN).image.created == OLD


# Gone


def test_a_gone_image_is_known_from_its_description(fake: FakeAmazon, amazon: Amazon) -> None:
    own, new = fake.put(al(1)), fake.put(al(2))
    shelf = Shelf()
    look_up([ask(own).package], amazon, shelf, NO_RULES, OLD)
    fake.deregister(own)
    found = gallery(ask(own), amazon, shelf)
    assert found.image == replace(own, state="deregistered")
    assert found.said == f"{own.id} is gone from eu-west-1; known from its description of {OLD:%Y-%m-%d}"
    assert found.candidates == (new,)
    assert gallery(Asked("", own.id), amazon, shelf).image == found.image


def test_a_gone_image_is_known_from_somebodys_word(fake: FakeAmazon, amazon: Amazon) -> None:
    second, third = fake.put(al(2)), fake.put(al(3))
    word = "amazon-linux/al2023-ami-2023*.*-kernel-6.1-x86_64"
    gone = Asked("eu-west-1", "ami-12345678", family=word)
    found = gallery(gone, amazon)
    assert found.image == replace(second, id="ami-12345678", state="deregistered")
    assert found.said == (
        "ami-12345678 is gone from eu-west-1; it is said to have been of amazon-linux's "
        "al2023-ami-2023*.*-kernel-6.1-x86_64"
    )
    assert set(found.candidates) == {second, third}
    assert len(fake.asked("DescribeImages")) == 3


def test_a_word_without_a_region_is_enough_where_there_is_one_region(fake: FakeAmazon, amazon: Amazon) -> None:
    fake.put(al(2))
    gone = Asked("", "ami-12345678", family="amazon-linux/al2023-ami-2023*.*-kernel-6.1-x86_64")
    assert gallery(gone, replace(amazon, regions=("eu-west-1",))).image.id == "ami-12345678"
    assert unavailable(gone, amazon) == (
        SkipReason.FAMILY_UNKNOWN,
        "ami-12345678 is gone, and nothing says its region",
    )


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("nonsense", "'nonsense' is no family (publisher/pattern)"),
        ("amazon-linux/amzn2-ami-*", "there is no image of amzn2-ami-*"),
        (f"operator:{STRANGER}/al2023*", "there is no image of al2023*"),
        (f"account:{STRANGER}/al2023*", "there is no image of al2023*"),
        ("nobody/al2023*", "there is no image of al2023*"),
    ],
)
def test_a_word_that_does_not_help(fake: FakeAmazon, amazon: Amazon, word: str, why: str) -> None:
    fake.put(al(2))
    fake.put(al(3, owner=STRANGER))
    reason, detail = unavailable(Asked("eu-west-1", "ami-12345678", family=word), amazon)
    assert reason is SkipReason.FAMILY_UNKNOWN
    assert why in detail


def test_a_word_that_cannot_be_tried_is_no_answer(fake: FakeAmazon, amazon: Amazon) -> None:
    fake.fail("InternalError", lambda call: bool(call.owners))
    gone = Asked("eu-west-1", "ami-12345678", family="amazon-linux/al2023*", beside="map")
    assert unavailable(gone, amazon) == (
        SkipReason.REGISTRY_UNAVAILABLE,
        "ami-12345678: eu-west-1 answers ec2:DescribeImages by the bot's own account with InternalError",
    )


def test_a_word_that_fits_everything_is_not_followed(fake: FakeAmazon, amazon: Amazon) -> None:
    page = "<DescribeImagesResponse><imagesSet/><nextToken>{}</nextToken></DescribeImagesResponse>"
    tokens = count()
    fake.fail("", lambda call: bool(call.owners), status=200, body=lambda: page.format(next(tokens)))
    gone = Asked("eu-west-1", "ami-12345678", family="amazon-linux/a*")
    assert unavailable(gone, amazon) == (
        SkipReason.REGISTRY_UNAVAILABLE,
        "ami-12345678: more than 20000 images fit in eu-west-1: name the family closer",
    )
    assert len(fake.asked("DescribeImages")) == 22


def test_a_gone_image_is_known_from_what_stands_beside_it(fake: FakeAmazon, amazon: Amazon) -> None:
    there = fake.put(al(1, "us-east-1"))
    newer, newest = fake.put(al(2)), fake.put(al(3))
    gone = Asked("eu-west-1", "ami-12345678", beside="map")
    packages = [ask(there, beside="map").package, gone.package]
    beside, found = look_up(packages, amazon, Shelf(), NO_RULES, NOW).values()
    assert isinstance(beside, Gallery)
    assert isinstance(found, Gallery)
    assert found.image == replace(there, id="ami-12345678", region="eu-west-1", state="deregistered")
    assert found.said == (
        f"ami-12345678 is gone from eu-west-1; taken for what stands beside it in its map ({there.name})"
    )
    assert set(found.candidates) == {newer, newest}


def test_what_stands_in_another_map_tells_nothing(fake: FakeAmazon, amazon: Amazon) -> None:
    there = fake.put(al(1, "us-east-1"))
    gone = Asked("eu-west-1", "ami-12345678", beside="map")
    _, found = look_up([ask(there, beside="other").package, gone.package], amazon, Shelf(), NO_RULES, NOW).values()
    assert found == Unavailable(
        SkipReason.NOT_FOUND,
        "no image ami-12345678 is visible in eu-west-1 to the bot's own account: it was deregistered or is no "
        "longer shared; put in one that is there, or say which family it was (known, under "
        "[policy.machine_images]); its region map does not tell: nothing stands beside it that is known",
    )


def test_a_word_that_does_not_help_leaves_the_map(fake: FakeAmazon, amazon: Amazon) -> None:
    there = fake.put(al(1, "us-east-1"))
    fake.put(al(2))
    gone = Asked("eu-west-1", "ami-12345678", beside="map", family="amazon-linux/amzn2-*")
    _, found = look_up([ask(there, beside="map").package, gone.package], amazon, Shelf(), NO_RULES, NOW).values()
    assert isinstance(found, Gallery)


def test_an_image_of_which_nothing_is_known(fake: FakeAmazon, roles: Amazon) -> None:
    reason, detail = unavailable(Asked("", "ami-12345678"), roles)
    assert reason is SkipReason.NOT_FOUND
    assert "visible in eu-west-1, us-east-1, ap-southeast-2 to any of 2 accounts:" in detail
    assert OWN not in detail


# Failures


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        (
            "UnauthorizedOperation",
            403,
            "the bot's own account may not ec2:DescribeImages in eu-west-1: grant it (freshline doctor --aws-policy",
        ),
        ("OptInRequired", 401, "eu-west-1 is not enabled for the bot's own account: enable it, or take it out of"),
        ("AuthFailure", 401, "eu-west-1 does not accept the credentials of the bot's own account (AuthFailure)"),
        ("ExpiredToken", 400, "the credentials of the bot's own account have expired: renew them"),
        ("SignatureDoesNotMatch", 403, "check the secret key and this machine's clock"),
        ("RequestLimitExceeded", 503, "AWS throttles the bot's own account in eu-west-1 (RequestLimitExceeded)"),
        ("Oddity", 400, "eu-west-1 answers ec2:DescribeImages by the bot's own account with Oddity"),
    ],
)
def test_a_failure_costs_only_its_region(fake: FakeAmazon, amazon: Amazon, code: str, status: int, words: str) -> None:
    there = fake.put(al(1, "us-east-1"))
    fake.fail(code, lambda call: call.region == "eu-west-1", status=status)
    here = Asked("eu-west-1", "ami-12345678", beside="map")
    shelf = Shelf()
    shelf.put_many([al(1, id="ami-12345678")], NOW)
    answers = look_up([ask(there, beside="map").package, here.package], amazon, shelf, NO_RULES, NOW)
    good, bad = answers.values()
    assert isinstance(good, Gallery)
    # neither the shelf nor its siblings make it gone: it may well be there
    assert isinstance(bad, Unavailable)
    assert bad.reason is SkipReason.REGISTRY_UNAVAILABLE
    assert bad.detail.startswith("ami-12345678: ")
    assert words in bad.detail


def test_a_family_that_cannot_be_listed_costs_its_ids_only(fake: FakeAmazon, amazon: Amazon) -> None:
    linux = fake.put(al(1))
    eks = fake.put(described("amazon-eks-node-1.29-v20240110", EKS, id=identified(2), region="eu-west-1"))
    fake.fail("RequestLimitExceeded", lambda call: EKS in call.owners, status=503)
    good, bad = look_up([ask(linux).package, ask(eks).package], amazon, Shelf(), NO_RULES, NOW).values()
    assert isinstance(good, Gallery)
    assert isinstance(bad, Unavailable)
    assert bad.detail.startswith(f"{eks.id}: AWS throttles")


def test_what_is_throttled_is_tried_again(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(al(1))
    fake.fail("RequestLimitExceeded", lambda call: call.action == "DescribeImages", times=1, status=503)
    assert gallery(ask(own), replace(amazon, attempts=2)).image == own
    assert len(fake.asked("DescribeImages")) == 3


@pytest.mark.parametrize("body", ["<html>Sign in", "<html><body>Sign in</body></html>", ""])
def test_what_is_no_answer_makes_no_image_gone(fake: FakeAmazon, amazon: Amazon, body: str) -> None:
    fake.fail("", lambda call: True, status=200, body=lambda: body)
    shelf = Shelf()
    shelf.put_many([al(1)], NOW)
    assert unavailable(ask(al(1)), amazon, shelf) == (
        SkipReason.REGISTRY_UNAVAILABLE,
        f"{al(1).id}: what answers is not AWS in eu-west-1: check the network, the proxy and the endpoint in [aws]",
    )


@pytest.mark.parametrize("body", ["<html>Sign in", "<html/>", "{}", '{"Parameters": [{}]}'])
def test_what_is_no_parameter_is_no_recommendation(fake: FakeAmazon, amazon: Amazon, body: str) -> None:
    own = fake.put(al(1))
    fake.fail("", lambda call: call.action == "GetParameters", status=200, body=lambda: body)
    assert gallery(ask(own), amazon).recommended == ""


@pytest.mark.parametrize("body", ["<html>Sign in", "<html/>"])
def test_what_is_no_session_is_no_role(fake: FakeAmazon, roles: Amazon, body: str) -> None:
    fake.fail("", lambda call: call.action == "AssumeRole", status=200, body=lambda: body)
    assert unavailable(Asked("eu-west-1", "ami-12345678"), roles)[0] is SkipReason.REGISTRY_UNAVAILABLE


def test_a_description_that_cannot_be_read_is_not_gone(fake: FakeAmazon, amazon: Amazon) -> None:
    own, strange = fake.put(al(1)), fake.put(al(2, architecture=""))
    assert gallery(ask(own), amazon).candidates == (own,)
    reason, detail = unavailable(ask(strange), amazon)
    assert reason is SkipReason.REGISTRY_UNAVAILABLE
    assert detail.endswith("EC2 describes an image of eu-west-1 in a way that can't be read: it has no Architecture")


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_an_address_where_nobody_is(amazon: Amazon) -> None:
    _, detail = unavailable(
        Asked("eu-west-1", "ami-12345678"), replace(amazon, endpoint=f"http://127.0.0.1:{closed_port()}")
    )
    assert "AWS can't be reached in eu-west-1 (EndpointConnectionError)" in detail


def test_an_address_that_is_none(amazon: Amazon) -> None:
    _, detail = unavailable(Asked("eu-west-1", "ami-12345678"), replace(amazon, endpoint="nonsense"))
    assert detail == "ami-12345678: the endpoint in [aws] is no address: correct it"


def test_a_region_of_the_operators_that_is_none(amazon: Amazon) -> None:
    _, detail = unavailable(Asked("", "ami-12345678"), replace(amazon, regions=("eu_west/1",)))
    assert detail == "ami-12345678: eu_west/1 is no region that AWS knows (InvalidRegionError): correct it"


def test_after_the_deadline_nothing_is_sent(fake: FakeAmazon, amazon: Amazon) -> None:
    own = fake.put(al(1))
    reason, detail = unavailable(ask(own), replace(amazon, deadline=0.0))
    assert reason is SkipReason.REGISTRY_UNAVAILABLE
    assert "AWS answered too slowly to ask it all in time (eu-west-1)" in detail
    assert fake.calls == []


def test_without_credentials_the_answer_comes_soon(
    fake: FakeAmazon, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine where nobody answers at the address of the instance's metadata."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nobody.listen()
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        began = time.monotonic()
        answers = look_up(
            [Asked(region, f"ami-{n:08}").package for region in REGIONS for n in range(50)],
            replace(amazon, roles=(ROLE,)),
            Shelf(),
            NO_RULES,
            NOW,
        )
        took = time.monotonic() - began
    assert took < 5
    assert len(answers) == 150
    assert set(answers.values()) == {
        Unavailable(SkipReason.REGISTRY_UNAVAILABLE, f"ami-{n:08}: {NO_CREDENTIALS}") for n in range(50)
    }


NO_CREDENTIALS = "there are no AWS credentials: give the bot some (environment, profile, role of the machine)"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AWS_PROFILE", "nobody", "can't be had (ProfileNotFound)"),
        ("AWS_SECRET_ACCESS_KEY", "", "can't be had (PartialCredentialsError)"),
    ],
)
def test_credentials_that_cannot_be_had(
    fake: FakeAmazon, amazon: Amazon, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    reason, detail = unavailable(Asked("eu-west-1", "ami-12345678"), amazon)
    assert reason is SkipReason.REGISTRY_UNAVAILABLE
    assert words in detail


def test_no_failure_shows_a_secret(fake: FakeAmazon, roles: Amazon) -> None:
    fake.fail("AuthFailure", lambda call: call.action == "DescribeImages", status=401)
    _, detail = unavailable(Asked("eu-west-1", "ami-12345678"), roles)
    assert "secret-of-ours" not in detail
    assert "AKIA" not in detail
    assert ROLE not in detail


# Descriptions


RAW: dict[str, Any] = {
    "ImageId": "ami-0123456789abcdef0",
    "Name": "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64",
    "OwnerId": AMAZON,
    "Architecture": "x86_64",
    "VirtualizationType": "hvm",
    "RootDeviceType": "ebs",
    "BootMode": "uefi-preferred",
    "EnaSupport": True,
    "UsageOperation": "RunInstances",
    "CreationDate": "2024-01-08T20:11:12.000Z",
    "DeprecationTime": "2026-01-08T20:11:00.000Z",
    "State": "available",
    "Public": True,
}


def test_a_description_is_an_image() -> None:
    found = parsed(RAW, "eu-west-1")
    assert found.created.isoformat() == "2024-01-08T20:11:12+00:00"
    assert found.deprecated is not None
    assert (found.id, found.region, found.platform, found.public) == (RAW["ImageId"], "eu-west-1", "", True)


def test_what_ec2_leaves_out_is_nothing() -> None:
    few = {key: RAW[key] for key in ("ImageId", "OwnerId", "Architecture", "CreationDate", "State")}
    found = parsed(few, "eu-west-1")
    assert (found.name, found.boot_mode, found.ena, found.deprecated, found.public) == ("", "", False, None, False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ImageId": "i-12345678"}, "is no id of a machine image"),
        ({"ImageId": None}, "it has no ImageId"),
        ({"OwnerId": ""}, "it has no OwnerId"),
        ({"Name": 3}, "it has no Name"),
        ({"CreationDate": None}, "its CreationDate is no time"),
        ({"CreationDate": "yesterday"}, "its CreationDate is no time"),
        ({"DeprecationTime": "never"}, "its DeprecationTime is no time"),
        ({"ProductCodes": [{}]}, "it has no ProductCodeId"),
        ({"Tags": [{"Value": "x"}]}, "it has no Key"),
    ],
)
def test_what_can_be_no_image_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parsed(RAW | change, "eu-west-1")


# The rest


def test_the_policy_that_is_needed() -> None:
    plain = least_privilege()
    assert [statement["Action"] for statement in plain["Statement"]] == [
        "ec2:DescribeImages",
        ["ssm:GetParameters", "ssm:GetParametersByPath"],
        ["eks:DescribeAddonVersions", "imagebuilder:ListImages", "imagebuilder:ListImageBuildVersions"],
    ]
    assert least_privilege([ROLE])["Statement"][-1] == {
        "Sid": "AssumeRoles",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [ROLE],
    }


def test_among_the_registries_it_lists_nothing() -> None:
    assert registry.default_url({}, None) == ""  # type: ignore[arg-type] # it looks at neither
    with Http(MemoryCache()) as http:
        with pytest.raises(LookUpError, match="is no id"):
            registry.fetch(Package("aws_ami", "eu-west-1|ami-1|||"), "", http)
        with pytest.raises(LookUpError, match="not configured for AWS"):
            registry.fetch(Asked("eu-west-1", "ami-12345678").package, "", http)
