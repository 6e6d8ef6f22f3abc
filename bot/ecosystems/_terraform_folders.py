"""What a folder of Terraform files, and the whole repository, tell of a value: its region, and who takes it.

A value is called by where it begins and by its own last key (``var.images/web``, ``local.runtime/``).
What is given to others (the arguments of a module, ``tfvars``, a Terragrunt unit's inputs) begins
with ``arg.``, and is the variable of that name of some folder, nobody knows of which.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from bot.core.machine_images.asked import REGION
from bot.core.model import Caution, Context, DeclaredRegion, FileFacts, Kind, Statement
from bot.ecosystems._functions import LAYERED, LAYERS
from bot.ecosystems._machine_images import region_of
from bot.ecosystems._terraform import NOWHERE, At, Item, leaves, scalars
from bot.formats.base import Node
from bot.formats.hcl import Expression

_NAMED = re.compile(r"\b(?:var|local)\.[A-Za-z_][A-Za-z0-9_-]{0,100}")
_STEP = re.compile(r"(?<!\bvar)(?<!\blocal)\.([A-Za-z_][A-Za-z0-9_-]{0,100})(?![A-Za-z0-9_.(-])")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,100}")
_NO_STEP = re.compile(r"id|x|al[0-9]{1,4}")
"""What follows a dot and is no value's name: an attribute of resources, the ends of ``nodejs20.x``, ``java8.al2``."""

_MOVES = re.compile(r"ami-|(?:python|nodejs|java|ruby|dotnet)[0-9c]")
_ROUNDS = 10
"""How often a value may be passed on."""

_MOST_CAUTIONS = 20
_ANYWHERE = "*"


def is_terragrunt(path: str) -> bool:
    """Whether a file configures Terragrunt."""
    return path.endswith("terragrunt.hcl")


def gives_values(path: str) -> bool:
    """Whether a file gives values to variables that are declared elsewhere."""
    return path.endswith((".tfvars", ".tfvars.json"))


def name_of(path: str, item: Item, at: At) -> str:
    """What a value is called elsewhere, "" where it has no name."""
    keys, depth = at.keys, 2
    if item.type == "variable" and keys[1] == "default":
        root = item.address
    elif item.type == "locals":
        root = f"local.{keys[1]}"
    elif item.type == "module" or (not item.type and not is_terragrunt(path)):
        root = f"arg.{keys[1]}"
    elif not item.type and keys[1] == "inputs" and len(keys) > 2:
        root, depth = f"arg.{keys[2]}", 3
    else:
        return ""
    return f"{root}/{at.last if len(keys) > depth else ''}"


def candidate(statement: Statement) -> bool:
    """Whether it is the identifier of a runtime that perhaps no function takes."""
    return statement.kind is Kind.RUNTIME and "/" in statement.context.group


def followed(node: Node | None) -> tuple[str, ...]:
    """The names that a value is taken from, each once.

    ``var.x`` and ``local.x`` as they stand, and of what is below them (``each.value.image``,
    ``lookup(each.value, "image")``) the last step (``image``).
    """
    found: dict[str, None] = {}
    for one in scalars(node):
        if isinstance(one, Expression) or "${" in one.value:
            found |= dict.fromkeys(_NAMED.findall(one.value))
            found |= dict.fromkeys(name for name in _STEP.findall(one.value) if not _NO_STEP.fullmatch(name))
            words = (part.value for _, part in leaves(one, NOWHERE))
            found |= dict.fromkeys(word for word in words if _WORD.fullmatch(word) and not _MOVES.match(word))
    return tuple(found)


# Regions


class Folders:
    """The regions that the files of each folder name, by what is called so (``aws.west``, ``var.region``)."""

    def __init__(self, files: Iterable[FileFacts]) -> None:
        self._named: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for facts in files:
            folder = posixpath.dirname(facts.path)
            for one in facts.declarations:
                if isinstance(one, DeclaredRegion):
                    given = "given " if gives_values(facts.path) else ""
                    self._named[folder, given + one.alias][one.region] = None

    def placed(self, path: str, statement: Statement) -> Statement:
        """The statement with its region, without what its value is called."""
        if statement.kind is not Kind.MACHINE_IMAGE:
            return statement
        context = statement.context
        region = self._region(path, context.region) if context.region else ""
        return replace(statement, context=replace(context, region=region, group=""))

    def _region(self, path: str, said: str) -> str:
        if REGION.fullmatch(said):
            return said
        folder, of_path = posixpath.dirname(path), region_of(path)
        if said != "aws":
            return self._one(folder, said)
        if gives_values(path) or is_terragrunt(path):
            return of_path or self._one(folder, said)
        return self._one(folder, said) or of_path

    def _one(self, folder: str, said: str) -> str:
        """The one region that something is called by, "" where there are none or several."""
        for _ in range(_ROUNDS):
            found = self._named.get((folder, f"given {said}")) or self._named.get((folder, said), {})
            if len(found) != 1:
                return ""
            (said,) = found
            if REGION.fullmatch(said):
                return said
        return ""


# Who takes a value


_Cautions = tuple[Caution, ...]


class Uses:
    """Who takes which values, by kind, folder and name, and what a change of them brings about."""

    def __init__(self, files: Iterable[FileFacts]) -> None:
        self._taken: dict[tuple[Kind, str, str], _Cautions] = {}
        passed: list[tuple[str, str, str]] = []
        for facts in files:
            folder = posixpath.dirname(facts.path)
            for one in facts.statements:
                if one.follows is not None and one.kind is Kind.MODULE:
                    passed.append((folder, one.package.name, one.follows))
                elif one.follows is not None:
                    self._take((one.kind, folder, one.follows), one.cautions)
        for _ in range(_ROUNDS):
            if not sum(self._pass(*one) for one in passed):
                break

    def told(self, path: str, statement: Statement) -> Statement | None:
        """The statement with what those that take its value tell; None where it says nothing by itself."""
        if statement.follows is not None:
            return None
        use = self._of(path, statement) if "/" in statement.context.group else None
        if use is None:
            return None if candidate(statement) else statement
        told = replace(statement, cautions=_both(statement.cautions, use))
        return replace(told, context=LAYERS if LAYERED in use else Context()) if candidate(statement) else told

    def _of(self, path: str, statement: Statement) -> _Cautions | None:
        root, _, key = statement.context.group.partition("/")
        folder, kind = posixpath.dirname(path), statement.kind
        if root.startswith("arg."):
            folder, root = _ANYWHERE, f"var.{root.removeprefix('arg.')}"
        found = [self._taken.get((kind, folder, name)) for name in (root, key) if name]
        known = [cautions for cautions in found if cautions is not None]
        return _both(*known) if known else None

    def _take(self, key: tuple[Kind, str, str], cautions: _Cautions) -> bool:
        """Remember who takes a value, here and for all; whether that is news."""
        kind, _, name = key
        known = self._taken.get(key)
        for one in (key, (kind, _ANYWHERE, name)):
            self._taken[one] = _both(self._taken.get(one, ()), cautions)
        return self._taken[key] != known

    def _pass(self, folder: str, name: str, source: str) -> bool:
        """What takes a value takes what it is passed on from; whether that is news."""
        where, wanted = (_ANYWHERE, f"var.{name[4:]}") if name.startswith("arg.") else (folder, name)
        uses = [(kind, self._taken.get((kind, where, wanted))) for kind in (Kind.MACHINE_IMAGE, Kind.RUNTIME)]
        return bool(sum(self._take((kind, folder, source), use) for kind, use in uses if use is not None))


def _both(*several: _Cautions) -> _Cautions:
    """Each caution once, those that need a person first; more than a person would read are left out."""
    found = dict.fromkeys(caution for cautions in several for caution in cautions)
    return tuple(sorted(found, key=lambda one: not one.by_hand)[:_MOST_CAUTIONS])
