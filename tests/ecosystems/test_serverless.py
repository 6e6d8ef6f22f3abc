from __future__ import annotations

import pytest

from bot.core.model import FileFacts, ParseError
from bot.ecosystems.serverless import ecosystem, extract


def told(text: str) -> list[tuple[str, str, str]]:
    facts = extract("serverless.yml", text)
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in facts.statements for pin in one.pins)
    return [(one.subject, one.constraint, one.context.group) for one in facts.statements]


def service(rest: str, runtime: str = "python3.9") -> str:
    return f"provider: {{name: aws, runtime: '{runtime}'}}\n{rest}"


def test_functions_and_what_they_inherit() -> None:
    text = service("functions:\n  a: {runtime: nodejs20.x}\n  b: {layers: [x]}\n  c: {runtime: java21, layers: [x]}\n")
    assert told(text) == [
        ("runtime:node", "nodejs20.x", ""),
        ("runtime:java", "java21", "layers"),
        ("runtime:python", "python3.9", "layers"),
    ]
    assert told(service("functions: {a: {runtime: nodejs20.x, layers: [x]}}"))[-1][2] == ""
    assert told("provider: {name: aws, layers: [x], runtime: ruby3.2}") == [("runtime:ruby", "ruby3.2", "layers")]


def test_a_variable_stands_for_all_that_name_it() -> None:
    custom = "custom: {a: {b: python3.9}}\nfunctions:\n"
    with_layers = "  f: {runtime: '${self:custom.a.b}', layers: [x]}\n"
    without = "  g: {runtime: '${self:custom.a.b}'}\n"
    for order in (with_layers + without, without + with_layers):
        assert told(service(custom + order, "${self:custom.a.b}")) == [("runtime:python", "python3.9", "layers")]


@pytest.mark.parametrize("runtime", ["${self:custom.a}", "${self:custom.none.b}", "${env:RUNTIME}", "${opt:r, java21}"])
def test_a_variable_that_names_no_text_says_nothing(runtime: str) -> None:
    assert told(service("custom: {a: {b: python3.9}}", runtime)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- provider",
        "runtime: python3.9",
        "provider: {name: azure, runtime: python3.9}",
        "provider: [aws]",
        "provider: {name: aws, runtime: [python3.9]}",
        "provider: aws\nfunctions: [a, b]",
        "provider: aws\nfunctions: {a: b, c: {runtime: whatever}}",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert extract("serverless.yml", text) == FileFacts("serverless.yml", "serverless", ())


@pytest.mark.parametrize("text", ["provider: [", "runtime: {{ a }}: b", "runtime: *a"])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        extract("serverless.yml", text)


def test_the_patterns() -> None:
    assert ecosystem.patterns == ("serverless.yml", "serverless.yaml")
