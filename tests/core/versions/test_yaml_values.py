from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Bump, Strategy
from bot.core.versions import scheme

RULES = scheme("yaml_values")


@pytest.mark.parametrize(
    ("written", "version", "wanted"),
    [
        ('"3.11"', "3.13.1", '"3.13"'),
        ("'3.11.4'", "3.13.1", "'3.13.1'"),
        ("3.9", "3.13.1", "3.13"),
        ("3.9", "3.10.4", '"3.10"'),
        ("1.19.1", "1.20.4", "1.20.4"),
        ("v20", "24.1.0", "v24"),
        ("1.22.x", "1.30.0", "1.30.x"),
        ("ruby-3.2", "3.4.1", "ruby-3.4"),
        ("3.11.4", "3.13", None),
        ('["3.9"]', "3.13.1", '["3.9", "3.13"]'),
        ("[3.9]", "3.10.1", '[3.9, "3.10"]'),
        ("['3.8', 3.9]", "3.10.1", "['3.8', 3.9, '3.10']"),
        ("[3.8,3.9,]", "3.13.1", "[3.8,3.9,3.13,]"),
        ("[\n  3.8,\n  3.9\n]", "3.13.1", "[\n  3.8,\n  3.9,\n  3.13\n]"),
        ("[3.8, 3.10-dev, pypy3.9]", "3.13.1", "[3.8, 3.10-dev, pypy3.9, 3.13]"),
        ("[3.9, 3.9]", "3.13.1", "[3.13, 3.9, 3.9]"),
        ("[3.12, x, 3.9]", "3.13.1", "[3.13, 3.12, x, 3.9]"),
        ("[x, 3.12, 3.9]", "3.13.1", "[3.13, x, 3.12, 3.9]"),
        ('["a, b", 3.9]', "3.13.1", '["a, b", 3.9, 3.13]'),
        ("[3.9, 3.13]", "3.13.1", "[3.9, 3.13]"),
        ("[3.9, 3.x]", "3.13.1", "[3.9, 3.x]"),
        ("[3.9.1]", "3.13", None),
        ("\n  - 3.9", "3.13.1", "\n  - 3.9\n  - 3.13"),
        ("\r\n- '3.9' # a\r\n\r\n# b\r\n- '3.10'", "3.13.1", "\r\n- '3.9' # a\r\n\r\n# b\r\n- '3.10'\r\n- '3.13'"),
        ("\n  # a\n  - 3.11 # b\n  - 3.9", "3.13.1", "\n  # a\n  - 3.13\n  - 3.11 # b\n  - 3.9"),
    ],
)
def test_rewrite(written: str, version: str, wanted: str | None) -> None:
    assert RULES.valid(written)
    assert RULES.rewrite(written, version, Strategy.REPLACE) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"',
        "[]",
        "[x]",
        "lts/*",
        "pypy3.10",
        "3.13-dev",
        ">=3.9",
        "[3.9",
        "- 3.9",
        "\n  - 3.9: 1",
        "[3.9, # a\n3.10]",
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert not RULES.valid(text)
    assert RULES.exact(text) is RULES.floor(text) is RULES.rewrite(text, "3.13.1", Strategy.BUMP) is None
    assert not RULES.satisfies("3.13.1", text)


def test_a_value_is_exact_and_a_list_has_a_floor() -> None:
    assert RULES.exact('"3.11"') == RULES.floor('"3.11"') == "3.11"
    assert RULES.exact("[3.9]") is RULES.exact("\n- 3.9") is None
    assert RULES.floor("['3.10', 3.9, x]") == "3.9"
    assert RULES.satisfies("3.10.4", "['3.10', 3.9]")
    assert not RULES.satisfies("3.11.4", "['3.10', 3.9]")
    assert RULES.key("'3.11'") == (3, 11)
    assert RULES.key("x") is None
    assert RULES.bump("'3.11'", "3.12.1") is Bump.MINOR
    assert RULES.is_prerelease("'3.13.0rc1'")
    assert not RULES.is_prerelease("'3.13.0'")


def test_long_text_is_no_list_and_is_read_soon() -> None:
    assert not RULES.valid("[" + "3.9, " * 2000 + "3.10]")
    for piece in ("[3.9,", "\n- 3.9", "\n#", "\n ", "'", "[", "3."):
        assert not RULES.valid(piece * (4900 // len(piece)) + "{")


versions = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda two: f"{two[0]}.{two[1]}")
elements = st.tuples(versions, st.sampled_from(["", "'", '"'])).map(lambda two: two[1] + two[0] + two[1])


def told(document: str) -> list[str]:
    """What YAML itself reads, floats as it would hand them on."""
    return [str(one) for one in yaml.safe_load(document)["v"]]


@given(st.lists(elements, min_size=1, max_size=6), versions, st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_a_list_gains_just_the_version(written: list[str], version: str, flow: bool, ending: str) -> None:
    text = f"[{', '.join(written)}]" if flow else "".join(f"{ending}  - {one}" for one in written)
    after = RULES.rewrite(text, f"{version}.1", Strategy.BUMP)
    assert after is not None
    before, now = told(f"v: {text}"), told(f"v: {after}")
    if RULES.satisfies(f"{version}.1", text):
        assert after == text
    else:
        assert now in ([*before, version], [version, *before])
    assert RULES.rewrite(after, f"{version}.1", Strategy.BUMP) == after


@given(elements, versions)
def test_a_value_reads_as_it_was_meant(written: str, version: str) -> None:
    after = RULES.rewrite(written, f"{version}.1", Strategy.REPLACE)
    assert after is not None
    assert str(yaml.safe_load(after)) == version
    assert RULES.exact(after) == version


@given(st.text(alphabet="[]-,'\"# \r\n3.9x\\{}", max_size=60))
def test_whatever_is_written_nothing_breaks(text: str) -> None:
    after = RULES.rewrite(text, "3.13.1", Strategy.BUMP)
    assert after is None or RULES.valid(after)
    assert RULES.valid(text) == (RULES.floor(text) is not None)
