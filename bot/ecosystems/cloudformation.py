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
from bot.core.model import Caution, Context, FileFacts, Kind, Obstacle, Package, Pin, SkipReason, Statement
from bot.core.versions import scheme
from bot.ecosystems import _functions
from bot.ecosystems._cloudformation import Found, Template, Written, templates, united, written
from bot.ecosystems._cloudformation_images import images
from bot.ecosystems._functions import LAYERS
from bot.formats import lines
from bot.formats.base import Node, Scalar, Table

_AWS = "AWS::"
_RESOURCES = re.compile(r"\bResources\b")
_OURS = re.compile(
    r"AWS::(?:Lambda|Serverless)::Function[^\w:]|\bami-[0-9a-f]{8}|\bEngineVersion\b|\bresolve:ssm:|"
    r"AWS::SSM::Parameter::Value<"
)
_FUNCTIONS = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
_DATABASES = frozenset({"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster"})
_PRODUCTS = {"postgres": "postgresql", "mysql": "mysql", "mariadb": "mariadb"}
"""What endoflife.date calls the engines whose versions it lists, after ``amazon-rds-``."""
_ENGINE = re.compile(r"[a-z][a-z0-9-]{1,40}")
_BY_MAJORS = frozenset({"postgres"})
"""The engines whose lines are told by the first number alone."""
_NO_WAY_BACK = "a newer line of the database engine can't be taken back"
_RUNTIME = scheme("runtime")
_LONGEST_VERSION = 100


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
            yield from ((place.scalar.span, place.kept(_database(template.path, engine, place))) for place in places)


def _engine(template: Template, own: Table) -> str:
    """The database's engine, "" where nothing here tells it."""
    names = {place.scalar.value.lower() for place in written(template, own.get("Engine"))}
    name = names.pop() if len(names) == 1 else ""
    return name if _ENGINE.fullmatch(name) else ""


def _database(path: str, engine: str, place: Written) -> Statement:
    scalar = place.scalar
    value = scalar.value[:_LONGEST_VERSION]
    span = scalar.locate(0, len(scalar.value))
    why = _unmovable(engine, scalar) or ("" if span else "its version is written with escapes")
    return Statement(
        package=Package("endoflife", f"amazon-rds-{_PRODUCTS.get(engine, engine)}"),
        kind=Kind.TOOL,
        scheme=_RUNTIME.name,
        constraint=value,
        pins=(Pin(path, span, value),) if span and not why else (),
        line=scalar.line,
        context=Context(group="database"),
        obstacle=Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, why) if why else None,
        lockable=False,
        cautions=(Caution(_NO_WAY_BACK, by_hand=True, majors=engine in _BY_MAJORS),),
    )


def _unmovable(engine: str, scalar: Scalar) -> str:
    """Why the version of a database can't be moved, "" where it can."""
    if engine.startswith("aurora"):
        return "Aurora's versions are not listed"
    if engine not in _PRODUCTS:
        return f"the versions of RDS's {engine} are not listed"
    if not _RUNTIME.valid(scalar.value):
        return f"{scalar.value[:_LONGEST_VERSION]!r} is not a version of {engine}"
    if not scalar.string and "." in scalar.value:
        # 13.10 would be read as 13.1.
        return f"{scalar.value} is written as a number; it can move once it stands in quotes"
    return ""


ecosystem = Ecosystem(
    name="cloudformation",
    patterns=("*.yml", "*.yaml", "*.json", "*.template"),
    version=2,
    extract=extract,
    # Every template with anything of ours has it, and hardly anything else; more than one word of a
    # template can't be asked for, and `ami-` stands in too much that is none (`origami-`, `dynami-`).
    hints=(_AWS,),
)
