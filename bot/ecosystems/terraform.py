"""Terraform, OpenTofu and Terragrunt: machine images, Lambda runtimes, databases, EKS add-ons and Terraform itself.

Sources: https://registry.terraform.io/providers/hashicorp/aws/latest/docs (``aws_instance``, ``aws_launch_template``,
``aws_lambda_function``, ``aws_db_instance``, ``aws_rds_cluster``, data ``aws_ami`` and ``aws_ssm_parameter``),
https://developer.hashicorp.com/terraform/language/block/terraform,
https://terragrunt.gruntwork.io/docs/reference/hcl/attributes/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import ID, REGION, REGISTRY
from bot.core.model import (
    Caution,
    Declaration,
    DeclaredRegion,
    DeclaredRole,
    FileFacts,
    Kind,
    Obstacle,
    Package,
    Role,
    SkipReason,
    Statement,
)
from bot.core.runtimes import LAMBDA, RUNTIMES
from bot.core.versions import scheme
from bot.ecosystems import _databases, _functions, _image_builder, _runtimes, _terraform_eks
from bot.ecosystems._functions import LAYERED, LAYERS
from bot.ecosystems._machine_images import floating, replaces
from bot.ecosystems._terraform import (
    NOWHERE,
    At,
    Item,
    image,
    items,
    leaves,
    provider_of,
    region_said,
    said,
    scalars,
    tables,
    written,
)
from bot.ecosystems._terraform_folders import Folders, Uses, candidate, followed, is_terragrunt, name_of
from bot.formats import hcl
from bot.formats.base import Array, Node, Scalar, Table
from bot.formats.hcl import Expression

LONGEST = 1100
"""Longer values are nothing that is looked for."""

_RULES = scheme("function")
_IMAGES = Package(REGISTRY, "")
NAME = "terraform"
_WORTH = re.compile(
    r"""ami-[0-9a-f]{8}|\bruntime"?\s*[=:]|"(?:python|nodejs|java|ruby|dotnet)[0-9c]"""
    r"""|\b(?:required_version|terraform_version_constraint|engine_version|most_recent)\b|/aws/service/"""
    r"""|\bprovider[ "]|\bbackend[ "]|"[a-z]{2,4}(?:-[a-z]{3,10}){1,3}-[1-9]\""""
    r"""|\baws_(?:eks_(?:node_group|addon|cluster)|imagebuilder_image_recipe)\b|\b(?:addon|cluster|kubernetes)_version\b"""
    r"""|\blaunch_specification"?\s*[=:{]|(?:ami|image|runtime)[a-z_]*"?\s*[=:]"""
)
_KEPT = frozenset({"import", "moved", "removed", "check"})
"""Blocks that speak of what there is, and make nothing."""

_STATEFUL = {
    "aws_instance": "ami",
    "aws_spot_instance_request": "ami",
    "aws_spot_fleet_request": "launch_specification",
    "aws_opsworks_instance": "ami_id",
    "aws_emr_cluster": "custom_ami_id",
}
"""Resources that a new image replaces, with what is kept on them, and the attribute that gives it."""

_IGNORES = "{} ignores a new image (ignore_changes): merging changes nothing until it is made anew"
_PARAMETER = re.compile(r"/aws/service/(?:[^\n]{0,500}(?:ami|image_id)|debian/|suse/|bottlerocket/|marketplace/)")
_VERSIONED = re.compile(r":[0-9]{1,9}")
_RESOLVED = re.compile(r"resolve:ssm:(/aws/service/[A-Za-z0-9_./-]{1,1000})(?::[A-Za-z0-9_.-]{1,128})?")
_PASSED_ON = re.compile(r"ami|image|runtime", re.IGNORECASE)
_LIMITED = "the variable admits only what its validation says, which would have to change too"


@dataclass(slots=True)
class _File:
    """A file that is being read."""

    path: str
    statements: list[Statement] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)


def extract(path: str, text: str) -> FileFacts:
    """What a file says, each place once; regions, and what becomes of variables, is for ``complete``.

    Until then ``context.region`` may be the address of what tells it (``aws.west``, ``var.region``),
    ``context.group`` is what a value is called elsewhere, and statements with ``follows`` say which
    of those are used. A file that names nothing of ours is not parsed. Raises ``ParseError`` for
    others that can't be read.
    """
    if not _WORTH.search(text):
        return FileFacts(path, NAME, ())
    file = _File(path)
    for item in items(path, text):
        if item.type not in _KEPT:
            _READERS.get(item.type, _values)(file, item)
    found: dict[object, Statement] = {}
    for one in file.statements:
        place = one.pins[0].span if one.pins else (one.package, one.follows, one.line, one.constraint, one.cautions)
        found[place] = _joined(found.get(place), one)
    notes = {} if path.endswith(".json") else hcl.notes(text)
    return FileFacts(path, NAME, annotate(found.values(), notes), tuple(dict.fromkeys(file.declarations)))


def _joined(known: Statement | None, one: Statement) -> Statement:
    """Of two statements of one place the one of a function, above all of one with layers."""
    if known is None or (known.context != LAYERS and not candidate(one)):
        return one
    return known


# Blocks


def _resource(file: _File, item: Item) -> None:
    if item.kind == "aws_lambda_function":
        _function(file, item)
    elif item.kind in {"aws_db_instance", "aws_rds_cluster"}:
        _engine(file, item)
    elif item.kind == "aws_imagebuilder_image_recipe":
        _parent(file, item)
    file.statements += _terraform_eks.resource(file.path, item)
    attribute = _STATEFUL.get(item.kind, "")
    _replacing(file, item, attribute, _of_rules(item, attribute) if attribute else ())


def _of_rules(item: Item, attribute: str) -> tuple[Caution, ...]:
    """What a new image brings about, by the rules of a resource's life."""
    rules = [one.get("ignore_changes") for one in tables(item.body, "lifecycle")]
    ignored = {one.value for rule in rules for one in scalars(rule)}
    if ignored & {attribute, "all", "*"}:
        return (Caution(_IGNORES.format(item.address), by_hand=False),)
    return (replaces(item.address),)


def _module(file: _File, item: Item) -> None:
    """A module is known by its source; what it is given, it may pass on."""
    source = written(item.body, "source")
    if "lambda" in source:
        _function(file, item)
    if "rds" in source:
        _engine(file, item)
    file.statements += _terraform_eks.module(file.path, item)
    attribute = "ami" if "ec2-instance" in source or "ec2_instance" in source else ""
    _replacing(file, item, attribute, (replaces(item.address),) if attribute else ())
    _passed_on(file, item, "arg")


def _locals(file: _File, item: Item) -> None:
    _values(file, item)
    _passed_on(file, item, "local")
    _regions(file, item.body, "local")


def _variable(file: _File, item: Item) -> None:
    _values(file, item)
    _region(file, item.address, item.body.get("default"))


def _outermost(file: _File, item: Item) -> None:
    """What stands outside of blocks: the values of variables, a Terragrunt unit's own settings."""
    if is_terragrunt(file.path):
        _floor(file, item.body.get("terraform_version_constraint"))
    else:
        _regions(file, item.body, "var")
    _values(file, item)


def _provider(file: _File, item: Item) -> None:
    file.declarations.append(DeclaredRole(Role.APPLICATION))
    if item.kind == "aws":
        _region(file, "aws" + (f".{alias}" if (alias := written(item.body, "alias")) else ""), item.body.get("region"))


def _terraform(file: _File, item: Item) -> None:
    """Terraform's own settings; who has a state of its own is a root, not a module for others."""
    _floor(file, item.body.get("required_version"))
    if item.body.get("backend") is not None or item.body.get("cloud") is not None:
        file.declarations.append(DeclaredRole(Role.APPLICATION))


def _data(file: _File, item: Item) -> None:
    most_recent = item.body.get("most_recent")
    if item.kind == "aws_ami" and isinstance(most_recent, Scalar) and most_recent.value == "true":
        detail = "it is whatever matches best whenever it is looked up (most_recent)"
        file.statements.append(floating(item.address, item.line, detail))
    name = written(item.body, "name")
    if item.kind == "aws_ssm_parameter" and len(name) <= LONGEST and _PARAMETER.match(name):
        fixed = (
            "the version of the parameter that it names" if _VERSIONED.search(name) else "whatever the parameter says"
        )
        file.statements.append(floating(name, item.line, f"it is {fixed}, which is not edited"))
    _values(file, item)


_READERS: dict[str, Callable[[_File, Item], None]] = {
    "resource": _resource,
    "data": _data,
    "module": _module,
    "locals": _locals,
    "variable": _variable,
    "provider": _provider,
    "terraform": _terraform,
    "": _outermost,
}


# What stands in them


def _replacing(file: _File, item: Item, attribute: str, cautions: tuple[Caution, ...]) -> None:
    """State the values in a block, whose attribute of this name is what a new image replaces it by."""
    _values(file, item, attribute, cautions)
    used = Statement(_IMAGES, Kind.MACHINE_IMAGE, "image_date", "", (), item.line, cautions=cautions)
    if attribute:
        for body in (item.body, *tables(item.body, "dynamic")):
            for node in (node for key, node in body.entries if key.value == attribute):
                _follow(file, used, node)


def _values(file: _File, item: Item, attribute: str = "", cautions: tuple[Caution, ...] = ()) -> None:
    """State the machine images in a block, and the identifiers that may be meant for functions."""
    region = (region_said(item.body) if not item.type else "") or provider_of(item)
    limited = _limited(item)
    for at, scalar in leaves(item.body, At(region, (item.address,))):
        name = name_of(file.path, item, at)
        found = image(file.path, at, scalar, cautions if _gives(at, attribute) else ())
        if found is not None and limited:
            found = replace(found, pins=(), obstacle=Obstacle(SkipReason.HELD, _LIMITED))
        if found is None and name:
            found = _identifier(file.path, scalar, limited=limited)
        if found is not None:
            file.statements.append(replace(found, context=replace(found.context, group=name)))
        elif len(scalar.value) <= LONGEST and (of := _RESOLVED.fullmatch(scalar.value)) and _PARAMETER.match(of[1]):
            file.statements.append(floating(of[1], scalar.line, "it is looked up whenever a machine starts"))


def _gives(at: At, attribute: str) -> bool:
    """Whether a value stands in an attribute of this name, or in blocks of this name that are made in a loop."""
    return at.keys[1] == attribute or at.keys[1:3] == ("dynamic", attribute)


def _identifier(path: str, scalar: Scalar, *, limited: bool) -> Statement | None:
    """The statement of a Lambda runtime's identifier that something may use; None for anything else."""
    if len(scalar.value) > LONGEST or not _RULES.valid(scalar.value):
        return None
    found = _functions.statement(path, scalar, layers=False)
    if found is None or found.obstacle is not None or not limited:
        return found
    return _runtimes.unmoved(found, Obstacle(SkipReason.HELD, _LIMITED))


def _limited(item: Item) -> bool:
    """Whether a variable's validation names the identifiers, or images, that it admits."""
    conditions = (one.get("condition") for one in tables(item.body, "validation"))
    admitted = (one.value for condition in conditions if condition for _, one in leaves(condition, NOWHERE))
    return any(len(value) <= LONGEST and (_RULES.valid(value) or ID.fullmatch(value)) for value in admitted)


def _function(file: _File, item: Item) -> None:
    """State a function's runtime, or say what it is taken from."""
    layers, node = item.body.get("layers"), item.body.get("runtime")
    layered = layers is not None and layers != Array((), getattr(layers, "line", 1))
    literal = [one for _, one in leaves(node, NOWHERE) if "${" not in one.value] if node else []
    found = (_functions.statement(file.path, one, layers=layered) for one in literal)
    file.statements += [one for one in found if one is not None]
    cautions = (LAYERED,) if layered else ()
    _follow(file, Statement(LAMBDA, Kind.RUNTIME, "function", "", (), item.line, cautions=cautions), node)


def _engine(file: _File, item: Item) -> None:
    """State the version of a database's engine."""
    engine, version = written(item.body, "engine"), item.body.get("engine_version")
    literal = isinstance(version, Scalar) and not isinstance(version, Expression) and "${" not in version.value
    if literal and isinstance(version, Scalar) and version.value != "null" and _databases.ENGINE.fullmatch(engine):
        file.statements.append(_databases.statement(file.path, engine, version))


def _parent(file: _File, item: Item) -> None:
    """State the parent of an Image Builder recipe, where it is one by version."""
    node = item.body.get("parent_image")
    found = _image_builder.parent(file.path, node, item.address) if isinstance(node, Scalar) else None
    file.statements += [found] if found is not None else []


def _floor(file: _File, node: Node | None) -> None:
    """State which versions of Terraform a configuration runs on."""
    found = _runtimes.ranged(node)
    if found is not None and "${" not in found.text:
        name = "opentofu" if ".tofu" in posixpath.basename(file.path) else "terraform"
        file.statements.append(_runtimes.floor(name, "terraform", file.path, found))


def _follow(file: _File, used: Statement, node: Node | None) -> None:
    """Say what a value is taken from; for ``complete``, which drops it again."""
    held = Obstacle(SkipReason.LOCAL, "it is what it is taken from")
    names = followed(node)
    file.statements += [replace(used, follows=name, obstacle=held, lockable=False) for name in names]


def _passed_on(file: _File, item: Item, kind: str) -> None:
    """Say which values are others under another name."""
    for key, node in item.body.entries:
        if _PASSED_ON.search(key.value):
            name = Package(NAME, f"{kind}.{key.value}")
            _follow(file, Statement(name, Kind.MODULE, "terraform", "", (), key.line), node)


def _regions(file: _File, body: Table, kind: str) -> None:
    for key, node in body.entries:
        if isinstance(node, Scalar) and REGION.fullmatch(node.value):
            _region(file, f"{kind}.{key.value}", node)


def _region(file: _File, name: str, node: Node | None) -> None:
    if region := said(node):
        file.declarations.append(DeclaredRegion(name, region))


# What a folder tells


def complete(own: Sequence[FileFacts], every: Sequence[FileFacts]) -> tuple[FileFacts, ...]:
    """The facts with regions, cautions and layers from their folders.

    Identifiers that no function takes, and what only says what is taken, are left out. Floors of
    folders that are no roots are those of modules for others. Where only OpenTofu is stated
    elsewhere, floors are its own.
    """
    folders, uses, clusters = Folders(own), Uses(own), _terraform_eks.Clusters(own)
    roots = {posixpath.dirname(one.path) for one in own if DeclaredRole(Role.APPLICATION) in one.declarations}
    others = {s.subject for one in every if one.ecosystem != NAME for s in one.statements}
    tofu = RUNTIMES["opentofu"].subject in others and RUNTIMES["terraform"].subject not in others
    found = []
    for facts in own:
        told = [uses.told(facts.path, one) for one in facts.statements]
        statements = tuple(
            _own(clusters.placed(facts.path, folders.placed(facts.path, one)), tofu=tofu)
            for one in told
            if one is not None
        )
        root = posixpath.dirname(facts.path) in roots or is_terragrunt(facts.path)
        role = () if root else (DeclaredRole(Role.LIBRARY),)
        found.append(replace(facts, statements=statements, declarations=(*facts.declarations, *role)))
    return tuple(found)


def _own(statement: Statement, *, tofu: bool) -> Statement:
    if not tofu or statement.subject != RUNTIMES["terraform"].subject:
        return statement
    return replace(statement, package=RUNTIMES["opentofu"].package, subject=RUNTIMES["opentofu"].subject)


ecosystem = Ecosystem(
    name=NAME,
    patterns=(
        "*.tf",
        "*.tofu",
        "*.tfvars",
        "*.tf.json",
        "*.tofu.json",
        "*.tfvars.json",
        "*terragrunt.hcl",
    ),
    version=3,
    extract=extract,
    complete=complete,
    worth=lambda _, text: _WORTH.search(text) is not None,
)
