import pytest

from bot.core.model import Bump, Strategy
from bot.core.versions import names, scheme

SHARED = [
    ("1.2.3", "1.2.4", Bump.PATCH),
    ("1.2.3", "1.3.0", Bump.MINOR),
    ("1.2.3", "2.0.0", Bump.MAJOR),
    ("1.2.3", "1.2.3", Bump.PATCH),
    ("0.1.2", "0.2.0", Bump.MAJOR),
    ("0.1.2", "0.1.3", Bump.PATCH),
    ("0.9.1", "1.0.0", Bump.MAJOR),
    ("2.0.0", "1.0.0", Bump.MAJOR),
    ("2024.1.0", "2024.2.0", Bump.CALENDAR),
    ("2024.8.30", "2025.1.31", Bump.CALENDAR),
    ("2024.8.30", "2024.8.31", Bump.PATCH),
    ("1.2.3", "2024.1.0", Bump.MAJOR),
    ("1989.1.0", "2024.1.0", Bump.MAJOR),
    ("120.0.1", "121.0.0", Bump.MAJOR),
]
PYTHON = [
    ("1.2", "1.2.1", Bump.PATCH),
    ("1", "1.1", Bump.MINOR),
    ("1.0rc1", "1.0", Bump.PATCH),
    ("1.0", "1.0.post1", Bump.PATCH),
    ("1.0+a", "1.0+b", Bump.PATCH),
    ("0.0.1", "0.0.2", Bump.PATCH),
    ("1!1.0", "2!1.0", Bump.MAJOR),
    ("1.0", "nonsense", Bump.MAJOR),
    ("nonsense", "1.0", Bump.MAJOR),
    ("23.2.0", "24.1.0", Bump.CALENDAR),
    ("24.4.0", "24.4.1", Bump.PATCH),
    ("24.3.0", "24.4.0", Bump.CALENDAR),
    ("22.04", "24.04", Bump.CALENDAR),
    ("41.0.5", "42.0.1", Bump.MAJOR),
    ("24.1", "25.1", Bump.MAJOR),
    ("24", "25", Bump.MAJOR),
    ("24.1.15", "24.1.16", Bump.PATCH),
    ("24.1.15", "24.2.15", Bump.CALENDAR),
    ("24.123.1", "25.124.1", Bump.MAJOR),
    ("20240830.1", "20240831.1", Bump.CALENDAR),
    ("202408301", "202408311", Bump.MAJOR),
    ("2024.0", "2024.1", Bump.CALENDAR),
    ("2024.12345", "2024.12346", Bump.CALENDAR),
    ("24.13.0", "25.1.0", Bump.MAJOR),
    ("2024", "2025", Bump.CALENDAR),
    ("20240306.0", "20250109.2", Bump.CALENDAR),
    ("20240306", "20240307", Bump.CALENDAR),
    ("20240306.0", "20240306.1", Bump.PATCH),
    ("20241306", "20250109", Bump.MAJOR),
]
NPM = [
    ("0.0.1", "0.0.2", Bump.MAJOR),
    ("0.0.1", "0.1.0", Bump.MAJOR),
    ("0.0.1", "0.0.1", Bump.PATCH),
    ("1.0.0-rc.1", "1.0.0", Bump.PATCH),
    ("28.1.3", "29.7.0", Bump.MAJOR),
    ("22.9.1", "22.10.1", Bump.MINOR),
    ("17", "18.2.0", Bump.MAJOR),
    ("18", "18.2.0", Bump.MINOR),
    ("1.0.0", "nonsense", Bump.MAJOR),
]
LOOSE = [
    ("v1.2.3", "1.3.0", Bump.MINOR),
    ("1.2-r3", "1.2-r4", Bump.PATCH),
    ("2026a", "2026b", Bump.CALENDAR),
    ("r1", "r2", Bump.MAJOR),
    ("3", "x", Bump.MAJOR),
]


def test_every_module_of_the_folder_is_a_scheme_of_its_name() -> None:
    assert {"loose", "npm", "pep440", "poetry"} <= set(names())
    assert [scheme(name).name for name in names()] == list(names())


def test_an_unknown_scheme_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        scheme("nonsense")


@pytest.mark.parametrize(("old", "new", "bump"), SHARED)
@pytest.mark.parametrize("name", ["pep440", "poetry", "npm", "loose"])
def test_bump(name: str, old: str, new: str, bump: Bump) -> None:
    assert scheme(name).bump(old, new) is bump


@pytest.mark.parametrize(
    ("name", "old", "new", "bump"),
    [(name, *case) for name in ("pep440", "poetry") for case in PYTHON]
    + [("npm", *case) for case in NPM]
    + [("loose", *case) for case in LOOSE],
)
def test_bump_of_one_scheme(name: str, old: str, new: str, bump: Bump) -> None:
    assert scheme(name).bump(old, new) is bump


@pytest.mark.parametrize(
    ("name", "constraint", "exact", "floor"),
    [
        ("pep440", "==1.2.3", "1.2.3", "1.2.3"),
        ("pep440", "=== 1.2.3", "1.2.3", "1.2.3"),
        ("pep440", "==1.2.3,<2", "1.2.3", "1.2.3"),
        ("pep440", "==1.2.3,<1", None, "1.2.3"),
        ("pep440", "==1.4.*", None, "1.4"),
        ("pep440", ">=1.2,<2", None, "1.2"),
        ("pep440", ">=1.2,>=1.3", None, "1.3"),
        ("pep440", "~=1.4", None, "1.4"),
        ("pep440", ">1.2", None, "1.2"),
        ("pep440", "<2", None, None),
        ("pep440", "!=1.2", None, None),
        ("pep440", "", None, None),
        ("pep440", "nonsense", None, None),
        ("pep440", "===nonsense", None, None),
        ("pep440", "===1nonsense", "1nonsense", None),
        ("poetry", "1.2.3", "1.2.3", "1.2.3"),
        ("poetry", "==1.2.3", "1.2.3", "1.2.3"),
        ("poetry", "^1.2", None, "1.2"),
        ("poetry", "^2.1 || ^1.2", None, "1.2"),
        ("poetry", "<1 || ^1.2", None, None),
        ("poetry", "*", None, None),
        ("poetry", "1.2.3 || 1.2.4", None, "1.2.3"),
        ("npm", "1.2.3", "1.2.3", "1.2.3"),
        ("npm", "=1.2.3", "1.2.3", "1.2.3"),
        ("npm", "v1.2.3", "1.2.3", "1.2.3"),
        ("npm", "1.2.3-beta.x+b", "1.2.3-beta.x+b", "1.2.3-beta.x+b"),
        ("npm", "1.2", None, "1.2"),
        ("npm", "1.x", None, "1"),
        ("npm", "^17 || ^18", None, "17"),
        ("npm", "1.2 - 3", None, "1.2"),
        ("npm", "<2", None, None),
        ("npm", "*", None, None),
        ("npm", "", None, None),
        ("npm", "latest", None, None),
        ("loose", " v1.2-rc1 ", "v1.2-rc1", "v1.2-rc1"),
        ("loose", ">=1.2", None, None),
        ("loose", "", None, None),
    ],
)
def test_exact_and_floor(name: str, constraint: str, exact: str | None, floor: str | None) -> None:
    assert scheme(name).exact(constraint) == exact
    assert scheme(name).floor(constraint) == floor


@pytest.mark.parametrize(
    ("constraint", "below", "lowest", "above", "beyond"),
    [
        # the tables of Poetry's documentation
        ("^1.2.3", "1.2.2", "1.2.3", "1.99", "2.0.0"),
        ("^1.2", "1.1.9", "1.2.0", "1.99", "2.0.0"),
        ("^1", "0.9", "1.0.0", "1.99", "2.0.0"),
        ("^0.2.3", "0.2.2", "0.2.3", "0.2.99", "0.3.0"),
        ("^0.0.3", "0.0.2", "0.0.3", "0.0.3.1", "0.0.4"),
        ("^0.0", "0.0.dev1", "0.0.0", "0.0.99", "0.1.0"),
        ("^0", "0.dev1", "0.0.0", "0.99", "1.0.0"),
        ("~1.2.3", "1.2.2", "1.2.3", "1.2.99", "1.3.0"),
        ("~1.2", "1.1.9", "1.2.0", "1.2.99", "1.3.0"),
        ("~1", "0.9", "1.0.0", "1.99", "2.0.0"),
        ("1.*", "0.9", "1.0.0", "1.99", "2.0.0"),
        ("1.2.*", "1.1.9", "1.2.0", "1.2.99", "1.3.0"),
        (">= 1.2, < 1.5", "1.1.9", "1.2.0", "1.4.99", "1.5.0"),
        (">=1.2 <1.5", "1.1.9", "1.2.0", "1.4.99", "1.5.0"),
        ("~=1.4", "1.3.9", "1.4", "1.99", "2.0"),
    ],
)
def test_poetry_admits(constraint: str, below: str, lowest: str, above: str, beyond: str) -> None:
    poetry = scheme("poetry")
    assert [poetry.satisfies(version, constraint) for version in (below, lowest, above, beyond)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("name", "version", "constraint", "admitted"),
    [
        ("pep440", "2.0rc1", ">=1", False),
        ("pep440", "2.0rc1", ">=1.0rc1", True),
        ("pep440", "1.2+cpu", "==1.2", True),
        ("pep440", "1.2", "===1.2", True),
        ("pep440", "1.2.0", "===1.2", False),
        ("pep440", "nonsense", "", False),
        ("pep440", "1.0", "nonsense", False),
        ("poetry", "2.0rc1", "*", False),
        ("poetry", "2.0", "nope", False),
        ("npm", "1.2.3-beta.2", "^1.2.3-beta.1", True),
        ("npm", "1.2.4-beta.2", "^1.2.3-beta.1", False),
        ("npm", "18.0.0", ">=18 <19", True),
        ("npm", "18", ">=18 <19", True),
        ("npm", "1.0.0", "", True),
        ("npm", "1.0.0", "latest", False),
        ("npm", "nope", "*", False),
        ("loose", "1.2", "v1.2", True),
        ("loose", "1.2.0", "1.2", False),
        ("loose", "1.2", "", False),
    ],
)
def test_satisfies(name: str, version: str, constraint: str, admitted: bool) -> None:
    assert scheme(name).satisfies(version, constraint) is admitted


@pytest.mark.parametrize(
    ("constraint", "understood"),
    [
        ("", {"pep440", "poetry", "npm"}),
        ("*", {"poetry", "npm"}),
        ("1.2.3", {"poetry", "npm", "loose"}),
        ("^1.2", {"poetry", "npm"}),
        (">=1,<2", {"pep440", "poetry"}),
        (">=1 <2", {"poetry", "npm"}),
        ("^1 || ^2", {"poetry", "npm"}),
        ("1.2 - 2.3", {"npm"}),
        ("==1.4.*", {"pep440", "poetry"}),
        ("latest", {"loose"}),
        ("file:../x", set()),
        ("workspace:*", set()),
        ("https://index.example/x.whl", set()),
        ("1" * 2000, set()),
    ],
)
def test_valid(constraint: str, understood: set[str]) -> None:
    assert {name for name in ("pep440", "poetry", "npm", "loose") if scheme(name).valid(constraint)} == understood


@pytest.mark.parametrize("name", ["pep440", "npm"])
def test_what_is_no_version_has_no_key(name: str) -> None:
    for text in ("", "latest", "1.2.3.x", "1" * 300, "1.2.3-01-\N{SNOWMAN}"):
        assert scheme(name).key(text) is None
        assert not scheme(name).is_prerelease(text)


def test_npm_keys() -> None:
    key = scheme("npm").key
    assert key("17") == key("17.0.0")
    assert key("17.1") == key("v17.1.0")
    assert key("1.2.3+a") == key("1.2.3+b")
    assert key("1.2.3-01") is None
    assert key("1.2-rc.1") is None
    assert key("9007199254740992.0.0") is None
    assert key("9007199254740991.0.0") is not None


@pytest.mark.parametrize(
    ("name", "version", "early"),
    [
        ("pep440", "1.0rc1", True),
        ("pep440", "1.0.dev1", True),
        ("pep440", "1.0.post1", False),
        ("npm", "1.0.0-0", True),
        ("npm", "1.0.0+rc", False),
        ("loose", "1.0-rc1", True),
        ("loose", "1.1.1w", False),
    ],
)
def test_is_prerelease(name: str, version: str, early: bool) -> None:
    assert scheme(name).is_prerelease(version) is early


@pytest.mark.parametrize(
    "ascending",
    [
        ["1.2-rc1", "1.2", "1.2w", "1.2.0", "1.2.9", "1.2.10", "1.10", "2"],
        ["", "0", "1"],
        ["r7", "r8", "r10"],
        ["9", "1" * 5000],
    ],
)
def test_loose_order(ascending: list[str]) -> None:
    key = scheme("loose").key
    shuffled = ascending[1::2] + ascending[::2]
    assert sorted(shuffled, key=key) == ascending
    assert key("v1.2") == key("1.2") == key("01.02")


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize(
    ("constraint", "version", "rewritten"),
    [
        ("1.2", "1.3", "1.3"),
        ("v1.2", "1.3", "v1.3"),
        ("1.2", "v1.3", "1.3"),
        (" 1.2 ", "1.3", " 1.3 "),
        (">=1.2", "1.3", None),
        ("1.2", "not one", None),
        ("", "1.3", None),
        ("1" * 300, "1.3", None),
    ],
)
def test_loose_rewrite(constraint: str, version: str, strategy: Strategy, rewritten: str | None) -> None:
    assert scheme("loose").rewrite(constraint, version, strategy) == rewritten
