"""Images of language runtimes in Dockerfiles: what is stated, what moves with it, what holds it."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.edits import edits_of, prove, splice
from bot.core.model import (
    Decision,
    FileFacts,
    History,
    Line,
    Listing,
    Package,
    ParseError,
    Part,
    Release,
    SkipReason,
    Statement,
)
from bot.core.policy import decide_all, to_look_up
from bot.core.resolve import resolve
from bot.core.runtimes import RUNTIMES
from bot.ecosystems.dockerfile import ecosystem, extract
from tests.fakes.values import NOW, OLD, ago, policy

IMAGE = Package("oci", "docker.io/library/python")
LINES = tuple(
    Release(version, ago(OLD), line=Line(version.rpartition(".")[0], date(2020, 1, 1), None, date(2099, 1, 1)))
    for version in ("3.13.1", "3.12.4", "3.11.9")
)
D1, D2 = (f"sha256:{letter * 64}" for letter in "ab")


def stated(text: str) -> list[Statement]:
    return list(extract("Dockerfile", text).statements)


def only(text: str) -> Statement:
    (found,) = stated(text)
    return found


def said(text: str) -> str:
    """The reason and words of the one statement's obstacle."""
    obstacle = only(text).obstacle
    assert obstacle is not None
    assert only(text).pins == ()
    return f"{obstacle.reason}: {obstacle.detail}"


def every(text: str, *tags: str, digests: dict[str, str] | None = None) -> tuple[FileFacts, tuple[Decision, ...]]:
    """What becomes of the runtimes in a Dockerfile when Python's image has these tags; nobody answers for others."""
    facts = extract("Dockerfile", text)
    offers = Listing(IMAGE, tuple(Release(tag, None, digest=(digests or {}).get(tag)) for tag in tags))
    answers = {IMAGE: offers, RUNTIMES["python"].package: Listing(RUNTIMES["python"].package, LINES)}
    return facts, decide_all(resolve([facts]), answers, policy(), History(), NOW)


def decided(text: str, *tags: str, digests: dict[str, str] | None = None) -> tuple[FileFacts, Decision]:
    facts, (decision,) = every(text, *tags, digests=digests)
    return facts, decision


def moved(text: str, *tags: str, digests: dict[str, str] | None = None) -> str:
    facts, decision = decided(text, *tags, digests=digests)
    (update,) = decision.updates
    edits = edits_of(update.changes)
    after = splice(text, edits)
    assert prove(facts, extract("Dockerfile", after), edits) is None
    return after


def held(text: str, *tags: str, digests: dict[str, str] | None = None) -> set[str]:
    _, decision = decided(text, *tags, digests=digests)
    assert decision.updates == ()
    return {f"{skip.reason}: {skip.detail}" for _, skip in decision.skips}


# What is stated


def test_a_statement_says_what_moves_and_where_it_is_looked_up() -> None:
    found = only("# app\nFROM python:3.11-slim AS base\n")
    assert (found.package, found.subject, found.constraint) == (IMAGE, "runtime:python", "3.11-slim")
    assert (found.scheme, found.line, found.frame, found.lockable) == ("docker", 2, ("", "-slim"), False)
    (pin,) = found.pins
    assert (pin.text, pin.part) == ("3.11", Part.VERSION)


def test_the_pin_of_an_argument_is_its_text() -> None:
    text = "ARG V=3.11\nFROM python:${V}-slim\n"
    (pin,) = only(text).pins
    assert (pin.span.start, pin.text, only(text).frame) == (text.index("3.11"), "3.11", ("", "-slim"))


def test_a_digest_is_the_second_pin() -> None:
    found = only(f"FROM python:3.11@{D1}\n")
    assert [(pin.part, pin.text) for pin in found.pins] == [(Part.VERSION, "3.11"), (Part.DIGEST, D1)]


@pytest.mark.parametrize("path", ["Dockerfile.j2", "web.tmpl.Dockerfile.ERB", "Dockerfile.tmpl"])
def test_templates_are_not_read(path: str) -> None:
    with pytest.raises(ParseError, match="template"):
        extract(path, "FROM python:3.11\n")


def test_what_only_belongs_to_a_dockerfile_says_nothing() -> None:
    assert extract("Dockerfile.dockerignore", "python:3.11 {{\n") == FileFacts(
        "Dockerfile.dockerignore", "dockerfile", ()
    )


def test_hints_are_the_names_of_images() -> None:
    assert {"python", "node", "golang", "eclipse-temurin", "terraform"} <= set(ecosystem.hints)


def test_what_is_looked_up_is_the_image_and_the_lines() -> None:
    asked = to_look_up(resolve([extract("Dockerfile", "FROM python:3.11\nFROM node:lts\n")]), policy())
    assert asked == {IMAGE, RUNTIMES["python"].package}


# What can't be moved


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("python", "floating: no tag is stated"),
        ("python:slim-bookworm", "floating: slim-bookworm names no version"),
        ("python:alpine3.20", "floating: alpine3.20 names no version"),
        ("node:lts", "floating: lts names no version"),
        ("node:iron-alpine3.20", "unsupported_constraint: iron-alpine3.20 names a line by its code name"),
        ("node:jod", "unsupported_constraint: jod names a line by its code name"),
        ("golang:tip-20240101", "unsupported_constraint: 'tip-20240101' is no version"),
        ("golang:sha-0a1b2c3d", "unsupported_constraint: 'sha-0a1b2c3d' is no version"),
        ("eclipse-temurin:8u392-b08-jre", "unsupported_constraint: 8u392-b08-jre names a build"),
        ("python:3.14-rc", "unsupported_constraint: 3.14-rc names a build or a pre-release"),
        (f"python@{D1}", "unsupported_constraint: the image is no version: only the digest"),
        (f"python:slim@{D1}", "unsupported_constraint: slim is no version: only the digest"),
    ],
)
def test_tags_without_a_version_that_moves(image: str, words: str) -> None:
    assert said(f"FROM {image}\n").startswith(words)


@pytest.mark.parametrize(
    "text",
    [
        "ARG V\nFROM python:${V}-slim\n",
        "ARG V\nARG TAG=${V}-slim\nFROM python:3.1${V}\n",
        "ARG NAME=python\nFROM ${NAME}:$V\n",
        "FROM docker.io/library/python@${V}\n",
        "FROM python:3.11@sha256:$V\n",
    ],
)
def test_an_argument_without_a_default_leaves_it_to_who_builds(text: str) -> None:
    assert said(text).startswith("unpinned: the build argument V has no default here")


@pytest.mark.parametrize(
    "text",
    [
        "FROM ${V}python:3.11\n",
        "FROM ${V}/python:3.11\n",
        "FROM python${V}\n",
        "FROM acme/python:${V}\n",
        "FROM Python:${V}\n",
        "FROM 0.1:2:${V}\n",
        "FROM scratch\nCOPY --from=python:${V} /a /b\n",
        "ARG A=" + "x" * 4000 + "\nFROM python:${A}${A}\n",
        "FROM python:" + "x" * 2000 + "\n",
        "FROM ubuntu:22.04\nCOPY --from=acme/python:3.11 /a /b\n",
    ],
)
def test_what_is_no_image_of_a_runtime_states_none(text: str) -> None:
    assert stated(text) == []


def test_numbers_and_digests_that_stand_in_several_places_are_not_moved() -> None:
    assert "put together from several places" in said("ARG M=11\nFROM python:3.$M\n")
    digest = f"ARG HEX={'a' * 64}\nFROM python:3.11@sha256:$HEX\n"
    assert "put together from several places" in said(digest)


# What images share


@pytest.mark.parametrize(
    "other",
    [
        "FROM acme/base:$V",
        "FROM node:$V",
        "FROM python:$V.4",
        "FROM python:slim-$V",
        "FROM ubuntu:22.04\nARG V=1\nFROM python:3-alpine$V",
    ],
)
def test_an_argument_that_something_else_uses_is_not_moved(other: str) -> None:
    obstacle = stated(f"ARG V=3.11\nFROM python:$V\n{other}\n")[0].obstacle
    assert obstacle is not None
    assert obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT
    assert f"line {2 + other.count(chr(10)) + 1}" in obstacle.detail


def test_an_argument_that_stands_twice_in_one_tag_is_not_moved() -> None:
    assert "more than once" in said("ARG V=3.11\nFROM python:$V-alpine$V\n")


def test_a_digest_is_that_of_one_tag() -> None:
    text = f"ARG D={D1}\nFROM python:3.11@$D\nFROM python:3.11-slim@$D\n"
    assert [found.obstacle is not None for found in stated(text)] == [True, True]
    same = f"ARG D={D1}\nFROM python:3.11@$D\nFROM python:3.11@$D\n"
    assert [found.obstacle for found in stated(same)] == [None, None]


def test_who_shares_an_argument_with_one_that_is_to_stay_stays() -> None:
    text = "ARG V=3.11\nFROM python:$V\n# freshline: ignore\nFROM python:$V-slim\n\nFROM python:3.12\n"
    line = "asked by a comment on line 4"
    assert [found.ignored for found in stated(text)] == [line, line, None]
    assert moved(text, "3.13") == text.replace("3.12", "3.13")


def test_a_comment_above_the_argument_counts_for_its_images() -> None:
    text = "# freshline: ignore\nARG V=3.11\nFROM python:$V\n"
    assert only(text).ignored == "asked by a comment on line 2"
    assert only(text).line == 3


# What is decided


def test_an_image_moves_to_a_tag_that_its_registry_has() -> None:
    text = "ARG V=3.11\nFROM python:$V AS a\nFROM python:${V}-slim\nFROM python:3.11.2-alpine\n"
    after = text.replace("3.11.2", "3.13.1").replace("=3.11", "=3.13")
    assert moved(text, "3.13", "3.13-slim", "3.13.1-alpine") == after


def test_the_newest_line_that_every_image_has() -> None:
    text = "FROM python:3.11-slim\nFROM python:3.11-alpine\n"
    assert moved(text, "3.13-slim", "3.12-slim", "3.12-alpine") == text.replace("3.11", "3.12")


def test_a_tag_that_is_not_there_is_named_with_its_place() -> None:
    text = "FROM python:3.11\n\nFROM python:3.11-slim-bullseye\n"
    words = "blocked_site: Dockerfile:3: there is no docker.io/library/python 3.13-slim-bullseye"
    assert words in held(text, "3.13", "3.12")


def test_a_registry_that_was_not_read_to_its_end_says_so() -> None:
    facts = extract("Dockerfile", "FROM python:3.11\n")
    lines = Listing(RUNTIMES["python"].package, LINES)
    answers = {IMAGE: Listing(IMAGE, (), notice="only the first 9 tags were read"), lines.package: lines}
    (decision,) = decide_all(resolve([facts]), answers, policy(), History(), NOW)
    ((_, skip),) = decision.skips
    assert skip.detail.endswith("there is no docker.io/library/python 3.13 (only the first 9 tags were read)")


def test_a_digest_moves_with_its_tag() -> None:
    text = f"FROM python:3.11@{D1}\n"
    assert moved(text, "3.13", digests={"3.13": D2}) == f"FROM python:3.13@{D2}\n"


@pytest.mark.parametrize("digest", [None, "sha512:" + "b" * 128, "b" * 71])
def test_a_tag_whose_digest_is_not_known_holds_everything(digest: str | None) -> None:
    text = f"FROM python:3.11\nFROM python:3.11-slim@{D1}\n"
    digests = {"3.13-slim": digest} if digest else None
    words = "blocked_site: Dockerfile:2: nobody says which digest docker.io/library/python 3.13-slim has"
    assert words in held(text, "3.13", "3.13-slim", digests=digests)


def test_an_image_that_cannot_move_holds_the_others_and_one_that_floats_does_not() -> None:
    assert any(
        "another place can't follow: Dockerfile:2" in one for one in held("FROM python:3.11\nFROM python:3.14-rc\n")
    )
    assert moved("FROM python:3.11\nFROM python:slim\n", "3.13") == "FROM python:3.13\nFROM python:slim\n"


def test_an_image_that_states_the_line_only_stays() -> None:
    assert held("FROM python:3\n", "3") == {"up_to_date: 3 is the newest that may be taken"}


# Any file


_IMAGES = st.tuples(
    st.sampled_from(["python:", "python:", "docker.io/library/python:", "node:", "acme/python:", "$A"]),
    st.sampled_from(["3.11", "3.9.2", "$V", "$V", "3.$X", "${W:-3.9}", "3", ""]),
    st.sampled_from(["", "-slim", "-alpine3.20", "-alpine$X"]),
    st.sampled_from(["", "", "", f"@{D1}", "@$D"]),
).map("".join)
_HEADS = st.lists(
    st.sampled_from(
        ["ARG V=3.11", 'ARG V="3.10"', "ARG X=11", f"ARG D={D1}", "ARG A=python:", "# freshline: ignore", "ARG V"]
    ),
    max_size=4,
)
_ROWS = st.one_of(
    _IMAGES.map(lambda image: f"FROM {image}"),
    _IMAGES.map(lambda image: f"FROM \\\n  {image} AS a"),
    st.sampled_from(
        ["# freshline: ignore", "RUN <<E\nFROM python:3.11\nE", "COPY --from=python:3.11 /a /b", "ARG V=3"]
    ),
)
_TAGS = [f"{numbers}{rest}" for numbers in ("3.13", "3.13.1") for rest in ("", "-slim", "-alpine3.20")]


@given(_HEADS, st.lists(_ROWS, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_whatever_moves_is_proved(heads: list[str], rows: list[str], ending: str) -> None:
    text = "\n".join([*heads, "FROM ubuntu:22.04", *rows]).replace("\n", ending)
    facts, decisions = every(text, *_TAGS, digests={"3.13": D2})
    edits = edits_of(change for one in decisions for update in one.updates for change in update.changes)
    assert prove(facts, extract("Dockerfile", splice(text, edits)), edits) is None
    assert all(edit.old in {"3.11", "3.10", "3.9.2", "3.9", D1} for edit in edits)


@given(st.text(alphabet="FROMARGpython:3.11$V{}@-\\\n =#<", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = stated(text)
    except ParseError:
        return
    for statement in found:
        for pin in statement.pins:
            assert text[pin.span.start : pin.span.end] == pin.text


@pytest.mark.parametrize(
    "text",
    [
        "ARG V=3.11\n" + "FROM python:$V\n" * 1000,
        "ARG V=" + "$A" * 1000 + "\n" + "FROM python:3.11-$V$V\n" * 1000,
        "ARG V=" + "'1'\"1\"" * 300 + "\n" + "FROM python:3.11-$V\n" * 1000,
        "FROM python:3.11\n" + "COPY --from=python:3.11 /a /b\n" * 9000,
        "FROM python:" + "1." * 100_000 + "\n",
    ],
)
def test_large_files_end_soon(text: str) -> None:
    begin = time.monotonic()
    stated(text)
    assert time.monotonic() - begin < 5
