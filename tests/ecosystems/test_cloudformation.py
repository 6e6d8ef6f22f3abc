from __future__ import annotations

import pytest

from bot.core.model import FileFacts, ParseError, SkipReason
from bot.ecosystems.cloudformation import ecosystem, extract


def read(text: str, path: str = "template.yaml") -> FileFacts:
    return extract(path, text)


def told(text: str, path: str = "template.yaml") -> list[tuple[str, str, str, int]]:
    found = read(text, path).statements
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return [(one.subject, one.constraint, one.context.group, len(one.pins)) for one in found]


def function(runtime: str, more: str = "") -> str:
    return f"Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: {runtime}\n{more}"


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("python3.11", "runtime:python"),
        ("'nodejs20.x'", "runtime:node"),
        ("java17", "runtime:java"),
        ("java8.al2", "runtime:java"),
        ("dotnetcore3.1", "runtime:dotnet"),
        ("dotnet8", "runtime:dotnet"),
        ("ruby3.2", "runtime:ruby"),
        ("!Sub python3.11", "runtime:python"),
        ("!!str python3.11", "runtime:python"),
    ],
)
def test_identifiers(value: str, subject: str) -> None:
    assert told(function(value)) == [(subject, value.rpartition(" ")[2].strip("'"), "", 1)]


@pytest.mark.parametrize("value", ["provided", "provided.al2", "go1.x", "P", "", "[a, b]", "!Ref P", "12", "x" * 200])
def test_what_is_no_runtime_of_ours(value: str) -> None:
    assert told(function(value)) == []


@pytest.mark.parametrize(
    "value", ["!Sub python${V}", "nodejs4.3-edge", '"python3\\u002e9"', "python3.9.1.2", "dotnetcore2.1-x"]
)
def test_what_can_not_be_written_anew_is_seen(value: str) -> None:
    (found,) = read(function(value, "      Layers: [a]\n")).statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT
    assert (found.pins, found.context.group) == ((), "layers")


def test_a_parameter_stands_for_all_functions_that_name_it() -> None:
    functions = "".join(
        f'"{name}": {{"Type": "AWS::Lambda::Function", "Properties": {{"Runtime": {{"Ref": "P"}}{more}}}}}, '
        for name, more in (("A", ""), ("B", ', "Layers": ["x"]'), ("C", ""))
    )
    text = f'{{"Resources": {{{functions} "D": 1}}, "Parameters": {{"P": {{"Default": "python3.9"}}}}}}'
    assert told(text, "a.json") == told(text, "a.template") == [("runtime:python", "python3.9", "layers", 1)]


@pytest.mark.parametrize("limit", ["AllowedValues: [python3.9]", "AllowedPattern: python.*"])
def test_a_parameter_that_admits_only_some_is_held(limit: str) -> None:
    (found,) = read(function("!Ref P", f"Parameters:\n  P:\n    Default: python3.9\n    {limit}\n")).statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.HELD
    assert limit.partition(":")[0] in found.obstacle.detail


@pytest.mark.parametrize(
    "parameter", ["P: {}", "P: {Default: [a]}", "Q: {Default: python3.9}", "P: python3.9", "P: {Default: 3.9}"]
)
def test_a_parameter_without_a_default_says_nothing(parameter: str) -> None:
    assert told(function("!Ref P", f"Parameters:\n  {parameter}\n")) == []


def test_a_default_that_can_not_be_read_keeps_its_own_reason() -> None:
    text = function("!Ref P", "Parameters:\n  P: {Default: python3.9-x, AllowedValues: [a]}\n")
    (found,) = read(text).statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


def test_globals_have_the_layers_of_those_who_inherit_them() -> None:
    shared = "Globals: {Function: {Runtime: python3.9}}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n"
    assert told(shared) == [("runtime:python", "python3.9", "", 1)]
    assert told(f"{shared}    Properties: {{Layers: [a]}}\n") == [("runtime:python", "python3.9", "layers", 1)]
    own = "    Properties: {Layers: [a], Runtime: python3.10}\n"
    assert [group for _, _, group, _ in told(shared + own)] == ["layers", ""]
    everywhere = shared.replace("3.9}", "3.9, Layers: [b]}")
    assert told(everywhere) == [("runtime:python", "python3.9", "layers", 1)]


def test_what_a_loop_makes_is_a_resource() -> None:
    text = (
        "Resources:\n  E: []\n  T: text\n  Fn::ForEach::All:\n    - Name\n    - [A, B]\n    - ${Name}Function:\n"
        "        Type: AWS::Serverless::Function\n        Properties: {Runtime: python3.9}\n"
        "  Fn::ForEach::None: [a, b]\n"
    )
    assert told(text) == [("runtime:python", "python3.9", "", 1)]


def test_both_branches_of_a_condition() -> None:
    assert [one[1] for one in told(function("!If [C, python3.9, python3.10]"))] == ["python3.9", "python3.10"]
    assert [one[1] for one in told(function("!If [C, !Ref P, python3.10]"))] == ["python3.10"]
    assert [one[1] for one in told(function("{'Fn::If': [C, [x], python3.10]}"))] == ["python3.10"]
    assert told(function("{'Fn::If': x}")) == []


@pytest.mark.parametrize(
    "text",
    ["Runtime Resources", "- Runtime: Resources", "Resources: [Runtime]", '"no Runtimes": 1', "Runtime: [", "{{ a"],
)
def test_what_is_no_template_says_nothing(text: str) -> None:
    if "Resources" in text:
        assert told(text) == []
    else:
        assert read(text) == FileFacts("template.yaml", "cloudformation", ())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "Resources:\n  {% if x %}\n  F: {Runtime: a}\n"),
        ("a.yml", "Resources: {Runtime: *a}"),
        ("a.json", "Resources: {Runtime: a}"),
        ("a.template", '{"Resources": {"Runtime": 1,}}'),
        ("a.yaml", "Resources: " + "[" * 200 + " Runtime"),
    ],
)
def test_what_can_not_be_read_is_refused(path: str, text: str) -> None:
    with pytest.raises(ParseError):
        read(text, path)


def test_the_hints() -> None:
    assert ecosystem.hints == ("AWS::Lambda", "AWS::Serverless")
