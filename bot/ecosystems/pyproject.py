"""pyproject.toml: PEP 621, PEP 735, build requirements, Poetry, PDM, Hatch and uv.

Sources: https://packaging.python.org/specifications/pyproject-toml/,
https://packaging.python.org/specifications/dependency-groups/, https://pdm-project.org/,
https://hatch.pypa.io/latest/config/environment/overview/.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import (
    Declaration,
    DeclaredRole,
    DeclaredRuntime,
    FileFacts,
    Include,
    Index,
    Kind,
    Role,
    SkipReason,
    Statement,
    Workspace,
)
from bot.ecosystems._poetry import poetry_explicit, poetry_python, poetry_runtime, poetry_sources, poetry_statements
from bot.ecosystems._python import Sources, at, beside, canonical, requirements, versioned, with_default_index
from bot.ecosystems._runtimes import floor, ranged
from bot.ecosystems._uv import DIRECT_URL, uv_sources, uv_statements, uv_workspace
from bot.formats import lines, toml
from bot.formats.base import Array, Node, Scalar, Table

PRIVATE = "Private :: Do Not Upload"
_URL = re.compile(r"\s*(?:[a-z]+\+)?[a-z]+:", re.IGNORECASE)
LOCAL_GROUP = "uv:sources"
"""The group of statements that say only that a package is local, for the members of a workspace."""


def extract(path: str, text: str) -> FileFacts:
    """The facts of one pyproject.toml; raises ``ParseError`` for invalid TOML."""
    root = toml.parse(text)
    poetry, uv = root.table("tool", "poetry"), root.table("tool", "uv")
    sources = Sources()
    poetry_sources(poetry, sources)
    uv_sources(uv, sources)
    _pdm_sources(root.table("tool", "pdm"), sources)
    poetry_explicit(poetry, sources)
    found = [*_standard(root, path), *_tools(root, path)]
    listed = frozenset(s.package.name for s in found)
    found += poetry_statements(poetry, path, listed)
    found += _local_sources(root, path, frozenset(sources.obstacles) - {s.package.name for s in found})
    every = (*sources.apply(found), *_floors(root, path))
    statements = annotate(sorted(every, key=lambda s: s.line), lines.annotations(text))
    return FileFacts(path, "pyproject", statements, tuple(_declarations(root, path, sources)))


def _standard(root: Table, path: str) -> Iterator[Statement]:
    yield from requirements(root.array("build-system", "requires"), path, "build-system", lockable=False)
    yield from requirements(root.array("project", "dependencies"), path, "dependencies")
    for key, node in root.table("project", "optional-dependencies").entries:
        yield from _array(node, path, f"optional:{key.value}")
    for key, node in root.table("dependency-groups").entries:
        yield from _array(node, path, f"group:{key.value}")


def _floors(root: Table, path: str) -> Iterator[Statement]:
    """The Pythons that the project says it runs on."""
    if asked := ranged(root.get("project", "requires-python")):
        yield floor("python", "pep440", path, asked)
    if asked := ranged(poetry_python(root.table("tool", "poetry"))):
        yield floor("python", "poetry", path, asked)


def _tools(root: Table, path: str) -> Iterator[Statement]:
    tool = root.table("tool")
    yield from uv_statements(tool.table("uv"), path)
    for key, node in tool.table("pdm", "dev-dependencies").entries:
        yield from _array(node, path, f"group:{key.value}")
    yield from _pdm_overrides(tool.table("pdm", "resolution", "overrides"), path)
    for key, environment in tool.table("hatch", "envs").tables():
        for name in ("dependencies", "extra-dependencies"):
            yield from _array(environment.get(name), path, f"hatch:{key.value}", lockable=False)
    yield from _hatch_build(tool.table("hatch", "build"), path)


def _array(node: Node | None, path: str, group: str, *, lockable: bool = True) -> Iterator[Statement]:
    if isinstance(node, Array):
        yield from requirements(node.items, path, group, lockable=lockable)


def _hatch_build(build: Table, path: str) -> Iterator[Statement]:
    targets = [table for _, table in build.table("targets").tables()]
    for holder in (build, *targets):
        hooks = [table for _, table in holder.table("hooks").tables()]
        for table in (holder, *hooks):
            yield from _array(table.get("dependencies"), path, "hatch:build", lockable=False)


def _pdm_overrides(overrides: Table, path: str) -> Iterator[Statement]:
    """PDM's overrides: a specifier or a bare version, which Poetry's language reads alike."""
    for key, node in overrides.scalars():
        place = at(node, path, "pdm:overrides", scheme="poetry")
        if _URL.match(node.value):
            yield place.blocked(key.value, DIRECT_URL)
        else:
            yield versioned(key.value, node, place)


def _pdm_sources(pdm: Table, sources: Sources) -> None:
    for node in pdm.array("source"):
        if not isinstance(node, Table) or not (url := node.text("url")) or node.text("type") == "find_links":
            continue
        sources.add_index(url, primary=node.text("name") == "pypi")


def _local_sources(root: Table, path: str, wanted: frozenset[str]) -> Iterator[Statement]:
    """What a workspace's root says of the sources of packages that only its members ask for."""
    if uv_workspace(root.table("tool", "uv")) is None:
        return
    for key, _ in root.table("tool", "uv", "sources").entries:
        if canonical(key.value) in wanted:
            yield at(key, path, LOCAL_GROUP).stated(canonical(key.value), "", ())


def _declarations(root: Table, path: str, sources: Sources) -> Iterator[Declaration]:
    if (asked := root.text("project", "requires-python")) and asked.strip():
        yield DeclaredRuntime("python", "pep440", asked.strip())
    elif runtime := poetry_runtime(root.table("tool", "poetry")):
        yield runtime
    if role := _role(root):
        yield DeclaredRole(role)
    if workspace := uv_workspace(root.table("tool", "uv")):
        yield workspace
    yield from sources.indexes
    yield from _includes(root, path)


def _role(root: Table) -> Role | None:
    """Library or application; None where the file describes no project."""
    project, poetry = root.table("project"), root.table("tool", "poetry")
    described = project if project.text("name") else poetry
    if not described.entries:
        return None
    complete = project.text("name") or (poetry.text("name") and poetry.text("version"))
    if root.get("build-system") is None or not complete or _unpublished(root):
        return Role.APPLICATION
    classifiers = [node.value for node in described.array("classifiers") if isinstance(node, Scalar)]
    if PRIVATE in classifiers:
        return Role.APPLICATION
    public = ("classifiers", "readme", "license", "urls", "homepage", "repository", "documentation")
    return Role.LIBRARY if any(key in described.index for key in public) else Role.APPLICATION


def _unpublished(root: Table) -> bool:
    switches = (
        root.get("tool", "uv", "package"),
        root.get("tool", "poetry", "package-mode"),
        root.get("tool", "pdm", "distribution"),
    )
    return any(isinstance(node, Scalar) and not node.string and node.value == "false" for node in switches)


def _includes(root: Table, path: str) -> Iterator[Include]:
    dynamic = root.table("tool", "setuptools", "dynamic")
    optional = [table for _, table in dynamic.table("optional-dependencies").tables()]
    for table in (dynamic.table("dependencies"), *optional):
        node = table.get("file")
        for item in node.items if isinstance(node, Array) else (node,):
            if isinstance(item, Scalar) and (target := beside(path, item.value)):
                yield Include(target)


def complete(own: Sequence[FileFacts], _every: Sequence[FileFacts]) -> tuple[FileFacts, ...]:
    """The facts with what the root of a uv workspace says for its members: its index, its local packages."""
    roots = [(posixpath.dirname(f.path), w, f) for f in own for w in f.declarations if isinstance(w, Workspace)]
    return tuple(_completed(facts, roots) for facts in own)


def _completed(facts: FileFacts, roots: Sequence[tuple[str, Workspace, FileFacts]]) -> FileFacts:
    folder = posixpath.dirname(facts.path)
    for above, workspace, root in roots:
        if root is not facts and _is_member(folder, above, workspace):
            return _inherit(facts, root)
    return facts


def _is_member(folder: str, root: str, workspace: Workspace) -> bool:
    relative = posixpath.relpath(folder or ".", root or ".")
    if relative.startswith(".."):
        return False
    depth = relative.count("/")

    def listed(globs: tuple[str, ...]) -> bool:
        normal = [posixpath.normpath(glob) for glob in globs]
        return any(fnmatchcase(relative, glob) and ("**" in glob or glob.count("/") == depth) for glob in normal)

    return listed(workspace.members) and not listed(workspace.excluded)


def _inherit(facts: FileFacts, root: FileFacts) -> FileFacts:
    local = {s.package.name: s.obstacle for s in root.statements if s.obstacle and _for_members(s)}
    statements = tuple(
        replace(s, obstacle=local[s.package.name])
        if s.kind is Kind.LIBRARY and s.package.name in local and not s.obstacle
        else s
        for s in facts.statements
    )
    primary = next((i.url for i in root.declarations if isinstance(i, Index) and i.primary), None)
    if primary:
        statements = with_default_index(statements, primary)
    return replace(facts, statements=statements)


def _for_members(statement: Statement) -> bool:
    local = statement.obstacle is not None and statement.obstacle.reason is SkipReason.LOCAL
    return local or statement.context.group == LOCAL_GROUP


ecosystem = Ecosystem(
    name="pyproject",
    patterns=("pyproject.toml",),
    version=2,
    extract=extract,
    complete=complete,
)
