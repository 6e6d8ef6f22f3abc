"""CloudFormation and SAM templates: Lambda runtimes, machine images, engines of databases, add-ons of EKS clusters.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html
(and, under the same address, aws-resource-imagebuilder-imagerecipe)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import Caution, FileFacts, Statement
from bot.ecosystems import _databases as databases
from bot.ecosystems import _functions
from bot.ecosystems import _image_builder as image_builder
from bot.ecosystems._cloudformation import Found, Template, templates, united, written
from bot.ecosystems._cloudformation_eks import clusters
from bot.ecosystems._cloudformation_images import images
from bot.ecosystems._functions import LAYERS
from bot.formats import lines
from bot.formats.base import Array, Node, Table

_AWS = "AWS::"
_RESOURCES = re.compile(r"\bResources\b")
_OURS = re.compile(
    r"AWS::(?:Lambda|Serverless)::Function[^\w:]|\bami-[0-9a-f]{8}|\bEngineVersion\b|\bresolve:ssm:|"
    r"AWS::SSM::Parameter::Value<|AWS::EKS::(?:Addon|Nodegroup)\b|AWS::ImageBuilder::ImageRecipe\b"
)
_FUNCTIONS = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
_DATABASES = frozenset({"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster"})


_INLINE = Caution("the code of a function stands in the template: nothing has built or tested it", by_hand=True)


def extract(path: str, text: str) -> FileFacts:
    """What a template says of runtimes, machine images, database engines and add-ons, each place once.

    A file that can't be a template, or names nothing of ours, is not parsed. Raises
    ``ParseError`` for other files that can't be read.
    """
    if not worth(path, text):
        return FileFacts(path, "cloudformation", ())
    found: dict[object, Statement] = {}
    for template in templates(path, text):
        for read in (_runtimes, images, _parents, _databases, clusters):
            for span, one in read(template):
                at = (span, one.package.registry)
                found[at] = _joined(found.get(at), one)
    return FileFacts(path, "cloudformation", annotate(found.values(), lines.annotations(text)))


def worth(_path: str, text: str) -> bool:
    """Whether a text may be a template with something of ours in it."""
    return _AWS in text and _RESOURCES.search(text) is not None and _OURS.search(text) is not None


def _joined(known: Statement | None, one: Statement) -> Statement:
    """What several share: it has layers when one of them has, and the cautions of all."""
    if known is None:
        return one
    kept = known if known.obstacle is not None else one
    context = one.context if one.context == LAYERS else known.context
    return replace(kept, context=context, cautions=united(known.cautions, one.cautions))


# Runtimes of functions


def _runtimes(template: Template) -> Iterator[Found]:
    functions = [own.table("Properties") for _, own in template.resources if own.text("Type") in _FUNCTIONS]
    for own in functions:
        for span, one in _functions_on(template, own.get("Runtime"), layers=own.get("Layers") is not None):
            inline = own.get("Code", "ZipFile") or own.get("InlineCode")
            yield span, replace(one, cautions=united(one.cautions, (_INLINE,))) if inline else one
    shared = template.root.table("Globals", "Function")
    inherits = any(own.get("Runtime") is None and own.get("Layers") is not None for own in functions)
    yield from _functions_on(template, shared.get("Runtime"), layers=inherits or shared.get("Layers") is not None)


def _functions_on(template: Template, node: Node | None, *, layers: bool) -> Iterator[Found]:
    for place in written(template, node):
        one = _functions.statement(template.path, place.scalar, layers=layers)
        if one is not None:
            yield place.scalar.span, place.kept(one)


# Parents of recipes


def _parents(template: Template) -> Iterator[Found]:
    for name, resource in template.resources:
        if resource.text("Type") == "AWS::ImageBuilder::ImageRecipe":
            yield from _parent(template, name, resource.get("Properties", "ParentImage"))


def _parent(template: Template, recipe: str, node: Node | None) -> Iterator[Found]:
    for place in written(template, _filled_in(node)):
        one = image_builder.parent(template.path, place.scalar, recipe)
        if one is not None:
            yield place.scalar.span, place.kept(one)


def _filled_in(node: Node | None) -> Node | None:
    """The text of an ``Fn::Sub`` that is written out, or given with its variables; any other node itself."""
    given = node.get("Fn::Sub") or node if isinstance(node, Table) else node
    pair = isinstance(given, Array) and len(given.items) == 2 and isinstance(given.items[1], Table)
    return given.items[0] if pair and isinstance(given, Array) else given


# Engines of databases


def _databases(template: Template) -> Iterator[Found]:
    for _, resource in template.resources:
        if resource.text("Type") in _DATABASES:
            own = resource.table("Properties")
            engine = _engine(template, own)
            places = written(template, own.get("EngineVersion")) if engine else ()
            yield from (
                (place.scalar.span, place.kept(databases.statement(template.path, engine, place.scalar)))
                for place in places
            )


def _engine(template: Template, own: Table) -> str:
    """The database's engine, "" where nothing here tells it."""
    names = {place.scalar.value.lower() for place in written(template, own.get("Engine"))}
    name = names.pop() if len(names) == 1 else ""
    return name if databases.ENGINE.fullmatch(name) else ""


ecosystem = Ecosystem(
    name="cloudformation",
    patterns=("*.yml", "*.yaml", "*.json", "*.template"),
    version=4,
    extract=extract,
    # Every template with anything of ours has it, and hardly anything else; more than one word of a
    # template can't be asked for, and `ami-` stands in too much that is none (`origami-`, `dynami-`).
    hints=(_AWS,),
    worth=worth,
    largest=1_048_576,  # CloudFormation takes no larger one (its quotas, "template body")
)
