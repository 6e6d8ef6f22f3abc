from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.core.edits import edits_of, prove, splice
from bot.core.model import Change, FileFacts, ParseError, Release, SkipReason, Statement, Strategy
from bot.core.versions import scheme
from bot.ecosystems.workflow_runtimes import ecosystem, extract

RULES = scheme("yaml_values")
USES = {"python": "actions/setup-python@v5", "node": "actions/setup-node@v4"}


def read(text: str) -> FileFacts:
    return extract(".github/workflows/ci.yml", text)


def job(matrix: str, step: str = "python-version: '${{ matrix.v }}'") -> str:
    return (
        f"jobs:\n  a:\n    strategy:\n      matrix:{matrix}\n"
        f"    steps:\n      - uses: actions/setup-python@v5\n        with:\n          {step}\n"
    )


def one(value: str, action: str = "actions/setup-python", given: str = "python-version") -> Statement:
    text = f"jobs:\n  a:\n    steps:\n      - uses: {action}@v1\n        with:\n          {given}: {value}\n"
    (statement,) = read(text).statements
    assert all(text[pin.span.start : pin.span.end] == pin.text for pin in statement.pins)
    return statement


@pytest.mark.parametrize("value", ["3.11", "'3.11'", '"3.11.4"', "3.11.x", "&py 3.9", "!!str 3.10"])
def test_what_moves(value: str) -> None:
    found = one(value)
    assert found.obstacle is None
    assert (found.subject, found.scheme, found.constraint) == (
        "runtime:python",
        "yaml_values",
        value.rpartition(" ")[2],
    )


@pytest.mark.parametrize(
    "value", ["3", "3.x", "3.X", "'>=3.9'", "^3.9", "'3.9 - 3.11'", "'3.9 || 3.10'", "'*'", "latest"]
)
def test_what_floats(value: str) -> None:
    found = one(value)
    assert found.obstacle is not None
    assert (found.obstacle.reason, found.pins) == (SkipReason.FLOATING, ())


@pytest.mark.parametrize(
    ("value", "action", "given"),
    [
        ("pypy3.10", "actions/setup-python", "python-version"),
        ("3.14-dev", "actions/setup-python", "python-version"),
        ("ruby-3.11", "actions/setup-python", "python-version"),
        ("|\n            3.9\n            3.10", "actions/setup-python", "python-version"),
        ("'3.9 '", "actions/setup-python", "python-version"),
        ('"3\\u002e9"', "actions/setup-python", "python-version"),
        ("8.0.404", "actions/setup-dotnet", "dotnet-version"),
        ("1.8", "actions/setup-java", "java-version"),
        ("1", "actions/setup-java", "java-version"),
        ("17.0.9", "actions/setup-java", "java-version"),
        ("jruby-9.4", "ruby/setup-ruby", "ruby-version"),
    ],
)
def test_what_can_not_be_written_anew(value: str, action: str, given: str) -> None:
    found = one(value, action, given)
    assert found.obstacle is not None
    assert (found.obstacle.reason, found.pins) == (SkipReason.UNSUPPORTED_CONSTRAINT, ())


@pytest.mark.parametrize("value", ["", "~", "null", "true", "''", "[3.9]", "{a: b}", "'${{ inputs.v }}'", "3.${{ x }}"])
def test_what_says_nothing(value: str) -> None:
    text = f"runs:\n  steps:\n    - uses: actions/setup-python@v5\n      with:\n        python-version: {value}\n"
    assert read(text).statements == ()


def test_an_env_or_matrix_that_is_not_there_says_nothing() -> None:
    assert read(job(" {}")).statements == ()
    assert read(job(" {v: '${{ fromJSON(needs.a.outputs.v) }}'}")).statements == ()
    assert read(job(" {v: ['${{ inputs.v }}']}")).statements == ()
    assert read(job(" {v: []}", "python-version: '${{ env.V }}'")).statements == ()
    assert read(job(" {include: [{v: ['3.9']}, x, {v: pypy3.9}]}")).statements == ()


@pytest.mark.parametrize(
    "matrix",
    [
        " {v: [{name: 3.9}]}",
        " {v: [3.9, [3.10]]}",
        " {v: {a: 3.9}}",
        " {v: [&a 3.9, *a]}",
        " {v: [!!str 3.9, 3.10]}",
        " {v: ['3.9', '3.10' # b\n        ]}",
        " {v: ['3.9', \"3\\u002e10\"]}",
        "\n        v:\n          - 3.9\n          # x\n          - &b 3.10",
        "\n        v:\n          -\n            3.9",
        " {include: [{v: 3.9}, {v: 3.10}]}",
    ],
)
def test_a_matrix_that_can_not_be_edited_is_held(matrix: str) -> None:
    found = read(job(matrix)).statements
    reasons = [statement.obstacle and statement.obstacle.reason for statement in found]
    assert reasons == ([] if matrix == " {v: {a: 3.9}}" else [SkipReason.HELD])


def test_a_matrix_of_aliases_floats() -> None:
    (found,) = read(job(" {v: ['${{ x }}', 3.x, latest]}")).statements
    assert found.obstacle is not None
    assert (found.constraint, found.obstacle.reason) == ("3.x", SkipReason.FLOATING)


def test_a_matrix_with_an_sdk_of_its_own_numbering_is_held() -> None:
    text = job(" {v: [6.0.x, 8.0.404]}", "dotnet-version: '${{ matrix.v }}'").replace("python", "dotnet")
    (found,) = read(text).statements
    assert found.obstacle is not None
    assert (found.subject, found.obstacle.reason) == ("runtime:dotnet", SkipReason.HELD)


def test_a_matrix_is_a_floor_on_the_line_of_its_key() -> None:
    (found,) = read(job("\n        v: # freshline: ignore\n          - '3.9'\n          - 3.x")).statements
    assert (found.line, found.constraint) == (5, "\n          - '3.9'\n          - 3.x")
    assert found.ignored == "asked by a comment on line 5"
    assert RULES.exact(found.constraint) is None


def test_one_place_is_stated_once_and_as_what_it_is_for() -> None:
    text = (
        "env: {V: 3.11}\njobs:\n  a:\n    steps:\n"
        "      - {uses: actions/setup-python@v5, with: {python-version: '${{env.V}}'}}\n"
        "      - {uses: astral-sh/setup-uv@v5, with: {python-version: '${{ env.V }}'}}\n"
        "      - {uses: actions/setup-go@v5, with: {go-version: '${{ env.V }}'}}\n      - text\n"
    )
    assert [found.subject for found in read(text).statements] == ["runtime:python", "runtime:go"]


@pytest.mark.parametrize("text", ["", "text", "- a", "jobs: [a]", "jobs: {a: b}", "jobs: {a: {steps: {}}}", "runs: 1"])
def test_what_is_no_workflow_says_nothing(text: str) -> None:
    assert read(text).statements == ()


@pytest.mark.parametrize("text", ["a: [", "a: {{ b }}: c", "{% if x %}\na: b\n{% endif %}", "[" * 200])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


def test_the_ecosystem() -> None:
    assert ecosystem.name == "workflow_runtimes"
    assert all(any(hint in uses for hint in ecosystem.hints) for uses in USES.values())


versions = st.tuples(st.integers(3, 30), st.integers(0, 30)).map(lambda two: f"{two[0]}.{two[1]}")
written = st.tuples(versions, st.sampled_from(["", "'", '"'])).map(lambda two: two[1] + two[0] + two[1])


@given(st.lists(written, min_size=1, max_size=5), written, versions, st.sampled_from(["flow", "block", "rows"]))
def test_what_is_written_is_proved_and_nothing_else_changes(
    values: list[str], value: str, version: str, style: str
) -> None:
    lists = {
        "flow": f" [{', '.join(values)}] # c",
        "block": "".join(f"\n          - {v}  # c" for v in values),
        "rows": "".join(f"\n        # c\n        - {v}" for v in values),
    }
    text = job(f"\n        v:{lists[style]}\n        w: {value}")
    text += "      - uses: actions/setup-python@v5\n        with: # x\n          python-version: ${{ matrix.w }}\n"
    text += (
        f"      - uses: actions/setup-python@v5\n        with:\n          python-version: {value} # freshline: ignore\n"
    )
    before = read(text)
    assert [statement.obstacle for statement in before.statements] == [None] * 2
    statement = before.statements[0]
    after = RULES.rewrite(statement.constraint, f"{version}.1", Strategy.BUMP)
    assert after is not None
    edits = edits_of([Change(statement.pins[0], after, Release(version, None))])
    result = splice(text, edits)
    assert prove(before, read(result), edits) is None
    old, new = (yaml.safe_load(one)["jobs"]["a"]["strategy"]["matrix"] for one in (text, result))
    assert old["w"] == new["w"]
    assert [str(v) for v in new["v"]] in (
        [str(v) for v in old["v"]],
        [*map(str, old["v"]), version],
        [version, *map(str, old["v"])],
    )
