import configparser

import pytest

from bot.core.model import DeclaredRole, DeclaredRuntime, Include, ParseError, Role, SkipReason
from bot.ecosystems.setup_cfg import extract

TEXT = """\
# comment
[metadata]
name = x

[options]
install_requires =
  a>=1 # why
  ; no

  # nor this
    b [x] <2 ; python_version < "3"
tests_require = c==1
[options.extras_require]
docs : d
dev =
\te
"""


def test_statements() -> None:
    facts = extract("setup.cfg", TEXT)
    assert [(s.package.name, s.constraint, s.context.group, s.line) for s in facts.statements] == [
        ("a", ">=1", "dependencies", 7),
        ("b", "<2", "dependencies", 11),
        ("c", "==1", "tests", 12),
        ("d", "", "optional:docs", 14),
        ("e", "", "optional:dev", 16),
    ]
    assert facts.statements[1].context.marker == 'python_version < "3"'


def test_values_are_those_of_configparser() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(TEXT)
    lines = [line for line in parser["options"]["install_requires"].splitlines() if line]
    assert lines == ["a>=1 # why", 'b [x] <2 ; python_version < "3"']


def test_build_requirements_are_not_lockable() -> None:
    (statement,) = extract("setup.cfg", "[options]\nsetup_requires = a\n").statements
    assert (statement.context.group, statement.lockable) == ("build-system", False)


def test_declarations() -> None:
    text = "[options]\npython_requires = >=3.8\ninstall_requires = file: r.txt, more.txt\n"
    text += "[options.extras_require]\nx = file: /etc/r\n"
    facts = extract("svc/setup.cfg", text)
    (floor,) = facts.statements
    assert (floor.subject, floor.constraint, floor.pins[0].text) == ("runtime:python", ">=3.8", ">=3.8")
    assert facts.declarations == (
        DeclaredRuntime("python", "pep440", ">=3.8"),
        Include("svc/r.txt"),
        Include("svc/more.txt"),
    )


@pytest.mark.parametrize(
    ("metadata", "role"),
    [
        ("version = 1", None),
        ("name = x", Role.APPLICATION),
        ("name = x\nlong-description = y", Role.LIBRARY),
        ("name = x\nlicense = MIT\nclassifiers =\n  A\n  Private :: Do Not Upload", Role.APPLICATION),
    ],
)
def test_role(metadata: str, role: Role | None) -> None:
    declared = extract("setup.cfg", f"[metadata]\n{metadata}\n").declarations
    assert declared == (() if role is None else (DeclaredRole(role),))


def test_comments_speak() -> None:
    text = "[options]\ninstall_requires =\n    # freshline: ignore\n    a<2\n    b<2 # freshline: pypi=c\n"
    a, c = extract("setup.cfg", text).statements
    assert a.ignored == "asked by a comment on line 4"
    assert c.package.name == "c"


@pytest.mark.parametrize(("text", "line"), [("a = 1\n", 1), ("[x]\njust words\n", 2), ("[x]\n= 1\n", 2), ("\n[x\n", 2)])
def test_what_configparser_refuses(text: str, line: int) -> None:
    with pytest.raises(configparser.Error):
        configparser.ConfigParser(interpolation=None).read_string(text)
    with pytest.raises(ParseError) as caught:
        extract("setup.cfg", text)
    assert caught.value.line == line


def test_computed_names_are_refused() -> None:
    (statement,) = extract("setup.cfg", "[options]\ninstall_requires = {{ name }}\n").statements
    assert statement.obstacle is not None
    assert statement.obstacle.reason is SkipReason.INVALID_NAME


def test_what_takes_in_another_option() -> None:
    text = """[options]
install_requires = %(other)s
other = a
[options.extras_require]
my-base = a>=1
all =
    %(My_Base)s
    %(missing)s
    b>=%(version)s
"""
    found = [(s.package.name, s.obstacle.reason if s.obstacle else None) for s in extract("setup.cfg", text).statements]
    unsupported = SkipReason.UNSUPPORTED_CONSTRAINT
    assert found == [
        ("%(other)s", unsupported),
        ("a", None),
        ("%(missing)s", unsupported),
        ("b>=%(version)s", unsupported),
    ]


def test_empty() -> None:
    assert extract("setup.cfg", "# nothing\n[options]\n").statements == ()
    assert extract("setup.cfg", "").statements == ()
    (only,) = extract("setup.cfg", "[options]\ninstall_requires = a; ;\n").statements
    assert only.package.name == "a"


def test_long_lines_end_soon() -> None:
    assert extract("setup.cfg", "[options]\ninstall_requires = " + ";" * 500_000).statements == ()
