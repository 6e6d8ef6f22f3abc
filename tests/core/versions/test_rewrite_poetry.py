import pytest

from bot.core.model import Strategy
from bot.core.versions import scheme

POETRY = scheme("poetry")

# constraint, version, BUMP, REPLACE, WIDEN
MOVED = [
    ("^1.2", "2.0.1", "^2.0", "^2.0", ">=1.2,<3.0"),
    ("^1", "2.3.1", "^2", "^2", ">=1,<3"),
    ("^1.2.3", "2.0.1", "^2.0.1", "^2.0.1", ">=1.2.3,<3.0.0"),
    ("^0.2.3", "0.3.1", "^0.3.1", "^0.3.1", ">=0.2.3,<0.4.0"),
    ("^0.13.0", "0.14.2", "^0.14.2", "^0.14.2", ">=0.13.0,<0.15.0"),
    ("^0.10", "1.2.0", "^1.2", "^1.2", ">=0.10,<2.0"),
    ("^0.0.3", "0.0.4", "^0.0.4", "^0.0.4", ">=0.0.3,<0.0.5"),
    ("~1.2", "1.5.1", "~1.5", "~1.5", ">=1.2,<1.6"),
    ("~1", "2.5.1", "~2", "~2", ">=1,<3"),
    ("~1.2.3", "1.5.1", "~1.5.1", "~1.5.1", ">=1.2.3,<1.6.0"),
    ("~ 1.2", "1.5.1", "~ 1.5", "~ 1.5", ">= 1.2,< 1.6"),
    ("~=1.4", "2.3.1", "~=2.3", "~=2.3", ">=1.4,<3"),
    ("1.2.*", "1.5.1", "1.5.*", "1.5.*", ">=1.2,<1.6"),
    ("1.x", "2.5.1", "2.x", "2.x", ">=1,<3"),
    ("==1.2.*", "1.5.1", "==1.5.*", "==1.5.*", ">=1.2,<1.6"),
    ("1.2.3", "2.0.1", "2.0.1", "2.0.1", "2.0.1"),
    ("v1.2.3", "2.0.1", "v2.0.1", "v2.0.1", "v2.0.1"),
    ("==1.2.3", "2.0.1", "==2.0.1", "==2.0.1", "==2.0.1"),
    ("=1.2.3", "2.0.1", "=2.0.1", "=2.0.1", "=2.0.1"),
    (" 1.2.3 ", "2.0.1", " 2.0.1 ", " 2.0.1 ", " 2.0.1 "),
    (">=1,<2", "2.3.1", ">=2,<3", ">=1,<3", ">=1,<3"),
    (">=1 <2", "2.3.1", ">=2 <3", ">=1 <3", ">=1 <3"),
    (">=3.9, <3.13", "3.14.1", ">=3.14, <3.15", ">=3.9, <3.15", ">=3.9, <3.15"),
    ("^1.2,!=1.5.0", "2.0.1", "^2.0,!=1.5.0", "^2.0,!=1.5.0", ">=1.2,<3.0,!=1.5.0"),
    ("^1.2,<1.9", "2.0.1", "^2.0,<2.1", "^2.0,<2.1", ">=1.2,<3.0,<2.1"),
    ("^1.2 || ^2.0", "3.1.4", "^3.1", "^3.1", "^1.2 || >=2.0,<4.0"),
    ("^1.2|^2.0", "3.1.4", "^3.1", "^3.1", "^1.2|>=2.0,<4.0"),
    ("^1.2, || ^2.0", "3.1.4", "^3.1", "^3.1", "^1.2, || >=2.0, <4.0"),
    (">=1,<2 || >=3,<4", "4.2", ">=4,<5", ">=1,<2 || >=3,<5", ">=1,<2 || >=3,<5"),
    (">=1,<2 || ^3", "4.2", "^4", ">=1,<2 || ^4", ">=1,<2 || >=3,<5"),
    ("^3 || >=1,<2", "4.2", "^4", "^4 || >=1,<2", ">=3,<5 || >=1,<2"),
    ("1.2.3 || 1.2.4", "1.2.5", "1.2.5", "1.2.5", "1.2.3 || 1.2.4 || 1.2.5"),
    ("^1.2", "2.0rc1", "^2.0rc1", "^2.0rc1", "^1.2 || ^2.0rc1"),
]

ADMITTED = [
    ("^1.2", "1.7.3", "^1.7"),
    ("~1.2", "1.2.9", "~1.2"),
    ("*", "1.2.9", "*"),
    ("", "1.2.9", ""),
    (">=1.2", "2.3", ">=2.3"),
    ("<2", "1.2", "<2"),
    ("^1 || ^2", "2.3", "^2"),
    ("^1 || ^3", "1.5", "^1 || ^3"),
    ("<2 || >=3", "3.4", ">=3"),
    ("^1.2 || *", "1.7", "^1.7"),
]

REFUSED = [
    ("^1.2,!=2.0", "2.0"),
    ("^1.2,!=2.*", "2.0"),
    ("^3", "2.0"),
    ("^1 || ^3", "2.0"),
    ("<2 || >=3", "2.5"),
    ("*", "2.0rc1"),
    ("^1.2 || ", "2.0"),
    ("^1.x", "2.0"),
    ("^*", "2.0"),
    (">=*", "2.0"),
    ("^1!2", "2.0"),
    ("^nonsense", "2.0"),
    (">=1.*", "2.0"),
    ("1.2.3 -> 4", "2.0"),
    (",>=1", "2.0"),
    ("git", "2.0"),
    ("^1.2", "nonsense"),
    ("^" + "1" * 2000, "2.0"),
]


@pytest.mark.parametrize(("constraint", "version", "bump", "replace", "widen"), MOVED)
def test_moves_in_the_authors_style(constraint: str, version: str, bump: str, replace: str, widen: str) -> None:
    assert POETRY.rewrite(constraint, version, Strategy.BUMP) == bump
    assert POETRY.rewrite(constraint, version, Strategy.REPLACE) == replace
    assert POETRY.rewrite(constraint, version, Strategy.WIDEN) == widen


@pytest.mark.parametrize(("constraint", "version", "bump"), ADMITTED)
def test_what_admits_the_version_moves_only_when_bumped(constraint: str, version: str, bump: str) -> None:
    assert POETRY.rewrite(constraint, version, Strategy.BUMP) == bump
    assert POETRY.rewrite(constraint, version, Strategy.REPLACE) == constraint
    assert POETRY.rewrite(constraint, version, Strategy.WIDEN) == constraint


@pytest.mark.parametrize(("constraint", "version"), REFUSED)
@pytest.mark.parametrize("strategy", [Strategy.BUMP, Strategy.REPLACE, Strategy.WIDEN])
def test_no_guess(constraint: str, version: str, strategy: Strategy) -> None:
    assert POETRY.rewrite(constraint, version, strategy) is None


@pytest.mark.parametrize(
    ("constraint", "pinned"),
    [
        ("^1.2", "2.0.1"),
        ("*", "2.0.1"),
        ("==1.2", "==2.0.1"),
        (">=1,<2 || ^3", "2.0.1"),
        ("!=2.0.1", None),
        ("git", None),
    ],
)
def test_pin(constraint: str, pinned: str | None) -> None:
    assert POETRY.rewrite(constraint, "2.0.1", Strategy.PIN) == pinned
