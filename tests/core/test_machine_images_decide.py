"""What becomes of the places that state machine images: families, maps, history, policy."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot.core.machine_images.asked import Asked, beside
from bot.core.model import (
    EVERY_VERSION,
    Answer,
    Bump,
    Caution,
    Context,
    Decision,
    Dependency,
    Gallery,
    History,
    Image,
    Kind,
    Package,
    Part,
    Pin,
    Refusal,
    Role,
    Skip,
    SkipReason,
    Span,
    Statement,
    Unavailable,
    Update,
)
from bot.core.policy import decide_all, to_look_up
from bot.core.render import body, branch_name, commit_message, title
from bot.core.rules import DEFAULTS, Ignore, MachineImages, Major, Match, OwnImages, Policy, Rule, combine
from tests.core.machine_images import CANONICAL, ECS, EKS, NOW, STRANGER, al2023, image

REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")
JANUARY, MARCH, AUGUST = "3.20240108.0", "4.20250301.0", "6.20260801.0"
NAME = "al2023-ami-2023-kernel-6.1-x86_64"
NOTHING_LEARNED = History()
SPLIT = combine(DEFAULTS, Policy(rules=(Rule(match=Match(kind="machine_image"), major=Major.SPLIT),)))


def id_of(name: str, region: str = "us-east-1") -> str:
    return f"ami-{hashlib.sha256(f'{name} {region}'.encode()).hexdigest()[:17]}"


def known(one: Image) -> Image:
    return replace(one, id=id_of(one.name + one.owner, one.region))


def amazon(release: str, region: str = "us-east-1", **more: Any) -> Image:
    return known(al2023(release, region=region, **more))


def site(
    stated: Image | str, *, region: str | None = None, within: str = "", path: str = "main.tf", **more: Any
) -> Dependency:
    text = stated if isinstance(stated, str) else stated.id
    where = region if region is not None else stated.region if isinstance(stated, Image) else ""
    at = int(hashlib.sha256(f"{path} {text} {within}".encode()).hexdigest()[:6], 16)
    statement = Statement(
        package=more.pop("package", Package("aws_ami", text)),
        kind=Kind.MACHINE_IMAGE,
        scheme="image_date",
        constraint=text,
        pins=(Pin(path, Span(at, at + len(text)), text, Part.IMAGE_ID),),
        line=at % 1000,
        context=Context(region=where, within=within),
        lockable=False,
        **more,
    )
    return Dependency(
        statement,
        path,
        "terraform",
        f"aws_ami/{text}",
        text,
        locked=False,
        lock=None,
        role=Role.APPLICATION,
        runtime=None,
    )


def told(
    sites: Sequence[Dependency],
    images: Sequence[Image],
    policy: Policy = DEFAULTS,
    history: History = NOTHING_LEARNED,
    **more: Any,
) -> tuple[Decision, ...]:
    """Decide with a registry that knows these images and puts all of a region before everybody."""
    answers: dict[Package, Answer] = {}
    for package in to_look_up(sites, policy):
        asked = Asked.of(package)
        own = [one for one in images if one.region == asked.region or not asked.region]
        current = next((one for one in own if one.id == asked.id), None)
        answers[package] = (
            Gallery(package, current, tuple(own), **more)
            if current
            else Unavailable(SkipReason.NOT_FOUND, f"no image {asked.id} in {asked.region}")
        )
    return decide_all(sites, answers, policy, history, NOW)


def updates(decisions: Sequence[Decision]) -> list[Update]:
    return [update for decision in decisions for update in decision.updates]


def skips(decisions: Sequence[Decision]) -> dict[str, Skip]:
    return {at.constraint: skip for decision in decisions for at, skip in decision.skips}


def moves(update: Update) -> dict[str, str]:
    return {change.pin.text: change.text for change in update.changes}


# What is asked


def test_a_question_is_read_back() -> None:
    for asked in (
        Asked("us-east-1", "ami-12345678"),
        Asked(
            "", "ami-12345678", "ubuntu/ubuntu/images/hvm|ssd/*", beside([("us-east-1", "ami-12345678")]), majors=True
        ),
    ):
        assert Asked.of(asked.package) == asked
    with pytest.raises(ValueError, match="unpack"):
        Asked.of(Package("aws_ami", "ami-12345678"))


def test_what_is_asked_of_a_place() -> None:
    stated = site("ami-12345678", region="eu-west-1", within="amis/*")
    assert [Asked.of(one) for one in to_look_up([stated], DEFAULTS)] == [
        Asked("eu-west-1", "ami-12345678", "", beside([("eu-west-1", "ami-12345678")]))
    ]


def test_policy_says_the_region_that_nothing_else_tells() -> None:
    policy = combine(DEFAULTS, Policy(rules=(Rule(match=Match(path="eu/*"), region="eu-west-1"),)))
    here, there = site("ami-12345678", path="eu/a.tf"), site("ami-12345678", path="eu/b.tf", region="us-east-1")
    assert {Asked.of(one).region for one in to_look_up([here, there], policy)} == {"eu-west-1", "us-east-1"}


def test_a_note_and_the_operator_say_what_an_image_was() -> None:
    noted = site("ami-12345678", package=Package("aws_ami", "ubuntu/ubuntu-*"))
    assert [Asked.of(one).family for one in to_look_up([noted], DEFAULTS)] == ["ubuntu/ubuntu-*"]
    operator = combine(DEFAULTS, Policy(machine_images=MachineImages(known={"ami-12345678": "debian/debian-12-*"})))
    assert [Asked.of(one).family for one in to_look_up([site("ami-12345678")], operator)] == ["debian/debian-12-*"]


def test_what_stays_anyway_is_not_asked_for() -> None:
    policy = combine(DEFAULTS, Policy(ignore=(Ignore(name="ami-12345678"),)))
    assert to_look_up([site("ami-12345678"), site("ami-87654321", ignored="asked")], policy) == frozenset()


# One image


def test_one_image_moves_to_the_newest_of_its_family() -> None:
    old, new = amazon(JANUARY), amazon(AUGUST)
    (update,) = updates(told([site(old)], [old, amazon(MARCH), new]))
    assert moves(update) == {old.id: new.id}
    assert (update.bump, update.kind, update.pipeline) == (Bump.IMAGE, Kind.MACHINE_IMAGE, "os")
    assert (update.package, update.from_version, update.version) == (
        Package("aws_ami", NAME),
        "2023.3.20240108.0",
        "2023.6.20260801.0",
    )
    assert branch_name([update]) == f"freshline/aws_ami/amazon-linux+{NAME}"
    assert title([update]) == f"Bump {NAME} from 2023.3.20240108.0 to 2023.6.20260801.0"
    assert f"Freshline: aws_ami/{NAME}@2023.6.20260801.0" in commit_message([update])


def test_the_pull_request_tells_the_region_and_the_new_id() -> None:
    old, new = amazon(JANUARY), amazon(AUGUST)
    caution = Caution("merging it replaces aws_instance.db, with whatever is kept on it", by_hand=True)
    (update,) = updates(told([site(old, cautions=(caution,))], [old, new]))
    said = body([update], timedelta(days=3), NOW, talks=True)
    assert f"`{new.id}` | image |" in said
    assert "(us-east-1)" in said
    assert "**look first:** merging it replaces aws\\_instance.db" in said
    assert "a person merges this one" in said
    assert update.by_hand


def test_a_place_that_is_at_rest_says_so() -> None:
    new = amazon(AUGUST)
    found = skips(told([site(new)], [new]))[new.id]
    assert (found.reason, found.candidate) == (SkipReason.UP_TO_DATE, None)
    assert "major = " in found.detail  # kernel 6.12 follows, and nobody asked for it


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("ami-0000000000000000f", SkipReason.NOT_FOUND),
        (known(image("golden-PR-7-abc9f12", STRANGER)), SkipReason.FAMILY_UNKNOWN),
        (known(image("something else")), SkipReason.FAMILY_UNKNOWN),
    ],
)
def test_what_is_not_known_stays(given: Image | str, reason: SkipReason) -> None:
    images = [given] if isinstance(given, Image) else []
    decisions = told([site(given)], images)
    assert updates(decisions) == []
    ((dependency, skip),) = decisions[0].skips
    assert skip.reason is reason
    assert decisions[0].subject == dependency.subject


def test_an_image_without_an_answer_stays() -> None:
    (decision,) = decide_all([site("ami-12345678")], {}, DEFAULTS, History(), NOW)
    assert decision.skips[0][1].reason is SkipReason.REGISTRY_UNAVAILABLE


def test_a_young_image_waits_and_is_the_candidate() -> None:
    old, new = amazon(JANUARY), amazon(AUGUST, created=NOW - timedelta(hours=5))
    found = skips(told([site(old)], [old, new]))[old.id]
    assert found.reason is SkipReason.TOO_YOUNG
    assert found.candidate
    assert found.candidate.version == "2023.6.20260801.0"


def test_the_longest_age_that_any_place_asks_for_counts() -> None:
    old, new = amazon(JANUARY), amazon(AUGUST, created=NOW - timedelta(days=10))
    policy = combine(DEFAULTS, Policy(rules=(Rule(match=Match(path="prod/*"), minimum_age="2w"),)))
    assert updates(told([site(old)], [old, new], policy))
    assert not updates(told([site(old), site(old, path="prod/main.tf")], [old, new], policy))


def test_a_family_of_the_operator_s() -> None:
    old = known(image("golden-PR-7-abc9f12", STRANGER, public=False))
    new = known(image("golden-PR-12-abc9f12", STRANGER, public=False))
    own = OwnImages(owner=STRANGER, names="golden-PR-*", order="name-number")  # type: ignore[arg-type] # as TOML says it
    tagged = OwnImages(owner=STRANGER, names="golden-PR-*", order="name-number", approved="stage=prod")  # type: ignore[arg-type] # as above
    for families, count in (((own,), 1), ((tagged,), 0)):
        policy = combine(DEFAULTS, Policy(machine_images=MachineImages(families=families)))
        policy = decoded(policy)
        found = updates(told([site(old)], [old, new], policy))
        assert [moves(update) for update in found] == [{old.id: new.id}] * count


def decoded(policy: Policy) -> Policy:
    return msgspec.convert(msgspec.to_builtins(policy), Policy)


def test_an_account_that_the_operator_trusts() -> None:
    old, new = (known(al2023(release, owner="123456789012")) for release in (JANUARY, AUGUST))
    assert not updates(told([site(old)], [old, new]))
    policy = combine(DEFAULTS, Policy(machine_images=MachineImages(trusted={"123456789012": "amazon-linux"})))
    assert updates(told([site(old)], [old, new], policy))


def test_what_is_known_of_an_image_that_is_gone_is_said() -> None:
    old, new = amazon(JANUARY, state="deregistered"), amazon(AUGUST)
    (update,) = updates(told([site(old)], [old, new], said="it is gone; known from its description of 2026-01-01"))
    assert "it is gone; known from its description of 2026-01-01" in update.reasons


def test_the_publisher_s_recommendation_is_a_ceiling() -> None:
    old, middle, new = amazon(JANUARY), amazon(MARCH), amazon(AUGUST)
    (update,) = updates(told([site(old)], [old, middle, new], recommended=middle.id))
    assert moves(update) == {old.id: middle.id}


# History and policy


def refusal(version: str, reason: SkipReason, name: str = NAME) -> History:
    return History((Refusal("aws_ami", name, version, reason, "closed by ann"),))


def test_a_version_in_quarantine_gives_way_to_an_older_one() -> None:
    old, middle, new = amazon(JANUARY), amazon(MARCH), amazon(AUGUST)
    history = refusal("2023.6.20260801.0", SkipReason.QUARANTINED)
    (update,) = updates(told([site(old)], [old, middle, new], history=history))
    assert moves(update) == {old.id: middle.id}
    assert "2023.6.20260801.0 waits: closed by ann" in update.reasons


def test_who_declines_a_version_is_not_offered_an_older_one() -> None:
    old, middle, new = amazon(JANUARY), amazon(MARCH), amazon(AUGUST)
    history = refusal("2023.6.20260801.0", SkipReason.DECLINED)
    found = told([site(old)], [old, middle, new], history=history)
    assert not updates(found)
    assert (skips(found)[old.id].reason, skips(found)[old.id].detail) == (SkipReason.DECLINED, "closed by ann")
    newer = amazon("7.20260901.0")
    assert updates(told([site(old)], [old, middle, new, newer], history=history))


def test_every_version_declined() -> None:
    old, new = amazon(JANUARY), amazon(AUGUST)
    assert not updates(told([site(old)], [old, new], history=refusal(EVERY_VERSION, SkipReason.DECLINED)))


@pytest.mark.parametrize(
    ("ignore", "target"),
    [
        (Ignore(name=NAME, versions=">=2023.6"), MARCH),
        (Ignore(name="al2023-*", versions=">=2023.6"), MARCH),
        (Ignore(name="other", versions=">=2023.6"), AUGUST),
        (Ignore(name=NAME), None),
        (Ignore(name="*", versions="what?"), None),
        (Ignore(name="*", path="other/*"), AUGUST),
    ],
)
def test_policy_ignores_releases_of_a_family(ignore: Ignore, target: str | None) -> None:
    old, images = amazon(JANUARY), [amazon(JANUARY), amazon(MARCH), amazon(AUGUST)]
    found = told([site(old)], images, combine(DEFAULTS, Policy(ignore=(ignore,))))
    if target is None:
        assert skips(found)[old.id].reason is SkipReason.IGNORED
    else:
        assert [moves(one) for one in updates(found)] == [{old.id: amazon(target).id}]


def test_rules_know_a_family_by_its_name() -> None:
    old, new = amazon(JANUARY), amazon(AUGUST)
    policy = combine(DEFAULTS, Policy(rules=(Rule(match=Match(name="al2023-*"), group="base", pipeline="infra"),)))
    (update,) = updates(told([site(old)], [old, new], policy))
    assert (update.group, update.pipeline) == ("base", "infra")


# Many places


def test_all_places_of_a_family_move_together() -> None:
    old, older, new = amazon(MARCH), amazon(JANUARY), amazon(AUGUST)
    sites = [site(old), site(older, path="b.tf"), site(old, path="c.tf"), site(new, path="d.tf")]
    (decision,) = told(sites, [older, old, new])
    (update,) = decision.updates
    assert [change.pin.path for change in update.changes] == ["main.tf", "b.tf", "c.tf"]
    assert update.from_version == "2023.3.20240108.0"
    assert [(at.path, skip.reason) for at, skip in decision.skips] == [("d.tf", SkipReason.UP_TO_DATE)]


def region_map(release: str, **more: Any) -> list[Dependency]:
    return [site(amazon(release, region), within="amis/*", **more) for region in REGIONS]


def images_of(*releases: str) -> list[Image]:
    return [amazon(release, region) for release in releases for region in REGIONS]


def test_a_region_map_moves_as_one() -> None:
    (update,) = updates(told(region_map(JANUARY), images_of(JANUARY, MARCH, AUGUST)))
    assert moves(update) == {amazon(JANUARY, region).id: amazon(AUGUST, region).id for region in REGIONS}


def test_a_map_moves_to_what_every_region_has() -> None:
    images = [one for one in images_of(JANUARY, MARCH, AUGUST) if one.id != amazon(AUGUST, "eu-west-1").id]
    (update,) = updates(told(region_map(JANUARY), images))
    assert update.version == "2023.4.20250301.0"
    assert any("eu-west-1: there is no copy" in reason for reason in update.reasons)


def test_two_families_in_one_map_stay() -> None:
    ubuntu = known(
        image("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240101", CANONICAL, region="sa-east-1")
    )
    found = told([*region_map(JANUARY), site(ubuntu, within="amis/*")], [*images_of(JANUARY, AUGUST), ubuntu])
    assert not updates(found)
    assert {skip.reason for skip in skips(found).values()} == {SkipReason.BLOCKED_SITE}
    assert "two families" in skips(found)[ubuntu.id].detail


def test_an_entry_that_nobody_knows_holds_its_map_and_no_other_place() -> None:
    elsewhere = site(amazon(JANUARY), path="other.tf")
    lost = site("ami-0000000000000000f", region="sa-east-1", within="amis/*")
    found = told([*region_map(JANUARY), lost, elsewhere], images_of(JANUARY, AUGUST))
    assert [update.dependencies for update in updates(found)] == [(elsewhere,)]
    mapped = [skip for decision in found for at, skip in decision.skips if at.statement.context.within]
    assert {skip.reason for skip in mapped} == {SkipReason.NOT_FOUND, SkipReason.BLOCKED_SITE}


def test_an_entry_that_is_told_to_stay_is_no_part_of_its_map() -> None:
    (first, *rest) = region_map(JANUARY)
    first = replace(first, statement=replace(first.statement, ignored="asked by a comment"))
    (update,) = updates(told([first, *rest], images_of(JANUARY, AUGUST)))
    assert update.dependencies == tuple(rest)


def test_maps_of_two_files_are_two() -> None:
    ubuntu = known(
        image("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240101", CANONICAL, region="sa-east-1")
    )
    found = told(
        [*region_map(JANUARY), site(ubuntu, within="amis/*", path="b.tf")], [*images_of(JANUARY, AUGUST), ubuntu]
    )
    assert len(updates(found)) == 1


def test_one_image_in_no_named_region() -> None:
    old, new = amazon(JANUARY), amazon(AUGUST)
    (update,) = updates(told([site(old, region="")], [old, new]))
    assert moves(update) == {old.id: new.id}


def test_what_is_refused_in_a_map_is_refused_everywhere() -> None:
    history = refusal("2023.6.20260801.0", SkipReason.QUARANTINED)
    (update,) = updates(told(region_map(JANUARY), images_of(JANUARY, MARCH, AUGUST), history=history))
    assert update.version == "2023.4.20250301.0"


# The families that come after


def test_another_operating_system_is_a_major_step_that_policy_asks_for() -> None:
    old = known(image("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240101", CANONICAL))
    new = known(image("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260801", CANONICAL))
    noble = [
        known(image(f"ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-{day}", CANONICAL, boot_mode="uefi"))
        for day in ("20250101", "20260701")
    ]
    assert [one.bump for one in updates(told([site(old)], [old, new, *noble]))] == [Bump.IMAGE]
    small, major = updates(told([site(old)], [old, new, *noble], SPLIT))
    assert (moves(small), small.bump) == ({old.id: new.id}, Bump.IMAGE)
    assert (moves(major), major.bump, major.track) == ({old.id: noble[1].id}, Bump.MAJOR, "major")
    assert major.by_hand
    assert not small.by_hand
    assert branch_name([major]) == branch_name([small]) + ".major"
    assert title([major]).startswith("Bump ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server from ubuntu/")


def test_a_major_step_alone() -> None:
    old = amazon(AUGUST)
    kernel = known(image("al2023-ami-2023.6.20260801.0-kernel-6.12-x86_64"))
    (decision,) = told([site(old)], [old, kernel], SPLIT)
    assert [one.track for one in decision.updates] == ["major"]
    assert decision.skips == ()
    history = refusal("2023.6.20260801.0", SkipReason.DECLINED, "al2023-ami-2023-kernel-6.12-x86_64")
    assert not updates(told([site(old)], [old, kernel], SPLIT, history))


def test_a_major_step_that_not_every_place_can_take() -> None:
    kernel = known(image("al2023-ami-2023.6.20260801.0-kernel-6.12-x86_64", region="us-east-1"))
    assert not updates(told(region_map(AUGUST), [*images_of(AUGUST), kernel], SPLIT))
    arm = replace(kernel, architecture="arm64")
    assert not updates(told([site(amazon(AUGUST))], [amazon(AUGUST), arm], SPLIT))
    young = replace(kernel, created=NOW)
    found = told([site(amazon(AUGUST))], [amazon(AUGUST), young], SPLIT)
    assert not updates(found)
    assert "major" not in skips(found)[amazon(AUGUST).id].detail


def test_the_nodes_of_a_cluster_follow_the_cluster() -> None:
    old = known(image("amazon-eks-node-al2023-x86_64-standard-1.29-v20250101", EKS))
    later = known(image("amazon-eks-node-al2023-x86_64-standard-1.30-v20260801", EKS))
    found = told([site(old)], [old, later], SPLIT)
    assert not updates(found)
    assert "follows" not in skips(found)[old.id].detail


def test_maps_of_two_repositories_with_other_entries_are_other_questions() -> None:
    here = site("ami-12345678", region="eu-west-1", within="amis/*")
    mine = [here, site("ami-87654321", region="us-east-1", within="amis/*")]
    theirs = [here, site("ami-11111111", region="us-east-1", within="amis/*")]
    assert not to_look_up(mine, DEFAULTS) & to_look_up(theirs, DEFAULTS)
    assert to_look_up(mine, DEFAULTS) == to_look_up(mine[::-1], DEFAULTS)


def test_places_of_a_torn_map_are_named_where_the_family_moves() -> None:
    elsewhere = site(amazon(JANUARY), path="other.tf")
    lost = site("ami-0000000000000000f", region="sa-east-1", within="amis/*")
    (update,) = updates(told([*region_map(JANUARY), lost, elsewhere], images_of(JANUARY, AUGUST)))
    assert sum("stays at ami-" in reason for reason in update.reasons) == len(REGIONS)


def test_the_variant_of_a_system_is_kept() -> None:
    old = known(image("amzn-ami-2018.03.20240305-amazon-ecs-optimized", ECS))
    names = ("inf-hvm", "gpu-hvm", "hvm", "kernel-5.10-hvm", "kernel-5.10-inf-hvm")
    newer = [known(image(f"amzn2-ami-ecs-{name}-2.0.20260801-x86_64-ebs", ECS)) for name in names]
    (update,) = updates(told([site(old)], [old, *newer], SPLIT))
    assert moves(update) == {old.id: newer[3].id}


def test_the_windows_nodes_of_a_cluster_follow_it_too() -> None:
    name = "Windows_Server-{}-English-Core-EKS_Optimized-1.29-2026.0{}.01"
    dates = (("2019", 1), ("2022", 8))
    old, later = (known(image(name.format(*one), "801119661308", platform="windows")) for one in dates)
    assert not updates(told([site(old)], [old, later], SPLIT))


def test_who_holds_majors_is_not_told_of_them() -> None:
    new = amazon(AUGUST)
    policy = combine(DEFAULTS, Policy(major=Major.HOLD))
    assert "major" not in skips(told([site(new)], [new], policy))[new.id].detail
