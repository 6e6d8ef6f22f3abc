from __future__ import annotations

import pytest

from bot.core.model import FileFacts, Index, ParseError
from bot.ecosystems.yarnrc import ecosystem, extract


def read(text: str) -> FileFacts:
    return extract(".yarnrc.yml", text)


def test_catalogs() -> None:
    found = read("catalog:\n  a: 'npm:^1.0.0'\ncatalogs:\n  next:\n    b: 2.0.0 # freshline: ignore\n")
    assert [(s.package.name, s.constraint, s.context.group, s.ignored is None) for s in found.statements] == [
        ("a", "^1.0.0", "catalog:default", True),
        ("b", "2.0.0", "catalog:next", False),
    ]


def test_registries_and_no_tokens() -> None:
    found = read(
        'npmRegistryServer: "https://user:secret@all.example/npm/"\n'
        "npmAuthToken: secret\n"
        "npmScopes:\n"
        "  acme: {npmRegistryServer: 'https://${HOST}/npm', npmAuthToken: secret}\n"
        "  '@b': {npmRegistryServer: 'https://b.example'}\n"
        "  c: {npmAlwaysAuth: true}\n"
        "  d: text\n"
    )
    assert found.declarations == (
        Index("npm", "https://all.example/npm", primary=True),
        Index("npm", "https://${HOST}/npm", primary=True, scope="@acme"),
        Index("npm", "https://b.example", primary=True, scope="@b"),
    )
    assert "secret" not in repr(found)


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(ParseError):
        read("- a\n")


def test_only_files_that_say_something_are_worth_reading() -> None:
    assert ecosystem.hints == ("catalog", "npmRegistryServer")
