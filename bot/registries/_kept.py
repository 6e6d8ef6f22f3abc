"""How a listing is kept in the cache: MessagePack that decodes straight into ``Release``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import msgspec

from bot.core.model import Line, Listing, Package, Release, Releases, Source

LAYOUT = "3"
"""Part of every ``Distil.version``: changes when ``Release`` or ``_Kept`` does."""
LONGEST_TEXT = 300
"""Code points kept of a reason or a notice; a pull request shows no more."""
LONGEST_VERSION = 128
"""A version longer than this is not one; the longest on PyPI and npm have some 60 characters."""

MOST_ADDRESSES = 30
LONGEST_ADDRESS = 500

T = TypeVar("T")


class _Kept(msgspec.Struct, array_like=True):
    """A listing in columns: half the time to decode of one map a release, and smaller."""

    versions: list[str]
    published: list[datetime | None]
    requires: list[int]
    requirements: list[tuple[tuple[str, str], ...]]
    yanked: dict[int, str]
    digests: dict[int, str]
    notes: dict[int, str]
    lines: dict[int, Line]
    wheels: dict[int, int]
    wheel_tags: list[tuple[str, ...]]
    latest: str | None
    notice: str


_decoder = msgspec.msgpack.Decoder(_Kept)
_source_decoder = msgspec.msgpack.Decoder(tuple[tuple[str, ...], str])


def pack(releases: Sequence[Release], latest: str | None = None, notice: str = "") -> bytes:
    """The bytes to keep of these releases, newest first."""
    numbers = {requires: n for n, requires in enumerate(dict.fromkeys(r.requires for r in releases))}
    tags = {wheels: n for n, wheels in enumerate(dict.fromkeys(r.wheels for r in releases if r.wheels))}
    kept = _Kept(
        versions=[r.version for r in releases],
        published=[r.published for r in releases],
        requires=[numbers[r.requires] for r in releases],
        requirements=list(numbers),
        yanked={n: r.yanked for n, r in enumerate(releases) if r.yanked is not None},
        digests={n: r.digest for n, r in enumerate(releases) if r.digest is not None},
        notes={n: r.notes_url for n, r in enumerate(releases) if r.notes_url is not None},
        lines={n: r.line for n, r in enumerate(releases) if r.line is not None},
        wheels={n: tags[r.wheels] for n, r in enumerate(releases) if r.wheels},
        wheel_tags=list(tags),
        latest=latest,
        notice=notice,
    )
    return msgspec.msgpack.encode(kept)


def unpack(body: bytes, package: Package) -> Listing:
    """The listing that ``pack`` kept; its releases are made when they are looked at."""
    kept = _decoder.decode(body)

    def make(n: int) -> Release:
        return Release(
            kept.versions[n],
            kept.published[n],
            yanked=kept.yanked.get(n),
            requires=kept.requirements[kept.requires[n]],
            digest=kept.digests.get(n),
            notes_url=kept.notes.get(n),
            line=kept.lines.get(n),
            wheels=kept.wheel_tags[kept.wheels[n]] if n in kept.wheels else (),
        )

    return Listing(package, Releases(kept.versions, kept.published, make), kept.latest, kept.notice)


def pack_source(addresses: Iterable[str], directory: str = "") -> bytes:
    """The bytes to keep of where a release comes from: few and not endless addresses."""
    known = [one for one in dict.fromkeys(addresses) if 0 < len(one) <= LONGEST_ADDRESS][:MOST_ADDRESSES]
    return msgspec.msgpack.encode((known, directory if len(directory) <= LONGEST_ADDRESS else ""))


def unpack_source(body: bytes) -> Source:
    """What ``pack_source`` kept."""
    addresses, directory = _source_decoder.decode(body)
    return Source(addresses, directory)


def moment(text: object) -> datetime | None:
    """A registry's time (ISO 8601, UTC where it names no zone) in whole seconds, None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def clipped(text: str) -> str:
    """A publisher's words in one line of bounded length, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * LONGEST_TEXT]).split())[:LONGEST_TEXT]


def decoded(decoder: msgspec.json.Decoder[T], body: bytes, language: str) -> T:
    """The answer as its type; raises ``ValueError`` with what is wrong with it.

    ``language`` is what the registry should have spoken.
    """
    if body.lstrip()[:1] == b"<":
        raise ValueError(f"HTML, so it does not speak {language}; check the address")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as exc:
        raise ValueError(f"JSON of an unexpected shape ({exc})") from exc
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise ValueError(f"not valid JSON (cut off?): {exc}") from exc
