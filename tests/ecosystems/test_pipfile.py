import pytest

from bot.core.model import DeclaredRuntime, Index, ParseError, SkipReason
from bot.ecosystems.pipfile import extract

TEXT = """
[[source]]
name = "main"
url = "https://user:secret@main.example/simple"
[[source]]
name = "pypi"
url = "https://index.example/simple"
[[source]]
url = "https://third.example/simple"
[[source]]
name = "no address"

[packages]
a = ">=1"
b = { version = ">=1", index = "pypi", sys_platform = "== 'win32'", markers = "python_version < '3'" }
c = { index = "third" }
d = { version = "*", os_name = "== 'nt'" }
e = []
g = 1
h = ""

[custom]
f = "<2"

[requires]
python_version = "3.11"
python_full_version = "3.11.4"

[pipenv]
allow_prereleases = true
"""


def test_extract() -> None:
    facts = extract("Pipfile", TEXT)
    main = "https://main.example/simple"
    assert [(s.package.name, s.constraint, s.package.url, s.context.group) for s in facts.statements] == [
        ("a", ">=1", main, "dependencies"),
        ("b", ">=1", None, "dependencies"),
        ("c", "", main, "dependencies"),
        ("d", "*", main, "dependencies"),
        ("g", "", main, "dependencies"),
        ("h", "", main, "dependencies"),
        ("f", "<2", main, "group:custom"),
    ]
    assert facts.declarations == (
        DeclaredRuntime("python", "pep440", "3.11.4"),
        Index("pypi", main, primary=True),
        Index("pypi", "https://third.example/simple", primary=False),
    )


def test_markers() -> None:
    markers = {s.package.name: s.context.marker for s in extract("Pipfile", TEXT).statements}
    assert markers["b"] == "(python_version < '3') and (sys_platform == 'win32')"
    assert markers["d"] == "os_name == 'nt'"
    assert markers["a"] == ""


def test_obstacles() -> None:
    found = {s.package.name: s.obstacle.reason for s in extract("Pipfile", TEXT).statements if s.obstacle}
    assert found == {"c": SkipReason.UNKNOWN_REGISTRY, "d": SkipReason.FLOATING, "g": SkipReason.UNSUPPORTED_CONSTRAINT}


def test_empty_and_broken() -> None:
    assert extract("Pipfile", "").statements == ()
    assert extract("Pipfile", "").declarations == ()
    with pytest.raises(ParseError):
        extract("Pipfile", "[packages")
