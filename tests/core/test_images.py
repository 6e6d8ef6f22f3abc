from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.images import ImageReference, locate, parse
from bot.core.model import Span

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest", "short"),
    [
        ("python", "docker.io", "library/python", None, None, "python"),
        ("python:3.11-slim", "docker.io", "library/python", "3.11-slim", None, "python"),
        ("library/python:3", "docker.io", "library/python", "3", None, "python"),
        ("docker.io/python", "docker.io", "library/python", None, None, "python"),
        ("docker.io/library/python", "docker.io", "library/python", None, None, "python"),
        ("index.docker.io/bitnami/kafka:3", "docker.io", "bitnami/kafka", "3", None, "bitnami/kafka"),
        (f"python@{DIGEST}", "docker.io", "library/python", None, DIGEST, "python"),
        (f"python:3.11@{DIGEST}", "docker.io", "library/python", "3.11", DIGEST, "python"),
        (f"a@sha512:{HEX}{HEX}", "docker.io", "library/a", None, f"sha512:{HEX}{HEX}", "a"),
        ("library/a/b", "docker.io", "library/a/b", None, None, "library/a/b"),
        ("ghcr.io/a/b/c:v1", "ghcr.io", "a/b/c", "v1", None, "ghcr.io/a/b/c"),
        ("localhost/x", "localhost", "x", None, None, "localhost/x"),
        ("localhost:5000/x:1", "localhost:5000", "x", "1", None, "localhost:5000/x"),
        ("host:5000/x", "host:5000", "x", None, None, "host:5000/x"),
        ("host/x", "docker.io", "host/x", None, None, "host/x"),
        ("Host/x", "Host", "x", None, None, "Host/x"),
        ("10.0.0.1:5000/x", "10.0.0.1:5000", "x", None, None, "10.0.0.1:5000/x"),
        ("[fd00::1]:5000/x", "[fd00::1]:5000", "x", None, None, "[fd00::1]:5000/x"),
        (
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "mcr.microsoft.com",
            "dotnet/sdk",
            "8.0",
            None,
            "mcr.microsoft.com/dotnet/sdk",
        ),
        ("docker.io/a.b/x", "docker.io", "a.b/x", None, None, "docker.io/a.b/x"),
        ("docker.io/localhost/x", "docker.io", "localhost/x", None, None, "docker.io/localhost/x"),
        ("a__b.c-d---e", "docker.io", "library/a__b.c-d---e", None, None, "a__b.c-d---e"),
        (HEX[:32], "docker.io", f"library/{HEX[:32]}", None, None, HEX[:32]),
        (f"{HEX}:1", "docker.io", f"library/{HEX}", "1", None, f"docker.io/library/{HEX}"),
        ("x:_1.2-3", "docker.io", "library/x", "_1.2-3", None, "x"),
        (f"x:{'t' * 128}", "docker.io", "library/x", "t" * 128, None, "x"),
    ],
)
def test_references(text: str, registry: str, repository: str, tag: str | None, digest: str | None, short: str) -> None:
    found = parse(text)
    assert found == ImageReference(registry, repository, tag, digest)
    assert found.name == f"{registry}/{repository}"
    assert found.short_name == short
    assert parse(str(found)) == found
    assert parse(found.short_name) == ImageReference(registry, repository)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " python",
        "python ",
        "python\n",
        "Python",
        "python:",
        "python@",
        "python:-1",
        f"x:{'t' * 129}",
        "python:3:4",
        "a/B",
        "/a",
        "a/",
        "a//b",
        "-a",
        "a-",
        "a___b",
        "a..b",
        "_a",
        "a.b/",
        "a.b:/x",
        "-a.b/x",
        "a.b:123456/x",
        "a_b.c/x",
        "[::g]/x",
        "user@host.com/x",
        "https://host/x",
        HEX,
        f"x@sha256:{HEX[:-1]}",
        f"x@sha256:{HEX.upper()}",
        f"x@md5:{HEX[:32]}",
        f"x@sha256:{HEX}a",
        f"x@sha256+b64:{HEX}",
        "${X}",
        "{{ image }}",
        "x:$TAG",
        "ä/x",
        f"a.b/{'x' * 256}",
        "x" * 250,
    ],
)
def test_what_is_no_reference(text: str) -> None:
    assert parse(text) is None
    assert locate(text) is None


def test_the_parts_stand_where_their_spans_say() -> None:
    text = f"host:5000/a/b:1.2-slim@{DIGEST}"
    found = locate(text)
    assert found is not None
    assert found.tag is not None
    assert found.digest is not None
    spans = (found.name, found.tag, found.digest)
    assert [text[span.start : span.end] for span in spans] == ["host:5000/a/b", "1.2-slim", DIGEST]
    bare = locate("python")
    assert bare is not None
    assert (bare.name, bare.tag, bare.digest) == (Span(0, 6), None, None)


component = st.from_regex(r"[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
host = st.sampled_from(["docker.io/", "ghcr.io/", "localhost/", "localhost:5000/", "a-b.c:1/", "[::1]:80/"])
path = st.lists(component, min_size=1, max_size=3).map("/".join)
name = st.one_of(component, st.builds(str.__add__, host, path))
tag = st.one_of(st.just(""), st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True))
digest = st.sampled_from(["", "", f"@{DIGEST}", f"@sha384:{HEX}{HEX[:32]}"])


@settings(deadline=None)
@given(name, tag, digest)
def test_what_is_put_together_is_taken_apart(name: str, tag: str, digest: str) -> None:
    text = name + tag + digest
    found = locate(text)
    assert found is not None
    assert found.name == Span(0, len(name))
    assert (found.reference.tag or "", found.reference.digest or "") == (tag[1:], digest[1:])
    for stated, span in ((tag, found.tag), (digest, found.digest)):
        assert (span is None) is (stated == "")
        assert span is None or text[span.start : span.end] == stated[1:]
    assert parse(str(found.reference)) == found.reference
    assert found.reference.repository.endswith(name.rsplit("/", 1)[-1])


@settings(deadline=None)
@given(st.text(max_size=30) | st.text(alphabet="aA0./:@-_[]$ ", max_size=20))
def test_any_text_is_a_reference_or_none(text: str) -> None:
    found = parse(text)
    assert found is None or parse(str(found)) == found


@pytest.mark.parametrize("unit", ["a", "a.", "a-", "a/", ":", "@", "a:", "[", "0"])
def test_hostile_texts_end(unit: str) -> None:
    began = time.perf_counter()
    for size in (1000, 1024, 10**6):
        text = (unit * size)[:size]
        parse(text)
        parse(f"{text}!")
        parse(f"a.b/{text[:1000]}!")
    assert time.perf_counter() - began < 1
