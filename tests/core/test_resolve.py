"""What only the whole repository tells: locks, roles, runtimes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.model import (
    Declaration,
    DeclaredRole,
    DeclaredRuntime,
    Dependency,
    FileFacts,
    Include,
    Locked,
    LockFile,
    Role,
    Statement,
    Workspace,
)
from bot.core.resolve import MOST_MARKERS, compiled, resolve, subject_of, subject_of_package
from tests.fakes.values import facts, package, statement

PYPROJECT = ("pyproject.toml",)
PACKAGE_JSON = ("package.json",)


def locked(version: str, importer: str | None = None, requested: str | None = None, name: str = "flask") -> Locked:
    return Locked("pypi", name, version, importer, requested)


def lock(path: str, file: LockFile, *entries: Locked) -> FileFacts:
    return facts(path, declares=[file, *entries], ecosystem="a_lock")


def manifest(path: str, constraint: str = ">=1", declares: Sequence[Any] = (), **other: Any) -> FileFacts:
    return facts(path, statement(constraint, path=path, **other), declares=declares)


def at(path: str, *files: FileFacts) -> Dependency:
    return next(found for found in resolve(files) if found.path == path)


def seen(path: str, *files: FileFacts) -> tuple[str | None, str | None, bool]:
    found = at(path, *files)
    return found.lock, found.current, found.locked


# The list itself


def test_every_statement_is_a_dependency_in_order_of_path_and_place() -> None:
    files = [
        facts("b.toml", statement(name="y", line=1), statement(name="x", line=2)),
        facts("a.toml", statement(name="z")),
    ]
    assert [(d.path, d.package.name) for d in resolve(files)] == [("a.toml", "z"), ("b.toml", "y"), ("b.toml", "x")]
    assert [d.ecosystem for d in resolve(files)] == ["pyproject"] * 3


def test_a_subject_is_the_package_of_an_index_or_what_the_statement_names() -> None:
    assert subject_of(statement()) == "pypi/flask"
    assert subject_of(statement(subject="runtime:python")) == "runtime:python"
    assert subject_of_package(package(url="https://index.example/simple")) == "pypi/flask@https://index.example/simple"


@pytest.mark.parametrize(
    ("constraint", "current"), [("==1.2", "1.2"), (">=1.2,<2", "1.2"), ("~=1.2", "1.2"), ("<2", None), ("", None)]
)
def test_without_a_lock_current_is_what_is_stated_or_the_lowest_allowed(constraint: str, current: str | None) -> None:
    assert seen("pyproject.toml", manifest("pyproject.toml", constraint)) == (None, current, False)


# Locks


def test_a_lock_in_the_same_folder() -> None:
    uv = lock("api/uv.lock", LockFile("uv", PYPROJECT), locked("1.4"))
    assert seen("api/pyproject.toml", uv, manifest("api/pyproject.toml")) == ("api/uv.lock", "1.4", True)
    assert seen("pyproject.toml", uv, manifest("pyproject.toml")) == (None, "1", False)
    assert seen("api/setup.cfg", uv, manifest("api/setup.cfg")) == (None, "1", False)
    assert seen("api2/pyproject.toml", uv, manifest("api2/pyproject.toml")) == (None, "1", False)


def test_a_pin_states_what_is_in_use_whatever_an_old_lock_says() -> None:
    uv = lock("uv.lock", LockFile("uv", PYPROJECT), locked("1.4"))
    assert seen("pyproject.toml", uv, manifest("pyproject.toml", "==1.5")) == ("uv.lock", "1.5", True)


def test_a_package_that_the_lock_does_not_hold_is_covered_all_the_same() -> None:
    uv = lock("uv.lock", LockFile("uv", PYPROJECT), locked("9", name="other"), locked("rubbish"))
    assert seen("pyproject.toml", uv, manifest("pyproject.toml")) == ("uv.lock", "1", False)


def test_what_is_not_lockable_has_no_lock() -> None:
    uv = lock("uv.lock", LockFile("uv", PYPROJECT), locked("1.4"))
    assert seen("pyproject.toml", uv, manifest("pyproject.toml", lockable=False)) == (None, "1", False)


def test_importers_name_the_folders_of_a_workspace() -> None:
    file = LockFile("pnpm", PACKAGE_JSON, (".", "packages/a"))
    pnpm = lock("web/pnpm-lock.yaml", file, locked("1.1", "."), locked("1.2", "packages/a"), locked("1.9"))
    where = "web/pnpm-lock.yaml"
    assert seen("web/package.json", pnpm, manifest("web/package.json")) == (where, "1.1", True)
    assert seen("web/packages/a/package.json", pnpm, manifest("web/packages/a/package.json")) == (where, "1.2", True)
    assert seen("web/packages/b/package.json", pnpm, manifest("web/packages/b/package.json"))[0] is None


def test_the_entry_that_answers_the_same_constraint_counts() -> None:
    file = LockFile("yarn", PACKAGE_JSON, ("**",))
    yarn = lock("yarn.lock", file, locked("2.5", requested=">=2"), locked("1.4", requested=">=1"))
    assert seen("package.json", yarn, manifest("package.json")) == ("yarn.lock", "1.4", True)


def test_a_catalog_s_entry_is_the_one_that_answers_its_constraint() -> None:
    pnpm = lock("pnpm-lock.yaml", LockFile("pnpm", ("ws.yaml",)), locked("1.1", "."), locked("2.5", requested=">=2"))
    assert seen("ws.yaml", pnpm, manifest("ws.yaml", ">=2", group="catalog:default"))[1] == "2.5"
    assert seen("ws.yaml", pnpm, manifest("ws.yaml", ">=2"))[1] == "1.1"


def test_the_lock_s_own_folder_comes_before_any_other() -> None:
    file = LockFile("npm", PACKAGE_JSON, (".", "a", "b"))
    npm = lock("package-lock.json", file, locked("1.1", "."), locked("1.9", "a"))
    assert seen("b/package.json", npm, manifest("b/package.json")) == ("package-lock.json", "1.1", True)


def test_of_several_versions_the_newest_that_the_constraint_admits() -> None:
    uv = lock("uv.lock", LockFile("uv", PYPROJECT), locked("1.9"), locked("2.5"), locked("1.10"))
    assert seen("pyproject.toml", uv, manifest("pyproject.toml", ">=1,<2"))[1] == "1.10"
    assert seen("pyproject.toml", uv, manifest("pyproject.toml", ">=3"))[1] == "2.5"


YARN = LockFile("yarn", PACKAGE_JSON, ("**",))


@pytest.mark.parametrize(
    ("path", "covered"),
    [
        ("package.json", True),
        ("packages/a/package.json", True),
        ("packages/a/b/package.json", False),
        ("packages/private/package.json", False),
        ("apps/x/y/package.json", True),
        ("apps/package.json", True),
        ("tools/package.json", True),
        ("other/package.json", False),
    ],
)
def test_a_lock_of_every_member_asks_the_workspace(path: str, covered: bool) -> None:
    members = Workspace(("packages/*", "./apps/**/", "tools"), ("packages/private",))
    root = manifest("package.json", declares=[members])
    files = [lock("yarn.lock", YARN, locked("1.4")), root]
    files += [] if path == "package.json" else [manifest(path)]
    assert (at(path, *files).lock is not None) is covered


def test_without_a_workspace_a_lock_covers_its_own_folder_only() -> None:
    yarn = lock("yarn.lock", YARN, locked("1.4"))
    assert at("package.json", yarn, manifest("package.json")).lock == "yarn.lock"
    assert at("a/package.json", yarn, manifest("package.json"), manifest("a/package.json")).lock is None


def test_no_workspace_glob_is_slow() -> None:
    members = Workspace(("**/*a*a*a*a*b/" * 60,))
    path = "a/" * 500 + "package.json"
    before = time.process_time()
    assert at(path, lock("yarn.lock", YARN), manifest("package.json", declares=[members]), manifest(path)).lock is None
    assert time.process_time() - before < 2


def test_the_nearest_lock_wins() -> None:
    outer = lock("uv.lock", LockFile("uv", PYPROJECT, (".", "api")), locked("1.1", "api"))
    inner = lock("api/poetry.lock", LockFile("poetry", PYPROJECT), locked("1.2"))
    for files in ([outer, inner], [inner, outer]):
        assert seen("api/pyproject.toml", *files, manifest("api/pyproject.toml")) == ("api/poetry.lock", "1.2", True)


COMPILED = LockFile("pip-compile", ("base.in",), ("..",))


def test_a_compiled_file_locks_the_manifest_beside_or_above_it() -> None:
    compiled = lock("deploy/requirements.txt", COMPILED, locked("1.4", ".."))
    assert seen("base.in", compiled, manifest("base.in")) == ("deploy/requirements.txt", "1.4", True)
    assert seen("deploy/base.in", compiled, manifest("deploy/base.in"))[0] is None
    nested = lock("api/deploy/requirements.txt", COMPILED, locked("1.4", ".."))
    assert seen("api/base.in", nested, manifest("api/base.in"))[0] == "api/deploy/requirements.txt"
    assert seen("base.in", nested, manifest("base.in"))[0] is None


def test_a_lock_beside_the_manifest_comes_before_one_further_down() -> None:
    down = lock("deploy/requirements.txt", COMPILED, locked("1.1"))
    beside = lock("base.txt", LockFile("pip-compile", ("base.in",)), locked("1.4"))
    for files in ([down, beside], [beside, down]):
        assert seen("base.in", *files, manifest("base.in"))[:2] == ("base.txt", "1.4")


def test_what_a_covered_manifest_takes_in_is_covered() -> None:
    compiled = lock("dev.txt", LockFile("pip-compile", ("dev.in",)), locked("1.4"))
    dev = facts("dev.in", declares=[Include("base.in"), Include("dev.in"), Include("missing.in")])
    base = manifest("base.in", declares=[Include("limits/c.txt", constraints=True), Include("dev.in")])
    files = (compiled, dev, base, manifest("limits/c.txt"), manifest("alone.txt"))
    assert seen("base.in", *files) == ("dev.txt", "1.4", True)
    assert seen("limits/c.txt", *files) == ("dev.txt", "1.4", True)
    assert seen("alone.txt", *files) == (None, "1", False)


def test_files_that_take_in_each_other_are_followed_once() -> None:
    first = manifest("a.in", declares=[Include("b.in")])
    second = manifest("b.in", declares=[Include("a.in")])
    assert [found.lock for found in resolve([first, second])] == [None, None]


# Roles


def test_the_role_is_the_file_s_own() -> None:
    files = (
        manifest("lib/pyproject.toml", declares=[DeclaredRole(Role.LIBRARY)]),
        manifest("lib/requirements.txt"),
    )
    assert at("lib/pyproject.toml", *files).role is Role.LIBRARY
    assert at("lib/requirements.txt", *files).role is Role.APPLICATION


# Runtimes


def python(constraint: str, scheme: str = "pep440") -> DeclaredRuntime:
    return DeclaredRuntime("python", scheme, constraint)


def floor(path: str, *files: FileFacts) -> tuple[str, str] | None:
    runtime = at(path, *files).runtime
    return (runtime.floor, runtime.path) if runtime else None


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (">=3.9", "3.9.99"),
        (">=3.9.2,<4", "3.9.2"),
        ("3.11", "3.11.99"),
        ("3.11.4", "3.11.4"),
        ("3", "3.99.99"),
        (">=3", "3.0.99"),
        ("~=3.10", "3.10.99"),
        ("==3.12.*", "3.12.99"),
        (" >=3.9 ", "3.9.99"),
        ("3.13rc1", "3.13rc1"),
        ("<4", None),
        ("rubbish", None),
        ("", None),
    ],
)
def test_the_floor_of_a_declared_python(declared: str, expected: str | None) -> None:
    found = floor("pyproject.toml", manifest("pyproject.toml", declares=[python(declared)]))
    assert (found[0] if found else None) == expected


@pytest.mark.parametrize(
    ("declared", "expected"), [("^18 || ^20", "18.99.99"), (">=4", "4.99.99"), ("v20.1", "20.1.99")]
)
def test_the_floor_of_a_declared_node(declared: str, expected: str) -> None:
    runtime = DeclaredRuntime("node", "npm", declared)
    found = floor("package.json", manifest("package.json", "^1.0.0", [runtime], registry="npm"))
    assert found == (expected, "package.json")


def test_the_runtime_is_that_of_the_file_then_of_its_folder_then_of_those_above() -> None:
    top = facts(".python-version", declares=[python("3.8")])
    folder = facts("api/.python-version", declares=[python("3.10")])
    own = manifest("api/pyproject.toml", declares=[python(">=3.11")])
    beside = manifest("api/requirements.txt")
    deeper = manifest("api/a/b/requirements.txt")
    files = (top, folder, own, beside, deeper, manifest("web/requirements.txt"))
    assert floor("api/pyproject.toml", *files) == ("3.11.99", "api/pyproject.toml")
    assert floor("api/requirements.txt", *files) == ("3.10.99", "api/.python-version")
    assert floor("api/a/b/requirements.txt", *files) == ("3.10.99", "api/.python-version")
    assert floor("web/requirements.txt", *files) == ("3.8.99", ".python-version")


def test_of_several_declarations_in_one_place_the_lowest_counts() -> None:
    both = [python(">=3.10"), python("^3.9", "poetry")]
    for declared in (both, both[::-1]):
        found = floor("pyproject.toml", manifest("pyproject.toml", declares=declared))
        assert found == ("3.9.99", "pyproject.toml")


def test_a_declaration_that_says_no_floor_is_passed_over() -> None:
    files = (facts(".python-version", declares=[python("3.9")]), manifest("a/pyproject.toml", declares=[python("<4")]))
    assert floor("a/pyproject.toml", *files) == ("3.9.99", ".python-version")


def test_nothing_declared_or_a_registry_without_a_runtime_gives_none() -> None:
    assert floor("pyproject.toml", manifest("pyproject.toml")) is None
    other = statement("1.0", registry="oci", scheme="loose")
    assert floor("Dockerfile", facts("Dockerfile", other, declares=[python("3.9")])) is None


def test_a_library_s_engines_do_not_bind_its_developers() -> None:
    declares: list[Declaration] = [DeclaredRuntime("node", "npm", ">=16"), DeclaredRole(Role.LIBRARY)]
    used = statement("^1.0.0", registry="npm", group="dependencies")
    tool = statement("^1.0.0", registry="npm", group="devDependencies", line=2)
    found = resolve([facts("package.json", used, tool, declares=declares)])
    assert [d.runtime.floor if d.runtime else None for d in found] == ["16.99.99", None]
    service = resolve([facts("package.json", tool, declares=declares[:1])])
    assert service[0].runtime is not None


def narrowed(marker: str, *declared: str) -> str | None:
    file = manifest("pyproject.toml", declares=[python(one) for one in declared], marker=marker)
    found = floor("pyproject.toml", file)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ('python_version < "3.10"', "3.8.99"),
        ('python_version >= "3.10"', "3.10.99"),
        ('python_version >= "3.7"', "3.8.99"),
        ('python_full_version >= "3.11.0"', "3.11.99"),
        ('python_version >= "3.10" and sys_platform == "win32"', "3.10.99"),
        ('python_version >= "3.10" and platform_machine == "arm64"', "3.10.99"),
        ('python_version >= "3.10" and platform_python_implementation == "PyPy"', "3.10.99"),
        ('python_version >= "3.10" and os_name == "nt"', "3.10.99"),
        ('sys_platform == "win32"', "3.8.99"),
        ('python_version < "3.0"', "3.8.99"),
        ('python_version >= "3.10" and extra == "x"', "3.8.99"),
        ("python_version is unreadable", "3.8.99"),
        ('python_version ~= "x"', "3.8.99"),
        ('python_version > "3" and "a" ~= "b"', "3.8.99"),
        ("(" * 3000 + 'python_version > "3.9"' + ")" * 3000, "3.8.99"),
        ('python_version > "3.9" or ' * 100 + 'python_version > "3.9"', "3.8.99"),
    ],
)
def test_a_marker_narrows_the_floor(marker: str, expected: str) -> None:
    assert narrowed(marker, ">=3.8") == expected


def test_a_marker_that_admits_the_declared_line_leaves_its_patch() -> None:
    assert narrowed('python_version >= "3.8"', ">=3.8.5") == "3.8.5"


def test_where_nothing_is_declared_the_newest_that_the_marker_admits_stands_in() -> None:
    assert narrowed('python_version < "3.9"') == "3.8.99"
    assert narrowed('python_version >= "3.9"') is None
    assert narrowed("python_version is unreadable") is None


def test_markers_are_for_python_only() -> None:
    site = statement("^1.0.0", registry="npm", marker='python_version < "3.9"')
    runtime = DeclaredRuntime("node", "npm", ">=20")
    (found,) = resolve([facts("package.json", site, declares=[runtime])])
    assert found.runtime is not None
    assert found.runtime.floor == "20.99.99"


def test_a_statement_of_a_scheme_with_only_exact_versions() -> None:
    loose: Statement = statement("2024a", registry="oci", scheme="loose")
    (found,) = resolve([facts("Dockerfile", loose)])
    assert found.current == "2024a"


# What not every Python can install


def test_packages_that_have_wheels_for_certain_pythons_only() -> None:
    numpy = Locked("pypi", "numpy", "2.0", ".", wheels=("cp312",))
    other = Locked("pypi", "numpy", "2.0", None, wheels=("cp312", "cp313"))
    files = [
        lock("a/uv.lock", LockFile("uv", PYPROJECT), locked("1.0"), numpy),
        lock("b/poetry.lock", LockFile("poetry", PYPROJECT), Locked("pypi", "numpy", "2.0", wheels=("cp312",)), other),
        manifest("pyproject.toml"),
    ]
    assert compiled(files) == (Locked("pypi", "numpy", "2.0", wheels=("cp312",)), other)
    assert compiled([]) == ()


def test_very_many_markers_are_not_looked_at() -> None:
    entries = [Locked("pypi", f"p{n}", "1", wheels=("cp39",), markers=(f"x{n}",)) for n in range(MOST_MARKERS + 5)]
    found = compiled([lock("uv.lock", LockFile("uv", PYPROJECT), *entries)])
    assert [one.name for one in found] == [one.name for one in entries]
    assert [len(one.markers) for one in found] == [1] * MOST_MARKERS + [0] * 5
