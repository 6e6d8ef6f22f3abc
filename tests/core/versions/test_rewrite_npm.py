import pytest

from bot.core.model import Strategy
from bot.core.versions import scheme

NPM = scheme("npm")

# constraint, version, BUMP, REPLACE, WIDEN
MOVED = [
    ("^18", "19.1.0", "^19", "^19", "^18 || ^19"),
    ("^1.2", "2.0.1", "^2.0", "^2.0", "^1.2 || ^2.0"),
    ("^1.2.3", "2.0.1", "^2.0.1", "^2.0.1", "^1.2.3 || ^2.0.1"),
    ("^ 1.2.3", "2.0.1", "^ 2.0.1", "^ 2.0.1", "^ 1.2.3 || ^ 2.0.1"),
    ("^0.2.3", "0.3.0", "^0.3.0", "^0.3.0", "^0.2.3 || ^0.3.0"),
    ("^0.0.3", "0.0.4", "^0.0.4", "^0.0.4", "^0.0.3 || ^0.0.4"),
    ("~1.2", "1.5.0", "~1.5", "~1.5", "~1.2 || ~1.5"),
    ("~1.2.3", "1.5.0", "~1.5.0", "~1.5.0", "~1.2.3 || ~1.5.0"),
    ("~> 1.2.3", "1.5.0", "~> 1.5.0", "~> 1.5.0", "~> 1.2.3 || ~> 1.5.0"),
    ("1.x", "2.3.4", "2.x", "2.x", "1.x || 2.x"),
    ("1.x.x", "2.3.4", "2.x.x", "2.x.x", "1.x.x || 2.x.x"),
    ("1.2.*", "2.3.4", "2.3.*", "2.3.*", "1.2.* || 2.3.*"),
    ("1", "2.3.4", "2", "2", "1 || 2"),
    ("v1", "2.3.4", "v2", "v2", "v1 || v2"),
    # alternatives
    ("^17 || ^18", "19.0.0", "^19", "^19", "^17 || ^18 || ^19"),
    ("^17||^18", "19.0.0", "^19", "^19", "^17||^18||^19"),
    ("17 || 18", "19.0.0", "19", "19", "17 || 18 || 19"),
    ("^18 || ^17", "19.0.0", "^19", "^19", "^18 || ^17 || ^19"),
    ("^16.8.0 || ^17.0.0", "18.2.0", "^18.2.0", "^18.2.0", "^16.8.0 || ^17.0.0 || ^18.2.0"),
    (" ^17 || ^18 ", "19.0.0", " ^19 ", " ^19 ", " ^17 || ^18 || ^19 "),
    ("1.2.3 || 1.2.4", "1.2.5", "1.2.5", "1.2.5", "1.2.3 || 1.2.4 || 1.2.5"),
    (">=1 <2 || ^3", "4.1.0", "^4", ">=1 <2 || ^4", ">=1 <2 || ^3 || ^4"),
    (">=1 <2 || >=3 <4", "4.1.0", ">=4 <5", ">=1 <2 || >=3 <5", ">=1 <2 || >=3 <5"),
    # bounds
    (">=1 <2", "2.3.4", ">=2 <3", ">=1 <3", ">=1 <3"),
    (">= 1.2.3 < 2.0.0", "2.3.4", ">= 2.3.4 < 3.0.0", ">= 1.2.3 < 3.0.0", ">= 1.2.3 < 3.0.0"),
    ("<2.0.0-0", "2.1.0", "<3.0.0-0", "<3.0.0-0", "<3.0.0-0"),
    ("<2.x", "2.1.0", "<3.x", "<3.x", "<3.x"),
    (">=1.x <2.x", "2.1.0", ">=2.x <3.x", ">=1.x <3.x", ">=1.x <3.x"),
    ("<=1.2", "2.1.0", "<=2.1", "<=2.1", "<=2.1"),
    ("<=1.2.x", "2.1.0", "<=2.1.x", "<=2.1.x", "<=2.1.x"),
    ("<=1.2.0", "2.1.4", "<=2.1.4", "<=2.1.4", "<=2.1.4"),
    ("1.2.3 - 2.3.4", "3.0.1", "3.0.1 - 3.0.1", "1.2.3 - 3.0.1", "1.2.3 - 3.0.1"),
    ("1.2 - 2.3", "3.1.4", "3.1 - 3.1", "1.2 - 3.1", "1.2 - 3.1"),
    ("v1.2.3 - v2.3.4", "3.0.1", "v3.0.1 - v3.0.1", "v1.2.3 - v3.0.1", "v1.2.3 - v3.0.1"),
    ("^1.2 <1.9", "2.3.4", "^2.3 <2.4", "^2.3 <2.4", "^1.2 <1.9 || ^2.3"),
    # exact pins
    ("1.2.3", "1.3.0", "1.3.0", "1.3.0", "1.3.0"),
    ("=1.2.3", "1.3.0", "=1.3.0", "=1.3.0", "=1.3.0"),
    ("= 1.2.3", "1.3.0", "= 1.3.0", "= 1.3.0", "= 1.3.0"),
    ("v1.2.3", "1.3.0", "v1.3.0", "v1.3.0", "v1.3.0"),
    ("=v1.2.3", "v1.3.0", "=v1.3.0", "=v1.3.0", "=v1.3.0"),
    ("1.2.3", "2.0.0-beta.x", "2.0.0-beta.x", "2.0.0-beta.x", "2.0.0-beta.x"),
    ("1.2.3-beta.1", "1.2.3", "1.2.3", "1.2.3", "1.2.3"),
    ("1.2.3+build", "1.2.4+build.2", "1.2.4+build.2", "1.2.4+build.2", "1.2.4+build.2"),
    # pre-releases
    ("^18", "19.0.0-rc.1", "^19.0.0-rc.1", "^19.0.0-rc.1", "^18 || ^19.0.0-rc.1"),
    ("^1.2.3-beta.1", "1.2.4-beta.2", "^1.2.4-beta.2", "^1.2.4-beta.2", "^1.2.3-beta.1 || ^1.2.4-beta.2"),
]

ADMITTED = [
    ("^1.2.3", "1.7.0", "^1.7.0"),
    ("~1.2.3", "1.2.9", "~1.2.9"),
    (">=1.2.3", "2.0.0", ">=2.0.0"),
    (">1.2.3", "2.0.0", ">=2.0.0"),
    (">1.2", "2.3.4", ">=2.3"),
    ("*", "2.0.0", "*"),
    ("x", "2.0.0", "x"),
    ("", "2.0.0", ""),
    ("<3", "2.0.0", "<3"),
    ("^1 || ^3", "1.5.0", "^1 || ^3"),
    ("^1.2.3-beta.1", "1.2.3-beta.4", "^1.2.3-beta.4"),
]

REFUSED = [
    ("^3", "2.0.0"),
    ("^1 || ^3", "2.0.0"),
    ("<1 || >=3", "2.0.0"),
    ("1.x", "2.0.0-rc.1"),
    ("*", "2.0.0-rc.1"),
    (">2.0.0", "2.0.0"),
    (">1.2", "1.2.9"),
    ("latest", "2.0.0"),
    ("next || ^1", "2.0.0"),
    ("^1.2.3", "2"),
    ("^1.2.3", "2.0"),
    ("^1.2.3", "nonsense"),
    ("^1.2.3", "2.0.0.1"),
    (">=1,<2", "2.0.0"),
    (">=1<2", "2.0.0"),
    ("1.2.3.4", "2.0.0"),
    ("01.2.3", "2.0.0"),
    ("^1.2.3-01", "2.0.0"),
    (">*=*", "2.0.0"),
    ("1 - latest", "2.0.0"),
    (">=99999999999999999999.0.0", "2.0.0"),
    ("^1.\N{ARABIC-INDIC DIGIT TWO}", "2.0.0"),
    ("npm:react@^18", "19.0.0"),
    ("workspace:^", "2.0.0"),
    ("file:../x", "2.0.0"),
    ("^" * 2000, "2.0.0"),
]


@pytest.mark.parametrize(("constraint", "version", "bump", "replace", "widen"), MOVED)
def test_moves_in_the_authors_style(constraint: str, version: str, bump: str, replace: str, widen: str) -> None:
    assert NPM.rewrite(constraint, version, Strategy.BUMP) == bump
    assert NPM.rewrite(constraint, version, Strategy.REPLACE) == replace
    assert NPM.rewrite(constraint, version, Strategy.WIDEN) == widen


@pytest.mark.parametrize(("constraint", "version", "bump"), ADMITTED)
def test_what_admits_the_version_moves_only_when_bumped(constraint: str, version: str, bump: str) -> None:
    assert NPM.rewrite(constraint, version, Strategy.BUMP) == bump
    assert NPM.rewrite(constraint, version, Strategy.REPLACE) == constraint
    assert NPM.rewrite(constraint, version, Strategy.WIDEN) == constraint


@pytest.mark.parametrize(("constraint", "version"), REFUSED)
@pytest.mark.parametrize("strategy", [Strategy.BUMP, Strategy.REPLACE, Strategy.WIDEN])
def test_no_guess(constraint: str, version: str, strategy: Strategy) -> None:
    assert NPM.rewrite(constraint, version, strategy) is None


@pytest.mark.parametrize(
    ("constraint", "pinned"),
    [
        ("^1.2", "2.0.1"),
        ("*", "2.0.1"),
        (" ^1 || ^2 ", " 2.0.1 "),
        ("=1.2.3", "=2.0.1"),
        ("v1.2.3", "v2.0.1"),
        ("latest", None),
    ],
)
def test_pin(constraint: str, pinned: str | None) -> None:
    assert NPM.rewrite(constraint, "2.0.1", Strategy.PIN) == pinned


def test_a_pre_release_is_taken_in_only_where_the_result_names_it() -> None:
    assert NPM.rewrite(">=1 <2", "3.0.0-rc.1", Strategy.BUMP) == ">=3.0.0-rc.1 <4"
    assert NPM.rewrite(">=1 <2", "3.0.0-rc.1", Strategy.REPLACE) is None
    assert NPM.rewrite(">=1 <2", "3.0.0-rc.1", Strategy.WIDEN) is None


def test_an_empty_alternative_is_not_added_to() -> None:
    assert NPM.rewrite("^1.2.3 ||", "2.0.0-rc.1", Strategy.REPLACE) == "^2.0.0-rc.1"
    assert NPM.rewrite("^1.2.3 ||", "2.0.0-rc.1", Strategy.WIDEN) is None
    assert NPM.rewrite("^1.2.3 || >=0", "2.0.0-rc.1", Strategy.WIDEN) is None
    assert NPM.rewrite("^1.2.3 || *", "2.0.0-rc.1", Strategy.WIDEN) is None
    assert NPM.rewrite("^1.2.3 ||", "2.0.0", Strategy.WIDEN) == "^1.2.3 ||"
