from __future__ import annotations

import pytest

from bot.core.model import FileFacts, ParseError, SkipReason, Workspace
from bot.ecosystems.pnpm_workspace import ecosystem, extract


def read(text: str) -> FileFacts:
    return extract("pnpm-workspace.yaml", text)


def test_members_catalogs_and_overrides() -> None:
    found = read(
        "packages:\n  - packages/*\n  - '!**/test/**'\n"
        "catalog:\n  a: ^1.0.0\n"
        "catalogs:\n  next:\n    '@s/b': 2.0.0\n"
        "overrides:\n  c@1>d: 3.0.0\n  e@^4: 4.0.0\n"
    )
    assert found.declarations == (Workspace(("packages/*",), ("**/test/**",)),)
    assert [(s.package.name, s.constraint, s.context.group, s.line, len(s.pins)) for s in found.statements] == [
        ("a", "^1.0.0", "catalog:default", 5, 1),
        ("@s/b", "2.0.0", "catalog:next", 8, 1),
        ("d", "3.0.0", "overrides", 10, 1),
        ("e", "4.0.0", "overrides", 11, 0),
    ]


def test_comments_speak_to_freshline() -> None:
    found = read("catalog:\n  a: ^1.0.0 # freshline: ignore\n  # freshline: npm=other\n  b: ^1.0.0\n")
    assert [(s.package.name, s.ignored) for s in found.statements] == [
        ("a", "asked by a comment on line 2"),
        ("other", None),
    ]


def test_a_merge_key_is_no_package() -> None:
    found = read("x: &x\n  a: 1.0.0\ncatalog:\n  <<: *x\n  b: 1.0.0\n")
    assert [s.package.name for s in found.statements] == ["b"]


@pytest.mark.parametrize("value", ["1", "1.5", "null", "", "[1.0.0]", "{a: 1.0.0}", "2024-01-01"])
def test_a_value_that_is_no_text_is_an_obstacle(value: str) -> None:
    (statement,) = read(f"catalog:\n  a: {value}\n").statements
    assert statement.obstacle is not None
    assert (statement.obstacle.reason, statement.pins) == (SkipReason.UNSUPPORTED_CONSTRAINT, ())


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert read(text) == FileFacts("pnpm-workspace.yaml", "pnpm_workspace", ())


@pytest.mark.parametrize("text", ["- a\n", "text\n", "a: 1\n---\nb: 2\n", "a: [\n", "{" * 10_000, "a: *b\n"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


def test_an_alias_bomb_is_refused() -> None:
    rows = ["a0: &a0 {x: 1.0.0}"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(ParseError):
        read("\n".join([*rows, "catalog: *a0"]))


def test_two_names_may_share_one_place() -> None:
    text = "catalog:\n  a: &version ^1.0.0\n  b: *version\n"
    first, second = read(text).statements
    assert first.pins == second.pins
    assert text[first.pins[0].span.start : first.pins[0].span.end] == "^1.0.0"


def test_the_pattern() -> None:
    assert ecosystem.patterns == ("pnpm-workspace.yaml",)
