from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.edits import prove, splice
from bot.core.model import (
    DeclaredRole,
    DeclaredRuntime,
    Edit,
    FileFacts,
    Kind,
    ParseError,
    Part,
    Role,
    SkipReason,
    Statement,
    Workspace,
)
from bot.ecosystems import _npm
from bot.ecosystems.npm import ecosystem, extract

SHA512 = "ab" * 64


def facts(**manifest: object) -> FileFacts:
    return extract("package.json", json.dumps(manifest))


def only(**manifest: object) -> Statement:
    (statement,) = facts(**manifest).statements
    return statement


def test_a_range_is_pinned_where_it_stands() -> None:
    text = '{\n  "dependencies": {\n    "react": " ^18.2.0 "\n  }\n}\n'
    (statement,) = extract("web/package.json", text).statements
    (pin,) = statement.pins
    assert (statement.package.registry, statement.package.name) == ("npm", "react")
    assert (statement.kind, statement.scheme, statement.constraint) == (Kind.LIBRARY, "npm", "^18.2.0")
    assert (pin.path, pin.text, text[pin.span.start : pin.span.end]) == ("web/package.json", "^18.2.0", "^18.2.0")
    assert (statement.line, statement.context.group, statement.obstacle) == (3, "dependencies", None)
    assert statement.lockable


@pytest.mark.parametrize("group", ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"])
def test_every_section_is_read_and_only_peers_are_widened(group: str) -> None:
    statement = only(**{group: {"react": "^18"}})
    assert statement.context.group == group
    assert statement.widens is (group == "peerDependencies")


@pytest.mark.parametrize(
    ("value", "name", "constraint"),
    [
        ("npm:other@^1.2", "other", "^1.2"),
        ("npm:@scope/other@ 1.x ", "@scope/other", "1.x"),
        ("npm:^1.2", "here", "^1.2"),
        ("npm:v1.2.3", "here", "v1.2.3"),
        (">=1.2 <2 || ^3", "here", ">=1.2 <2 || ^3"),
        ("x.1", "here", "x.1"),
    ],
)
def test_an_alias_names_the_real_package(value: str, name: str, constraint: str) -> None:
    statement = only(dependencies={"here": value})
    assert (statement.package.name, statement.constraint) == (name, constraint)
    assert [pin.text for pin in statement.pins] == [constraint]


@pytest.mark.parametrize(
    ("value", "reason", "words"),
    [
        ("workspace:^", SkipReason.LOCAL, "this repository"),
        ("file:../a", SkipReason.LOCAL, "this repository"),
        ("link:a", SkipReason.LOCAL, "this repository"),
        ("portal:a", SkipReason.LOCAL, "this repository"),
        ("./a", SkipReason.LOCAL, "this repository"),
        ("../a", SkipReason.LOCAL, "this repository"),
        ("..", SkipReason.LOCAL, "this repository"),
        ("~/a", SkipReason.LOCAL, "this repository"),
        ("/a", SkipReason.LOCAL, "this repository"),
        ("C:\\a", SkipReason.LOCAL, "this repository"),
        ("git+ssh://git@git.example/a.git", SkipReason.UNSUPPORTED_CONSTRAINT, "git repository"),
        ("git@git.example:a/b.git", SkipReason.UNSUPPORTED_CONSTRAINT, "git repository"),
        ("github:a/b", SkipReason.UNSUPPORTED_CONSTRAINT, "git repository"),
        ("a/b#main", SkipReason.UNSUPPORTED_CONSTRAINT, "git repository"),
        ("https://files.example/a.tgz", SkipReason.UNSUPPORTED_CONSTRAINT, "a URL"),
        ("http://files.example/a.tgz", SkipReason.UNSUPPORTED_CONSTRAINT, "a URL"),
        ("patch:a@1#b", SkipReason.UNSUPPORTED_CONSTRAINT, "“patch:”"),
        ("$react", SkipReason.UNSUPPORTED_CONSTRAINT, "“react”"),
        ("-", SkipReason.UNSUPPORTED_CONSTRAINT, "takes the dependency out"),
        ("1" * 600, SkipReason.UNSUPPORTED_CONSTRAINT, "longer than 512"),
        ("*", SkipReason.FLOATING, "every version"),
        ("", SkipReason.FLOATING, "every version"),
        ("X", SkipReason.FLOATING, "every version"),
        ("x.x.*", SkipReason.FLOATING, "every version"),
        ("latest", SkipReason.FLOATING, "“latest”"),
        ("next-14", SkipReason.FLOATING, "“next-14”"),
        ("npm:other", SkipReason.FLOATING, "names no version"),
        ("npm:", SkipReason.FLOATING, "names no version"),
        ("npm:other@beta", SkipReason.FLOATING, "“beta”"),
    ],
)
def test_what_is_no_range_is_seen_but_stays(value: str, reason: SkipReason, words: str) -> None:
    statement = only(dependencies={"a": value})
    assert statement.obstacle is not None
    assert statement.obstacle.reason is reason
    assert words in statement.obstacle.detail
    assert statement.pins == ()


def test_floating_constraints_read_the_same_however_they_are_written() -> None:
    values = ["*", "", "x", "npm:other"]
    assert {only(dependencies={"a": value}).constraint for value in values} == {"*"}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("git+https://user:hunter2@git.example/a.git", "git+https://git.example/a.git"),
        ("https://files.example/a.tgz?key=hunter2", "https://files.example/a.tgz"),
        ("https://hunter2@files.example/a@b.tgz", "https://files.example/a@b.tgz"),
    ],
)
def test_a_secret_in_a_url_is_not_kept(value: str, kept: str) -> None:
    statement = only(dependencies={"a": value})
    assert "hunter2" not in repr(statement)
    assert statement.constraint == kept


def test_a_very_long_specifier_is_cut() -> None:
    assert len(only(dependencies={"a": "^" + "1" * 100_000}).constraint) < 100


@pytest.mark.parametrize("value", [1, None, True, {"version": "1"}, ["1.0.0"]])
def test_a_value_that_is_no_text_is_an_obstacle(value: object) -> None:
    obstacle = only(dependencies={"a": value}).obstacle
    assert obstacle is not None
    assert obstacle.detail == "its value is not a text"


def test_escapes_outside_the_range_do_no_harm_and_inside_it_stays() -> None:
    outside = extract("package.json", '{"dep\\u0065ndencies": {"\\u0061": "npm:b\\u002db@^1.0.0"}}')
    inside = extract("package.json", '{"dependencies": {"a": "^1.0\\u002e0"}}')
    assert [(s.package.name, s.pins[0].text) for s in outside.statements] == [("b-b", "^1.0.0")]
    assert inside.statements[0].pins == ()
    assert inside.statements[0].obstacle is not None
    assert "escapes" in inside.statements[0].obstacle.detail


@pytest.mark.parametrize(
    "name", ["react", "@types/node", "JSONStream", "lodash.merge", "a_b", "3d", "@a_b/_c", "@_a/b", "x" * 214]
)
def test_names_that_npm_has(name: str) -> None:
    assert _npm.valid_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".a",
        "_a",
        "-a",
        "a b",
        "a/b",
        "@a",
        "@/b",
        "@a/",
        "@a/.b",
        "@a/b/c",
        "a\n",
        "é",
        "a~",
        "a!",
        "a'",
        "a(b)",
        "a*",
        "a@b",
        "node_modules",
        "Favicon.ico",
        "x" * 215,
        "..",
    ],
)
def test_names_that_npm_has_not(name: str) -> None:
    assert not _npm.valid_name(name)
    obstacle = only(dependencies={name: "^1"}).obstacle
    assert obstacle is not None
    assert obstacle.reason is SkipReason.INVALID_NAME


def test_a_huge_name_is_cut() -> None:
    assert len(only(dependencies={"a" * 10_000: "1"}).package.name) == 215


def test_where_a_key_stands_twice_the_last_counts() -> None:
    text = '{"dependencies": {"a": "1.0.0"}, "dependencies": {"b": "1.0.0", "b": "2.0.0"}}'
    assert [(s.package.name, s.constraint) for s in extract("package.json", text).statements] == [("b", "2.0.0")]


def test_npms_overrides_nest() -> None:
    overrides = {
        "a": "1.0.0",
        "b": {".": "2.0.0", "c": {"@s/d@^3": "3.0.0", "e": "$a"}},
        "f@<4": {".": "4.0.0"},
    }
    found = facts(overrides=overrides).statements
    assert [(s.package.name, s.constraint, bool(s.pins)) for s in found] == [
        ("a", "1.0.0", True),
        ("b", "2.0.0", True),
        ("@s/d", "3.0.0", False),
        ("e", "$a", False),
        ("f", "4.0.0", False),
    ]
    assert {s.context.group for s in found} == {"overrides"}
    assert found[2].obstacle is not None
    assert "“^3”" in found[2].obstacle.detail


@pytest.mark.parametrize(
    ("key", "name", "moves"),
    [
        ("a", "a", True),
        ("**/a", "a", True),
        ("b/a", "a", True),
        ("b/**/@s/a", "@s/a", True),
        ("@s/b/a", "a", True),
        ("@s/b/@t/a", "@t/a", True),
        ("@s/a", "@s/a", True),
        ("a@npm:^1", "a", False),
        ("@s/a@^1", "@s/a", False),
        ("b@npm:1.0.0/a", "a", True),
        ("@s/b@npm:1.0.0/a", "a", True),
    ],
)
def test_yarns_resolutions(key: str, name: str, *, moves: bool) -> None:
    statement = only(resolutions={key: "1.2.3"})
    assert (statement.package.name, statement.context.group) == (name, "resolutions")
    assert (statement.obstacle is None) is moves


@pytest.mark.parametrize(
    ("key", "name", "moves"),
    [
        ("a", "a", True),
        ("b>a", "a", True),
        ("@s/b@1>@s/a", "@s/a", True),
        ("a@>=2 <3", "a", False),
        ("b@>1>a@>2", "a", False),
        ("a@^1 || >3", "a", False),
    ],
)
def test_pnpms_overrides(key: str, name: str, *, moves: bool) -> None:
    statement = only(pnpm={"overrides": {key: "1.2.3"}})
    assert (statement.package.name, statement.context.group) == (name, "overrides")
    assert (statement.obstacle is None) is moves


def test_sections_of_another_shape_say_nothing() -> None:
    shapes = {"dependencies": ["a"], "resolutions": "a", "pnpm": {"overrides": []}, "workspaces": {"catalogs": 1}}
    assert facts(**shapes, catalog=1, packageManager=None).statements == ()
    assert facts(pnpm=[], workspaces=1, volta=[], engines=["node"]).statements == ()
    assert facts(pnpm={"neverBuiltDependencies": ["a"]}, workspaces={"nohoist": ["a"]}).statements == ()


def test_a_catalog_is_followed_and_defined() -> None:
    found = facts(
        dependencies={"a": "catalog:", "b": "catalog: next "},
        workspaces={"packages": ["p/*"], "catalog": {"a": "^1"}, "catalogs": {"next": {"b": "^2"}}},
    ).statements
    assert [(s.package.name, s.constraint, s.follows, s.context.group) for s in found] == [
        ("a", "", "catalog:default", "dependencies"),
        ("b", "", "catalog:next", "dependencies"),
        ("a", "^1", None, "catalog:default"),
        ("b", "^2", None, "catalog:next"),
    ]
    assert [len(s.pins) for s in found] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("value", "name", "version"),
    [
        ("pnpm@9.1.0", "pnpm", "9.1.0"),
        ("npm@10.0.0-beta.1", "npm", "10.0.0-beta.1"),
        ("yarn@1.22.22", "yarn", "1.22.22"),
        ("yarn@4.1.0", "@yarnpkg/cli-dist", "4.1.0"),
        ("bun@1.2.0", "bun", "1.2.0"),
    ],
)
def test_the_package_manager_is_a_tool(value: str, name: str, version: str) -> None:
    statement = only(packageManager=value)
    assert (statement.package.name, statement.kind, statement.constraint) == (name, Kind.TOOL, version)
    assert [(pin.text, pin.part) for pin in statement.pins] == [(version, Part.VERSION)]
    assert (statement.lockable, statement.context.group, statement.obstacle) == (False, "packageManager", None)


@pytest.mark.parametrize("manager", ["pnpm@9.1.0", "npm@10.0.0", "yarn@1.22.22"])
def test_a_sha512_of_the_package_manager_is_a_second_pin(manager: str) -> None:
    text = json.dumps({"packageManager": f"{manager}+sha512.{SHA512}"})
    (statement,) = extract("package.json", text).statements
    version, digest = statement.pins
    assert (version.part, digest.part, digest.text) == (Part.VERSION, Part.DIGEST, SHA512)
    assert text[digest.span.start : digest.span.end] == SHA512
    assert statement.frame == ("", "")


@pytest.mark.parametrize(
    ("value", "reason", "words"),
    [
        ("pnpm", SkipReason.UNSUPPORTED_CONSTRAINT, "full version"),
        ("pnpm@9", SkipReason.UNSUPPORTED_CONSTRAINT, "full version"),
        ("pnpm@https://files.example/pnpm.tgz", SkipReason.UNSUPPORTED_CONSTRAINT, "full version"),
        ("pnpm@9.1.0+sha1.0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", SkipReason.UNSUPPORTED_CONSTRAINT, "sha512"),
        (f"pnpm@9.1.0+sha512.{SHA512[:-1]}", SkipReason.UNSUPPORTED_CONSTRAINT, "sha512"),
        (f"yarn@4.1.0+sha512.{SHA512}", SkipReason.UNSUPPORTED_CONSTRAINT, "inside the package"),
        ("cnpm@1.0.0", SkipReason.INVALID_NAME, "none of the package managers"),
        ("", SkipReason.INVALID_NAME, "none of the package managers"),
    ],
)
def test_a_package_manager_that_can_not_move(value: str, reason: SkipReason, words: str) -> None:
    statement = only(packageManager=value)
    assert statement.obstacle is not None
    assert (statement.obstacle.reason, statement.pins) == (reason, ())
    assert words in statement.obstacle.detail


@pytest.mark.parametrize("value", ["pnpm@9\\u002e1.0", f"pnpm@9.1.0+sha512.\\u0061{SHA512[1:]}"])
def test_a_package_manager_written_with_escapes_stays(value: str) -> None:
    (statement,) = extract("package.json", f'{{"packageManager": "{value}"}}').statements
    assert statement.pins == ()
    assert statement.obstacle is not None
    assert "escapes" in statement.obstacle.detail


@pytest.mark.parametrize(
    ("manifest", "role"),
    [
        ({}, Role.APPLICATION),
        ({"name": "a", "version": "1.0.0"}, Role.APPLICATION),
        ({"name": "a", "version": "1.0.0", "main": "a.js"}, Role.LIBRARY),
        ({"name": "a", "version": "1.0.0", "exports": {}}, Role.LIBRARY),
        ({"name": "a", "main": "a.js"}, Role.APPLICATION),
        ({"name": "a", "version": "1.0.0", "main": "a.js", "private": True}, Role.APPLICATION),
        ({"name": "a", "version": "1.0.0", "main": "a.js", "private": False}, Role.LIBRARY),
        ({"name": "a", "version": "1.0.0", "main": "a.js", "private": []}, Role.LIBRARY),
    ],
)
def test_the_role(manifest: dict[str, object], role: Role) -> None:
    assert DeclaredRole(role) in facts(**manifest).declarations


def test_engines_and_volta_declare_the_runtime() -> None:
    declarations = facts(engines={"node": " >=18 ", "npm": "9"}, volta={"node": "18.12.0"}).declarations
    found = [one for one in declarations if isinstance(one, DeclaredRuntime)]
    assert found == [DeclaredRuntime("node", "npm", ">=18"), DeclaredRuntime("node", "npm", "18.12.0")]


@pytest.mark.parametrize("node", ["", "1" * 600, 18])
def test_an_engine_that_says_nothing_is_left_out(node: object) -> None:
    assert not [one for one in facts(engines={"node": node}).declarations if isinstance(one, DeclaredRuntime)]


@pytest.mark.parametrize("wrapped", [False, True])
def test_workspaces(*, wrapped: bool) -> None:
    globs = ["./packages/*/", "apps/**", "!apps/old", "", ".", 1]
    declarations = facts(workspaces={"packages": globs} if wrapped else globs).declarations
    assert Workspace(("packages/*", "apps/**", "."), ("apps/old",)) in declarations


@pytest.mark.parametrize("text", ["", "[]", '"a"', "{", '{"a": 1,}', "{{ name }}", "nul"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        extract("package.json", text)


@pytest.mark.parametrize("opening", ['{"overrides":', '{"a":[', "["])
def test_nesting_without_end_is_refused(opening: str) -> None:
    with pytest.raises(ParseError):
        extract("package.json", opening * 10_000)


def test_the_ecosystem_has_no_comments() -> None:
    assert (ecosystem.name, ecosystem.patterns, ecosystem.comment) == ("npm", ("package.json",), "")


NAMES = st.sampled_from(["a", "@s/b", "c@^1", "d>e", "**/f", ".", "_g", "x y"]) | st.text(max_size=8)
RANGES = st.sampled_from(["^1.2.3", "~1", "npm:h@^1.0.0", " 2.x ", "catalog:", "workspace:*", "$a", "-", "x"])
VALUES = RANGES | st.text(max_size=12) | st.none() | st.integers() | st.lists(st.text(max_size=3), max_size=2)
TABLES = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=3), max_size=4) | VALUES
SECTIONS = ["dependencies", "peerDependencies", "overrides", "resolutions", "pnpm", "workspaces", "catalogs", "engines"]
MANIFESTS = st.dictionaries(st.sampled_from([*SECTIONS, "packageManager", "private", "name"]), TABLES, max_size=6)


@given(MANIFESTS, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_whatever_stands_there_every_pin_is_exact_and_can_be_replaced(
    manifest: dict[str, object], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(manifest, indent=indent, ensure_ascii=ascii_only)
    before = extract("package.json", text)
    for statement in before.statements:
        assert statement.pins == () or statement.obstacle is None
        for pin in statement.pins:
            assert text[pin.span.start : pin.span.end] == pin.text
            edits = [Edit(pin.path, pin.span, pin.text, "9.9.9")]
            assert prove(before, extract("package.json", splice(text, edits)), edits) is None
