"""Versions of Amazon's images in Image Builder (types ``ImageVersion`` and ``ImageSummary``), which moto has not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.model import Answer, Listing, Package, SkipReason, Unavailable
from bot.http import Http, MemoryCache
from bot.registries._amazon import Amazon
from bot.registries._amazon_lists import last
from bot.registries.aws_image_builder import NEWEST, builds, look_up, registry, versions
from bot.registries.base import LookUpError
from tests.fakes.amazon import FakeAmazon

IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
AL2023, AL2 = "amazon-linux-2023-x86", "amazon-linux-2-x86"
Images = dict[str, dict[str, list[str]]]
"""The days of the builds of each version of each image."""


def amazon(fake: FakeAmazon, *regions: str) -> Amazon:
    return Amazon(regions or (IRELAND,), endpoint=fake.endpoint, attempts=1)


def arn(region: str, name: str, version: str, owner: str = "aws") -> str:
    return f"arn:aws:imagebuilder:{region}:{owner}:image/{name}/{version}"


def summary(region: str, name: str, version: str, day: str, status: str = "AVAILABLE") -> dict[str, Any]:
    return {
        "arn": f"{arn(region, name, version)}/1",
        "name": name,
        "type": "AMI",
        "version": f"{version}/1",
        "platform": "Linux",
        "state": {"status": status},
        "owner": "Amazon",
        "dateCreated": f"{day}T08:00:00.000Z",
    }


def publish(fake: FakeAmazon, per_region: Mapping[str, Images]) -> None:
    """Serve images; each list of versions has two pages."""

    def images(region: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        assert asked["owner"] == "Amazon"
        every = [{"arn": arn(region, name, version)} for name, own in per_region[region].items() for version in own]
        middle = len(every) // 2
        return (
            {"imageVersionList": every[middle:]}
            if "nextToken" in asked
            else {"imageVersionList": every[:middle], "nextToken": "2"}
        )

    def of_version(region: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        _, name, version = asked["imageVersionArn"].rsplit("/", 2)
        days = per_region[region][name][version]
        return {"imageSummaryList": [summary(region, name, version, day) for day in days]}

    fake.script("ListImages", images)
    fake.script("ListImageBuildVersions", of_version)


def one(name: str, amazon: Amazon) -> Answer:
    (answer,) = look_up([Package("aws_image_builder", name)], amazon).values()
    return answer


def refused(name: str, amazon: Amazon) -> tuple[SkipReason, str]:
    answer = one(name, amazon)
    assert isinstance(answer, Unavailable), answer
    return answer.reason, answer.detail


def test_a_version_is_as_old_as_its_newest_build(fake: FakeAmazon) -> None:
    versions = {"2024.10.2": ["2024-10-03"], "2024.9.18": ["2024-09-19", "2024-10-20"], "2024.8.1": []}
    publish(fake, {IRELAND: {AL2: {"2025.1.1": ["2025-01-01"]}, AL2023: versions}})
    answer = one(AL2023, amazon(fake))
    assert isinstance(answer, Listing)
    assert answer.partial
    assert [(release.version, release.published) for release in answer.releases] == [
        ("2024.10.2", datetime(2024, 10, 3, 8, tzinfo=UTC)),
        ("2024.9.18", datetime(2024, 10, 20, 8, tzinfo=UTC)),
    ]


def test_a_region_lists_all_images_at_once_and_old_versions_are_not_looked_at(fake: FakeAmazon) -> None:
    images = {name: {f"2024.1.{n}": ["2024-02-01"] for n in range(1, 21)} for name in (AL2023, AL2)}
    publish(fake, {IRELAND: images, VIRGINIA: images})
    packages = [Package("aws_image_builder", name) for name in images]
    answers = look_up(packages, amazon(fake, IRELAND, VIRGINIA)).values()
    assert [len(answer.releases) for answer in answers if isinstance(answer, Listing)] == [NEWEST, NEWEST]
    assert fake.counted() == {
        (action, region): count
        for region in (IRELAND, VIRGINIA)
        for action, count in (("ListImages", 2), ("ListImageBuildVersions", 2 * NEWEST))
    }


def test_a_version_counts_once_all_regions_have_it(fake: FakeAmazon) -> None:
    old, new = {"2024.9.18": ["2024-09-19"]}, {"2024.10.2": ["2024-10-03"]}
    publish(fake, {IRELAND: {AL2023: old | new}, VIRGINIA: {AL2023: {"2024.9.18": ["2024-09-25"]}}})
    answer = one(AL2023, amazon(fake, IRELAND, VIRGINIA))
    assert isinstance(answer, Listing)
    assert [(release.version, release.published) for release in answer.releases] == [
        ("2024.9.18", datetime(2024, 9, 25, 8, tzinfo=UTC))
    ]


def test_what_is_not_there_is_not_found_and_what_is_no_name_is_not_asked_for(fake: FakeAmazon) -> None:
    assert refused("../x", amazon(fake))[0] is SkipReason.INVALID_NAME
    assert fake.calls == []
    publish(fake, {IRELAND: {AL2: {}}})
    assert refused(AL2023, amazon(fake)) == (
        SkipReason.NOT_FOUND,
        "amazon-linux-2023-x86: no release of it is listed in eu-west-1",
    )


@pytest.mark.parametrize("action", ["ListImages", "ListImageBuildVersions"])
def test_failures_are_reasons(fake: FakeAmazon, action: str) -> None:
    publish(fake, {IRELAND: {AL2023: {"2024.9.18": ["2024-09-19"]}}})
    fake.fail("AccessDeniedException", lambda call: call.action == action, times=1, status=403)
    reason, detail = refused(AL2023, amazon(fake))
    assert (reason, f"imagebuilder:{action} " in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)
    fake.script(action, lambda *_: {"page": "to sign in"})
    reason, detail = refused(AL2023, amazon(fake))
    assert (reason, "not AWS" in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)


def test_what_is_parsed() -> None:
    own = arn(IRELAND, AL2023, "1.0.0", owner="123456789012")
    wide = arn(IRELAND, AL2023, "2024.x.x")
    good = arn(IRELAND, AL2023, "2024.1.18")
    assert versions([{"arn": own}, {"arn": wide}, {"arn": good}, {}]) == {AL2023: {"2024.1.18": good}}
    failed = summary(IRELAND, AL2023, "2024.1.18", "2024-01-19", status="FAILED")
    assert builds([failed, {"dateCreated": "odd"}]) == [None]


def test_the_last_of_some_times() -> None:
    early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
    assert (last([late, early]), last([early, None]), last([])) == (late, None, None)


def test_alone_it_lists_nothing() -> None:
    assert (registry.name, registry.scheme) == ("aws_image_builder", "image_date")
    with Http(MemoryCache()) as http, pytest.raises(LookUpError, match="not configured for AWS"):
        registry.fetch(Package("aws_image_builder", AL2), "", http)
