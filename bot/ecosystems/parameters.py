"""Plain parameter files (YAML, JSON, TOML): the machine images that they hand to something else.

Which files are read is a matter of their paths: Ansible's variables and playbooks
(https://docs.ansible.com/ansible/latest/tips_tricks/sample_setup.html), parameters of
CloudFormation stacks (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html),
and folders for environments and configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import REGION
from bot.core.model import FileFacts, Pin, Statement
from bot.ecosystems._eks import documents, kind_of
from bot.ecosystems._embedded_images import embedded, holds_id
from bot.ecosystems._machine_images import MAY_HOLD, Where, region_of, statements
from bot.formats import json, lines, toml, yaml
from bot.formats.base import Array, Node, Scalar, Table

_COMMENT = re.compile(r"^[ \t]*+#[^\r\n]*+", re.MULTILINE)
_AWS = "AWS::"
_PAIR = re.compile(r"[A-Za-z][A-Za-z0-9]{0,254}=ami-[0-9a-f]{8,17}")
_OTHERS = (".tf.json", ".tofu.json", ".tfvars.json", ".pkr.json", ".pkrvars.json", "cdk.context.json")
"""What ecosystems of their own read."""

_REGIONS = frozenset({"region", "aws_region", "awsregion", "ec2_region", "aws-region"})
"""Keys, in lower case, that say the region of what stands beside and below them."""

_OVERRIDES = frozenset({"parameter_overrides", "parameteroverrides", "parameter-overrides"})
"""Keys, in lower case, whose values hold many parameters in one string."""


def extract(path: str, text: str) -> FileFacts:
    """The machine images in a file, whatever its path; none for one that another ecosystem reads, or of another syntax.

    A file without an id outside of comments is not parsed. Raises ``ParseError`` for other files that can't be read.
    """
    found: dict[tuple[tuple[Pin, ...], int], Statement] = {}
    if not path.endswith(_OTHERS) and holds_id(_COMMENT.sub("", text)):
        for root in _roots(path, text):
            for one in () if _is_of_others(root, text) else _stated(path, root):
                found.setdefault((one.pins, one.line), one)
    ordered = sorted(found.values(), key=lambda one: (one.line, [pin.span.start for pin in one.pins]))
    return FileFacts(path, "parameters", annotate(ordered, lines.annotations(text)))


def _roots(path: str, text: str) -> tuple[Node, ...]:
    """The documents of a file, by what its name ends in; none for a syntax that is not read."""
    name = path.rpartition("/")[2]
    _, dot, ending = name.rpartition(".")
    if ending == "json":
        return (json.parse(text, lenient=True),)
    if ending == "toml":
        return (toml.parse(text),)
    # Ansible's variables may stand in files without an ending.
    return yaml.parse(text) if ending in {"yml", "yaml"} or not dot else ()


def _is_of_others(root: Node, text: str) -> bool:
    """Whether an ecosystem of its own reads the document: a template, a node class, a cluster, a build of images."""
    if not isinstance(root, Table):
        return False
    if _AWS in text and any(isinstance(one.get("Resources"), Table) for one in (root, root.table("resources"))):
        return True
    return isinstance(root.get("builders"), Array) or any(kind_of(document) for document in documents(root))


# What a document says


@dataclass(frozen=True, slots=True)
class _Place:
    """A string with an id in it; ``region`` is what stands beside it, ``packed`` whether it holds more than that."""

    scalar: Scalar
    region: str
    packed: bool


def _stated(path: str, root: Node) -> Iterator[Statement]:
    places, around = list(_places(root)), region_of(path)
    beside = {place.scalar.span: place.region for place in places}
    for one in statements(root, Where(path)):
        told = one.context.region or next((beside[pin.span] for pin in one.pins), "") or around
        yield replace(one, context=replace(one.context, region=told))
    for place in places:
        if place.packed:
            yield from (one for _, one in embedded(place.scalar, Where(path, place.region or around)))


def _places(root: Node) -> Iterator[_Place]:
    stack: list[tuple[Node, str, bool]] = [(root, "", False)]
    while stack:
        one, region, packed = stack.pop()
        if isinstance(one, Scalar):
            if MAY_HOLD in one.value:
                yield _Place(one, region, packed or _PAIR.fullmatch(one.value) is not None)
        elif isinstance(one, Array):
            stack += [(item, region, packed) for item in reversed(one.items)]
        else:
            own = _region(one) or region
            below = [(value, own, packed or key.value.lower() in _OVERRIDES) for key, value in one.entries]
            stack += reversed(below)


def _region(table: Table) -> str:
    """The region that a table says of itself, "" for none."""
    said = (value.value for key, value in table.scalars() if key.value.lower() in _REGIONS)
    return next((value for value in said if REGION.fullmatch(value)), "")


_ENDINGS = ("json", "*ml")
"""``*ml`` for yml, yaml and toml: each pattern is tried on every path. What else it fits is passed over."""
_NAMES = ("*params*", "*parameters*")
_FOLDERS = ("config", "environments", "envs", "vars")

ecosystem = Ecosystem(
    name="parameters",
    patterns=(
        *(f"{name}.{ending}" for name in _NAMES for ending in _ENDINGS),
        *("*playbook*.y*ml", "site*.y*ml", "samconfig*.*ml", "cdk*.json"),
        *(f"**/{folder}/**/*.{ending}" for folder in _FOLDERS for ending in _ENDINGS),
        *(f"**/roles/*/{folder}/*.y*ml" for folder in ("defaults", "tasks")),
        *("**/group_vars/**", "**/host_vars/**"),
    ),
    version=1,
    extract=extract,
    hints=(MAY_HOLD,),
    worth=lambda path, text: not path.endswith(_OTHERS) and holds_id(text),
)
