"""Which image a pin moves to, and above all which it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.machine_images import (
    Choice,
    Chosen,
    Everywhere,
    Image,
    ImageRules,
    Kept,
    OperatorFamily,
    Order,
    Place,
    Position,
    Reason,
    TrustedOwner,
    newest,
    newest_everywhere,
    place,
)
from tests.core.machine_images import (
    AMAZON,
    CANONICAL,
    EKS,
    NOW,
    OLD,
    OURS,
    RED_HAT,
    STRANGER,
    al2023,
    image,
)

RULES = ImageRules()
CURRENT = al2023("3.20240108.0")
NEXT = al2023("6.20250218.2")
NEWEST = al2023("12.20260831.0")
YOUNG = NOW - timedelta(days=2)


def moved(choice: Choice) -> Chosen:
    assert isinstance(choice, Chosen), choice
    return choice


def stayed(choice: object) -> Kept:
    assert isinstance(choice, Kept), choice
    return choice


def choose(current: Image, *candidates: Image, rules: ImageRules = RULES, recommended: str = "") -> Choice:
    return newest(current, candidates, rules, NOW, recommended)


def test_the_newest_of_the_family() -> None:
    found = moved(choose(CURRENT, CURRENT, NEWEST, NEXT))
    assert found.image == NEWEST
    assert str(found.place.position) == "12-20260831"
    assert found.passed == ()


def test_nothing_newer() -> None:
    found = stayed(choose(NEWEST, CURRENT, NEWEST, NEXT))
    assert (found.reason, found.candidate) == (Reason.UP_TO_DATE, None)
    assert found.detail == f"{NEWEST.name} is the newest of its family"
    assert stayed(choose(CURRENT)).reason is Reason.UP_TO_DATE


def test_too_young_gives_way_to_the_newest_that_is_old_enough() -> None:
    found = moved(choose(CURRENT, replace(NEWEST, created=YOUNG), NEXT))
    assert found.image == NEXT
    assert found.passed == (f"{NEWEST.name}: created 2026-09-29; old enough on 2026-10-02",)


def test_only_too_young() -> None:
    young = replace(NEWEST, created=YOUNG)
    found = stayed(choose(CURRENT, young))
    assert (found.reason, found.candidate) == (Reason.TOO_YOUNG, young)
    assert moved(choose(CURRENT, replace(NEWEST, created=NOW - timedelta(days=3)))).image.name == NEWEST.name
    assert moved(choose(CURRENT, young, rules=ImageRules(minimum_age=timedelta(0)))).image == young


# the wrong-AMI trials


def test_the_same_name_from_another_owner() -> None:
    assert stayed(choose(CURRENT, replace(NEWEST, owner=STRANGER))).reason is Reason.UP_TO_DATE
    assert stayed(choose(CURRENT, replace(NEWEST, owner=CANONICAL))).reason is Reason.UP_TO_DATE


def test_a_trusted_account_s_copy_does_not_replace_the_publisher_s_image() -> None:
    rules = ImageRules(trusted_owners=(TrustedOwner(OURS),))
    copy = replace(NEWEST, owner=OURS, public=False)
    assert stayed(choose(CURRENT, copy, rules=rules)).reason is Reason.UP_TO_DATE
    ours = replace(CURRENT, owner=OURS, public=False)
    assert stayed(choose(ours, NEWEST, rules=rules)).reason is Reason.UP_TO_DATE
    assert moved(choose(ours, NEWEST, copy, rules=rules)).image == copy


def test_an_image_of_an_owner_nobody_knows() -> None:
    found = stayed(choose(replace(CURRENT, owner=STRANGER), replace(NEWEST, owner=STRANGER)))
    assert (found.reason, found.region) == (Reason.OWNER_UNKNOWN, "us-east-1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architecture": "arm64"}, "architecture arm64 instead of x86_64"),
        ({"virtualization": "paravirtual"}, "virtualization paravirtual instead of hvm"),
        ({"root_device": "instance-store"}, "root device instance-store instead of ebs"),
        ({"boot_mode": ""}, "boot mode none instead of uefi-preferred"),
        ({"ena": False}, "ENA support False instead of True"),
        ({"platform": "windows"}, "platform windows instead of none"),
        ({"usage_operation": "RunInstances:0010"}, "usage operation RunInstances:0010 instead of RunInstances"),
        ({"product_codes": ("b", "a")}, "product codes a,b instead of none"),
    ],
)
def test_a_newer_image_of_another_architecture_and_the_like(change: dict[str, Any], said: str) -> None:
    other = replace(NEWEST, **change)
    found = stayed(choose(CURRENT, other))
    assert (found.reason, found.candidate) == (Reason.INCOMPATIBLE, other)
    assert said in found.detail
    assert moved(choose(CURRENT, other, NEXT)).image == NEXT


def test_product_codes_have_no_order() -> None:
    current = replace(CURRENT, product_codes=("a", "b"))
    assert moved(choose(current, replace(NEWEST, product_codes=("b", "a")))).image.name == NEWEST.name


def test_an_older_image_under_a_wider_filter() -> None:
    older = image("amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", created=OLD)
    assert stayed(choose(NEXT, CURRENT, older)).reason is Reason.UP_TO_DATE


def test_an_older_name_created_later_is_older() -> None:
    late = replace(CURRENT, created=NOW - timedelta(days=4), id="ami-late")
    assert stayed(choose(replace(NEXT, created=OLD - timedelta(days=900)), late)).reason is Reason.UP_TO_DATE


def test_a_deprecated_newest() -> None:
    past, future = (replace(NEWEST, deprecated=when) for when in (NOW, NOW + timedelta(seconds=1)))
    found = moved(choose(CURRENT, past, NEXT))
    assert found.image == NEXT
    assert found.passed == (f"{NEWEST.name}: its publisher deprecated it on 2026-10-01",)
    assert moved(choose(CURRENT, future, NEXT)).image == future
    alone = stayed(choose(CURRENT, past))
    assert alone.reason is Reason.UP_TO_DATE
    assert "deprecated" in alone.detail


def test_an_image_that_can_t_be_launched() -> None:
    found = moved(choose(CURRENT, replace(NEWEST, state="disabled"), NEXT))
    assert found.passed == (f"{NEWEST.name}: it is disabled",)


def test_a_deregistered_current() -> None:
    gone = replace(CURRENT, state="deregistered")
    assert moved(choose(gone, NEWEST)).image == NEWEST
    alone = stayed(choose(gone))
    assert (alone.reason, alone.candidate) == (Reason.GONE, None)
    young = stayed(choose(gone, replace(NEWEST, created=YOUNG)))
    assert young.reason is Reason.GONE
    assert "old enough on" in young.detail


def test_a_deregistered_current_that_was_published_again() -> None:
    gone, again = replace(CURRENT, state="deregistered"), replace(CURRENT, id="ami-again")
    assert moved(choose(gone, gone, again)).image == again
    assert stayed(choose(CURRENT, again)).reason is Reason.UP_TO_DATE


def test_amazon_linux_2_beside_2023() -> None:
    two = image("amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2")
    assert stayed(choose(two, two, NEWEST)).reason is Reason.UP_TO_DATE
    assert stayed(choose(NEWEST, replace(two, name="amzn2-ami-hvm-2.0.20991231.0-x86_64-gp2"))).candidate is None


def test_another_kernel_line() -> None:
    other = image("al2023-ami-2023.12.20260930.0-kernel-6.12-x86_64")
    assert stayed(choose(CURRENT, other)).reason is Reason.UP_TO_DATE


def test_an_eks_node_of_the_next_kubernetes_version() -> None:
    current = image("amazon-eks-node-1.29-v20240110", EKS)
    others = [image(f"amazon-eks-node-{line}-v20250101", EKS) for line in ("1.30", "1.33")]
    assert stayed(choose(current, *others)).reason is Reason.UP_TO_DATE
    own = image("amazon-eks-node-1.29-v20240703", EKS)
    assert moved(choose(current, *others, own)).image == own


def test_a_red_hat_respin() -> None:
    current = image("RHEL-9.4.0_HVM-20240423-x86_64-62-Hourly2-GP3", RED_HAT, created=OLD)
    respin = image("RHEL-9.2.0_HVM-20240521-x86_64-93-Hourly2-GP3", RED_HAT, created=NOW - timedelta(days=5))
    assert stayed(choose(current, respin)).reason is Reason.UP_TO_DATE
    assert moved(choose(respin, current)).image == current


def test_a_root_volume_rises_but_does_not_fall() -> None:
    old = image("RHEL-9.2.0_HVM-20230726-x86_64-61-Hourly2-GP2", RED_HAT)
    respin = image("RHEL-9.2.0_HVM-20240521-x86_64-93-Hourly2-GP3", RED_HAT)
    between = image("RHEL-9.3.0_HVM-20231101-x86_64-5-Hourly2-GP2", RED_HAT)
    assert moved(choose(old, respin)).image == respin
    assert moved(choose(old, respin, between)).image == between
    assert stayed(choose(respin, between)).reason is Reason.UP_TO_DATE


def test_an_image_is_not_followed_by_itself() -> None:
    gone = replace(CURRENT, state="deregistered")
    assert stayed(choose(gone, CURRENT)).reason is Reason.GONE


def test_an_image_of_another_region() -> None:
    assert stayed(choose(CURRENT, replace(NEWEST, region="eu-west-1"))).reason is Reason.UP_TO_DATE


GOLDEN = OperatorFamily(OURS, "golden-PR-*", Order.NUMBER)


def golden(name: str, **more: Any) -> Image:
    return image(name, OURS, **{"public": False} | more)


def test_a_packer_image_with_no_order_in_its_name() -> None:
    found = stayed(choose(golden("golden-PR-9f86d081"), golden("golden-PR-124"), rules=ImageRules(families=(GOLDEN,))))
    assert found.reason is Reason.FAMILY_UNKNOWN
    without = stayed(choose(golden("golden-PR-123"), golden("golden-PR-124")))
    assert without.reason is Reason.OWNER_UNKNOWN


def test_a_family_of_the_operator() -> None:
    rules = ImageRules(families=(GOLDEN,))
    names = ["golden-PR-99", "golden-PR-124", "golden-PR-1000", "golden-db-2000"]
    found = moved(choose(golden("golden-PR-123"), *(golden(name) for name in names), rules=rules))
    assert found.image.name == "golden-PR-1000"


def test_a_public_image_never_stands_in_for_a_private_one() -> None:
    rules = ImageRules(families=(GOLDEN,))
    found = stayed(choose(golden("golden-PR-123"), golden("golden-PR-124", public=True), rules=rules))
    assert found.reason is Reason.INCOMPATIBLE
    assert "private" in found.detail
    other_way = choose(golden("golden-PR-123", public=True), golden("golden-PR-124"), rules=rules)
    assert moved(other_way).image.name == "golden-PR-124"


def test_an_approval_tag() -> None:
    rules = ImageRules(families=(replace(GOLDEN, approval_tag=("approved", "yes")),))
    new = golden("golden-PR-124")
    found = stayed(choose(golden("golden-PR-123"), new, rules=rules))
    assert (found.reason, found.candidate) == (Reason.NOT_APPROVED, new)
    assert "approved=yes" in found.detail
    no, yes = (replace(new, tags=(("team", "x"), ("approved", value))) for value in ("no", "yes"))
    assert stayed(choose(golden("golden-PR-123"), no, rules=rules)).reason is Reason.NOT_APPROVED
    assert moved(choose(golden("golden-PR-123"), yes, rules=rules)).image == yes


def test_of_two_copies_of_a_release_the_current_owner_s() -> None:
    africa = "210953353124"
    here = [replace(NEWEST, owner=owner, region="af-south-1", id=f"ami-{owner}") for owner in (AMAZON, africa)]
    current = replace(CURRENT, owner=africa, region="af-south-1")
    assert moved(choose(current, *here)).image.owner == africa
    assert moved(choose(current, *reversed(here))).image.owner == africa


def test_the_publisher_s_recommendation_wins() -> None:
    found = moved(choose(CURRENT, NEXT, NEWEST, recommended=NEXT.id))
    assert found.image == NEXT
    assert found.passed == (f"{NEWEST.name}: it is newer than the one its publisher recommends",)
    assert stayed(choose(NEXT, NEXT, NEWEST, recommended=NEXT.id)).reason is Reason.UP_TO_DATE


def test_a_recommendation_is_no_younger_than_others() -> None:
    found = moved(choose(CURRENT, NEXT, replace(NEWEST, created=YOUNG), recommended=NEWEST.id))
    assert found.image == NEXT


def test_a_recommendation_of_another_family_is_said() -> None:
    other = image("al2023-ami-2023.12.20260930.0-kernel-6.12-x86_64")
    found = moved(choose(CURRENT, NEWEST, other, recommended=other.id))
    assert found.image == NEWEST
    assert found.passed == (f"the publisher recommends {other.id} ({other.name}), which is of another family",)
    unlisted = stayed(choose(NEWEST, recommended="ami-elsewhere"))
    assert "ami-elsewhere, which is none of this family's images" in unlisted.detail


# maps of regions

REGIONS = ("eu-west-1", "us-east-1", "us-west-2")


def everywhere(one: Image) -> dict[str, Image]:
    return {region: replace(one, region=region, id=f"ami-{region}-{one.name}") for region in REGIONS}


def listed(*images: Image) -> dict[str, list[Image]]:
    found: dict[str, list[Image]] = {region: [] for region in REGIONS}
    for one in images:
        for region, copy in everywhere(one).items():
            found[region].append(copy)
    return found


def test_a_map_moves_as_one() -> None:
    found = newest_everywhere(everywhere(CURRENT), listed(CURRENT, NEXT, NEWEST), RULES, NOW)
    assert found == Everywhere(everywhere(NEWEST), _placed(NEWEST), ())


def _placed(one: Image) -> Place:
    found = place(one)
    assert isinstance(found, Place)
    return found


def test_a_region_where_the_newest_copy_is_missing() -> None:
    candidates = listed(CURRENT, NEXT, NEWEST)
    candidates["us-west-2"] = [one for one in candidates["us-west-2"] if one.name != NEWEST.name]
    found = newest_everywhere(everywhere(CURRENT), candidates, RULES, NOW)
    assert isinstance(found, Everywhere)
    assert found.images == everywhere(NEXT)
    assert found.passed == (f"{NEWEST.name} can't be taken in us-west-2: there is no copy",)
    behind = stayed(newest_everywhere(everywhere(NEXT), candidates, RULES, NOW))
    assert (behind.reason, behind.region) == (Reason.REGION_BEHIND, "us-west-2")
    assert behind.candidate is not None
    assert behind.candidate.name == NEWEST.name


def test_a_region_where_the_newest_copy_is_too_young() -> None:
    candidates = listed(CURRENT, NEXT, NEWEST)
    candidates["us-east-1"][2] = replace(candidates["us-east-1"][2], created=YOUNG)
    found = newest_everywhere(everywhere(CURRENT), candidates, RULES, NOW)
    assert isinstance(found, Everywhere)
    assert found.images == everywhere(NEXT)
    young = stayed(newest_everywhere(everywhere(NEXT), candidates, RULES, NOW))
    assert (young.reason, young.region) == (Reason.TOO_YOUNG, "us-east-1")


def test_two_families_in_one_map() -> None:
    current = everywhere(CURRENT)
    current["us-west-2"] = image("amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", region="us-west-2")
    found = stayed(newest_everywhere(current, listed(NEWEST), RULES, NOW))
    assert (found.reason, found.region) == (Reason.FAMILIES_DIFFER, "us-west-2")
    assert "amzn2" in found.detail


def test_an_unknown_image_in_a_map() -> None:
    current = everywhere(CURRENT)
    current["us-east-1"] = replace(current["us-east-1"], owner=STRANGER)
    found = stayed(newest_everywhere(current, listed(NEWEST), RULES, NOW))
    assert (found.reason, found.region) == (Reason.OWNER_UNKNOWN, "us-east-1")


def test_a_map_whose_regions_drifted_comes_together() -> None:
    current = everywhere(CURRENT)
    current["us-east-1"] = everywhere(NEWEST)["us-east-1"]
    found = newest_everywhere(current, listed(NEXT, NEWEST), RULES, NOW)
    assert isinstance(found, Everywhere)
    assert found.images == everywhere(NEWEST)


def test_no_region_moves_back() -> None:
    current = everywhere(CURRENT)
    current["us-east-1"] = everywhere(NEWEST)["us-east-1"]
    found = stayed(newest_everywhere(current, listed(CURRENT, NEXT), RULES, NOW))
    assert (found.reason, found.region) == (Reason.REGION_BEHIND, "eu-west-1")
    assert found.detail == f"{NEWEST.name} can't be taken in eu-west-1: there is no copy; us-west-2: there is no copy"


def test_a_region_ahead_of_what_others_can_take() -> None:
    current = everywhere(CURRENT)
    current["us-east-1"] = replace(everywhere(NEWEST)["us-east-1"], state="deregistered")
    found = stayed(newest_everywhere(current, listed(NEXT), RULES, NOW))
    assert (found.reason, found.region) == (Reason.GONE, "us-east-1")
    assert f"it is older than {NEWEST.name}, which is in use" in found.detail


def test_a_map_that_is_up_to_date() -> None:
    found = stayed(newest_everywhere(everywhere(NEWEST), listed(NEXT, NEWEST), RULES, NOW))
    assert found.reason is Reason.UP_TO_DATE
    assert stayed(newest_everywhere({}, {}, RULES, NOW)).reason is Reason.UP_TO_DATE


def test_a_map_with_an_image_that_is_gone() -> None:
    current = everywhere(NEWEST)
    current["us-east-1"] = replace(current["us-east-1"], state="deregistered", id="ami-gone")
    found = stayed(newest_everywhere(current, {}, RULES, NOW))
    assert (found.reason, found.region) == (Reason.GONE, "us-east-1")
    assert found.detail.startswith(f"ami-gone ({NEWEST.name}) is deregistered")
    again = newest_everywhere(current, listed(NEWEST), RULES, NOW)
    assert isinstance(again, Everywhere)
    assert again.images == everywhere(NEWEST)
    all_gone = {region: replace(one, state="deregistered") for region, one in everywhere(NEWEST).items()}
    assert stayed(newest_everywhere(all_gone, {}, RULES, NOW)).reason is Reason.GONE


def test_what_is_said_of_many_regions_stays_short() -> None:
    regions = [f"eu-west-{n}" for n in range(1, 7)]
    current = {region: replace(CURRENT, region=region) for region in regions}
    candidates = {region: [replace(NEXT, region=region)] for region in regions}
    candidates["eu-west-1"] += [al2023(f"{n}.20260901.0", region="eu-west-1") for n in range(20, 30)]
    found = newest_everywhere(current, candidates, RULES, NOW)
    assert isinstance(found, Everywhere)
    assert len(found.passed) == 3
    told = "eu-west-2: there is no copy; eu-west-3: there is no copy; eu-west-4: there is no copy; and 2 more regions"
    assert found.passed[0] == f"al2023-ami-2023.29.20260901.0-kernel-6.1-x86_64 can't be taken in {told}"


def test_a_withdrawn_release_holds_no_map_back() -> None:
    candidates = listed(NEXT, replace(NEWEST, deprecated=OLD))
    found = stayed(newest_everywhere(everywhere(NEXT), candidates, RULES, NOW))
    assert found.reason is Reason.UP_TO_DATE
    moves = newest_everywhere(everywhere(CURRENT), candidates, RULES, NOW)
    assert isinstance(moves, Everywhere)
    assert moves.passed == ()


def test_a_recommendation_for_each_region() -> None:
    recommended = {region: one.id for region, one in everywhere(NEXT).items()}
    found = newest_everywhere(everywhere(CURRENT), listed(NEXT, NEWEST), RULES, NOW, recommended)
    assert isinstance(found, Everywhere)
    assert found.images == everywhere(NEXT)
    behind = {"eu-west-1": [], **{region: listed(NEXT, NEWEST)[region] for region in REGIONS[1:]}}
    enough = newest_everywhere(everywhere(NEXT), behind, RULES, NOW, {"us-west-2": recommended["us-west-2"]})
    assert stayed(enough).reason is Reason.UP_TO_DATE
    said = newest_everywhere(everywhere(CURRENT), listed(NEXT), RULES, NOW, {"us-east-1": "ami-x"})
    assert isinstance(said, Everywhere)
    assert said.passed == ("the publisher recommends ami-x, which is none of this family's images",)


# whatever is listed

NAMES = (
    "al2023-ami-2023.{n}.2024010{d}.0-kernel-6.1-x86_64",
    "al2023-ami-2023.{n}.2024010{d}.0-kernel-6.12-x86_64",
    "amzn2-ami-hvm-2.0.2024010{d}.{n}-x86_64-gp2",
    "amazon-eks-node-1.2{n}-v2024010{d}",
    "RHEL-9.{n}.0_HVM-2024010{d}-x86_64-{d}-Hourly2-GP{v}",
    "golden-PR-{n}{d}",
    "nothing-{n}",
)
OWNERS = {0: (AMAZON, "210953353124"), 1: (AMAZON,), 2: (AMAZON,), 3: (EKS,), 4: (RED_HAT,), 5: (OURS,), 6: (AMAZON,)}
ANY_RULES = ImageRules(families=(GOLDEN,), trusted_owners=(TrustedOwner(OURS),))


@st.composite
def named(draw: st.DrawFn, kind: int) -> str:
    digits = {key: draw(st.integers(1, 4)) for key in ("n", "d")} | {"v": draw(st.sampled_from([2, 3]))}
    return NAMES[kind].format(**digits)


# most of what makes images differ is rare, or nothing would ever be chosen
ODD: dict[str, st.SearchStrategy[Any]] = {
    "owner": st.sampled_from([STRANGER, OURS, AMAZON, EKS]),
    "architecture": st.just("arm64"),
    "deprecated": st.sampled_from([OLD, NOW, NOW + timedelta(days=1)]),
    "state": st.just("disabled"),
    "public": st.booleans(),
    "product_codes": st.just(("a",)),
    "created": st.integers(-1, 4).map(lambda days: NOW - timedelta(days=days)),
    "boot_mode": st.just(""),
    "region": st.just("sa-east-1"),
    "name": st.integers(0, len(NAMES) - 1).flatmap(named),
}


@st.composite
def images(draw: st.DrawFn, kind: int) -> Image:
    usual = image(draw(named(kind)), draw(st.sampled_from(OWNERS[kind])), id=f"ami-{draw(st.integers(0, 40))}")
    odd = draw(st.sampled_from(["", "", "", *ODD]))
    return replace(usual, **{odd: draw(ODD[odd])}) if odd else usual


scenes = st.integers(0, len(NAMES) - 1).flatmap(
    lambda kind: st.tuples(images(kind), st.lists(images(kind), max_size=12))
)


def could_follow(current: Image, other: Image) -> bool:
    """All that must hold of an image that follows another, said once more and plainly."""
    before, after = place(current, ANY_RULES), place(other, ANY_RULES)
    if not (isinstance(before, Place) and isinstance(after, Place)) or before.family != after.family:
        return False
    newer = after.position > before.position or (after.position == before.position and current.state != "available")
    same = ("region", "architecture", "product_codes", "boot_mode")
    return (
        newer
        and other.id != current.id
        and after.volume >= before.volume
        and other.owner != STRANGER
        and all(getattr(other, name) == getattr(current, name) for name in same)
        and other.state == "available"
        and (other.deprecated is None or other.deprecated > NOW)
        and other.created <= NOW - ANY_RULES.minimum_age
        and (current.public or not other.public)
    )


def order(one: Image) -> Position:
    found = place(one, ANY_RULES)
    assert isinstance(found, Place)
    return found.position


@given(scenes)
def test_what_is_chosen_could_follow_and_nothing_newer_could(scene: tuple[Image, list[Image]]) -> None:
    current, candidates = scene
    able = [one for one in candidates if could_follow(current, one)]
    found = newest(current, candidates, ANY_RULES, NOW)
    if not able:
        assert isinstance(found, Kept)
        return
    assert isinstance(found, Chosen)
    assert found.image in able
    assert order(found.image) == found.place.position == max(map(order, able))
    assert order(moved(newest(current, candidates[::-1], ANY_RULES, NOW)).image) == found.place.position


@given(scenes, st.integers(0, 12))
def test_a_recommendation_makes_nothing_possible_that_was_not(scene: tuple[Image, list[Image]], at: int) -> None:
    current, candidates = scene
    recommended = candidates[at % len(candidates)].id if candidates else "ami-none"
    found = newest(current, candidates, ANY_RULES, NOW, recommended)
    assert isinstance(found, Kept) or could_follow(current, found.image)


@given(scenes, scenes)
def test_a_map_moves_to_what_every_region_could_take(
    here: tuple[Image, list[Image]], there: tuple[Image, list[Image]]
) -> None:
    current, candidates = {}, {}
    for region, (one, listed_there) in {"eu-west-1": here, "us-east-1": there}.items():
        current[region] = replace(one, region=region)
        candidates[region] = [replace(other, region=region) for other in (*here[1], *there[1], *listed_there)]
    found = newest_everywhere(current, candidates, ANY_RULES, NOW)
    if isinstance(found, Kept):
        assert found.detail
        return
    assert set(found.images) == set(current)
    assert any(found.images[region].id != current[region].id for region in current)
    for region, chosen in found.images.items():
        assert chosen == current[region] or could_follow(current[region], chosen)
        assert order(chosen) == found.place.position


@given(scenes)
def test_a_map_of_one_region_is_as_one_image(scene: tuple[Image, list[Image]]) -> None:
    current, candidates = scene
    region = current.region
    whole = newest_everywhere({region: current}, {region: candidates}, ANY_RULES, NOW)
    alone = newest(current, candidates, ANY_RULES, NOW)
    if isinstance(alone, Kept):
        assert isinstance(whole, Kept)
        assert whole.reason is alone.reason
    else:
        assert isinstance(whole, Everywhere)
        assert whole.images == {region: alone.image}
