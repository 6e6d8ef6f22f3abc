import pytest

from bot.core.model import Strategy
from bot.core.versions import scheme

PEP440 = scheme("pep440")

# constraint, version, BUMP, REPLACE, WIDEN
MOVED = [
    # upper bounds
    (">=1,<2", "2.3.1", ">=2,<3", ">=1,<3", ">=1,<3"),
    (">=1.2,<2", "2.3.1", ">=2.3,<3", ">=1.2,<3", ">=1.2,<3"),
    (">=1.2.3,<2", "2.3.1", ">=2.3.1,<3", ">=1.2.3,<3", ">=1.2.3,<3"),
    ("<2.0", "2.5.1", "<3.0", "<3.0", "<3.0"),
    ("<2.0.0", "2.0.0", "<3.0.0", "<3.0.0", "<3.0.0"),
    ("<1.5", "1.7.2", "<1.8", "<1.8", "<1.8"),
    ("<1.5.0", "1.7.2", "<1.8.0", "<1.8.0", "<1.8.0"),
    ("<1.26", "1.27.3", "<1.28", "<1.28", "<1.28"),
    ("<1.26", "2.1", "<2.2", "<2.2", "<2.2"),
    ("<0.5", "0.7.1", "<0.8", "<0.8", "<0.8"),
    ("<1.0", "1.0", "<2.0", "<2.0", "<2.0"),
    ("<24", "24.1.0", "<25", "<25", "<25"),
    ("<2.0.1", "2.3.1", "<2.3.2", "<2.3.2", "<2.3.2"),
    ("<=1.5", "1.9", "<=1.9", "<=1.9", "<=1.9"),
    ("<=1.5", "1.9.3", "<=1.9.3", "<=1.9.3", "<=1.9.3"),
    ("<=1.5.0", "1.9", "<=1.9.0", "<=1.9.0", "<=1.9.0"),
    (">1.2,<2", "2.3.1", ">=2.3,<3", ">1.2,<3", ">1.2,<3"),
    (">=1,<2,<1.9", "2.3.1", ">=2,<3,<2.4", ">=1,<3,<2.4", ">=1,<3,<2.4"),
    ("<2,>=1", "2.3.1", "<3,>=2", "<3,>=1", "<3,>=1"),
    (">=1.34.1,<3.0.0dev", "3.1.0", ">=3.1.0,<4.0.0dev", ">=1.34.1,<4.0.0dev", ">=1.34.1,<4.0.0dev"),
    (">=1.0,<2.0a0", "2.0.1", ">=2.0,<3.0a0", ">=1.0,<3.0a0", ">=1.0,<3.0a0"),
    # spaces and order are the author's
    (">= 1.2, < 2", "2.3.1", ">= 2.3, < 3", ">= 1.2, < 3", ">= 1.2, < 3"),
    (" <2 , >=1 ", "2.3.1", " <3 , >=2 ", " <3 , >=1 ", " <3 , >=1 "),
    (">=1,<2,", "2.3.1", ">=2,<3,", ">=1,<3,", ">=1,<3,"),
    # exclusions stay
    (">=1,!=1.5.0,<2", "2.3.1", ">=2,!=1.5.0,<3", ">=1,!=1.5.0,<3", ">=1,!=1.5.0,<3"),
    (">=1,!=1.5.*,<2", "2.3.1", ">=2,!=1.5.*,<3", ">=1,!=1.5.*,<3", ">=1,!=1.5.*,<3"),
    # compatible releases and wildcards
    ("~=1.4", "2.0.1", "~=2.0", "~=2.0", ">=1.4,<3"),
    ("~=1.4.2", "1.6.1", "~=1.6.1", "~=1.6.1", ">=1.4.2,<1.7"),
    ("~=1.4.2", "1.6", "~=1.6.0", "~=1.6.0", ">=1.4.2,<1.7"),
    ("==1.4.*", "1.5.2", "==1.5.*", "==1.5.*", ">=1.4,<1.6"),
    ("==1.*", "2.5.2", "==2.*", "==2.*", ">=1,<3"),
    (" ~= 1.4, !=1.5 ", "2.0.1", " ~= 2.0, !=1.5 ", " ~= 2.0, !=1.5 ", " >= 1.4, < 3, !=1.5 "),
    ("~=1.4,>=1.4.3", "2.3.1", "~=2.3,>=2.3.1", "~=2.3,>=2.3.1", "<3,>=1.4.3"),
    ("~=1.4,>=1.2", "2.3.1", "~=2.3,>=2.3", "~=2.3,>=2.3", ">=1.4,<3,>=1.2"),
    ("~=1.4,<1.9", "2.3.1", "~=2.3,<2.4", "~=2.3,<2.4", ">=1.4,<3,<2.4"),
    # exact pins are exact under every strategy
    ("==1.2.3", "2.3.1", "==2.3.1", "==2.3.1", "==2.3.1"),
    ("== 1.2.3", "2.3.1", "== 2.3.1", "== 2.3.1", "== 2.3.1"),
    ("==v1.2.3", "2.3.1", "==v2.3.1", "==v2.3.1", "==v2.3.1"),
    ("===1.2.3", "2.3.1", "===2.3.1", "===2.3.1", "===2.3.1"),
    ("==1.2", "2.3.1.post1", "==2.3.1.post1", "==2.3.1.post1", "==2.3.1.post1"),
    ("==1.2.3", "2.0rc1", "==2.0rc1", "==2.0rc1", "==2.0rc1"),
    ("==1.2.3", "1.2.2", "==1.2.2", "==1.2.2", "==1.2.2"),
    ("==1.2.3+cpu", "2.0+cpu", "==2.0+cpu", "==2.0+cpu", "==2.0+cpu"),
    ("==1.2.3,<2", "2.3.1", "==2.3.1,<3", "==2.3.1,<3", "==2.3.1,<3"),
    # zero-padded segments are the registry's
    ("==2024.07.04", "2024.08.30", "==2024.08.30", "==2024.08.30", "==2024.08.30"),
    # pre-releases
    (">=1.0rc1,<2", "3.0rc2", ">=3.0rc2,<4", ">=1.0rc1,<4", ">=1.0rc1,<4"),
    ("~=1.4rc1", "2.0rc1", "~=2.0rc1", "~=2.0rc1", ">=1.4rc1,<3"),
    # epochs are kept in exact pins
    ("==1!1.2", "1!2.0", "==1!2.0", "==1!2.0", "==1!2.0"),
]

# what admits the version already: only BUMP moves it
ADMITTED = [
    (">=1.2", "2.3.1", ">=2.3"),
    (">=1.2,<3", "2.3.1", ">=2.3,<3"),
    (">1.2", "2.3.1", ">=2.3"),
    (">=1.2,!=1.5", "2.3.1", ">=2.3,!=1.5"),
    ("~=1.4", "1.6.1", "~=1.6"),
    ("==1.4.*", "1.4.7", "==1.4.*"),
    ("<3", "2.3.1", "<3"),
    ("!=1.5", "2.3.1", "!=1.5"),
    ("", "2.3.1", ""),
    ("  ", "2.3.1", "  "),
    (">=1.2.post1", "1.2.post2", ">=1.2.post2"),
    (">=1.0rc1", "2.0rc2", ">=2.0rc2"),
    (">=1!2.0", "1!3.1", ">=1!3.1"),
    (">=2.3", "2.3.1", ">=2.3"),
    (">=2024.07", "2024.08.30", ">=2024.08"),
]

REFUSED = [
    ("!=1.0", "1.0"),  # the author excludes it
    (">=1,!=2.3.*,<2", "2.3.1"),
    ("==1.2.3,!=2.0", "2.0"),
    (">=3", "2.3.1"),  # below the floor
    ("~=3.1", "2.3.1"),
    ("==3.*", "2.3.1"),
    (">2.3.1", "2.3.1"),
    (">1.2", "1.2.post1"),
    ("~=1.4", "1.3.9"),
    ("<2.post1", "2.3"),
    (">=1!1,<1!2", "1!3"),
    ("===nonsense", "not a version"),
    (">=1,<2", "not a version"),
    (">=1,<2", ""),
    (">=1,<2", " 2.3 "),
    ("^1.2", "2.3.1"),  # no specifiers
    ("1.2.3", "2.3.1"),
    ("*", "2.3.1"),
    (">=1 <2", "2.3.1"),
    (">=1;<2", "2.3.1"),
    (">=" + "1" * 2000, "2.3.1"),
    ("===a,===b", "2.3.1"),
    ("===a<b", "2.3.1"),
]


@pytest.mark.parametrize(("constraint", "version", "bump", "replace", "widen"), MOVED)
def test_moves_in_the_authors_style(constraint: str, version: str, bump: str, replace: str, widen: str) -> None:
    assert PEP440.rewrite(constraint, version, Strategy.BUMP) == bump
    assert PEP440.rewrite(constraint, version, Strategy.REPLACE) == replace
    assert PEP440.rewrite(constraint, version, Strategy.WIDEN) == widen


@pytest.mark.parametrize(("constraint", "version", "bump"), ADMITTED)
def test_what_admits_the_version_moves_only_when_bumped(constraint: str, version: str, bump: str) -> None:
    assert PEP440.rewrite(constraint, version, Strategy.BUMP) == bump
    assert PEP440.rewrite(constraint, version, Strategy.REPLACE) == constraint
    assert PEP440.rewrite(constraint, version, Strategy.WIDEN) == constraint


@pytest.mark.parametrize(("constraint", "version"), REFUSED)
@pytest.mark.parametrize("strategy", [Strategy.BUMP, Strategy.REPLACE, Strategy.WIDEN])
def test_no_guess(constraint: str, version: str, strategy: Strategy) -> None:
    assert PEP440.rewrite(constraint, version, strategy) is None


@pytest.mark.parametrize(
    ("constraint", "version", "pinned"),
    [
        (">=1,<2", "2.3.1", "==2.3.1"),
        ("", "2.3.1", "==2.3.1"),
        (" >=1 ", "2.3.1", " ==2.3.1 "),
        ("~=1.4", "v2.3.1", "==2.3.1"),
        ("==1.2.3", "2.3.1", "==2.3.1"),
        ("===1.2.3", "2.3.1", "===2.3.1"),
        (">=3", "2.3.1", "==2.3.1"),
        ("!=2.3.1", "2.3.1", None),
        ("^1", "2.3.1", None),
        (">=1", "nonsense", None),
    ],
)
def test_pin(constraint: str, version: str, pinned: str | None) -> None:
    assert PEP440.rewrite(constraint, version, Strategy.PIN) == pinned


def test_a_pre_release_is_taken_in_only_where_the_result_names_it() -> None:
    assert PEP440.rewrite(">=1,<2", "3.0rc1", Strategy.BUMP) == ">=3.0rc1,<4"
    assert PEP440.rewrite(">=1,<2", "3.0rc1", Strategy.REPLACE) is None
    assert PEP440.rewrite(">=1,<2", "3.0rc1", Strategy.WIDEN) is None


def test_what_admitted_nothing_is_not_widened() -> None:
    assert PEP440.rewrite("==1.2,==1.3", "2.3.1", Strategy.WIDEN) is None
