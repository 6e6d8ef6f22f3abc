"""Compose files: images of language runtimes, what interpolates them, and what is handed to builds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.edits import prove, splice
from bot.core.model import Edit, FileFacts, ParseError, Part, SkipReason, Statement, Strategy
from bot.core.versions import scheme
from bot.ecosystems.compose import ecosystem, extract

DIGEST = f"sha256:{'a' * 64}"


def stated(text: str) -> list[Statement]:
    return list(extract("compose.yaml", text).statements)


def service(*lines: str) -> str:
    return "services:\n  app:\n" + "".join(f"    {line}\n" for line in lines)


def only(*lines: str) -> Statement:
    (found,) = stated(service(*lines))
    return found


def test_an_image_is_stated_as_a_dockerfile_states_it() -> None:
    text = service("image: python:3.9-slim")
    (found,) = stated(text)
    assert (str(found.package), found.subject, found.scheme) == (
        "oci/docker.io/library/python",
        "runtime:python",
        "docker",
    )
    assert (found.constraint, found.frame, found.line) == ("3.9-slim", ("", "-slim"), 3)
    (pin,) = found.pins
    assert (pin.text, pin.span.start) == ("3.9", text.index("3.9"))


def test_a_digest_is_the_second_pin() -> None:
    pins = only(f"image: 'node:20@{DIGEST}'").pins
    assert [(pin.part, pin.text) for pin in pins] == [(Part.VERSION, "20"), (Part.DIGEST, DIGEST)]


@pytest.mark.parametrize(
    ("image", "pin"),
    [
        ("python:${V:-3.9}-slim", "3.9"),
        ("python:${V-3.9}", "3.9"),
        ("${IMAGE:-python:3.9}", "3.9"),
        ("${REGISTRY:-docker.io}/library/python:3.9", "3.9"),
        ("python:${A:-${B:-3.9}}", "3.9"),
        ("python:3.9${SUFFIX:+-$SUFFIX}", "3.9"),
    ],
)
def test_a_default_is_the_pin(image: str, pin: str) -> None:
    found = only(f'image: "{image}"')
    assert [one.text for one in found.pins] == [pin]
    assert found.obstacle is None
    assert all("the environment (or a file .env) sets" in one.text and not one.by_hand for one in found.cautions)
    assert len(found.cautions) == 1


def test_an_image_without_variables_needs_no_caution() -> None:
    assert only("image: python:3.9").cautions == ()


@pytest.mark.parametrize("image", ["python:$V", "python:${V}-slim", "python:${V:?say which}", "python:3.9@$DIGEST"])
def test_a_variable_without_a_default_leaves_it_to_the_environment(image: str) -> None:
    obstacle = only(f'image: "{image}"').obstacle
    assert obstacle is not None
    assert (obstacle.reason, obstacle.detail.split()[2]) == (SkipReason.UNPINNED, "V" if "V" in image else "DIGEST")


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("python", SkipReason.FLOATING),
        ("python:slim", SkipReason.FLOATING),
        ("node:lts", SkipReason.FLOATING),
        ("python:3.14-rc", SkipReason.UNSUPPORTED_CONSTRAINT),
        ("python:${MAJOR:-3}.9", SkipReason.UNSUPPORTED_CONSTRAINT),
        (r"python:3\u002e9", SkipReason.UNSUPPORTED_CONSTRAINT),
    ],
)
def test_what_can_not_be_moved_is_seen(image: str, reason: SkipReason) -> None:
    found = only(f'image: "{image}"')
    assert found.obstacle is not None
    assert (found.obstacle.reason, found.pins) == (reason, ())


@pytest.mark.parametrize(
    "text",
    [
        service("image: postgres:16"),
        service("image: acme/python:3.9"),
        service("image: ${IMAGE}"),
        service("image: python:${V:-3.9"),
        service("image: python:${V!3.9}"),
        service("image: python:$$V"),
        service("image: 'python:" + "${A:-" * 20 + "3.9" + "}" * 20 + "'"),
        service("image: 'python:3." + "${A:-9}" * 60 + "'"),
        service("image: [python]"),
        service("image: python:3.9", "build: ."),
        service("image: python:3.9", "build: {context: .}"),
        service("build: {context: ., args: PYTHON_VERSION}"),
        service("build: {context: ., args: [PYTHON_VERSION, [x], OTHER_VERSION=3.9, PYTHON_VERSION=latest]}"),
        service("build: {context: ., args: {PYTHON_VERSION: latest, NODE_VERSION: '$V', X: 3.9, RUBY_VERSION: [3]}}"),
        "services: [python]\n",
        "image: python:3.9\n",
        "- python:3.9\n",
        "services: {a: python, b: {image: }}\n",
    ],
)
def test_what_states_no_runtime(text: str) -> None:
    assert stated(text) == []


def test_a_brace_that_closes_nothing_is_text() -> None:
    assert stated(service("image: 'python:3.9}'")) == []


def test_anchors_and_merged_mappings_count_once_and_where_they_stand() -> None:
    text = (
        "x-base: &base\n  image: &image python:3.9\n  build:\nservices:\n  a: {<<: *base}\n"
        "  b: {<<: [{x: 1}, *base], image: node:20}\n  c: {image: *image}\n  d: {<<: *base, build: .}\n"
    )
    assert [(one.line, one.constraint) for one in stated(text.replace("  build:\n", ""))] == [(2, "3.9"), (5, "20")]


# What is handed to builds


@pytest.mark.parametrize(
    ("written", "constraint", "rules", "moved"),
    [
        ('{PYTHON_VERSION: "3.9"}', '"3.9"', "yaml_values", '"3.13"'),
        ("{PYTHON_VERSION: 3.9}", "3.9", "yaml_values", "3.13"),
        ("{PYTHON_VERSION: '3.9'}", "'3.9'", "yaml_values", "'3.13'"),
        ("{PYTHON_VERSION: 3.9-slim}", "3.9-slim", "docker", "3.13-slim"),
        ("{PYTHON_VERSION: '${V:-3.9}'}", "3.9", "docker", "3.13"),
        ("[PYTHON_VERSION=3.9]", "3.9", "docker", "3.13"),
        ("[PYTHON_VERSION=3.9-slim]", "3.9-slim", "docker", "3.13-slim"),
    ],
)
def test_build_arguments(written: str, constraint: str, rules: str, moved: str) -> None:
    text = service("build:", "  context: .", f"  args: {written}")
    (found,) = stated(text)
    assert (found.subject, found.constraint, found.scheme) == ("runtime:python", constraint, rules)
    rewritten = scheme(rules).rewrite(constraint, "3.13", Strategy.REPLACE)
    assert rewritten == moved


def test_a_number_that_yaml_would_shorten_gets_quotes() -> None:
    found = only("build: {args: {PYTHON_VERSION: 3.9}}")
    assert scheme(found.scheme).rewrite(found.constraint, "3.10", Strategy.REPLACE) == '"3.10"'


def test_a_value_with_escapes_is_left() -> None:
    assert stated(service(r'build: {args: {PYTHON_VERSION: "3\u002e9"}}')) == []


def test_other_runtimes_by_their_names() -> None:
    names = ["NODE_VERSION", "NODEJS_VERSION", "GO_VERSION", "GOLANG_VERSION", "RUBY_VERSION", "PHP_VERSION"]
    text = service("build: {args: {" + ", ".join(f"{name}: '1.2'" for name in [*names, "RUST_VERSION"]) + "}}")
    kinds = ["node", "node", "go", "go", "ruby", "php", "rust"]
    assert [one.subject for one in stated(text)] == [f"runtime:{kind}" for kind in kinds]


def test_a_comment_asks_it_to_stay() -> None:
    assert only("image: python:3.9  # freshline: ignore").ignored == "asked by a comment on line 3"


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(ParseError):
        extract("compose.yml", "services:\n  {% if x %}\n  app: {image: python:3.9}\n")


def test_hints_and_patterns() -> None:
    assert {"python", "node", "PYTHON_VERSION"} <= set(ecosystem.hints)
    assert all("*" in pattern for pattern in ecosystem.patterns)


_VALUES = st.sampled_from(
    ["python:3.9", "python:${V:-3.9}-slim", "'node:20'", f"python:3.9@{DIGEST}", "python:$V", "redis:7", "python:$"]
)
_ARGUMENTS = st.sampled_from(["PYTHON_VERSION: 3.9", "PYTHON_VERSION: '3.9-slim'", "X: 1", "NODE_VERSION: ${N:-18}"])


@given(st.lists(_VALUES, max_size=4), st.lists(_ARGUMENTS, max_size=3, unique=True), st.sampled_from(["\n", "\r\n"]))
def test_whatever_moves_is_proved(images: list[str], arguments: list[str], ending: str) -> None:
    rows = [f"  a{n}:\n    image: {image}" for n, image in enumerate(images)]
    rows += ["  b:\n    build:\n      args:", *(f"        {one}" for one in arguments)] if arguments else []
    text = ending.join("\n".join(["services:", *rows, ""]).split("\n"))
    facts = extract("compose.yml", text)
    edits = [
        Edit(pin.path, pin.span, pin.text, pin.text.replace("9", "13").replace("18", "24"))
        for one in facts.statements
        for pin in one.pins
        if pin.part is Part.VERSION
    ]
    assert prove(facts, extract("compose.yml", splice(text, edits)), edits) is None


@given(st.text(alphabet="services:{}$V-:?+imagepython3.9 \n#\"'", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found: FileFacts = extract("compose.yml", service(f"image: {text}"))
    except ParseError:
        return
    for one in found.statements:
        assert all(service(f"image: {text}")[pin.span.start : pin.span.end] == pin.text for pin in one.pins)
