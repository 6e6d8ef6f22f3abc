"""endoflife.date: the lines of languages and services, and when they end.

https://endoflife.date/docs/api/v1/ (``/products/NAME``)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import msgspec

from bot.core.model import Line, Listing, Package, Release, SkipReason
from bot.core.runtimes import LAMBDA
from bot.http import Distil
from bot.registries._kept import LAYOUT, LONGEST_VERSION, decoded, pack, unpack
from bot.registries.base import Client, LookUpError

PUBLIC = "https://endoflife.date/api/v1"
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")
LANGUAGE = "the API of endoflife.date (version 1)"
ENDED = "it has reached its end of life"


class _Latest(msgspec.Struct):
    name: str
    date: str | None = None
    link: str | None = None


class _Cycle(msgspec.Struct, rename="camel"):
    name: str
    release_date: str | None = None
    is_lts: bool = False
    lts_from: str | None = None
    is_eol: bool = False
    eol_from: str | None = None
    eoas_from: str | None = None
    latest: _Latest | None = None


class _Product(msgspec.Struct, kw_only=True):
    name: str = ""
    releases: list[_Cycle]


class _Answer(msgspec.Struct):
    result: _Product


_decoder = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class EndOfLife:
    """Where lines of languages and services are listed."""

    name: str = "endoflife"
    scheme: str = "runtime"
    through_client: bool = True

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        """The public address: no tool of the machine knows another."""
        del environ, home  # see above
        return PUBLIC

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """The newest release of each line, newest line first; raises ``LookUpError`` and ``http.FetchError``."""
        if not NAME.fullmatch(package.name):
            raise LookUpError(SkipReason.INVALID_NAME, "not a product's name on endoflife.date")
        url = f"{base_url.rstrip('/')}/products/{package.name}"
        return unpack(client.fetch(url, headers={"Accept": "application/json"}, distil=DISTIL), package)


def distil(body: bytes) -> bytes:
    """What decisions need of a product; raises ``ValueError`` where it is not one."""
    product = decoded(_decoder, body, LANGUAGE).result
    return pack(sorted(releases(product), key=_order, reverse=True))


def releases(product: _Product) -> Iterator[Release]:
    """A release for each line: its newest, or (services have none) the line itself."""
    for cycle in product.releases:
        # What stands after a plus tells builds apart, which no file or image names alike.
        version = (cycle.latest.name if cycle.latest else cycle.name).partition("+")[0]
        if not 0 < len(version) <= LONGEST_VERSION or len(cycle.name) > LONGEST_VERSION:
            continue
        begins = _day(cycle.release_date)
        published = _day(cycle.latest.date) if cycle.latest else begins
        yield Release(
            version,
            published=datetime.combine(published, time(), UTC) if published else None,
            yanked=ENDED if cycle.is_eol else None,
            notes_url=cycle.latest.link if cycle.latest and cycle.latest.link else None,
            line=_line(product, cycle, begins),
        )


def _line(product: _Product, cycle: _Cycle, begins: date | None) -> Line:
    """The line; AWS Lambda gives a runtime no more fixes from its deprecation on, and blocks it later.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, "Runtime deprecation policy".
    """
    support, ends = _settled(cycle, begins), _day(cycle.eol_from)
    if product.name == LAMBDA.name:
        return Line(cycle.name, begins, support, _day(cycle.eoas_from) or ends, blocked=ends)
    return Line(cycle.name, begins, support, ends)


def _settled(cycle: _Cycle, begins: date | None) -> date | None:
    """When long-term support begins: some products say only that there is some."""
    return _day(cycle.lts_from) or (begins if cycle.is_lts else None)


def _order(release: Release) -> tuple[tuple[int, ...], str]:
    """Newest last: by the line's first numbers (``java17.al2023`` has some too)."""
    name = release.line.name if release.line else release.version
    return tuple(map(int, re.findall(r"\d{1,9}", name)[:4])), name


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


DISTIL = Distil(f"endoflife-1-{LAYOUT}", distil)
registry = EndOfLife()
