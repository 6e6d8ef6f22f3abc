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
ACTIONS = {
    "actions/setup-python": ("python-version", "runtime:python"),
    "astral-sh/setup-uv": ("python-version", "runtime:python"),
    "conda-incubator/setup-miniconda": ("python-version", "runtime:python"),
    "deadsnakes/action": ("python-version", "runtime:python"),
    "pdm-project/setup-pdm": ("python-version", "runtime:python"),
    "actions/setup-node": ("node-version", "runtime:node"),
    "volta-cli/action": ("node-version", "runtime:node"),
    "actions/setup-go": ("go-version", "runtime:go"),
    "ruby/setup-ruby": ("ruby-version", "runtime:ruby"),
    "shivammathur/setup-php": ("php-version", "runtime:php"),
    "hashicorp/setup-terraform": ("terraform_version", "runtime:terraform"),
    "opentofu/setup-opentofu": ("tofu_version", "runtime:opentofu"),
    "dtolnay/rust-toolchain": ("toolchain", "runtime:rust"),
    "actions-rs/toolchain": ("toolchain", "runtime:rust"),
    "actions-rust-lang/setup-rust-toolchain": ("toolchain", "runtime:rust"),
    "moonrepo/setup-rust": ("channel", "runtime:rust"),
}


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


@pytest.mark.parametrize(("action", "given", "subject"), [(a, *two) for a, two in ACTIONS.items()])
def test_what_actions_set_up(action: str, given: str, subject: str) -> None:
    found = one("1.20.1", action, given)
    assert (found.subject, found.constraint, found.obstacle) == (subject, "1.20.1", None)


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
        ("|\n            3.9\n", "actions/setup-python", "python-version"),
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
    assert read(job(" {include: [{v: ['3.9']}, x, {w: 3.9}, {v: '${{ x }}'}]}")).statements == ()
    assert read(job(" {v: [{name: 3.9}]}")).statements == ()
    assert read(job(" {v: {a: 3.9}}")).statements == ()


@pytest.mark.parametrize(
    ("matrix", "newest", "line"),
    [
        (" {v: [3.9, [3.10]]}", "3.9", 4),
        (" {v: [&a 3.9, *a]}", "3.9", 4),
        (" {v: [!!str 3.9, 3.10]}", "3.10", 4),
        (" {v: ['3.10', '3.9' # b\n        ]}", "3.10", 4),
        (" {v: ['3.9', \"3\\u002e10\"]}", "3.10", 4),
        ("\n        v:\n          - 3.9\n          # x\n          - &b 3.10", "3.10", 8),
        ("\n        v:\n          -\n            3.9", "3.9", 7),
        (" {include: [{v: 3.9}, {v: 3.x}, {v: 3.10}, {v: pypy3.11}]}", "3.10", 4),
        ("\n        include:\n          - v: 3.10\n          - v: '3.9'", "3.10", 6),
    ],
)
def test_a_matrix_that_can_not_be_edited_is_told_of(matrix: str, newest: str, line: int) -> None:
    (found,) = read(job(matrix)).statements
    assert found.obstacle is not None
    assert (found.constraint, found.line, found.pins) == (newest, line, ())
    assert found.obstacle.reason is SkipReason.IGNORED
    assert "add the new version by hand" in found.obstacle.detail


@pytest.mark.parametrize(
    "matrix", [" {v: [pypy3.10, 3.x]}", " {include: [{v: pypy3.10}]}", " {v: ['${{ x }}', 3.14-dev]}"]
)
def test_a_matrix_of_other_implementations_is_told_of(matrix: str) -> None:
    (found,) = read(job(matrix)).statements
    assert found.obstacle is not None
    assert (found.obstacle.reason, found.pins) == (SkipReason.IGNORED, ())
    assert "by hand" not in found.obstacle.detail


def test_what_include_adds_keeps_no_list_from_gaining() -> None:
    (found,) = read(job(" {v: ['3.9', pypy-3.9], include: [{v: 3.11}, {v: pypy3.10}]}")).statements
    assert (found.obstacle, found.constraint) == (None, "['3.9', pypy-3.9]")
    assert RULES.rewrite(found.constraint, "3.13.1", Strategy.BUMP) == "['3.9', pypy-3.9, '3.13']"


@pytest.mark.parametrize(
    ("matrix", "told"),
    [
        (" {v: [{a: 3.9}, {a: 3.11}, 3.12]}", ["3.11"]),
        (" {include: [{v: {a: 3.9}}, {v: 3.11}]}", ["3.9"]),
        (" {v: [{b: 3.9}]}", []),
        (" {v: [3.9]}", []),
    ],
)
def test_versions_below_the_key_of_a_matrix(matrix: str, told: list[str]) -> None:
    found = read(job(matrix, "python-version: '${{ matrix.v.a }}'")).statements
    assert [one.constraint for one in found] == told
    assert all(one.obstacle and one.obstacle.reason is SkipReason.IGNORED for one in found)


def test_a_long_include_is_read_to_its_bound() -> None:
    rows = ", ".join(["{v: 3.9}"] * 256 + ["{v: 3.11}"])
    assert [one.constraint for one in read(job(f" {{include: [{rows}]}}")).statements] == ["3.9"]
    rows = ", ".join(["3.9"] * 256 + ["3.11"])
    assert [one.constraint for one in read(job(f" {{v: [{rows}]}}")).statements] == ["3.9"]


def test_a_value_of_many_lines_is_a_list() -> None:
    found = one("|\n            3.9\n            3.10\n            pypy3.11")
    assert found.obstacle is not None
    assert (found.constraint, found.obstacle.reason, found.pins) == ("3.10", SkipReason.IGNORED, ())


# Inputs


def called(inputs: str, given: str, env: str = "{}") -> FileFacts:
    step = f"{{uses: actions/setup-python@v5, env: {env}, with: {{python-version: '{given}'}}}}"
    return read(f"on: {{workflow_call: {{inputs: {inputs}}}}}\njobs:\n  a:\n    steps:\n      - {step}\n")


@pytest.mark.parametrize("given", ["${{ inputs.v }}", "${{inputs.v}}", "${{ github.event.inputs.v }}"])
def test_an_input_stands_for_its_default(given: str) -> None:
    (found,) = called("{v: {default: '3.9'}}", given).statements
    assert (found.constraint, found.line, found.obstacle) == ("'3.9'", 1, None)


@pytest.mark.parametrize(
    ("inputs", "given"),
    [
        ("{v: {required: true}}", "${{ inputs.v }}"),
        ("{v: 3.9}", "${{ inputs.v }}"),
        ("{w: {default: 3.9}}", "${{ inputs.v }}"),
        ("{v: {default: '${{ vars.v }}'}}", "${{ inputs.v }}"),
        ("{v: {default: {a: 3.9}}}", "${{ inputs.v }}"),
        ("{v: {default: 3.9}}", "${{ inputs.v.default }}"),
        ("{v: {default: 3.9}}", "${{ inputs.v || 3.11 }}"),
        ("{v: {default: 3.9}}", "${{ vars.v }}"),
    ],
)
def test_an_input_without_a_version_says_nothing(inputs: str, given: str) -> None:
    assert called(inputs, given).statements == ()


def test_an_inputs_default_that_can_not_be_edited_blocks() -> None:
    (found,) = called("{v: {default: pypy3.9}}", "${{ inputs.v }}").statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


def test_a_choice_is_told_of() -> None:
    (found,) = called("{v: {default: '3.9', options: ['3.9', '3.11']}}", "${{ inputs.v }}").statements
    assert found.obstacle is not None
    assert (found.constraint, found.obstacle.reason) == ("3.11", SkipReason.IGNORED)
    (found,) = called("{v: {default: 3.x, options: [3.x, latest]}}", "${{ inputs.v }}").statements
    assert found.obstacle is not None
    assert found.obstacle.reason is SkipReason.FLOATING


def test_expressions_are_followed_a_few_times() -> None:
    (found,) = called("{v: {default: '3.9'}}", "${{ env.A }}", "{A: '${{ env.B }}', B: '${{ inputs.v }}'}").statements
    assert found.constraint == "'3.9'"
    assert called("{v: {default: '3.9'}}", "${{ env.A }}", "{A: '${{ env.A }}'}").statements == ()


def test_a_matrix_of_aliases_floats() -> None:
    (found,) = read(job(" {v: ['${{ x }}', 3.x, latest]}")).statements
    assert found.obstacle is not None
    assert (found.constraint, found.obstacle.reason) == ("3.x", SkipReason.FLOATING)


def test_a_matrix_with_an_sdk_of_its_own_numbering_is_told_of() -> None:
    text = job(" {v: [6.0.x, 8.0.404]}", "dotnet-version: '${{ matrix.v }}'").replace("python", "dotnet")
    (found,) = read(text).statements
    assert found.obstacle is not None
    assert (found.subject, found.obstacle.reason) == ("runtime:dotnet", SkipReason.IGNORED)


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
    assert all(any(hint in uses for hint in ecosystem.hints) for uses in ACTIONS)


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
