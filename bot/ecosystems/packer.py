"""Packer templates, as HCL and as JSON: the machine images that new ones are built on.

Sources: https://developer.hashicorp.com/packer/integrations/hashicorp/amazon/latest/components/builder/ebs,
https://developer.hashicorp.com/packer/docs/templates/legacy_json_templates
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import REGION
from bot.core.model import FileFacts, Statement
from bot.ecosystems._machine_images import MAY_HOLD, floating, region_of
from bot.ecosystems._terraform import At, Item, image, items, leaves, region_said, said, tables
from bot.formats import hcl, json
from bot.formats.base import Node, Scalar, Table

NAME = "packer"

_WORTH = re.compile(r"ami-[0-9a-f]{8}|\bmost_recent\b")
_LEGACY = re.compile(r"\"(?:builders|variables|source_ami[a-z_]*)\"\s*:")
_USER = re.compile(r"\{\{-?\s*user\s+[`\\\"]+([A-Za-z0-9_.-]{1,100})[`\\\"]+\s*-?\}\}")
_NEWEST = "it is whatever matches best whenever an image is built (most_recent)"
_OWN = (".pkr.json", ".pkrvars.json")


def extract(path: str, text: str) -> FileFacts:
    """The machine images that a template names, each place once; raises ``ParseError`` for what can't be read.

    Of JSON files only Packer's own are looked at: by their name, or by the builders in them.
    """
    if not worth(path, text):
        return FileFacts(path, NAME, ())
    found: dict[object, Statement] = {}
    for one in _legacy(path, text) if _is_legacy(path) else _blocks(path, text):
        found.setdefault(one.pins[0].span if one.pins else (one.package, one.line), one)
    notes = {} if path.endswith(".json") else hcl.notes(text)
    return FileFacts(path, NAME, annotate(found.values(), notes))


def worth(path: str, text: str) -> bool:
    """Whether the file is a template that may name an image."""
    return _WORTH.search(text) is not None and _is_ours(path, text)


def _is_legacy(path: str) -> bool:
    return path.endswith(".json") and not path.endswith(_OWN)


def _is_ours(path: str, text: str) -> bool:
    return not _is_legacy(path) or ('"builders"' in text and "amazon-" in text and _LEGACY.search(text) is not None)


# HCL, and JSON of the same form


def _blocks(path: str, text: str) -> Iterator[Statement]:
    found = items(path, text)
    regions = _regions(found)
    built = {_settled(regions.get(one, one)) for item in found if item.type == "source" for one in _said(item.body)}
    region = region_of(path) or (built.pop() if len(built) == 1 else "")
    for item in found:
        yield from _images(path, item, regions, region)
        for body in (item.body, *tables(item.body, "source_ami_filter")):
            if _newest(body):
                yield floating(item.address, item.line, _NEWEST)


def _newest(body: Table) -> bool:
    """Whether a filter takes the newest of what it matches."""
    said = body.get("most_recent")
    return isinstance(said, Scalar) and said.value == "true"


def _said(body: Table) -> tuple[str, ...]:
    node = body.get("region")
    return () if node is None else (said(node),)


def _images(path: str, item: Item, regions: dict[str, str], region: str) -> Iterator[Statement]:
    start = At((region_said(item.body) if not item.type else "") or region, (item.address,))
    for at, scalar in leaves(item.body, start):
        one = image(path, replace(at, region=regions.get(at.region, at.region)), scalar)
        if one is not None:
            yield replace(one, context=replace(one.context, region=_settled(one.context.region)))


def _settled(region: str) -> str:
    return region if REGION.fullmatch(region) else ""


def _regions(found: tuple[Item, ...]) -> dict[str, str]:
    """The regions that variables and locals of a file are, by their addresses."""
    entries = [
        *((item.address, item.body.get("default")) for item in found if item.type == "variable"),
        *((f"local.{key.value}", node) for item in found if item.type == "locals" for key, node in item.body.entries),
    ]
    named = {name: node.value for name, node in entries if isinstance(node, Scalar)}
    return {name: value for name, value in named.items() if REGION.fullmatch(value)}


# JSON of Packer before 1.7


def _legacy(path: str, text: str) -> Iterator[Statement]:
    root = json.parse(text)
    if not isinstance(root, Table):
        return
    variables = root.table("variables")
    users: dict[str, str] = {}
    for builder in tables(root, "builders"):
        region = _user(variables, builder.text("region") or "")
        name = _USER.fullmatch(builder.text("source_ami") or "")
        if name:
            users[name[1]] = region if users.get(name[1], region) == region else ""
        yield from _below(path, builder, At(region or region_of(path), ("builders", builder.text("name") or "")))
        if any(_newest(one) for one in tables(builder, "source_ami_filter")):
            yield floating(f"builders.{builder.text('name') or builder.text('type')}", builder.line, _NEWEST)
    for key, node in variables.entries:
        yield from _below(path, node, At(users.get(key.value, "") or region_of(path), ("variables", key.value)))


def _user(variables: Table, said: str) -> str:
    """A region as it is written, or as the variable that it is taken from says; "" where neither tells."""
    found = _USER.fullmatch(said)
    return _settled((variables.text(found[1]) or "") if found else said)


def _below(path: str, node: Node, at: At) -> Iterator[Statement]:
    for where, scalar in leaves(node, at):
        one = image(path, replace(where, region=_settled(where.region) or at.region), scalar)
        if one is not None:
            yield one


ecosystem = Ecosystem(
    name=NAME,
    patterns=("*.pkr.hcl", "*.pkrvars.hcl", "*.json"),
    version=1,
    extract=extract,
    hints=(MAY_HOLD, "most_recent"),
    worth=worth,
)
