from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.annotations import annotate
from bot.core.model import Kind, Package, Statement
from bot.formats import hcl
from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Table
from tests.formats.trees import check_spans, path, scalars


@dataclass(frozen=True)
class Raw:
    """What is no string: a number, a keyword, or an expression, as it is written."""

    text: str


def plain(node: Node) -> Any:
    if isinstance(node, Table):
        return {"object": [(plain(key), plain(value)) for key, value in node.entries]}
    if isinstance(node, Array):
        return [plain(item) for item in node.items]
    return node.value if node.string else Raw(node.value)


def outline(block: hcl.Block) -> Any:
    """Everything that a document says, without where it stands."""
    attributes = [(key.value, plain(node)) for key, node in block.attributes.entries]
    return block.type, [label.value for label in block.labels], attributes, [outline(inner) for inner in block.blocks]


def nodes(document: hcl.Block) -> Iterator[Node]:
    for block in (document, *(found[-1] for found in document.walk())):
        yield from block.labels
        yield block.attributes


def parts(expression: Node) -> list[Any]:
    assert isinstance(expression, hcl.Expression)
    return [plain(part) for part in expression.parts]


def value(text: str) -> Node:
    """What stands in ``a = …``."""
    document = hcl.parse(f"a = {text}\n")
    for node in nodes(document):
        check_spans(f"a = {text}\n", node)
    (entry,) = document.attributes.entries
    return entry[1]


# Documents that a writer makes ------------------------------------------------------------------

TEXTS = st.text(max_size=10) | st.text(alphabet='ab"\\\n\r\té\U0001f600 ${}%', max_size=10)
BARE = ("a", "us-east-1", "_b", "version", "é", "for_each", "trueish", "if")
NAMES = st.sampled_from(BARE)
EXPRESSIONS = [
    "var.ami",
    'local.x["eu-west-1"].y[0]',
    '"${var.a}-b"',
    'a ? "b" : c',
    "f(x...)",
    "[for k, v in x : v if k != null]",
    "{for k in x : k => k...}",
    "!a.*.b[*]",
    '"a%{ if b }c%{ else }d%{ endif }"',
    "-(1 + 2)",
    "provider::aws::arn_parse(a)",
    'merge({ b = "c" }, [1])',
]
RAWS = st.sampled_from(["1", "-2", "1.5e-3", "true", "false", "null", *EXPRESSIONS]).map(Raw)
VALUES = st.recursive(
    TEXTS | RAWS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(NAMES | TEXTS, inner), max_size=3).map(lambda entries: {"object": entries})
    ),
    max_leaves=6,
)
BODIES: st.SearchStrategy[Any] = st.recursive(
    st.tuples(st.just(""), st.just([]), st.dictionaries(NAMES, VALUES, max_size=3).map(dict.items), st.just([])),
    lambda inner: st.tuples(
        NAMES,
        st.lists(TEXTS | NAMES, max_size=2),
        st.dictionaries(NAMES, VALUES, max_size=3).map(dict.items),
        st.lists(inner, max_size=3),
    ),
    max_leaves=5,
)


class Writer:
    """Writes what ``outline`` gives as HCL, choosing among HCL's ways at random."""

    def __init__(self, random: Random, ending: str) -> None:
        self.random = random
        self.ending = ending

    def space(self) -> str:
        return self.random.choice(["", " ", "\t ", " /* } */ "])

    def gap(self) -> str:
        comment = self.random.choice(["", "# ]", '// "', "/* \n */"])
        return self.random.choice(["", " ", comment + self.ending])

    def end(self) -> str:
        return self.space() + self.random.choice(["", "", "# c", "// c"]) + self.ending

    def string(self, text: str) -> str:
        return '"' + "".join(self.character(c, text[at + 1 : at + 2]) for at, c in enumerate(text)) + '"'

    def character(self, c: str, following: str) -> str:
        if c in "$%" and following == "{":
            return c + c
        if c in '"\\':
            return "\\" + c
        if c in "\n\r\t":
            return {"\n": "\\n", "\r": "\\r", "\t": self.random.choice(["\t", "\\t"])}[c]
        if self.random.random() < 0.8 or c in "$%{":
            return c
        return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08X}"

    def name(self, name: str) -> str:
        return name if name in BARE and self.random.random() < 0.7 else self.string(name)

    def value(self, value: Any) -> str:
        if isinstance(value, Raw):
            return value.text
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, list):
            items = [self.gap() + self.value(item) + self.gap() for item in value]
            return "[" + ",".join(items) + ("," if items and self.random.random() < 0.3 else "") + self.gap() + "]"
        return "{" + self.gap() + "".join(self.pair(*entry) for entry in value["object"]) + "}"

    def pair(self, key: str, value: Any) -> str:
        equals = self.space() + self.random.choice([" = ", " : ", "="]) + self.space()
        return self.name(key) + equals + self.value(value) + self.random.choice([",", "," + self.end(), self.end()])

    def body(self, body: Any) -> str:
        _, _, attributes, blocks = body
        lines = [self.space() + name + " = " + self.value(value) + self.end() for name, value in attributes]
        return self.gap() + "".join(lines + [self.block(block) for block in blocks]) + self.gap()

    def block(self, block: Any) -> str:
        title = " ".join([block[0], *(self.name(label) for label in block[1])])
        return self.gap() + title + self.space() + "{" + self.end() + self.body(block) + "}" + self.end()


def as_outline(body: Any, *, root: bool = True) -> Any:
    """What ``outline`` says of a document that a writer was given."""
    kind, labels, attributes, blocks = body
    inner = [as_outline(block, root=False) for block in blocks]
    return "" if root else kind, [] if root else labels, list(attributes), inner


@given(BODIES, st.randoms(use_true_random=False), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
@settings(deadline=None, max_examples=300)
def test_what_was_written_is_read(body: Any, random: Random, ending: str, mark: str) -> None:
    named = name_blocks(body)
    text = mark + Writer(random, ending).body(named)
    document = hcl.parse(text)
    assert outline(document) == as_outline(named)
    for node in nodes(document):
        check_spans(text, node)


@given(BODIES, st.randoms(use_true_random=False), st.sampled_from(["x", "ami-0f", "~> 5.1", ""]))
@settings(deadline=None, max_examples=200)
def test_a_literal_that_is_replaced_changes_that_value_alone(body: Any, random: Random, new: str) -> None:
    text = Writer(random, "\n").body(name_blocks(body))
    document = hcl.parse(text)
    before = [scalar for node in nodes(document) for scalar in scalars(node)]
    literal = [at for at, scalar in enumerate(before) if scalar.string and text[scalar.span.start - 1] == '"']
    for at in literal:
        span = before[at].span
        after = [s for n in nodes(hcl.parse(text[: span.start] + new + text[span.end :])) for s in scalars(n)]
        expected = [(scalar.value, scalar.string) for scalar in before]
        expected[at] = (new, True)
        assert [(scalar.value, scalar.string) for scalar in after] == expected


def name_blocks(body: Any) -> Any:
    """The same with a type for every block that has none (only the document has none)."""
    kind, labels, attributes, blocks = body
    return kind or "empty", labels, attributes, [name_blocks(block) for block in blocks]


@given(st.text(alphabet="ab1.-=[]{}()\"'\\#/*,? :\n\r\t$%<E!+~", max_size=24))
@settings(deadline=None, max_examples=1500)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        document = hcl.parse(text)
    except ParseError:
        return
    for node in nodes(document):
        check_spans(text, node)


# One thing at a time ----------------------------------------------------------------------------

MODULE = """\
# The network.
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws" // the registry's
  version = "~> 5.1"
  azs     = ["a", "b", ]

  dynamic "setting" {
    for_each = var.settings
    content { name = setting.value }
  }
}

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}
"""


def test_a_module() -> None:
    document = hcl.parse(MODULE)
    assert (document.type, document.line, document.span.end) == ("", 1, len(MODULE))
    module, terraform = document.blocks
    assert (module.type, module.line, module.labels[0].value) == ("module", 2, "vpc")
    assert MODULE[module.span.start : module.span.end].startswith('module "vpc" {')
    assert MODULE[module.span.start : module.span.end].endswith("\n}")
    assert module.attributes.text("source") == "terraform-aws-modules/vpc/aws"
    assert path(module.attributes, "version").line == 4
    assert plain(Array(module.attributes.array("azs"))) == ["a", "b"]
    assert list(document.named("terraform", "locals")) == [terraform]
    (providers,) = terraform.named("required_providers")
    assert providers.attributes.text("aws", "version") == ">= 5.0"
    assert [[block.type for block in found] for found in document.walk()] == [
        ["module"],
        ["module", "dynamic"],
        ["module", "dynamic", "content"],
        ["terraform"],
        ["terraform", "required_providers"],
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('"a"', "a"),
        ('""', ""),
        (r'"\n\r\t\"\\"', '\n\r\t"\\'),
        (r'"\u00e9\U0001F600"', "é\U0001f600"),
        ('"$${a} %%{b} $ % $$ %% $$$ $"', "${a} %{b} $ % $$ %% $$$ $"),
        ('"$$${a}"', "$${a}"),
        ("1", Raw("1")),
        ("-1.5E+3", Raw("-1.5E+3")),
        ("true", Raw("true")),
        ("null # c", Raw("null")),
        ("truex", Raw("truex")),
        ("[]", []),
        ("[1,\n -2, # c\n null]", [Raw("1"), Raw("-2"), Raw("null")]),
        ("[true]", [Raw("true")]),
        ("[[], [a + null]]", [[], [Raw("a + null")]]),
        ("{}", {"object": []}),
        ('{a = 1, "b" : "c"\n\n}', {"object": [("a", Raw("1")), ("b", "c")]}),
        ("{a : {b = [\n1\n]}}", {"object": [("a", {"object": [("b", [Raw("1")])]})]}),
        ('{(a) = "b", c.d = 1, 1 = 2}', {"object": [(Raw("(a)"), "b"), (Raw("c.d"), Raw("1")), (Raw("1"), Raw("2"))]}),
        ('{"${a}" = 1, "b" = c ? d : e}', {"object": [(Raw('"${a}"'), Raw("1")), ("b", Raw("c ? d : e"))]}),
        ("{[1] = 2, {} = 3}", {"object": [(Raw("[1]"), Raw("2")), (Raw("{}"), Raw("3"))]}),
        ("{true = false}", {"object": [("true", Raw("false"))]}),
        ("<<E\nx\n  y\n E \t", "x\n  y\n"),
        ("<<E-1\nE-1", ""),
        ("<<E\n$${x} %%{ y } $ %\n\\n\nE", "${x} %{ y } $ %\n\\n\n"),
        ("<<-E\n    a\n\n  \n   $${b}\n  E", " a\n\n  \n${b}\n"),
        ("<<-E\n\ta\n b\nE", "a\nb\n"),
        ("<<-E\na\nE", "a\n"),
        ("<<-E\nE", ""),
        ("<<E\r\nx\r\nE\r", "x\r\n"),
        ("<<E\nE\u00a0\u2003", ""),
    ],
)
def test_literals(text: str, wanted: Any) -> None:
    assert plain(value(text)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("var.ami", []),
        ("a.b[0].*.c[*]", []),
        ("- 1", []),
        ("!true", []),
        ("--1", []),
        ("-a", []),
        ("1 - 1", []),
        ("1 -1", []),
        ("a/b/* c */%c", []),
        ("(1)", []),
        ('("a")', ["a"]),
        ('"a${b}"', []),
        ('"a${b["c"]}d${e.f[0]}"', []),
        ('"${f("a")}${~ b ? "c" : d ~}"', ["a", "c"]),
        ('"%{if a == "b"~}c%{else}d%{endif}%{for x, y in ["e"]}f%{endfor}"', ["b", ["e"]]),
        ('x ? "a" : y ? "b" : c', ["a", "b"]),
        ('x == "a" && !y || z >= 1 ? [1] : {a = "b"}', ["a", [Raw("1")], {"object": [("a", "b")]}]),
        ('(x\n? "a"\n: "b")', ["a", "b"]),
        ("f()", []),
        ('f("a", 1, b, "c",)', ["a", "c"]),
        ('f("a" == "b", g("c")...)', ["a", "b", "c"]),
        ("f(\na... # c\n)", []),
        ('{a = "b"}[c]', [{"object": [("a", "b")]}]),
        ('["a"][0].b', [["a"]]),
        ('a["b${c}"][d ? "e" : f]', ["e"]),
        ("a[ * ]", []),
        ("a .b", []),
        ("(a\n.b\n[0])", []),
        ('[for x in ["a"] : x if x != "b"]', [["a"], "b"]),
        ("[\nfor k, v in x\n: v\n]", []),
        ('{for k, v in {a = "b"} : k => "c"... if true}', [{"object": [("a", "b")]}, "c"]),
        ("{\n# c\nfor k in x : k => k}", []),
        ("[for x in a ? b : c : x]", []),
        ("f(<<E\na\nE\n, 1)", ["a\n"]),
        ('<<E\na ${b}\n${\nf("c")\n}E\nE', ["c"]),
        ("<<-E\n%{ if a }\n%{ endif }\nE", []),
        ('"${<<E\na\nE\n}"', ["a\n"]),
        ("-<<E\na\nE", ["a\n"]),
    ],
)
def test_expressions_are_kept_as_they_stand(text: str, wanted: list[Any]) -> None:
    node = value(text)
    assert isinstance(node, hcl.Expression)
    assert (node.value, node.string) == (text, False)
    assert parts(node) == wanted


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("var.ami", ("var", "ami")),
        ("a", ("a",)),
        ('local.x["eu-west-1"]', ("local", "x", "eu-west-1")),
        ('local.x["a.b"].c-d[0].1.*', ("local", "x", "a.b", "c-d", "0", "1", "*")),
        ('"${var.ami}"', ("var", "ami")),
        ('"${ local.x["a"] }"', ("local", "x", "a")),
        ('"${var.a}${var.b}"', ()),
        ('"x-${var.a}"', ()),
        ("a + b", ()),
        ("a[b]", ()),
        ("f(x)", ()),
        ('"${a ? b : c}"', ()),
    ],
)
def test_plain_references(text: str, steps: tuple[str, ...]) -> None:
    node = value(text)
    assert isinstance(node, hcl.Expression)
    assert node.reference == steps


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("jsonencode([{ a = 1 }])", "jsonencode"),
        ("f (1)", "f"),
        ("provider::aws::f(1)", "provider::aws::f"),
        ("f(1).a", ""),
        ("f(1) + g(2)", ""),
        ("-f(1)", ""),
        ("(f(1))", ""),
        ("var.a", ""),
    ],
)
def test_the_function_that_an_expression_calls(text: str, function: str) -> None:
    node = value(text)
    assert isinstance(node, hcl.Expression)
    assert node.function == function


def test_literals_in_a_call_have_their_spans() -> None:
    text = 'x = jsonencode([{ image = "nginx:1.25" }]) # c\n'
    node = hcl.parse(text).attributes.get("x")
    assert isinstance(node, hcl.Expression)
    (array,) = node.parts
    assert isinstance(array, Array)
    image = path(array.items[0], "image")
    assert text[image.span.start : image.span.end] == image.value == "nginx:1.25"
    assert (node.line, array.line, image.line) == (1, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff",
        "# c",
        "/* c */",
        "a {}",
        "a { }",
        "a { b = 1 }",
        'a b "c" { /* d */ }',
        'a"b"{}',
        "a {\n}",
        "a { # c\n}",
        "a { b = { c = 1\n} }",
        "a = 1",
        "a = 1 // b",
        "a = 1 /* b\nc */",
        "a = <<E\nb\nE\nc = 1\n",
        "a {}\na = 1",
        "for = 1\nif {}",
    ],
)
def test_other_documents(text: str) -> None:
    for node in nodes(hcl.parse(text)):
        check_spans(text, node)


def test_labels_are_decoded_and_have_their_spans() -> None:
    (block,) = hcl.parse(r'resource "a\"b" c-d {}').blocks
    assert [(label.value, label.span.start, label.span.end) for label in block.labels] == [
        ('a"b', 10, 14),
        ("c-d", 16, 19),
    ]


def test_an_attribute_and_a_key_have_their_lines() -> None:
    document = hcl.parse("a = {\n  b = [\n 1,\n 'c'.length ]\n}".replace("'c'.length", "c.length"))
    key, node = document.attributes.entries[0]
    assert isinstance(node, Table)
    inner, array = node.entries[0]
    assert isinstance(array, Array)
    assert (key.line, node.line, inner.line, array.line) == (1, 1, 2, 2)
    assert [item.line for item in array.items] == [3, 4]


def test_heredoc_lines_can_be_located() -> None:
    text = "a = <<-E\n    image: nginx:1.25\n      x: 1\n    E\n"
    scalar = path(hcl.parse(text).attributes, "a")
    assert scalar.value == "image: nginx:1.25\n  x: 1\n"
    place = scalar.locate(7, 17)
    assert place is not None
    assert text[place.start : place.end] == "nginx:1.25"
    assert scalar.line == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a", 1),
        ("\na b", 2),
        ("a = 1 b = 2", 1),
        ("a = 1;", 1),
        ("a {} b {}", 1),
        ("}", 1),
        ("a {\n", 2),
        ("a { b = 1\n}", 1),
        ("a {\n b = 1 }", 2),
        ("a { b {} }", 1),
        ("a { b = 1, c = 2 }", 1),
        ('a "b${c}" {}', 1),
        ('a "b"\n{}', 1),
        ("a =\n1", 1),
        ("a == 1", 1),
        ("a => 1", 1),
        ("a : 1", 1),
        ("1 = 2", 1),
        ('"a" = 1', 1),
        ("a = 'b'", 1),
        ("a = `b`", 1),
        ("a = .5", 1),
        ("a = 1abc", 1),
        ("a = 0x10", 1),
        ("a = b c", 1),
        ("a = b &", 1),
        ("a = b & c", 1),
        ("a = 1 +\n2", 1),
        ("a = b ? c", 1),
        ("a = b ? c : d : e", 1),
        ("a = b(", 1),
        ("a = b(,)", 1),
        ("a = b(1 2)", 1),
        ("a = b(c..., d)", 1),
        ("a = b[]", 1),
        ("a = b[0, 1]", 1),
        ("a = b[\n*]", 1),
        ("a = ()", 1),
        ("a = (1", 1),
        ("a = [", 1),
        ("a = [,]", 1),
        ("a = [1 2]", 1),
        ("a = {", 1),
        ("a = {,}", 1),
        ("a = {b = 1,, c = 2}", 1),
        ("a = {b = 1 c = 2}", 1),
        ("a = {b = 1; c = 2}", 1),
        ("a = {b\n= 1}", 1),
        ("a = {b =\n1}", 1),
        ("a = {b => 1}", 1),
        ("a = {b}", 1),
        ("a = {b = 1 # }", 1),
        ("a = {for = 1}", 1),
        ("a = [for]", 1),
        ("a = [for k, in x : k]", 1),
        ("a = [for k in x]", 1),
        ("a = [for k in x : k => k]", 1),
        ("a = [for k in x : k...]", 1),
        ("a = {for k in x : k}", 1),
        ("a = {for k in x : k => k}}", 1),
        ('a = "', 1),
        ('a = "b\nc"', 1),
        ('a = "b\rc"', 1),
        (r'a = "\$"', 1),
        (r'a = "\u12"', 1),
        (r'a = "\ud800"', 1),
        (r'a = "\U00110000"', 1),
        ('a = "${}"', 1),
        ('a = "${b"', 1),
        ('a = "${b', 1),
        ('a = "%{ if b }c"', 1),
        ('a = "%{ endif }"', 1),
        ('a = "%{ for b in c }%{ endif }"', 1),
        ('a = "%{ if b }%{ else }%{ else }%{ endif }"', 1),
        ('a = "%{ for b }%{ endfor }"', 1),
        ('a = "%{ b }"', 1),
        ("a = <<E", 1),
        ("a = <<E\nb\n", 3),
        ("a = <<E\nE", 2),
        ("a = <<E \nE\n", 1),
        ("a = <<E\n${b}E\n", 3),
        ("a = <<E\n%{ if b }\nE\n", 3),
        ("a = <<E\n${\n", 2),
        ("a = <<E\nb ${c\nE\n", 2),
        ("a = 1 /* b", 1),
        ("a = 1\r", 1),
        ("a\u00a0= 1", 1),
        ("a = 1\n\na = 2", 3),
        ("a {\n b = 1\n c = 2\n c = 3\n b = 4\n}", 4),
        ("a { b = 1 }\x00", 1),
        ("\ud800", 1),
        ('{ "a": 1 }', 1),
    ],
)
def test_what_is_not_hcl_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        hcl.parse(text)
    assert caught.value.line == line


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ParseError, match=r"line 2: expected the end of the line, found 'c'"):
        hcl.parse("\na = b c")
    with pytest.raises(ParseError, match="attribute 'a' is defined twice"):
        hcl.parse("a = 1\na = 1")
    with pytest.raises(ParseError, match="expected a line 'EOT' that closes the heredoc"):
        hcl.parse("a = <<EOT\n")
    with pytest.raises(ParseError, match="'if' without its end"):
        hcl.parse('a = "%{ if b }"')


NESTS = [
    ("(", "1", ")"),
    ("[", "", "]"),
    ("{ a = ", "1", "}"),
    ("f(", "", ")"),
    ("a[", "b", "]"),
    ("[for a in b : ", "1", "]"),
    ("{for a in b : a => ", "1", "}"),
]


@pytest.mark.parametrize(("opener", "middle", "closer"), NESTS)
def test_nesting_is_bounded(opener: str, middle: str, closer: str) -> None:
    for deep in (MAX_DEPTH + 1, 20_000):
        with pytest.raises(ParseError, match="nested deeper"):
            hcl.parse("a = " + opener * deep + middle + closer * deep)
    value(opener * MAX_DEPTH + middle + closer * MAX_DEPTH)


def test_blocks_and_templates_are_bounded_too() -> None:
    for text in (
        "a {\n" * (MAX_DEPTH + 1) + "}\n" * (MAX_DEPTH + 1),
        "a {\n" * MAX_DEPTH + "b = [1 + 1]\n" + "}\n" * MAX_DEPTH,
        'a = "${' + '"${' * MAX_DEPTH + "1" + '}"' * (MAX_DEPTH + 1),
        "a = <<E\n" + "%{ if b }" * (MAX_DEPTH + 1) + "\nE\n",
    ):
        with pytest.raises(ParseError, match="nested deeper"):
            hcl.parse(text)
    hcl.parse("a {\n" * MAX_DEPTH + "}\n" * MAX_DEPTH)
    half = MAX_DEPTH // 2
    value('"${' * half + "1" + '}"' * half)


def test_large_hostile_texts_end() -> None:
    size = 1_000_000
    assert len(path(hcl.parse('x = "' + "x" * size + '"').attributes, "x").value) == size
    for text in (
        'x = "' + "x" * size,
        "x = [" * size,
        "x = " + "!" * size,
        "x = " + "a." * size,
        "x = " + "a[" * size,
        'x = "' + "${a}" * (size // 4) + "${f(1)}",
        "x = [1 + 1,\n" + "a + b,\n" * 50_000,
        "x" + ' "y"' * size,
        "x = 1 " + "/*" * size,
        "x = " + "/* */" * (size // 5) + "?",
        "x = <<-E\n" + "  y\n" * (size // 4),
        "x = <<E\n" + "${a}\n" * (size // 20),
        "x = {\n" + "a = 1 + 1\n" * (size // 40),
    ):
        with pytest.raises(ParseError):
            hcl.parse(text)


def test_comments_of_every_kind_speak_to_freshline() -> None:
    text = (
        'a = "1" # freshline: ignore\n'
        'b = "1" // freshline: ignore later\n'
        "/* freshline: pypi=x */\n"
        'c = "1"\n'
        "# freshline: ignore\n"
        "d {}\n"
    )
    notes = hcl.notes(text)
    assert notes == {1: "ignore", 2: "ignore later", 4: "pypi=x", 6: "ignore"}
    scalar = path(hcl.parse(text).attributes, "a")
    statement = Statement(Package("npm", "a"), Kind.LIBRARY, "semver", scalar.value, (), scalar.line)
    (noted,) = annotate([statement], notes)
    assert noted.ignored == "asked by a comment on line 1"


def test_keys_are_scalars_also_where_they_are_evaluated() -> None:
    node = value("{a = 1, (b) = 2}")
    assert isinstance(node, Table)
    plain_key, computed = (key for key, _ in node.entries)
    assert type(plain_key) is Scalar
    assert isinstance(computed, hcl.Expression)
