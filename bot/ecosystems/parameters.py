"""Plain parameter files (YAML, JSON, TOML): the machine images that they hand to something else.

Which files are read is a matter of their paths: Ansible's variables and playbooks
(https://docs.ansible.com/ansible/latest/tips_tricks/sample_setup.html), parameters of
CloudFormation stacks (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html),
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/git-sync-concepts-terms.html for deployment files),
Molecule's platforms (https://docs.ansible.com/projects/molecule/configuration/), runners of Cirun
(https://docs.cirun.io/reference/yaml), Runway's deployments (https://docs.onica.com/projects/runway/),
and folders for environments, parameters and configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import REGION
from bot.core.model import Caution, FileFacts, Pin, Span, Statement
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

_REGIONS = frozenset({"region", "regions", "aws_region", "awsregion", "ec2_region", "aws-region"})
"""Keys, in lower case, that say the region of what stands beside and below them, alone or as a list of one."""

_OVERRIDES = frozenset({"parameter_overrides", "parameteroverrides", "parameter-overrides"})
"""Keys, in lower case, whose values hold many parameters in one string."""

_UNTOLD = Caution(
    "what is made of it may be replaced with whatever is kept on it: a parameter file does not tell", by_hand=True
)
_REPLACED = "instance"
"""What a key holds, in lower case, whose image is one of instances; a launch template's replaces nothing by itself."""


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
class _Around:
    """What stands around a value.

    ``region`` is what stands beside it, ``packed`` whether it holds more than an id, ``stack``
    whether it is a parameter of a CloudFormation stack, ``key`` the nearest key that is no region.
    """

    region: str = ""
    packed: bool = False
    stack: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A string with an id in it, and what stands around it."""

    scalar: Scalar
    around: _Around

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What a change brings about: the template that takes a stack's parameter stands elsewhere."""
        return (_UNTOLD,) if self.around.stack or _REPLACED in self.around.key.lower() else ()


_NOWHERE = _Place(Scalar("", Span(0, 0), 0), _Around())
"""For an id that is written with escapes, which does not stand where it is read."""


def _stated(path: str, root: Node) -> Iterator[Statement]:
    places, around = list(_places(root)), region_of(path)
    # What an anchor names stands in several places: what is cautious of one counts.
    beside = {place.scalar.span: place for place in sorted(places, key=lambda place: bool(place.cautions))}
    for one in statements(root, Where(path)):
        found = next((beside[pin.span] for pin in one.pins), _NOWHERE)
        told = one.context.region or found.around.region or around
        yield replace(one, context=replace(one.context, region=told), cautions=found.cautions)
    for place in places:
        if place.around.packed:
            where = Where(path, place.around.region or around, cautions=place.cautions)
            yield from (one for _, one in embedded(place.scalar, where))


def _places(root: Node) -> Iterator[_Place]:
    stack: list[tuple[Node, _Around]] = [(root, _Around())]
    while stack:
        one, around = stack.pop()
        if isinstance(one, Table):
            own = replace(
                around, region=_region(one) or around.region, stack=around.stack or "ParameterKey" in one.index
            )
            stack += reversed([(value, _below(one, key.value, own)) for key, value in one.entries])
        elif isinstance(one, Array):
            stack += [(item, around) for item in reversed(one.items)]
        elif MAY_HOLD in one.value:
            pair = _PAIR.fullmatch(one.value) is not None
            yield _Place(one, replace(around, packed=True, stack=True) if pair else around)


def _below(table: Table, key: str, around: _Around) -> _Around:
    """What stands around the value of a table's key."""
    packed = around.packed or key.lower() in _OVERRIDES
    stack = around.stack or packed or _is_of_stack(table, key)
    return replace(around, packed=packed, stack=stack, key=around.key if REGION.fullmatch(key) else key)


def _is_of_stack(table: Table, key: str) -> bool:
    """Whether it is the key of a stack's parameters, in a configuration for CodePipeline or a deployment file."""
    return key == "Parameters" or (key == "parameters" and "template-file-path" in table.index)


def _region(table: Table) -> str:
    """The region that a table says of itself, "" for none."""
    said = (_alone(value) for key, value in table.entries if key.value.lower() in _REGIONS)
    return next((value for value in said if REGION.fullmatch(value)), "")


def _alone(node: Node) -> str:
    """A scalar's value, or that of a list's only item; "" for anything else."""
    one = node.items[0] if isinstance(node, Array) and len(node.items) == 1 else node
    return one.value if isinstance(one, Scalar) else ""


_ENDINGS = ("json", "*ml")
"""``*ml`` for yml, yaml and toml: each pattern is tried on every path. What else it fits is passed over."""
_NAMES = ("*params*", "*parameters*")
_FOLDERS = ("config", "environments", "envs", "parameter_files", "parameters", "params", "vars")

ecosystem = Ecosystem(
    name="parameters",
    patterns=(
        *(f"{name}.{ending}" for name in _NAMES for ending in _ENDINGS),
        *("*playbook*.y*ml", "site*.y*ml", "samconfig*.*ml", "cdk*.json"),
        *(f"**/{folder}/**/*.{ending}" for folder in _FOLDERS for ending in _ENDINGS),
        *(f"**/roles/*/{folder}/*.y*ml" for folder in ("defaults", "tasks")),
        *("**/group_vars/**", "**/host_vars/**", "**/molecule/**/*.y*ml"),
        *(".cirun.yml", "runway.yml", "runway.yaml"),
    ),
    version=2,
    extract=extract,
    hints=(MAY_HOLD,),
    worth=lambda path, text: not path.endswith(_OTHERS) and holds_id(text),
)
