"""Machine images in CloudFormation and SAM templates.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html
(and, under the same address, the other resources: what an update of each property replaces),
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.core.machine_images.asked import ID
from bot.core.model import Caution, Obstacle, SkipReason, Span, Statement
from bot.ecosystems import _image_builder as image_builder
from bot.ecosystems._cloudformation import Found, Template, Written, limit_of, shadowed, tag_of, united
from bot.ecosystems._machine_images import MAY_HOLD, Where, floating, region_of, replaces, statement, statements
from bot.formats.base import Array, Node, Scalar, Table

_TEMPLATE = "AWS::EC2::LaunchTemplate"
_STATEFUL = {
    "AWS::EC2::Instance": "the instance {}",
    "AWS::OpsWorks::Instance": "the instance {}",
    "AWS::EMR::Cluster": "the cluster {}",
}
"""Resources that hold state and are replaced when their image changes."""
_TAKEN_FROM = ("ImageId", "CustomAmiId", "LaunchTemplate", "ParentImage")
"""The properties that say which image."""
_ANY = "*"
"""Stands for every mapping, where the one that is meant is told at deployment."""
_RECIPE = "AWS::ImageBuilder::ImageRecipe"
_LONGEST_NAME = 255

_PUBLISHED = "/aws/service/"
_PARAMETER = r"(?:[A-Za-z0-9_.\-/]|\$\{[A-Za-z0-9_.:]{1,80}\}){1,400}+"
_RESOLVED = re.compile(rf"(?:\{{\{{)?resolve:ssm:({_PARAMETER})(?::([A-Za-z0-9_.-]{{1,100}}))?(?:\}}\}})?")
_NAME = re.compile(rf"({_PARAMETER})(?::([A-Za-z0-9_.-]{{1,100}}))?")
_OF_IMAGE = re.compile(r"(?:\A|[/_-])(?:amis?|image[_-]id)(?:\Z|[/_-])|/bottlerocket/")
_IMAGE_KEY = re.compile(r"ImageId|ParentImage|(?:Custom)?Ami(?:Id)?", re.IGNORECASE)
_SSM = "AWS::SSM::Parameter::Value<"
_FLOATS = "the parameter {} says which image at every deployment"
_FIXED = "it is fixed to {} of a public parameter, whose versions differ from region to region"

_DIGITS = r"\[(?=[^\]]{0,20}(?:0-9|\\d))(?=[^\]]{0,20}a-[fz])(?:0-9|\\d|a-[fz]|A-[FZ]){2,3}\]"
_ENOUGH = r"(?:[+*]|\{17\}|\{[0-9]{1,2},(?:1[7-9]|[2-9][0-9])?\})"
_ANY_ID = re.compile(rf"\^?\(?ami-\)?\(?(?:{_DIGITS}{_ENOUGH}|\.[*+])\)?\$?")
"""Patterns of parameters that admit every image's id of today (17 digits)."""

_COMPARED = "it is compared with, or told of, and not what a machine is made from: change it by hand"
_KEYED = "the template has a key of this id, which would have to change too"
_KEY = re.compile(rf"{ID.pattern}[\"']?[ \t]*:")
_LEFT = "Fn::Transform"
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]{1,255})")
_APART = frozenset({"Parameters", "Mappings", "Resources", "resources"})


_Cell = tuple[str, str]
"""A row and a column of a mapping, "" for one that is told at deployment."""


@dataclass(frozen=True, slots=True)
class _Users:
    """What is replaced when an image changes: by the name that the image is taken through.

    ``names`` are those of parameters and launch templates, ``lookups`` those of mappings.
    """

    names: dict[str, tuple[Caution, ...]] = field(default_factory=dict)
    lookups: dict[str, dict[_Cell, tuple[Caution, ...]]] = field(default_factory=dict)

    def through(self, name: str) -> tuple[Caution, ...]:
        """What is replaced by a change of this parameter or launch template."""
        return self.names.get(name, ())

    def mapping(self, name: str) -> dict[_Cell, tuple[Caution, ...]]:
        """What is replaced by a change of this mapping, by what is looked up in it."""
        own, any_one = self.lookups.get(name, {}), self.lookups.get(_ANY, {})
        return {cell: united(own.get(cell, ()), any_one.get(cell, ())) for cell in {**own, **any_one}}


def images(template: Template) -> Iterator[Found]:
    """The machine images of a template, and those that are chosen at deployment."""
    if MAY_HOLD in template.text:
        keys, left = _keys(template), _left(template)
        for one in _stated(template):
            span = one.pins[0].span if one.pins else Span(one.line, one.line)
            if span not in left:
                keyed = one.constraint in keys and one.obstacle is None
                held = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, _KEYED)
                yield span, replace(one, pins=(), obstacle=held) if keyed else one
    yield from _floating(template)


def _stated(template: Template) -> Iterator[Statement]:
    users, root = _users(template), template.root
    where = Where(template.path, region_of(template.path))
    for key, parameter in root.table("Parameters").tables():
        yield from _default(key.value, parameter, replace(where, cautions=users.through(key.value)))
    for key, mapping in root.table("Mappings").tables():
        yield from _mapped(key.value, mapping, where, users.mapping(key.value))
    for name, resource in template.resources:
        cautions = united(_cautions(name, resource), users.through(name))
        yield from statements(resource, replace(where, cautions=cautions))
    for key, node in root.entries:
        if key.value not in _APART:
            yield from (
                replace(one, pins=(), obstacle=Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, _COMPARED))
                for one in statements(node, where)
            )


def _default(name: str, parameter: Table, where: Where) -> Iterator[Statement]:
    default = parameter.get("Default")
    if not isinstance(default, Scalar):
        return
    one = statement(default, where)
    if one is not None:
        yield Written(default, limit_of(parameter, _ANY_ID), (shadowed(name),)).kept(one)


def _mapped(name: str, mapping: Table, where: Where, lookups: dict[_Cell, tuple[Caution, ...]]) -> Iterator[Statement]:
    """The images of a mapping; those that something may take which they replace carry its caution."""
    if not lookups:
        yield from statements(mapping, where, (name,))
        return
    for row, columns in mapping.tables():
        for column, node in columns.entries:
            cells = (("", ""), (row.value, ""), ("", column.value), (row.value, column.value))
            cautions = united(*(lookups.get(cell, ()) for cell in cells))
            alone = Table(((row, Table(((column, node),))),))
            yield from statements(alone, replace(where, cautions=cautions), (name,))


# What a change replaces


def _cautions(name: str, resource: Table) -> tuple[Caution, ...]:
    kind = resource.text("Type") or ""
    if kind in _STATEFUL:
        return (replaces(_STATEFUL[kind].format(name[:_LONGEST_NAME])),)
    if kind == _RECIPE:
        return (image_builder.recipe(name),)
    return ()


def _users(template: Template) -> _Users:
    """Where the images of what is replaced come from; more than they do rather than less."""
    users = _Users()
    for name, resource in template.resources:
        cautions = _cautions(name, resource)
        for key in _TAKEN_FROM if cautions else ():
            _take(template, resource.get("Properties", key), cautions, users)
    for name, resource in template.resources:
        if resource.text("Type") == _TEMPLATE:
            own = resource.table("Properties")
            called = united(users.through(name), users.through(own.text("LaunchTemplateName") or ""))
            users.names[name] = called
            _take(template, own.get("LaunchTemplateData", "ImageId") if called else None, called, users)
    return users


def _take(template: Template, node: Node | None, cautions: tuple[Caution, ...], users: _Users) -> None:
    """Note every name in what is given as an image: whatever it means, it may tell the image."""
    for one in _nodes(node):
        if isinstance(one, Scalar):
            for name in {one.value, one.value.partition(".")[0], *_VARIABLE.findall(one.value)}:
                users.names[name] = united(users.through(name), cautions)
        elif isinstance(one, Array) and len(one.items) > 2:
            first, row, column = (_literal(template, item) for item in one.items[:3])
            cells = users.lookups.setdefault(first or _ANY, {})
            cells[row, column] = united(cells.get((row, column), ()), cautions)


def _literal(template: Template, node: Node) -> str:
    return node.value if isinstance(node, Scalar) and not tag_of(template.text, node) else ""


def _nodes(node: Node | None) -> Iterator[Node]:
    """A node and everything below it."""
    waiting = [] if node is None else [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, Table):
            waiting += (value for _, value in reversed(one.entries))
        elif isinstance(one, Array):
            waiting += reversed(one.items)


def _keys(template: Template) -> set[str]:
    """The images' ids that are keys of something."""
    if not _KEY.search(template.text):
        return set()
    tables = (one for one in _nodes(template.root) if isinstance(one, Table))
    return {key.value for one in tables for key, _ in one.entries if ID.fullmatch(key.value)}


def _left(template: Template) -> set[Span]:
    """What is handed to macros: what they make of it, nobody knows."""
    if _LEFT not in template.text:
        return set()
    tables = (one for one in _nodes(template.root) if isinstance(one, Table))
    given = (one for table in tables for one in _nodes(table.get(_LEFT)))
    return {one.span for one in given if isinstance(one, Scalar)}


# What is chosen at deployment


def _floating(template: Template) -> Iterator[Found]:
    for _, parameter in template.root.table("Parameters").tables():
        kind, default = parameter.text("Type") or "", parameter.get("Default")
        if isinstance(default, Scalar) and kind.startswith(_SSM):
            yield from _chosen(default, _NAME.fullmatch(default.value), image="AWS::EC2::Image::Id" in kind)
    if "resolve:ssm:" not in template.text:
        return
    for table in _nodes(template.root):
        for key, one in table.scalars() if isinstance(table, Table) else ():
            yield from _chosen(one, _RESOLVED.fullmatch(one.value), image=bool(_IMAGE_KEY.fullmatch(key.value)))


def _chosen(scalar: Scalar, found: re.Match[str] | None, *, image: bool) -> Iterator[Found]:
    """The statement of a parameter's name; ``image`` tells that what stands there is one."""
    if found is None or not (image or _OF_IMAGE.search(found[1])):
        return
    name, version = found[1], found[2]
    if version is None:
        yield scalar.span, floating(name, scalar.line, _FLOATS.format(name))
    elif name.startswith(_PUBLISHED):
        fixed = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, _FIXED.format(version))
        yield scalar.span, replace(floating(name, scalar.line, ""), obstacle=fixed)
