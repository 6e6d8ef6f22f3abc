from __future__ import annotations

import tomllib
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats import toml
from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Table
from tests.formats.trees import check_spans, path


def plain(node: Node) -> Any:
    """The values in source order, what is no string as tomllib reads it."""
    if isinstance(node, Table):
        return {key.value: plain(value) for key, value in node.entries}
    if isinstance(node, Array):
        return [plain(item) for item in node.items]
    return node.value if node.string else tomllib.loads(f"x = {node.value}")["x"]


def check_like_tomllib(text: str) -> None:
    """Same answer, same order (``repr`` shows both, and tells nan from nan no difference)."""
    root = toml.parse(text)
    assert repr(plain(root)) == repr(tomllib.loads(text.removeprefix("\ufeff")))
    check_spans(text, root)


ZONES: st.SearchStrategy[tzinfo | None] = st.none() | st.integers(-1400, 1400).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
TEXTS = st.text(max_size=12) | st.text(alphabet="ab\"'\\\n\r\té\U0001f600 ", max_size=12)
PLAIN = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | TEXTS
    | st.dates()
    | st.times()
    | st.datetimes(timezones=ZONES)
)
KEYS = st.text(alphabet="abc-_1", min_size=1, max_size=3) | TEXTS
TABLES = st.recursive(
    st.dictionaries(KEYS, PLAIN, max_size=4),
    lambda inner: st.dictionaries(
        KEYS, PLAIN | inner | st.lists(PLAIN, max_size=3) | st.lists(inner, min_size=1, max_size=3), max_size=4
    ),
    max_leaves=8,
)


class Writer:
    """Writes a dictionary as TOML, choosing among TOML's ways at random."""

    def __init__(self, random: Random, ending: str) -> None:
        self.random = random
        self.ending = ending
        self.lines: list[str] = []

    def key(self, name: str) -> str:
        if name and all(c in "abc-_1" for c in name) and self.random.random() < 0.8:
            return name
        return self.string(name, multiline=False)

    def string(self, value: str, *, multiline: bool) -> str:
        style = self.random.choice(["basic", "literal", "multi", "multi-literal"])
        printable = all(c == "\t" or (c.isprintable() and c not in "'\u2028") for c in value)
        if style == "literal" and printable:
            return f"'{value}'"
        if multiline and style == "multi-literal" and printable:
            return f"'''{self.ending}{value}'''"
        escaped = "".join(self.character(c) for c in value)
        if multiline and style == "multi":
            return f'"""{self.ending}{escaped}\\{self.ending}  {self.ending}"""'
        return f'"{escaped}"'

    def character(self, c: str) -> str:
        if c in '"\\':
            return "\\" + c
        if c.isprintable() and self.random.random() < 0.8:
            return c
        return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08X}"

    def value(self, value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str):
            return self.string(value, multiline=True)
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, list):
            gap = self.random.choice(["", " ", f" # c, ]{self.ending}  "])
            return f"[{gap}" + f",{gap}".join(self.value(item) + gap for item in value) + "]"
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{self.key(k)} = {self.value(v)}" for k, v in value.items()) + " }"
        return str(value)

    def pair(self, prefix: list[str], name: str, value: Any) -> None:
        if isinstance(value, dict) and value and self.random.random() < 0.4:
            for key, inner in value.items():
                self.pair([*prefix, name], key, inner)
            return
        dotted = self.random.choice([".", " . "]).join(self.key(k) for k in [*prefix, name])
        self.lines.append(f"{dotted} = {self.value(value)}")

    def table(self, header: list[str], content: dict[str, Any]) -> None:
        later: list[tuple[str, Any]] = []
        for name, value in content.items():
            tables = isinstance(value, dict) or (
                isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
            )
            if tables and self.random.random() < 0.7:
                later.append((name, value))
            else:
                self.pair([], name, value)
        for name, value in later:
            title = ".".join(self.key(k) for k in [*header, name])
            for item in value if isinstance(value, list) else [value]:
                self.lines.append(f"[[{title}]] # c" if isinstance(value, list) else f"[ {title} ]")
                self.table([*header, name], item)


@given(TABLES, st.randoms(use_true_random=False), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
@settings(deadline=None, max_examples=300)
def test_agrees_with_the_standard_library(content: dict[str, Any], random: Random, ending: str, mark: str) -> None:
    writer = Writer(random, ending)
    writer.table([], content)
    check_like_tomllib(mark + ending.join([*writer.lines, ""]))


PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(".".join)
LINES = st.one_of(
    PATHS.map("[{}]".format),
    PATHS.map("[[{}]]".format),
    st.tuples(PATHS, st.sampled_from(["1", "{}", "[]", "{ a.b = 1 }", "{ a = {}, a.b = 1 }", "[{ a = 1 }]"])).map(
        " = ".join
    ),
)


@given(st.lists(LINES, max_size=6).map("\n".join))
@settings(deadline=None, max_examples=800)
def test_what_may_be_defined_again_is_what_the_standard_library_allows(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(ParseError):
            toml.parse(text)
    else:
        check_like_tomllib(text)


@given(st.text(alphabet="ab1.-=[]{}\"'\\#, \n\t_:TZe+", max_size=16))
@settings(deadline=None, max_examples=2000)
def test_accepts_what_the_standard_library_accepts(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    check_like_tomllib(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff",
        "# only a comment",
        'a = """x""""\nb = """"x"""""\n',
        "a = '''x''''\nb = ''''x'''''",
        'a = """"""\nb = ""\nc = ' + "''''''",
        'a = """\n  x \\\n   \n  y\\t"""',
        'a = """\r\n  x \\\r\n   \r\n  y\r\n"""',
        "a = '''\r\nx\r\ny'''",
        'a = "\\b\\t\\n\\f\\r\\"\\\\\\u00e9\\U0001F600"',
        "1.2 = 3\n2000-01-01 = 1\ntrue = true\n-=1\n\"\" = 1\n'' . x = 2".replace("'' .", '" " .'),
        "a = 0xdead_beef\nb = 0o17\nc = 0b1\nd = 1_000\ne = +1\nf = -0",
        "a = inf\nb = -nan\nc = 1e5\nd = 6.626e-34\ne = -0.0",
        "a = 1979-05-27 07:32:00\nb = 07:32:00\nc = 1979-05-27T07:32:00.999999Z\nd = 1979-05-27",
        "a = [1, # c\n2,\n]\nb = [\n]\nc = [[1], ['x']]",
        '[ a . b ]\nx = 1\n[[ a . "c" ]]\n[a.c.d]\n[[a.c]]\n[a]\ny=1',
        "[a.b.c]\n[a]\nb.d = 1\n[x.y]\n[x.z]",
        "é = 1".replace("é", '"é"') + " # ü\n[\"ß\"]\nx = 'ö' # \u2028",
    ],
)
def test_agrees_on_what_is_rare(text: str) -> None:
    check_like_tomllib(text)


@pytest.mark.parametrize(
    "text",
    [
        '[tool.poetry.dependencies]\ndjango = "^5"',
        '[tool.poetry]\ndependencies.django = "^5"',
        'tool.poetry.dependencies.django = "^5"',
        '[tool]\npoetry = { dependencies = { django = "^5" } }',
        '[tool]\npoetry.dependencies = { django = "^5" }\n[tool.other]',
        "[tool.poetry.group.x]\n[tool.poetry]\n[tool.poetry.dependencies]\n\"django\" = '^5'",
    ],
)
def test_tables_are_found_whichever_way_they_are_written(text: str) -> None:
    found = path(toml.parse(text), "tool", "poetry", "dependencies", "django")
    assert found.value == "^5"
    assert text[found.span.start : found.span.end] == "^5"


def test_lines_are_those_of_the_source() -> None:
    root = toml.parse('\n[a.b]\r\nx = """\n1"""\n\n[[c]]\ny = [\n  "z",\n]\n')
    assert isinstance(root.get("a"), Table)
    assert root.table("a").line == 2
    assert root.table("a", "b").line == 2
    assert path(root, "a", "b", "x").line == 3
    item = root.array("c")[0]
    assert isinstance(item, Table)
    assert item.line == 6
    assert [node.line for node in item.array("y")] == [8]


def test_what_toml_1_1_adds_is_read() -> None:
    text = 'a = { # c\r\n  b = "\\e\\x41", # c\n  c.d = { },\n}\nt = 07:32\nu = 1979-05-27 07:32Z\n'
    root = toml.parse(text)
    assert path(root, "a", "b").value == "\x1bA"
    assert path(root, "a", "b").line == 2
    assert root.table("a", "c", "d") == Table((), 3)
    assert (path(root, "t").value, path(root, "u").value) == ("07:32", "1979-05-27 07:32Z")
    check_spans(text, root)


def test_offsets_count_code_points() -> None:
    text = '# \U0001f600 é\nname = "ü" # ß\nversion = "1.2"\n'
    found = path(toml.parse(text), "version")
    assert text[found.span.start : found.span.end] == "1.2"


def test_what_has_no_escape_is_located() -> None:
    text = r'x = "a\tfoo>=1.2 \u00e9"'
    root = toml.parse(text)
    scalar = path(root, "x")
    check_spans(text, root)
    place = scalar.locate(2, 10)
    assert place is not None
    assert text[place.start : place.end] == "foo>=1.2"
    assert scalar.locate(0, 3) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\na = 2", 2),
        ("[a]\n[a]", 2),
        ("a.b = 1\n[a]", 2),
        ("a = 1\n[a.b]", 2),
        ("a = 1\n[[a]]", 2),
        ("a = {}\na.b = 1", 2),
        ("[a]\n\n[b]\nx = { y = 1,\n y = 2 }", 5),
        ("x = {,}", 1),
        ("x = { y = 1,, }", 1),
        ('x = "\\x4"', 1),
        ("x = { y = 1, y = 2 }", 1),
        ("\nx =\n", 2),
        ("[a", 1),
        ("[]", 1),
        ("x = 1 y = 2", 1),
        ('\nx = "\n', 2),
        ('x = """\n\n', 1),
        ('\nx = "\\ud800"', 2),
        ('x = "\\UFFFFFFFF"', 1),
        ('x = "\\q"', 1),
        ("x = 01", 1),
        ("x = [1 2]", 1),
        ("é = 1", 1),
        ("x = \u00a01", 1),
        ("x = 1\x00", 1),
        ("\ud800", 1),
        ("{}", 1),
        ("- a: b", 1),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        toml.parse(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 10_000 + "]" * 10_000,
        "a = " + "{ a = " * 10_000 + "1" + "}" * 10_000,
        "[" + "a." * 10_000 + "a]",
        "a." * 10_000 + "a = 1",
        "a = { " + "a." * 10_000 + "a = 1 }",
        f"[{'a.' * (MAX_DEPTH - 2)}a]\nb = {{ c = [] }}",
    ],
)
def test_nesting_is_bounded(text: str) -> None:
    with pytest.raises(ParseError, match="nested deeper"):
        toml.parse(text)


def test_what_is_as_deep_as_allowed_is_read() -> None:
    check_like_tomllib("a = " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    check_like_tomllib("[" + "a." * (MAX_DEPTH - 2) + "a]\nb = 1")


def test_large_hostile_texts_end() -> None:
    size = 5_000_000
    root = toml.parse('x = "' + "x" * size + '"')
    assert len(path(root, "x").value) == size
    for text in ('x = "' + "x" * size, "[" * size, "?" * size, 'x = """' + '"' * size + "a", "x = [1,\n" * 50_000):
        with pytest.raises(ParseError):
            toml.parse(text)


def test_plain_keys_are_scalars_too() -> None:
    root = toml.parse("a.'b c' = 1")
    ((key, node),) = root.entries
    assert isinstance(node, Table)
    assert key == Scalar("a", key.span, 1)
    assert [inner.value for inner, _ in node.entries] == ["b c"]
