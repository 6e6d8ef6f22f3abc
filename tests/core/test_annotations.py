import pytest

from bot.core.annotations import annotate
from bot.core.model import Kind, Package, Statement


def statement(line: int = 3, url: str | None = "https://index.example/simple") -> Statement:
    return Statement(Package("pypi", "a", url), Kind.LIBRARY, "pep440", "<2", (), line)


@pytest.mark.parametrize("note", ["ignore", "ignore until the LTS", " ignore "])
def test_ignore(note: str) -> None:
    (noted,) = annotate([statement()], {3: note})
    assert noted.ignored == "asked by a comment on line 3"
    assert noted.package == statement().package


@pytest.mark.parametrize("note", ["ignored", "", "what=", "=x", "Upper=x", "something else"])
def test_other_words_change_nothing(note: str) -> None:
    assert annotate([statement()], {3: note}) == (statement(),)


def test_other_lines_change_nothing() -> None:
    assert annotate([statement()], {2: "ignore"}) == (statement(),)
    assert annotate([statement()], {}) == (statement(),)


def test_mapping_replaces_the_package() -> None:
    (same,) = annotate([statement()], {3: "pypi=other"})
    assert same.package == Package("pypi", "other", "https://index.example/simple")
    (elsewhere,) = annotate([statement()], {3: "github_tags = owner/name because"})
    assert elsewhere.package == Package("github_tags", "owner/name")
