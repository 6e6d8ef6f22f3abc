"""What was read of a whole repository, as bytes: whole, or not there at all."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from bot.core.model import FileFacts, FileReason, SkippedFile
from bot.store.codec import FINGERPRINT, decode_reading, encode, encode_reading
from tests.store.test_facts import FACTS

OTHER = FileFacts("web/package.json", "npm", (), ())
SKIPPED = tuple(SkippedFile(f"{reason.value}.txt", reason, f"it is {reason.value}") for reason in FileReason)


def test_a_reading_comes_back_as_it_was() -> None:
    assert decode_reading(encode_reading((FACTS, OTHER), SKIPPED)) == ((FACTS, OTHER), SKIPPED)
    assert decode_reading(encode_reading((), ())) == ((), ())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode("nonsense"),
        msgspec.msgpack.encode([[], [("a", "no reason", "")]]),
        msgspec.msgpack.encode([[b"\xc1"], []]),
        encode_reading((FACTS, OTHER), SKIPPED)[:-1],
        encode_reading((FACTS, OTHER), SKIPPED) + b"\x00",
    ],
    ids=["empty", "no msgpack", "another shape", "an unknown reason", "a damaged file", "cut", "too long"],
)
def test_a_damaged_reading_is_not_there(data: bytes) -> None:
    assert decode_reading(data) is None


def test_one_file_of_another_layout_spoils_the_reading() -> None:
    old = encode_reading((OTHER,), ()).replace(FINGERPRINT.encode(), b"0" * len(FINGERPRINT))
    assert decode_reading(old) is None
    both = msgspec.msgpack.encode(
        [[encode(FACTS), (encode(OTHER) or b"").replace(FINGERPRINT.encode(), b"0" * 16)], []]
    )
    assert decode_reading(both) is None


def test_text_that_is_not_unicode_is_kept_by_nobody() -> None:
    odd = "caf\udce9.txt"
    assert encode_reading((FACTS, replace(OTHER, path=odd)), ()) == b""
    assert encode_reading((FACTS,), (SkippedFile(odd, SKIPPED[0].reason, ""),)) == b""
