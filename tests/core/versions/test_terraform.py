from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Bump, Strategy
from bot.core.versions import scheme
from tests.property.test_versions import _check, gap, number

RULES = scheme("terraform")
EXAMPLES = settings(max_examples=150, deadline=None)

some = st.lists(number, min_size=1, max_size=3).map(".".join)
versions = st.builds(str.__add__, some, st.sampled_from(["", "", "", "-alpha", "-rc1", "-rc.2", "-beta11", "+build.1"]))
operators = st.sampled_from(["", "=", "!=", ">", ">=", "<", "<=", "~>"])
clauses = st.builds("{}{}{}".format, operators, gap, some)
constraints = st.builds(
    lambda comma, parts: comma.join(parts),
    st.sampled_from([",", ", ", " , "]),
    st.lists(clauses, min_size=1, max_size=3),
)


@pytest.mark.parametrize(
    ("constraint", "admitted", "left_out"),
    [
        ("1.5.7", ["1.5.7", "v1.5.7", "1.5.7+x"], ["1.5.8", "1.5.7-rc1"]),
        ("= 1.5", ["1.5.0"], ["1.5.1"]),
        ("!= 1.5.0", ["1.5.1"], ["1.5", "1.5.0"]),
        ("> 1.5", ["1.5.1"], ["1.5.0", "2.0.0-rc1"]),
        (">= 1.5, < 2", ["1.5.0", "1.13.4"], ["1.4.9", "2.0.0", "1.6.0-rc1"]),
        ("<= 1.5.7", ["1.5.7", "0.12.31"], ["1.5.8"]),
        ("~> 1.5.0", ["1.5.0", "1.5.7"], ["1.6.0", "1.4.9"]),
        ("~> 1.5", ["1.5.0", "1.13.4"], ["2.0.0", "1.4.9"]),
        ("~> 1", ["1.0.0", "2.0.0"], ["0.15.5"]),
        ("~>1.5.0-rc1", ["1.5.0"], ["1.5.0-rc2"]),
        ("1.6.0-rc1", ["1.6.0-rc1"], ["1.6.0", "1.6.0-rc2"]),
        ("1.6.0-rc1, > 1.7", [], ["1.6.0-rc1"]),
        ("", ["1.0.0"], ["1.0.0-rc1"]),
        (" >=1.5 ", ["1.5.0"], []),
    ],
)
def test_admits(constraint: str, admitted: list[str], left_out: list[str]) -> None:
    assert RULES.valid(constraint)
    assert [v for v in admitted + left_out if RULES.satisfies(v, constraint)] == admitted


@pytest.mark.parametrize(
    "text", ["latest", ">= 1.5 < 2", "1.5.", "== 1.5", "1.2.3.4", "^1.5", ">= 1.5,", ",", "1.x", "~> ", "1" * 1001]
)
def test_what_is_no_constraint(text: str) -> None:
    assert not RULES.valid(text)
    assert not RULES.satisfies("1.5.7", text)
    assert RULES.exact(text) is RULES.floor(text) is None
    assert RULES.rewrite(text, "1.5.7", Strategy.BUMP) is None


@pytest.mark.parametrize("text", ["", "1.x", "1.2.3.4", "x", "1" * 10, "1.5.0-" + "a" * 300])
def test_what_is_no_version(text: str) -> None:
    assert RULES.key(text) is None
    assert not RULES.is_prerelease(text)
    assert not RULES.satisfies(text, ">= 1")
    assert RULES.bump("1.0.0", text) is RULES.bump(text, "1.0.0") is Bump.MAJOR


def test_order() -> None:
    ascending = ["0.15.5", "1.0.0-1", "1.0.0-2", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0", "1.5", "1.13.4"]
    assert sorted(ascending[1::2] + ascending[::2], key=RULES.key) == ascending
    assert RULES.key("v1.5") == RULES.key("1.5.0+a") == RULES.key("1.5.0")
    assert [RULES.is_prerelease(text) for text in ("1.0.0-rc1", "1.0.0", "1.0.0+a-b")] == [True, False, False]


@pytest.mark.parametrize(
    ("old", "new", "size"),
    [
        ("1.5.7", "1.5.8", Bump.PATCH),
        ("1.5.7", "1.13.4", Bump.MINOR),
        ("1.5.7", "2.0.0", Bump.MAJOR),
        ("0.14.0", "0.15.0", Bump.MAJOR),
    ],
)
def test_bump(old: str, new: str, size: Bump) -> None:
    assert RULES.bump(old, new) is size


@pytest.mark.parametrize(
    ("constraint", "exact", "floor"),
    [
        ("1.5.7", "1.5.7", "1.5.7"),
        ("= v1.5.7", "1.5.7", "1.5.7"),
        ("~> 1.5", None, "1.5"),
        (">= 1.3, >= 1.5", None, "1.5"),
        ("< 2", None, None),
        ("!= 1.4", None, None),
    ],
)
def test_exact_and_floor(constraint: str, exact: str | None, floor: str | None) -> None:
    assert (RULES.exact(constraint), RULES.floor(constraint)) == (exact, floor)


@pytest.mark.parametrize(
    ("constraint", "strategy", "rewritten"),
    [
        ("= 1.5.7", Strategy.REPLACE, "= 1.13.4"),
        ("v1.5.7", Strategy.REPLACE, "v1.13.4"),
        ("~> 1.5.0", Strategy.REPLACE, "~> 1.13.4"),
        ("~> 1.5", Strategy.REPLACE, "~> 1.5"),
        ("~> 1.5", Strategy.BUMP, "~> 1.13"),
        (">= 1.5", Strategy.REPLACE, ">= 1.5"),
        (">= 1.5", Strategy.BUMP, ">= 1.13"),
        (">= 1.5.0, < 1.10.0", Strategy.REPLACE, ">= 1.5.0, < 1.14.0"),
        (">= 1.5.0, < 1.10.0", Strategy.WIDEN, ">= 1.5.0, < 1.14.0"),
        ("~> 1.5.0", Strategy.WIDEN, None),
        (">= 1.5", Strategy.PIN, "= 1.13.4"),
        ("!= 1.13.4", Strategy.REPLACE, None),
        (">= 2", Strategy.REPLACE, None),
    ],
)
def test_rewrite(constraint: str, strategy: Strategy, rewritten: str | None) -> None:
    assert RULES.rewrite(constraint, "1.13.4", strategy) == rewritten


@EXAMPLES
@given(versions, versions, versions)
def test_keys_order_totally(one: str, two: str, three: str) -> None:
    a, b, c = map(RULES.key, (one, two, three))
    assert (a < b) + (a == b) + (b < a) == 1
    assert not a <= b <= c or a <= c


@pytest.mark.parametrize("strategy", [Strategy.BUMP, Strategy.REPLACE, Strategy.WIDEN, Strategy.PIN])
@EXAMPLES
@given(constraint=constraints, version=versions, samples=st.lists(versions, max_size=6))
def test_a_rewritten_constraint_keeps_its_promises(
    strategy: Strategy, constraint: str, version: str, samples: list[str]
) -> None:
    assert RULES.valid(constraint)
    _check(RULES, constraint, version, strategy, samples)


@EXAMPLES
@given(text=st.text(max_size=40), other=st.text(alphabet="0123.~<>=!v-+ ,a", max_size=20))
def test_any_text_gets_an_answer(text: str, other: str) -> None:
    for constraint, version in ((text, other), (other, text)):
        assert RULES.bump(version, constraint) in Bump
        assert not (RULES.satisfies(version, constraint) and not RULES.valid(constraint))
        for strategy in Strategy:
            rewritten = RULES.rewrite(constraint, version, strategy)
            assert rewritten is None or RULES.satisfies(version, rewritten)


def test_what_stands_after_a_plus_is_not_written() -> None:
    assert RULES.rewrite("1, ~> 1", "2.0+build.1", Strategy.REPLACE) == RULES.rewrite(
        "1, ~> 1", "2.0", Strategy.REPLACE
    )
    assert RULES.rewrite("= 1.5", "1.6.0+build.1", Strategy.REPLACE) == "= 1.6.0"
