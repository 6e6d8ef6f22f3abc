"""What EC2 said of machine images, kept for good: images vanish, and then nobody else can tell what they were."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, and_, select

from bot.core.machine_images.gone import Described
from bot.core.model import Image
from bot.store.database import Database, chunks, upsert
from bot.store.tables import machine_images

REFRESHED = timedelta(days=1)
"""How often the time of the last sight is written: not at every one."""

# A map by names, not an array: a description outlives the nouns of its time.
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(Image).decode


class Images:
    """The descriptions of one fleet. Thread-safe; every method raises ``StoreError``."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database = database
        self._fleet = fleet

    def get_many(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Described]:
        """The descriptions that are kept, by (region, id); the region "" finds the newest of any region."""
        keys = set(wanted)
        found: dict[tuple[str, str], Described] = {}
        for row in self._rows(id_ for _, id_ in keys):
            image = _image(row)
            if image is None:
                continue
            described = Described(image, row.seen_at)
            if (row.region, row.id) in keys:
                found[row.region, row.id] = described
            anywhere = found.get(("", row.id))
            if ("", row.id) in keys and (anywhere is None or anywhere.seen_at < row.seen_at):
                found["", row.id] = described
        return found

    def put_many(self, images: Iterable[Image], now: datetime) -> None:
        """Keep descriptions in place of those before; one that is the same is written once a day."""
        described = {(image.region, image.id): _ENCODE(image) for image in images}
        if not described:
            return
        kept = {(row.region, row.id): row for row in self._rows(id_ for _, id_ in described)}
        rows = [
            {"fleet": self._fleet, "id": id_, "region": region, "description": data, "seen_at": now}
            for (region, id_), data in described.items()
            if not _same(kept.get((region, id_)), data, now)
        ]
        with self._database.transaction() as connection:
            upsert(connection, machine_images, rows)

    def _rows(self, ids: Iterable[str]) -> list[Row[Any]]:
        own = machine_images.c.fleet == self._fleet
        with self._database.transaction() as connection:
            return [
                row
                for some in chunks(ids)
                for row in connection.execute(select(machine_images).where(and_(own, machine_images.c.id.in_(some))))
            ]


def _same(kept: Row[Any] | None, data: bytes, now: datetime) -> bool:
    return kept is not None and kept.description == data and now - kept.seen_at <= REFRESHED


def _image(row: Row[Any]) -> Image | None:
    try:
        return _DECODE(row.description)
    except msgspec.DecodeError:  # damaged, or of other nouns: the next description replaces it
        return None
