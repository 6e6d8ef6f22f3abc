from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.core.machine_images.gone import Described
from bot.core.model import Image
from bot.store.database import Database
from bot.store.images import REFRESHED, Images
from bot.store.tables import machine_images
from tests.core.machine_images import OLD, al2023

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
ONE = al2023(
    "1.20240108.0",
    id="ami-0123456789abcdef0",
    region="eu-west-1",
    product_codes=("a", "b"),
    deprecated=OLD,
    tags=(("Naïve", "✓"),),
)
KEY = (ONE.region, ONE.id)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    yield opened
    opened.close()


@pytest.fixture
def images(database: Database) -> Images:
    return Images(database, "acme")


def written(database: Database) -> list[datetime]:
    with database.transaction() as connection:
        return list(connection.execute(select(machine_images.c.seen_at)).scalars())


def test_a_description_comes_back_as_it_was(images: Images) -> None:
    images.put_many([ONE], AT)
    assert images.get_many([KEY, ("us-east-1", ONE.id), ("eu-west-1", "ami-12345678")]) == {KEY: Described(ONE, AT)}


def test_nothing_is_kept_of_nothing(images: Images, database: Database) -> None:
    images.put_many([], AT)
    assert images.get_many([]) == {}
    assert written(database) == []


@pytest.mark.parametrize("newer_first", [True, False])
def test_no_region_finds_the_newest_of_any(images: Images, newer_first: bool) -> None:
    other = replace(ONE, region="us-east-1")
    later = AT + timedelta(days=3)
    for image, at in sorted([(ONE, AT), (other, later)], key=lambda pair: pair[1], reverse=newer_first):
        images.put_many([image], at)
    assert images.get_many([("", ONE.id)]) == {("", ONE.id): Described(other, later)}
    assert images.get_many([("", ONE.id), KEY])[KEY] == Described(ONE, AT)


def test_a_description_replaces_the_one_before(images: Images) -> None:
    images.put_many([ONE], AT)
    new = replace(ONE, state="disabled")
    images.put_many([new], AT + timedelta(minutes=1))
    assert images.get_many([KEY]) == {KEY: Described(new, AT + timedelta(minutes=1))}


def test_the_same_is_written_once_a_day(images: Images, database: Database) -> None:
    for hours in (0, 1, 24):
        images.put_many([ONE], AT + timedelta(hours=hours))
    assert written(database) == [AT]
    images.put_many([ONE], AT + REFRESHED + timedelta(seconds=1))
    assert written(database) == [AT + REFRESHED + timedelta(seconds=1)]


def test_fleets_do_not_see_each_others(images: Images, database: Database) -> None:
    images.put_many([ONE], AT)
    other = Images(database, "other")
    assert other.get_many([KEY, ("", ONE.id)]) == {}
    other.put_many([replace(ONE, name="x")], AT)
    assert images.get_many([KEY])[KEY].image == ONE


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80"])
def test_a_damaged_description_is_as_good_as_none(images: Images, database: Database, data: bytes) -> None:
    images.put_many([ONE], AT)
    with database.transaction() as connection:
        connection.execute(update(machine_images).values(description=data))
    assert images.get_many([KEY]) == {}
    images.put_many([ONE], AT)
    assert images.get_many([KEY]) == {KEY: Described(ONE, AT)}


def test_many_at_once(images: Images) -> None:
    many: list[Image] = [replace(ONE, id=f"ami-{n:017x}") for n in range(1201)]
    images.put_many(many, AT)
    found = images.get_many((image.region, image.id) for image in many)
    assert len(found) == 1201
    assert [found[image.region, image.id].image for image in many] == many
