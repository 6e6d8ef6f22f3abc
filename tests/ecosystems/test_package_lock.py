from __future__ import annotations

import json

import pytest

from bot.core.model import FileFacts, Locked, LockFile, ParseError
from bot.ecosystems.package_lock import ecosystem, extract


def read(**lock: object) -> FileFacts:
    return extract("package-lock.json", json.dumps({"name": "root", **lock}))


def locked(facts: FileFacts) -> list[tuple[str, str, str | None]]:
    return [(one.name, one.version, one.importer) for one in facts.declarations if isinstance(one, Locked)]


def lock_file(facts: FileFacts) -> LockFile:
    (found,) = [one for one in facts.declarations if isinstance(one, LockFile)]
    return found


PACKAGES = {
    "": {"name": "root", "workspaces": ["packages/*"], "dependencies": {"react": "^18", "old": "npm:react@^16"}},
    "node_modules/react": {"version": "18.2.0", "resolved": "https://index.example/react.tgz"},
    "node_modules/old": {"name": "react", "version": "16.14.0"},
    "node_modules/@types/node": {"version": "20.1.0", "dev": True},
    "node_modules/a": {"resolved": "packages/a", "link": True},
    "node_modules/fork": {"version": "1.0.0", "resolved": "git+ssh://git@git.example/fork.git#abc"},
    "node_modules/packed": {"version": "1.0.0", "resolved": "file:packed.tgz"},
    "node_modules/react/node_modules/ms": {"version": "1.0.0"},
    "packages/a": {
        "name": "a",
        "version": "1.0.0",
        "dependencies": {"react": "^18", "lodash": "^3", "a": "*", "gone": "1"},
        "devDependencies": {"@types/node": "^20"},
        "peerDependencies": {"react": "*"},
        "optionalDependencies": "not a table",
    },
    "packages/a/node_modules/lodash": {"version": "3.10.1"},
}


@pytest.mark.parametrize("version", [2, 3])
def test_versions_2_and_3_by_importer(version: int) -> None:
    facts = read(lockfileVersion=version, packages=PACKAGES, dependencies={"react": {"version": "0.0.1"}})
    assert facts.statements == ()
    assert lock_file(facts) == LockFile("npm", ("package.json",), (".", "packages/a"))
    assert locked(facts) == [
        ("react", "18.2.0", "."),
        ("react", "16.14.0", "."),
        ("@types/node", "20.1.0", "."),
        ("react", "18.2.0", "packages/a"),
        ("lodash", "3.10.1", "packages/a"),
        ("@types/node", "20.1.0", "packages/a"),
    ]


def test_version_1() -> None:
    facts = read(
        lockfileVersion=1,
        dependencies={
            "react": {"version": "18.2.0", "dependencies": {"ms": {"version": "1.0.0"}}},
            "old": {"version": "npm:react@16.14.0"},
            "fork": {"version": "git+ssh://git@git.example/fork.git#abc"},
            "packed": {"version": "file:packed.tgz"},
            "bundled": {"version": False, "bundled": True},
        },
    )
    assert lock_file(facts).importers == (".", "**")
    assert locked(facts) == [("react", "18.2.0", "."), ("react", "16.14.0", ".")]


def test_a_lock_without_anything_is_still_a_lock() -> None:
    assert locked(read(lockfileVersion=1)) == []
    assert lock_file(read(lockfileVersion=3, packages={})).importers == (".",)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert extract("package-lock.json", '\ufeff{"lockfileVersion": 3}').declarations


@pytest.mark.parametrize("entry", [{}, {"version": 1}, {"version": None}, {"version": ["1"]}])
def test_an_entry_without_a_version_locks_nothing(entry: dict[str, object]) -> None:
    assert locked(read(lockfileVersion=3, packages={"node_modules/a": entry})) == []
    assert locked(read(lockfileVersion=1, dependencies={"a": entry})) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"lockfileVersion": "3"}',
        '{"lockfileVersion": 3, "packages": []}',
        '{"lockfileVersion": 3, "packages": {"a": 1}}',
        '<<<<<<< HEAD\n{"lockfileVersion": 3}',
        '{"lockfileVersion": 3, "x": ' + "[" * 100_000,
        '{"lockfileVersion": 3, "packages": {"a": {"version": ' + "[" * 100_000,
        '{"lockfileVersion": 3, "name": "\ud800"}',
    ],
)
def test_what_is_no_such_lock_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        extract("package-lock.json", text)


def test_the_shrinkwrap_is_the_same() -> None:
    assert ecosystem.patterns == ("package-lock.json", "npm-shrinkwrap.json")
