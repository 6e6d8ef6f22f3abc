from __future__ import annotations

import pytest

from bot.core.model import Index
from bot.ecosystems.npmrc import ecosystem, extract


def indexes(text: str) -> dict[str, str]:
    facts = extract(".npmrc", text)
    assert facts.statements == ()
    assert all(isinstance(one, Index) and one.primary and one.registry == "npm" for one in facts.declarations)
    return {one.scope: one.url for one in facts.declarations if isinstance(one, Index)}


def test_registries_for_all_and_for_a_scope() -> None:
    text = "\ufeffregistry=https://all.example/npm/\r\n@acme:registry = 'https://acme.example' ; ours\r\n"
    assert indexes(text) == {"": "https://all.example/npm", "@acme": "https://acme.example"}


def test_the_last_one_counts() -> None:
    assert indexes("registry=https://a.example\nregistry=https://b.example\n") == {"": "https://b.example"}


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("${NPM_REGISTRY}", "${NPM_REGISTRY}"),
        ("https://${HOST}/npm", "https://${HOST}/npm"),
        ("https://user:pass@a.example/npm", "https://a.example/npm"),
        ("https://${USER}:${PASS}@a.example/npm", "https://a.example/npm"),
        ("http://127.0.0.1:4873/", "http://127.0.0.1:4873"),
        ("https://a.example/@scope/x", "https://a.example/@scope/x"),
    ],
)
def test_variables_stay_and_user_info_goes(value: str, url: str) -> None:
    assert indexes(f"registry={value}") == {"": url}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# registry=https://a.example",
        "; registry=https://a.example",
        "registry=",
        "registry=file:///etc",
        "registry=not a url",
        "registry=https://a.example/\x01",
        "registry=https://" + "a" * 600,
        "my-registry=https://a.example",
        "[section]\nregistry=https://a.example",
        "//a.example/:_authToken=secret",
        "_auth=secret",
    ],
)
def test_everything_else_is_left_out(text: str) -> None:
    assert indexes(text) == {}


def test_a_file_without_the_word_is_not_read() -> None:
    assert ecosystem.hints == ("registry",)
