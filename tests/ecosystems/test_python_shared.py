"""The shared code of the Python ecosystems: PEP 508, indexes, paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from bot.core.model import Index, Kind, Package, SkipReason, Span
from bot.ecosystems._python import Place, Sources, bare_url, beside, canonical, requirement

UNSUPPORTED, LOCAL, INVALID = SkipReason.UNSUPPORTED_CONSTRAINT, SkipReason.LOCAL, SkipReason.INVALID_NAME


def place() -> Place:
    return Place("f", 7, Span, "dependencies")


@pytest.mark.parametrize(
    ("text", "name", "constraint", "marker"),
    [
        ("a", "a", "", ""),
        ("A.b_c>=1", "a-b-c", ">=1", ""),
        ("a[x, y] >= 1 , < 2;python_version<'3'", "a", ">= 1 , < 2", "python_version<'3'"),
        ("a (>=1,<2) ; extra == 'x'", "a", ">=1,<2", "extra == 'x'"),
        ("a( >=1 )", "a", ">=1", ""),
        ("a()", "a", "", ""),
        ("a>=1,", "a", ">=1", ""),
        ("  a == 1.* ", "a", "== 1.*", ""),
        ("a===1!2+local.3", "a", "===1!2+local.3", ""),
        ("a~=1.4;", "a", "~=1.4", ""),
        ("a != 1.0,>0.9", "a", "!= 1.0,>0.9", ""),
    ],
)
def test_requirement(text: str, name: str, constraint: str, marker: str) -> None:
    statement = requirement(text, place())
    assert statement.package == Package("pypi", name)
    assert (statement.kind, statement.scheme, statement.line) == (Kind.LIBRARY, "pep440", 7)
    assert statement.constraint == constraint
    assert statement.context.marker == marker
    assert statement.obstacle is None
    assert [pin.text for pin in statement.pins] == ([constraint] if constraint else [])
    assert all(text[pin.span.start : pin.span.end] == pin.text for pin in statement.pins)


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("a 1.0", "a", UNSUPPORTED),
        ("a=1.0", "a", UNSUPPORTED),
        ("a>=1 <2", "a", UNSUPPORTED),
        ("a>={{ v }}", "a", UNSUPPORTED),
        ("a (>=1", "a", UNSUPPORTED),
        ("a >=1)", "a", UNSUPPORTED),
        ("a>=", "a", UNSUPPORTED),
        ("-a>=1", "-a>=1", INVALID),
        ("a-", "a-", INVALID),
        ("é>=1", "é>=1", INVALID),
        ("", "?", INVALID),
        ("\x07\x1b[0m", "[0m", INVALID),
        ("%(docs)s", "%(docs)s", INVALID),
        ("a @ https://u:p@x.example/a-1.0.zip", "a", UNSUPPORTED),
        ("a@git+https://x.example/a", "a", UNSUPPORTED),
        ("a @ file:///srv/a ; python_version > '3'", "a", LOCAL),
        ("a @ {root:uri}/a", "a", LOCAL),
        ("a @ ${HOST}/a", "a", UNSUPPORTED),
        ("git+https://x.example/b/c.git@v1#egg=d[x]&subdirectory=e", "d", UNSUPPORTED),
        ("git+https://x.example/b/c.git@v1", "c", UNSUPPORTED),
        ("git+file:///srv/c", "c", LOCAL),
        ("https://x.example/c-1.0-py3-none-any.whl", "c", UNSUPPORTED),
        ("c-1.0.tar.gz", "c", LOCAL),
        ("./dist/c-1.0-py3-none-any.whl ; python_version > '3'", "c", LOCAL),
        ("..", "..", LOCAL),
        (".[x]", ".", LOCAL),
        ("-e ../libs/c", "c", LOCAL),
        ("C:\\libs\\c", "c", LOCAL),
        ("https://x.example/", "x-example", UNSUPPORTED),
        ("./~", "~", LOCAL),
    ],
)
def test_what_is_no_requirement_has_an_obstacle(text: str, name: str, reason: SkipReason) -> None:
    statement = requirement(text, place())
    assert statement.obstacle is not None
    assert (statement.package.name, statement.obstacle.reason) == (name, reason)
    assert (statement.constraint, statement.pins) == ("", ())


DEEP = "(" * 5000 + "python_version > '3'" + ")" * 5000


@pytest.mark.parametrize("marker", [DEEP, "extra == 'x' or " * 200 + "extra == 'x'"])
def test_monstrous_markers_are_not_handed_on(marker: str) -> None:
    statement = requirement(f"a>=1; {marker}", place())
    assert (statement.constraint, statement.context.marker) == (">=1", "")


def test_no_credentials_are_kept() -> None:
    for text in ("git+https://user:secret@x.example/c.git", "c @ https://user:secret@x.example/c.zip"):
        assert "secret" not in repr(requirement(text, place()))


def test_what_can_not_be_mapped_has_no_pin() -> None:
    statement = requirement("a>=1", Place("f", 1, lambda _start, _end: None))
    assert (statement.constraint, statement.pins) == (">=1", ())
    assert statement.obstacle is not None
    assert statement.obstacle.reason is UNSUPPORTED


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,8}", fullmatch=True))
def test_names_are_normalised_as_packaging_does(name: str) -> None:
    assert canonical(name) == canonicalize_name(name)


VERSIONS = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}(rc[0-9])?", fullmatch=True)
CLAUSES = st.builds(
    "{}{}{}".format, st.sampled_from(["==", ">=", "<=", "<", ">", "!="]), st.sampled_from(["", " "]), VERSIONS
)
TEXTS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["a", "Zope.Interface", "a-b_c", "x1[y,z]", " a ", "-a", "a b"]),
    st.sampled_from(["", " ", "("]),
    st.lists(CLAUSES, max_size=3).map(" , ".join),
    st.sampled_from(["", ")", " ", ","]),
    st.sampled_from(["", ";python_version>'3'", ' ; extra == "x"']),
)


@given(TEXTS)
def test_agrees_with_packaging(text: str) -> None:
    statement = requirement(text, place())
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        assert statement.obstacle is not None
        return
    assert statement.obstacle is None
    assert statement.package.name == canonicalize_name(wanted.name)
    assert str(Requirement(f"a{statement.constraint}").specifier) == str(wanted.specifier)
    assert bool(statement.context.marker) == (wanted.marker is not None)


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "a-" * 100_000, "a[" + "x," * 100_000, "a" + ">=1," * 50_000, " " * 200_000]
)
def test_long_text_is_read_in_linear_time(text: str) -> None:
    assert requirement(text, place()).line == 7


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://user:p@ss@index.example/simple/?x=1#y", "https://index.example/simple"),
        ("https://${USER}:${TOKEN}@index.example:8443/simple", "https://index.example:8443/simple"),
        ("https://${HOST}/simple", "https://${HOST}/simple"),
        ("https://index.example", "https://index.example"),
        ("../wheels/", "../wheels"),
    ],
)
def test_bare_url(url: str, bare: str) -> None:
    assert bare_url(url) == bare


@pytest.mark.parametrize(
    ("path", "relative", "found"),
    [
        ("requirements/dev.txt", "base.txt", "requirements/base.txt"),
        ("requirements/dev.txt", "../base.txt", "base.txt"),
        ("dev.txt", "../base.txt", None),
        ("dev.txt", "..", None),
        ("dev.txt", "/etc/passwd", None),
        ("dev.txt", "~/x", None),
        ("dev.txt", "https://x.example/r.txt", None),
        ("dev.txt", "a\\b", None),
        ("dev.txt", "a\0b", None),
    ],
)
def test_beside(path: str, relative: str, found: str | None) -> None:
    assert beside(path, relative) == found


def test_sources_apply() -> None:
    sources = Sources()
    sources.name("inner", "https://u:p@inner.example/simple/")
    sources.add_index("https://main.example/simple", primary=True)
    sources.add_index("https://extra.example/simple", primary=False)
    sources.name_index("B.b", "inner")
    sources.name_index("c", "unknown")
    a, b, c = sources.apply(requirement(text, place()) for text in ("a", "b-b", "c"))
    assert a.package.url == "https://main.example/simple"
    assert b.package.url == "https://inner.example/simple"
    assert c.obstacle is not None
    assert c.obstacle.reason is SkipReason.UNKNOWN_REGISTRY
    assert sources.indexes == [
        Index("pypi", "https://main.example/simple", primary=True),
        Index("pypi", "https://extra.example/simple", primary=False),
    ]
