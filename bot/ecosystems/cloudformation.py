"""CloudFormation and SAM templates: runtimes of Lambda functions, machine images, engines of RDS databases.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Statement
from bot.ecosystems import _databases as databases
from bot.ecosystems import _functions
from bot.ecosystems._cloudformation import Found, Template, templates, united, written
from bot.ecosystems._cloudformation_images import images
from bot.ecosystems._functions import LAYERS
from bot.formats import lines
from bot.formats.base import Node, Table

_AWS = "AWS::"
_RESOURCES = re.compile(r"\bResources\b")
_OURS = re.compile(
    r"AWS::(?:Lambda|Serverless)::Function[^\w:]|\bami-[0-9a-f]{8}|\bEngineVersion\b|\bresolve:ssm:|"
    r"AWS::SSM::Parameter::Value<"
)
_FUNCTIONS = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
_DATABASES = frozenset({"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster"})


def extract(path: str, text: str) -> FileFacts:
    """What a template says of runtimes, machine images and database engines, each place once.

    A file that can't be a template, or names nothing of ours, is not parsed. Raises
    ``ParseError`` for other files that can't be read.
    """
    if _AWS not in text or not _RESOURCES.search(text) or not _OURS.search(text):
        return FileFacts(path, "cloudformation", ())
    found: dict[object, Statement] = {}
    for template in templates(path, text):
        for read in (_runtimes, images, _databases):
            for span, one in read(template):
                at = (span, one.package.registry)
                found[at] = _joined(found.get(at), one)
    return FileFacts(path, "cloudformation", annotate(found.values(), lines.annotations(text)))


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
        yield from _functions_on(template, own.get("Runtime"), layers=own.get("Layers") is not None)
    shared = template.root.table("Globals", "Function")
    inherits = any(own.get("Runtime") is None and own.get("Layers") is not None for own in functions)
    yield from _functions_on(template, shared.get("Runtime"), layers=inherits or shared.get("Layers") is not None)


def _functions_on(template: Template, node: Node | None, *, layers: bool) -> Iterator[Found]:
    for place in written(template, node):
        one = _functions.statement(template.path, place.scalar, layers=layers)
        if one is not None:
            yield place.scalar.span, place.kept(one)


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
    version=2,
    extract=extract,
    # Every template with anything of ours has it, and hardly anything else; more than one word of a
    # template can't be asked for, and `ami-` stands in too much that is none (`origami-`, `dynami-`).
    hints=(_AWS,),
)
