from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from bot.core.model import Strategy
from bot.core.rules import DEFAULTS, Policy
from bot.policy_file import MAX_BYTES, PolicyError, parse, plain, schema


def test_an_empty_file_says_nothing() -> None:
    assert parse(b"") == Policy()


def test_a_policy_is_read() -> None:
    policy = parse(b'minimum_age = "7d"\n[[rules]]\nmatch = { name = "a*" }\nstrategy = "pin"\n')
    assert policy.minimum_age == "7d"
    assert policy.rules[0].strategy is Strategy.PIN
    assert policy.rules[0].match.name == "a*"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"#" * (MAX_BYTES + 1), "larger than 256 KiB; shorten it"),
        (b"\xff", "is not in UTF-8"),
        (b"a = [", "mend it, or check it with: freshline config check x.toml"),
        (b"a = " + b"[" * 100_000, "x.toml: "),
        (b"a = " + b"{a=" * 5_000, "x.toml: "),
        (b'minimum_age = "soon"', "Expected `str` matching regex"),
        (b'minimum_age = "3d\\n"', "Expected `str` matching regex"),
        (b"minimum_agee = 1", "unknown field `minimum_agee`"),
        (b"[[rules]]\nmatch = {}\nzzz = 1", "unknown field `zzz` - at `$.rules[0]`"),
        (b"[[ignore]]\nreason = 'x'", "missing required field `name`"),
        (b'mode = "merge"', "Invalid enum value 'merge'"),
    ],
)
def test_what_is_wrong_is_said_in_one_error(raw: bytes, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(raw, "x.toml")
    assert str(caught.value).startswith("x.toml: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["forks = true", "[machine_images.trusted]\n111122223333 = ''"])
def test_what_only_the_operator_may_say_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="whoever runs Freshline"):
        parse(text.encode(), "x.toml")


def test_a_file_of_the_largest_size_is_read() -> None:
    assert parse(b"#" * MAX_BYTES) == Policy()


def test_the_schema_is_closed_and_complete() -> None:
    described = schema()
    assert described["$schema"].endswith("2020-12/schema")
    assert set(described["$defs"]["Policy"]["properties"]) == set(plain(DEFAULTS)) - {"forks", "machine_images"}
    assert described["$defs"]["Policy"]["additionalProperties"] is False


def test_a_policy_printed_plainly_is_read_back() -> None:
    said = filled(plain(DEFAULTS))
    assert msgspec.convert(said, Policy) == DEFAULTS


def filled(value: dict[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if inner is not None}


def test_forks_are_the_operators_to_decide() -> None:
    with pytest.raises(PolicyError, match="remove “forks”"):
        parse(b"forks = true")
    assert "forks" not in json.dumps(schema())
