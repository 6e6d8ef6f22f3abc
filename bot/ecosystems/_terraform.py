"""What the ecosystems that are written in HashiCorp's language share: its blocks, and the machine images in them.

Sources: https://developer.hashicorp.com/terraform/language/syntax/configuration,
https://developer.hashicorp.com/terraform/language/syntax/json,
https://developer.hashicorp.com/packer/docs/templates/hcl_templates
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.core.machine_images.asked import REGION
from bot.core.model import Caution, Statement
from bot.ecosystems._machine_images import MAY_HOLD, Where, region_of, statement
from bot.formats import hcl, json
from bot.formats.base import Array, Node, ParseError, Scalar, Table
from bot.formats.hcl import Block, Expression

_LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "source": 2,
    "variable": 1,
    "provider": 1,
    "module": 1,
    "output": 1,
}
"""How many names each kind of block has; the others have none."""

_NAMED = re.compile(r"\b(var|local)\.([A-Za-z_][A-Za-z0-9_-]{0,100})")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,100}")
_ALIAS = re.compile(r"\baws\.[A-Za-z_][A-Za-z0-9_-]{0,100}")
_COMPARED_BEFORE = re.compile(r"[=!]=\s*\"\Z")
_COMPARED_AFTER = re.compile(r"\"\s*[=!]=")
_NEAR = 40
_LONGEST_KEY = 200
"""Longer keys and addresses are cut off: they are repeated for everything that stands below them."""

_REGION_KEYS = ("region", "source_ami_region", "aws_region")
_TALK = frozenset({"condition", "error_message", "description"})
"""Attributes that speak of values, and don't give them."""


@dataclass(frozen=True, slots=True)
class Item:
    """A block at the top of a file, the same for HCL and JSON; type and names are "" and none for the file itself.

    Blocks within it are tables in its body, one an entry, beside its attributes.
    """

    type: str
    names: tuple[str, ...]
    body: Table
    line: int

    @property
    def address(self) -> str:
        """How configurations refer to it: ``aws_instance.web``, ``data.aws_ami.base``, ``var.image``."""
        first = {"resource": (), "variable": ("var",), "locals": ("local",)}.get(self.type, (self.type,))
        return ".".join((*first, *self.names))[:_LONGEST_KEY]

    @property
    def kind(self) -> str:
        """Its first name: of a resource its type, of a provider which one it is; "" for none."""
        return self.names[0] if self.names else ""


def items(path: str, text: str) -> tuple[Item, ...]:
    """The blocks of a file, with what stands outside of them last; raises ``ParseError``."""
    if not path.endswith(".json"):
        root = hcl.parse(text)
        blocks = tuple(
            Item(one.type, tuple(label.value for label in one.labels), _body(one), one.line) for one in root.blocks
        )
        return (*blocks, Item("", (), root.attributes, 1)) if root.attributes.entries else blocks
    whole = json.parse(text)
    if not isinstance(whole, Table):
        raise ParseError("expected an object")
    return (Item("", (), whole, 1),) if path.endswith("vars.json") else tuple(_of_json(whole))


def _body(block: Block) -> Table:
    """A block's attributes and blocks as one table; how deep they go is bounded by the reader."""
    if not block.blocks:
        return block.attributes
    within = tuple((Scalar(one.type, one.span, one.line), _labelled(one)) for one in block.blocks)
    return Table((*block.attributes.entries, *within), block.line)


def _labelled(block: Block) -> Table:
    """A block within another; one that is made in a loop (``dynamic``) stands below its name, as in JSON."""
    body = _body(block)
    return Table(((block.labels[0], body),), block.line) if block.labels else body


def _of_json(whole: Table) -> Iterator[Item]:
    for key, node in whole.entries:
        waiting: list[tuple[Node, tuple[str, ...]]] = [(node, ())]
        while waiting:
            one, names = waiting.pop()
            if isinstance(one, Array):
                waiting += [(item, names) for item in reversed(one.items)]
            elif isinstance(one, Table) and len(names) == _LABELS.get(key.value, 0):
                yield Item(key.value, names, one, key.line)
            elif isinstance(one, Table):
                waiting += [(below, (*names, name.value)) for name, below in reversed(one.entries)]


def tables(body: Table, name: str) -> Iterator[Table]:
    """The blocks of this name in a body, however they are written."""
    for key, node in body.entries:
        if key.value == name:
            yield from (one for one in (node.items if isinstance(node, Array) else (node,)) if isinstance(one, Table))


def written(body: Table, name: str) -> str:
    """The literal string of an attribute, "" where it has none."""
    text = body.text(name)
    return "" if text is None or "${" in text else text


def compared(whole: Expression, part: Scalar) -> bool:
    """Whether a literal in an expression stands beside ``==`` or ``!=``."""
    start, end = (at - whole.span.start for at in (part.span.start, part.span.end))
    before, after = whole.value[max(0, start - _NEAR) : start], whole.value[end : end + _NEAR]
    return _COMPARED_BEFORE.search(before) is not None or _COMPARED_AFTER.match(after) is not None


def scalars(node: Node | None) -> Iterator[Scalar]:
    """Every scalar in a tree of values."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Scalar):
            yield one
        elif isinstance(one, Array):
            waiting += reversed(one.items)
        elif isinstance(one, Table):
            waiting += [value for _, value in reversed(one.entries)]


# Values and where they stand


@dataclass(frozen=True, slots=True)
class At:
    """Where in a tree of values a literal stands.

    ``region`` is its region, the address of what tells it (``var.region``, ``aws.west``), or ""
    where nothing can; ``keys`` lead to it, "*" for a region's name; ``mapped`` where there is one.
    """

    region: str
    keys: tuple[str, ...]
    mapped: bool = False

    @property
    def last(self) -> str:
        """The last key that is a name."""
        return next((key for key in reversed(self.keys) if _WORD.fullmatch(key)), "")


NOWHERE = At("", ())


def leaves(node: Node, at: At) -> Iterator[tuple[At, Scalar]]:
    """Every literal string in a tree of values, its expressions too and however deep, in source order.

    A key that is a region's name begins a region map; one that holds a region's name, and a
    ``region`` beside it, tell it as well.
    """
    waiting: list[tuple[Node, At]] = [(node, at)]
    while waiting:
        one, where = waiting.pop()
        if isinstance(one, Table):
            waiting += reversed(list(_entries(one, where)))
        elif isinstance(one, Array):
            waiting += reversed([(x, replace(where, keys=(*where.keys, str(n)))) for n, x in enumerate(one.items)])
        elif isinstance(one, Expression):
            waiting += reversed(list(_parts(one, where)))
        elif one.string:
            yield where, one


def _entries(table: Table, at: At) -> Iterator[tuple[Node, At]]:
    beside = next((node for key in _REGION_KEYS if (node := table.get(key)) is not None), None)
    region = at.region if beside is None else said(beside)
    for key, value in table.entries:
        named = key.value[:_LONGEST_KEY].replace("_", "-")
        if REGION.fullmatch(named):
            yield value, At(named, (*at.keys, "*"), mapped=True)
        elif key.value not in _TALK:
            name = key.value[:_LONGEST_KEY]
            yield value, At(region_of(name) or region, (*at.keys, name), at.mapped)


def _parts(whole: Expression, at: At) -> Iterator[tuple[Node, At]]:
    """What may be the value of an expression; of several objects each is a map of its own."""
    several = sum(not isinstance(part, Scalar) for part in whole.parts) > 1
    for n, part in enumerate(whole.parts):
        if not isinstance(part, Scalar):
            yield part, replace(at, keys=(*at.keys, f"#{n}")) if several else at
        elif not compared(whole, part):
            yield part, at


def image(path: str, at: At, scalar: Scalar, cautions: tuple[Caution, ...] = ()) -> Statement | None:
    """The statement of a machine image, None for any other literal."""
    if not scalar.value.startswith(MAY_HOLD):
        return None
    return statement(scalar, Where(path, at.region, "/".join(at.keys) if at.mapped else "", cautions))


def said(node: Node | None) -> str:
    """What a value says of a region: its name, the address of what says it, "" for what can't be told."""
    if not isinstance(node, Scalar):
        return ""
    return node.value if REGION.fullmatch(node.value) else reference(node)


def provider_of(item: Item) -> str:
    """The address of the AWS provider that makes what a block says (``aws``, ``aws.west``)."""
    node = item.body.get("providers", "aws") if item.type == "module" else item.body.get("provider")
    found = _ALIAS.search(node.value) if isinstance(node, Scalar) else None
    return found[0] if found else "aws"


def region_said(body: Table) -> str:
    """The region that the attributes of a body agree on, "" where none or several are named."""
    found = {node.value for _, node in body.scalars() if node.string and REGION.fullmatch(node.value)}
    return found.pop() if len(found) == 1 else ""


def reference(node: Node | None) -> str:
    """The variable or local that a value is (``var.x``, ``"${var.x}"``), "" for anything else."""
    text = node.value.strip('"') if isinstance(node, Scalar) else ""
    text = text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text
    found = _NAMED.fullmatch(text)
    return found[0] if found else ""
