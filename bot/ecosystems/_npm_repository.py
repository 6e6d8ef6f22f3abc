"""What crosses the files of a JavaScript repository: catalogs, registries, siblings.

Sources: https://pnpm.io/catalogs, https://docs.npmjs.com/cli/v11/configuring-npm/npmrc,
https://docs.npmjs.com/cli/v11/using-npm/workspaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from posixpath import dirname

from bot.core.globs import member
from bot.core.model import FileFacts, Index, Locked, Obstacle, SkipReason, Statement, Workspace
from bot.core.versions import scheme
from bot.ecosystems._npm import OWN, REGISTRY, SCHEME, upwards

_SECTIONS = frozenset({"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"})


@dataclass(frozen=True, slots=True)
class _Repository:
    """What the whole repository says.

    ``definitions`` by (folder, catalog, name); ``indexes``: URLs by (folder, scope);
    ``workspaces`` by folder; ``packages``: (folder, version) by (workspace's folder, name).
    """

    definitions: dict[tuple[str, str, str], Statement]
    indexes: dict[tuple[str, str], str]
    workspaces: dict[str, list[Workspace]]
    packages: dict[tuple[str, str], tuple[str, str]]


def complete(own: Sequence[FileFacts], every: Sequence[FileFacts]) -> tuple[FileFacts, ...]:
    """Give ``catalog:`` statements their definition, and each package the registry set for it.

    Both are sought in the file's folder and then upwards; the nearest wins. A definition's pins
    keep their own file's path. A catalog that defines no such name is an obstacle, and so is a
    package of the same workspace: its version is not taken from a registry.
    """
    repository = _gather(every)
    return tuple(_completed(facts, repository) for facts in own)


def _gather(every: Sequence[FileFacts]) -> _Repository:
    files = sorted(every, key=lambda facts: facts.path)
    workspaces: dict[str, list[Workspace]] = {}
    for facts in files:
        found = [declared for declared in facts.declarations if isinstance(declared, Workspace)]
        if found:
            workspaces.setdefault(dirname(facts.path), []).extend(found)
    return _Repository(_definitions(files), _indexes(files), workspaces, _packages(files, workspaces))


def _definitions(files: Sequence[FileFacts]) -> dict[tuple[str, str, str], Statement]:
    """Where two files of a folder define the same, the first by name counts."""
    found: dict[tuple[str, str, str], Statement] = {}
    for facts in files:
        for one in facts.statements:
            if one.context.group.startswith("catalog:") and one.package.registry == REGISTRY:
                found.setdefault((dirname(facts.path), one.context.group, one.package.name), one)
    return found


def _indexes(files: Sequence[FileFacts]) -> dict[tuple[str, str], str]:
    """``.yarnrc.yml`` beats ``.npmrc`` in the same folder: Yarn does not read the other one."""
    return {
        (dirname(facts.path), declared.scope): declared.url
        for facts in files
        for declared in facts.declarations
        if isinstance(declared, Index) and declared.registry == REGISTRY
    }


def _packages(
    files: Sequence[FileFacts], workspaces: dict[str, list[Workspace]]
) -> dict[tuple[str, str], tuple[str, str]]:
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for facts in files:
        root = _root(dirname(facts.path), workspaces)
        for declared in facts.declarations:
            if root is not None and isinstance(declared, Locked) and declared.requested == OWN:
                found[root, declared.name] = (dirname(facts.path), declared.version)
    return found


def _root(folder: str, workspaces: dict[str, list[Workspace]]) -> str | None:
    """The nearest folder whose workspace this folder is the root or a member of."""
    for above in upwards(folder):
        relative = folder[len(above) :].lstrip("/")
        if any(not relative or member(relative, workspace) for workspace in workspaces.get(above, ())):
            return above
    return None


def _completed(facts: FileFacts, repository: _Repository) -> FileFacts:
    folders = tuple(upwards(dirname(facts.path)))
    root = _root(folders[0], repository.workspaces)
    statements = (_defined(one, folders, repository) for one in facts.statements)
    statements = (_sibling(one, root, repository) for one in statements)
    return replace(facts, statements=tuple(_located(one, folders, repository) for one in statements))


def _defined(one: Statement, folders: Sequence[str], repository: _Repository) -> Statement:
    if one.follows is None or one.obstacle is not None:
        return one
    keys = ((folder, one.follows, one.package.name) for folder in folders)
    origin = next((repository.definitions[key] for key in keys if key in repository.definitions), None)
    if origin is None or origin.follows is not None:
        return replace(one, obstacle=Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, _undefined(one.follows)))
    return replace(
        one,
        constraint=origin.constraint,
        pins=origin.pins,
        scheme=origin.scheme,
        frame=origin.frame,
        obstacle=origin.obstacle,
        ignored=one.ignored or origin.ignored,
        widens=origin.widens,
    )


def _undefined(follows: str) -> str:
    name = follows.removeprefix("catalog:")[:80]
    return f"no catalog “{name}” in this folder or above gives a version under this very name"


def _sibling(one: Statement, root: str | None, repository: _Repository) -> Statement:
    """A package of the same workspace whose version fits is linked, not downloaded."""
    floats = one.obstacle is not None and one.obstacle.reason is SkipReason.FLOATING
    if root is None or one.context.group not in _SECTIONS or not (one.obstacle is None or floats):
        return one
    folder, version = repository.packages.get((root, one.package.name), ("", ""))
    if not version or not scheme(SCHEME).satisfies(version, one.constraint):
        return one
    return replace(
        one, obstacle=Obstacle(SkipReason.LOCAL, f"it is the package in “{folder or '.'}” of this repository")
    )


def _located(one: Statement, folders: Sequence[str], repository: _Repository) -> Statement:
    indexes = repository.indexes
    if one.package.registry != REGISTRY or not indexes:
        return one
    scope = one.package.name.partition("/")[0] if one.package.name.startswith("@") else ""
    keys = ((folder, wanted) for wanted in dict.fromkeys((scope, "")) for folder in folders)
    url = next((indexes[key] for key in keys if key in indexes), None)
    return one if url is None else replace(one, package=replace(one.package, url=url))
