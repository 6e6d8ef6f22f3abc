"""What only the whole repository tells: locked versions, the role of a manifest, its runtime.

Pure and never cached by blob: any file may change the answer for any other.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.core.globs import member
from bot.core.model import (
    DeclaredRole,
    DeclaredRuntime,
    Dependency,
    FileFacts,
    Include,
    Locked,
    LockFile,
    Package,
    Role,
    Runtime,
    Statement,
    Workspace,
)
from bot.core.versions import scheme

RUNTIME_OF = {"pypi": "python", "npm": "node"}
"""The language runtime that the releases of a registry require."""

EVERY_MEMBER = "**"
"""The importer that a lock file names when it holds every member of the workspace."""

_PYTHONS = ("2.7", *(f"3.{minor}" for minor in range(21)))
_PLATFORMS = (("posix", "linux", "Linux"), ("nt", "win32", "Windows"), ("posix", "darwin", "Darwin"))
_MACHINES = (
    ("x86_64", "CPython"),
    ("aarch64", "CPython"),
    ("arm64", "CPython"),
    ("AMD64", "CPython"),
    ("x86_64", "PyPy"),
    ("AMD64", "PyPy"),
)
_MAX_MARKER = 1000
_MAX_PARENTHESES = 20
"""Longer or deeper markers are not read: the parser recurses, and no real one comes near."""
MOST_MARKERS = 200
"""So many different markers of locked packages are looked at in a repository: each costs up to a millisecond."""


@dataclass(frozen=True, slots=True)
class _Lock:
    path: str
    folder: str
    file: LockFile
    locked: dict[tuple[str, str], list[Locked]]


@dataclass(frozen=True, slots=True)
class _Repository:
    locks: tuple[_Lock, ...]
    roles: dict[str, Role]
    runtimes: dict[tuple[str, str], list[tuple[str, DeclaredRuntime]]]
    workspaces: dict[str, list[Workspace]]
    includers: dict[str, list[str]]
    floors: dict[tuple[str, str], Runtime | None] = field(default_factory=dict)


def resolve(files: Sequence[FileFacts]) -> tuple[Dependency, ...]:
    """Every statement of these (completed) files as a dependency, in order of path and place."""
    repository = _gather(files)
    return tuple(
        _dependency(repository, facts, statement)
        for facts in sorted(files, key=lambda f: (f.path, f.ecosystem))
        for statement in facts.statements
    )


def compiled(files: Iterable[FileFacts]) -> tuple[Locked, ...]:
    """The packages that lock files hold with wheels for certain Pythons only, each once.

    Where there are very many markers the later ones are left out: what bears them counts as if
    nothing limited it.
    """
    locked = (one for facts in files for one in facts.declarations if isinstance(one, Locked) and one.wheels)
    markers: set[str] = set()
    found = []
    for one in dict.fromkeys(replace(one, importer=None, requested=None) for one in locked):
        markers.update(one.markers)
        found.append(one if len(markers) <= MOST_MARKERS else replace(one, markers=()))
    return tuple(found)


def subject_of(statement: Statement) -> str:
    """What moves as one with this statement: its package, or the larger thing that it names."""
    return statement.subject or subject_of_package(statement.package)


def subject_of_package(package: Package) -> str:
    """The subject of a package; one index's package is not another's of the same name."""
    return f"{package}@{package.url}" if package.url else str(package)


def _gather(files: Iterable[FileFacts]) -> _Repository:
    locks: list[_Lock] = []
    roles: dict[str, Role] = {}
    runtimes: dict[tuple[str, str], list[tuple[str, DeclaredRuntime]]] = defaultdict(list)
    workspaces: dict[str, list[Workspace]] = defaultdict(list)
    includers: dict[str, list[str]] = defaultdict(list)
    for facts in files:
        folder = posixpath.dirname(facts.path)
        locks.extend(_lock(facts, folder))
        for declaration in facts.declarations:
            if isinstance(declaration, DeclaredRole):
                roles[facts.path] = declaration.role
            elif isinstance(declaration, DeclaredRuntime):
                runtimes[folder, declaration.name].append((facts.path, declaration))
            elif isinstance(declaration, Workspace):
                workspaces[folder].append(declaration)
            elif isinstance(declaration, Include):
                includers[declaration.path].append(facts.path)
    return _Repository(tuple(locks), roles, dict(runtimes), dict(workspaces), dict(includers))


def _lock(facts: FileFacts, folder: str) -> list[_Lock]:
    files = [d for d in facts.declarations if isinstance(d, LockFile)]
    if not files:
        return []
    locked: dict[tuple[str, str], list[Locked]] = defaultdict(list)
    for declaration in facts.declarations:
        if isinstance(declaration, Locked):
            locked[declaration.registry, declaration.name].append(declaration)
    return [_Lock(facts.path, folder, file, locked) for file in files]


def _dependency(repository: _Repository, facts: FileFacts, statement: Statement) -> Dependency:
    lock = _covering(repository, facts.path) if statement.lockable else None
    locked = _locked_version(lock, facts.path, statement) if lock else None
    rules = scheme(statement.scheme)
    role = repository.roles.get(facts.path, Role.APPLICATION)
    stated = rules.exact(statement.constraint) if statement.constraint else None
    return Dependency(
        statement=statement,
        path=facts.path,
        ecosystem=facts.ecosystem,
        subject=subject_of(statement),
        current=stated or locked or (rules.floor(statement.constraint) if statement.constraint else None),
        locked=locked is not None,
        lock=lock.path if lock else None,
        role=role,
        runtime=None if _only_for_developers(role, statement) else _runtime(repository, facts.path, statement),
    )


def _only_for_developers(role: Role, statement: Statement) -> bool:
    """Whether the runtime that a library promises to its users does not bind this statement.

    npm installs ``devDependencies`` for the library's developers only, on a Node of their choice.
    """
    return role is Role.LIBRARY and statement.context.group == "devDependencies"


def _covering(repository: _Repository, path: str) -> _Lock | None:
    """The nearest lock file that holds this manifest, or one that takes this file in (``-r``, ``-c``)."""
    seen = {path}
    front = [path]
    while front:
        for at in front:
            covering = [lock for lock in repository.locks if _covers(repository, lock, at)]
            if covering:
                return max(covering, key=lambda lock: _nearness(lock, at))
        above = dict.fromkeys(one for at in front for one in repository.includers.get(at, ()))
        front = [one for one in above if one not in seen]
        seen.update(front)
    return None


def _nearness(lock: _Lock, path: str) -> tuple[bool, int]:
    """Locks in the manifest's own folder or above it first, of those the deepest."""
    above = _relative(posixpath.dirname(path), lock.folder) is not None
    return above, len(lock.folder)


def _covers(repository: _Repository, lock: _Lock, path: str) -> bool:
    folder, name = posixpath.split(path)
    if name not in lock.file.manifests:
        return False
    relative = _relative(folder, lock.folder)
    if relative is None:
        # From "/", as relpath would otherwise ask for the process's own folder.
        return posixpath.relpath(f"/{folder}", f"/{lock.folder}") in lock.file.importers
    if relative in lock.file.importers:
        return True
    return EVERY_MEMBER in lock.file.importers and (relative == "." or _in_workspace(repository, lock.folder, relative))


def _in_workspace(repository: _Repository, root: str, relative: str) -> bool:
    return any(member(relative, workspace) for workspace in repository.workspaces.get(root, ()))


def _relative(folder: str, root: str) -> str | None:
    """``folder`` seen from ``root`` ("." for the same), None when it is not below it."""
    if folder == root:
        return "."
    if not root:
        return folder
    return folder[len(root) + 1 :] if folder.startswith(f"{root}/") else None


def _locked_version(lock: _Lock, path: str, statement: Statement) -> str | None:
    """The version that the lock file holds for this statement, None where it holds none.

    A lock may hold several versions of one package: the one resolved for the manifest's own
    folder counts first, then the one that answers the same constraint, then the lock's own
    folder, then the newest that the constraint admits.
    """
    entries = lock.locked.get((statement.package.registry, statement.package.name), [])
    relative = _relative(posixpath.dirname(path), lock.folder)
    tests: list[Callable[[Locked], bool]] = [
        lambda entry: entry.importer is not None and entry.importer == relative,
        lambda entry: entry.requested is not None and entry.requested == statement.constraint,
        lambda entry: entry.importer == ".",
        lambda _: True,
    ]
    if statement.context.group.startswith("catalog:"):
        tests.insert(0, tests.pop(1))  # a catalog's entry was resolved for those who follow it, not for its folder
    for test in tests:
        versions = [entry.version for entry in entries if test(entry)]
        if versions:
            return _newest(versions, statement)
    return None


def _newest(versions: Sequence[str], statement: Statement) -> str | None:
    rules = scheme(statement.scheme)
    known = [version for version in versions if rules.key(version) is not None]
    admitted = [version for version in known if rules.satisfies(version, statement.constraint)]
    return max(admitted or known, key=rules.key, default=None)


def _runtime(repository: _Repository, path: str, statement: Statement) -> Runtime | None:
    """The oldest runtime that must go on working where this statement applies."""
    name = RUNTIME_OF.get(statement.package.registry)
    if name is None:
        return None
    declared = _declared(repository, path, name)
    if name != "python" or "python" not in statement.context.marker:
        return declared
    return _narrowed(declared, statement.context.marker, path)


def _declared(repository: _Repository, path: str, name: str) -> Runtime | None:
    """The floor that the nearest declaration gives: the file's own, then its folder's, then upwards."""
    key = (path, name)
    if key not in repository.floors:
        repository.floors[key] = next(
            (found for said in _nearest(repository, path, name) if (found := _lowest(said))), None
        )
    return repository.floors[key]


_Said = list[tuple[str, DeclaredRuntime]]


def _nearest(repository: _Repository, path: str, name: str) -> Iterable[_Said]:
    """What is declared in the file itself, then in its folder, then in each folder above."""
    folder = posixpath.dirname(path)
    yield [said for said in repository.runtimes.get((folder, name), []) if said[0] == path]
    while True:
        yield repository.runtimes.get((folder, name), [])
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _lowest(declared: _Said) -> Runtime | None:
    """The lowest of several floors: what is stated twice is supported from the lower one on."""
    floors = [floor for path, said in declared if (floor := _floor(path, said))]
    return min(floors, key=lambda floor: scheme(floor.scheme).key(floor.floor), default=None)


def _floor(path: str, declared: DeclaredRuntime) -> Runtime | None:
    rules = scheme(declared.scheme)
    text = declared.constraint.strip()
    floor = text if rules.key(text) is not None else rules.floor(text)
    if not floor:
        return None
    if declared.name == "python" and floor != text and floor.isdigit():
        floor = f"{floor}.0"  # `>=3` begins with 3.0, while a file that names "3" means its newest line
    return Runtime(declared.name, declared.scheme, _late(floor), declared.constraint, path)


def _late(floor: str) -> str:
    """A late patch release of the line: who states 3.9 or 18 runs its patches, not 3.9.0."""
    parts = floor.lstrip("vV=").split(".")
    if len(parts) >= 3 or not all(part.isdigit() for part in parts):
        return floor
    return ".".join([*parts, "99", "99"][:3])


def _narrowed(declared: Runtime | None, marker: str, path: str) -> Runtime | None:
    """The oldest runtime to which a marker such as ``python_version < "3.9"`` still applies.

    Where nothing is declared, the newest that the marker admits stands in for it, as the marker
    alone does not say how far back the project goes.
    """
    admitted = [python for python in _PYTHONS if applies(marker, python)]
    if declared is None:
        limited = admitted and admitted[-1] != _PYTHONS[-1]
        return Runtime("python", "pep440", _late(admitted[-1]), marker, path) if limited else None
    rules = scheme("pep440")
    line = ".".join(declared.floor.split(".")[:2])
    supported = [python for python in admitted if rules.key(python) >= rules.key(line)]
    if not supported or rules.key(supported[0]) == rules.key(line):
        return declared
    return Runtime("python", "pep440", _late(supported[0]), marker, path)


@lru_cache(maxsize=4096)
def applies(marker: str, python: str) -> bool:
    """Whether the marker can be true on this Python on any common platform; never for one that can't be read."""
    from packaging import markers  # noqa: PLC0415 - only repositories with markers pay for it

    if len(marker) > _MAX_MARKER or marker.count("(") > _MAX_PARENTHESES:
        return False
    try:
        parsed = markers.Marker(marker)
        return any(parsed.evaluate(environment) for environment in _environments(python))
    except (markers.InvalidMarker, markers.UndefinedComparison, markers.UndefinedEnvironmentName):
        return False


def _environments(python: str) -> Iterator[dict[str, str]]:
    """Every variable of PEP 508, so that none is taken from the machine that decides."""
    for os_name, platform, system in _PLATFORMS:
        for machine, implementation in _MACHINES:
            yield {
                "python_version": python,
                "python_full_version": _late(python),
                "implementation_version": _late(python),
                "os_name": os_name,
                "sys_platform": platform,
                "platform_system": system,
                "platform_machine": machine,
                "implementation_name": implementation.lower(),
                "platform_python_implementation": implementation,
                "platform_release": "",
                "platform_version": "",
                "extra": "",
            }
