"""AWS CDK apps in TypeScript, JavaScript and Python: runtimes of Lambda functions, and ids of machine images.

Sources: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_lambda.Runtime.html,
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ec2.MachineImage.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import ID
from bot.core.model import Caution, FileFacts, Obstacle, Pin, SkipReason, Span, Statement
from bot.core.versions import function_constant
from bot.ecosystems import _functions, _machine_images
from bot.ecosystems._cdk import Source, place
from bot.ecosystems._machine_images import MAY_HOLD, Where, region_of, replaces
from bot.ecosystems._runtimes import function, unmoved
from bot.formats import lines
from bot.formats.base import Scalar
from bot.formats.source import MAX_SIZE, Kind, javascript, python

_SAYS = re.compile(
    rf"Runtime\s{{0,99}}+\.\s{{0,99}}+[A-Z]|{MAY_HOLD}[0-9a-f]{{8}}|MachineImage\s{{0,99}}+\."
    r"|[\"'`](?:python|nodejs|java|dotnet|ruby)(?:core)?[0-9]"
)
"""What one of must stand in a file for it to say anything of ours."""

_MODULE = re.compile(r"(?:aws-cdk-lib|@aws-cdk/[a-z0-9-]{1,80}|monocdk)(?:/.{0,200})?")
_PACKAGES = ("aws_cdk", "monocdk")

_CONSTANT = re.compile(r"[A-Z][A-Z0-9]{1,10}_[A-Z0-9_]{1,40}")
_LATEST = re.compile(r"(PYTHON|NODEJS|RUBY|JAVA|DOTNET)_LATEST")
_KEYS = ("runtime", "Runtime")
_LAYERS = frozenset({"layers", "compatibleRuntimes", "compatible_runtimes"})
_ADD_LAYERS = frozenset({"addLayers", "add_layers"})
_NOT_LAMBDA = "apprunner"
_KNOWN = Caution("the aws-cdk-lib in use has to know the new constant: older ones don't", by_hand=False)

_COMPARED = ("==", "===", "!=", "!==")
_CONDITIONS = ("case", "is", "in", "not")
_ASKED = frozenset({"includes", "indexOf", "runtimeEquals", "runtime_equals"})

_MACHINES = frozenset({"Instance", "CfnInstance", "BastionHostLinux", "NatInstanceProvider", "NatInstanceProviderV2"})
_TEMPLATES = frozenset(
    {"AutoScalingGroup", "LaunchTemplate", "LaunchConfiguration"}
    | {"CfnAutoScalingGroup", "CfnLaunchTemplate", "CfnLaunchConfiguration"}
)
_PERHAPS = Caution(
    "if an instance of this file uses it, merging it replaces that, with whatever is kept on it", by_hand=True
)
_LONGEST_ID = 100

_LOOK_UPS = frozenset(
    {"latestAmazonLinux", "latestAmazonLinux2", "latestAmazonLinux2022", "latestAmazonLinux2023", "latestWindows"}
    | {"latest_amazon_linux", "latest_amazon_linux2", "latest_amazon_linux2022", "latest_amazon_linux2023"}
    | {"latest_windows", "fromSsmParameter", "from_ssm_parameter", "fromSSMParameter"}
    | {"resolveSsmParameterAtLaunch", "resolve_ssm_parameter_at_launch", "lookup"}
)
_FLOATS = "an image is looked up when the app is synthesized or deployed; what it keeps stands in cdk.context.json"


@dataclass(slots=True)
class _App:
    """A file of an app; ``maps`` are the region maps in it, numbered as they come."""

    path: str
    text: str
    source: Source
    layered: bool
    machines: bool
    maps: dict[int, int] = field(default_factory=dict)


def extract(path: str, text: str) -> FileFacts:
    """The runtimes and machine images that a program names, when it imports the CDK.

    Whole literals and constants only: nothing is evaluated. A file that has neither is not
    read. Raises ``ParseError`` for others that can't be followed.
    """
    nothing = FileFacts(path, "cdk", ())
    if not _SAYS.search(text):
        return nothing
    source = Source(python(text) if path.endswith(".py") else javascript(text))
    if not any(_imported(source, at) for at in range(len(source.tokens))):
        return nothing
    tokens = source.tokens
    called = {one.text for at, one in enumerate(tokens) if one.named and source.sign(at + 1, "(")}
    app = _App(path, text, source, not called.isdisjoint(_ADD_LAYERS), not called.isdisjoint(_MACHINES))
    found = sorted((*_runtimes(app), *_images(app)), key=_order)
    notes = lines.annotations(text, "#" if path.endswith(".py") else "//")
    return FileFacts(path, "cdk", annotate(found, notes))


def _order(one: Statement) -> tuple[int, int]:
    return one.line, one.pins[0].span.start if one.pins else 0


def _imported(source: Source, at: int) -> bool:
    """Whether a token is the name of the CDK where it is imported."""
    token = source.tokens[at]
    if token.kind is Kind.STRING:
        return _MODULE.fullmatch(token.text) is not None and (
            source.word(at - 1, "from", "import") or _asked(source, at)
        )
    return source.word(at, *_PACKAGES) and (source.word(at - 1, "from", "import") or source.sign(at - 1, ","))


def _asked(source: Source, at: int) -> bool:
    return source.called(at - 1) in {("require",), ("import",)}


# Runtimes


@dataclass(frozen=True, slots=True)
class _Constant:
    """A constant: its token's number, that of the first and the last of the names it stands in, and what it states."""

    at: int
    first: int
    last: int
    stated: Statement


def _runtimes(app: _App) -> Iterator[Statement]:
    source = app.source
    constants: dict[tuple[int, str], list[_Constant]] = {}
    for at, token in enumerate(source.tokens):
        if token.kind is Kind.STRING and _literal(source, at):
            one = _functions.statement(app.path, token.scalar, layers=_layered(app, at))
            yield from () if one is None else (one,)
        elif token.kind is Kind.MEMBER and source.text(at - 1) == "Runtime":
            yield from _latest(app, at)
            found = _constant(app, at)
            if found is not None and _chosen(source, found):
                together = source.tokens[at].inside if _element(source, found) else -2 - at
                constants.setdefault((together, found.stated.subject), []).append(found)
    for group in constants.values():
        yield _single(app, group[0]) if len(group) == 1 else _several(app, group)


def _literal(source: Source, at: int) -> bool:
    """Whether a string is given as a runtime: ``new Runtime('python3.11')``, ``runtime: 'python3.11'``.

    What defines a constant (in the library itself) is what that is, whatever becomes of others.
    """
    if source.given(at) in _KEYS:
        return True
    if source.called(at - 1)[-1:] != ("Runtime",) or _elsewhere(source, at - 2):
        return False
    first = source.begin(at - 2)
    first -= source.word(first - 1, "new")
    return not (source.sign(first - 1, "=") and _CONSTANT.fullmatch(source.text(first - 2)))


def _elsewhere(source: Source, at: int) -> bool:
    """Whether the class that is named here is another service's (App Runner's)."""
    owners = source.names(at)[:-1]
    return any(_NOT_LAMBDA in name.lower() for name in owners)


def _constant(app: _App, at: int) -> _Constant | None:
    """The constant that a token is, None for one that is none of a runtime of ours."""
    source, token = app.source, app.source.tokens[at]
    if not _CONSTANT.fullmatch(token.text) or _elsewhere(source, at - 1):
        return None
    if token.text.startswith("DOTNET_") and source.begin(at) == at - 1 and _NOT_LAMBDA in app.text.lower():
        return None  # of App Runner, where those are called alike
    identifier = Scalar(function_constant.identifier(token.text), token.span, token.line)
    stated = _functions.statement(app.path, identifier, layers=_layered(app, at))
    return None if stated is None else _Constant(at, source.begin(at), source.end(at), stated)


def _latest(app: _App, at: int) -> Iterator[Statement]:
    """The statement of a constant that is whatever the library calls the newest."""
    token = app.source.tokens[at]
    found = _LATEST.fullmatch(token.text)
    name = _functions.language(f"{found[1].lower()}1") if found and not _elsewhere(app.source, at - 1) else None
    if name:
        seen = function(name, Pin(app.path, Span(0, 0), token.text), token.line)
        yield unmoved(seen, Obstacle(SkipReason.FLOATING, f"{token.text} is what aws-cdk-lib calls the newest"))


def _chosen(source: Source, one: _Constant) -> bool:
    """Whether a constant says what runs: it is not compared with, defined, or the key of an entry."""
    before, after = one.first - 1, one.last + 1
    around = source.tokens[one.at].inside
    if source.text(one.last) in _ASKED or source.called(around)[-1:] in {(name,) for name in _ASKED}:
        return False
    if source.text(source.closers.get(around, -2) + 1) in _ASKED or source.word(around - 1, "in"):
        return False
    if source.sign(before, *_COMPARED) or source.sign(after, *_COMPARED):
        return False
    if source.word(before, *_CONDITIONS) or source.word(after, *_CONDITIONS):
        return False
    named = source.sign(after, "=") or (source.sign(before, "{", ",") and source.sign(after, ":"))
    return not named and not (source.sign(before, "[") and source.sign(after, "]") and source.sign(after + 1, ":"))


def _element(source: Source, one: _Constant) -> bool:
    """Whether a constant is an element of a list."""
    around = source.tokens[one.at].inside
    whole = source.entry[one.first] == one.first and source.sign(one.last + 1, ",", "]", ")")
    return whole and (source.sign(around, "[") or (source.sign(around, "(") and not source.called(around)))


def _single(app: _App, one: _Constant) -> Statement:
    return _stated(app, one, app.source.tokens[one.at].span)


def _several(app: _App, group: list[_Constant]) -> Statement:
    """The statement of a list of a language's runtimes, which gains the newer one."""
    tokens, first = app.source.tokens, group[0]
    span = Span(tokens[first.first].span.start, tokens[group[-1].last].span.end)
    found = _stated(app, first, span)
    if function_constant.scheme.valid(found.constraint):
        return found
    held = unmoved(found, Obstacle(SkipReason.HELD, "a list of runtimes that is written like this is not edited"))
    return replace(held, constraint=tokens[first.at].text, context=found.context)


def _stated(app: _App, one: _Constant, span: Span) -> Statement:
    text = app.text[span.start : span.end]
    return replace(
        one.stated,
        scheme=function_constant.scheme.name,
        constraint=text,
        pins=(Pin(app.path, span, text),),
        cautions=(*one.stated.cautions, _KNOWN),
    )


def _layered(app: _App, at: int) -> bool:
    """Whether functions here have layers, or what is named here is one."""
    source = app.source
    return app.layered or any(not _LAYERS.isdisjoint(source.keys.get(one, ())) for one in source.around(at))


# Machine images


def _images(app: _App) -> Iterator[Statement]:
    source = app.source
    for at, token in enumerate(source.tokens):
        if token.kind is Kind.STRING and ID.fullmatch(token.text) and _whole(source, at) and _used(source, at):
            one = _machine_images.statement(token.scalar, _where(app, at))
            yield from () if one is None else (one,)
        elif token.kind is Kind.MEMBER and token.text in _LOOK_UPS and source.text(at - 1) == "MachineImage":
            yield _machine_images.floating(f"MachineImage.{token.text}", token.line, _FLOATS)


def _used(source: Source, at: int) -> bool:
    """Whether an id says which image: it is not compared with, a type, or the key of an entry."""
    before, after, around = at - 1, at + 1, source.tokens[at].inside
    if source.sign(before, *_COMPARED) or source.sign(after, *_COMPARED):
        return False
    if source.word(before, *_CONDITIONS) or source.word(around - 1, "in"):
        return False
    if source.text(source.closers.get(around, -2) + 1) in _ASKED or source.called(around)[-1:] in {
        (n,) for n in _ASKED
    }:
        return False
    return not (source.sign(before, "{", ",") and source.sign(after, ":"))


def _whole(source: Source, at: int) -> bool:
    """Whether a string is not put together with what stands beside it."""
    beside = [source.tokens[one] for one in (at - 1, at + 1) if 0 <= one < len(source.tokens)]
    joined = any(one.kind in {Kind.STRING, Kind.OTHER} or one.is_sign("+", "%") for one in beside)
    return not joined and at - 1 not in source.ends


def _where(app: _App, at: int) -> Where:
    found = place(app.source, at)
    within = ""
    if found.keys:
        number = app.maps.setdefault(found.root, len(app.maps) + 1)
        within = "/".join((f"map {number}", *found.keys))
    return Where(app.path, found.region or region_of(app.path), within, _cautions(app, at))


def _cautions(app: _App, at: int) -> tuple[Caution, ...]:
    """What a change of an image brings about, by the call that it is given to."""
    source = app.source
    for bracket in source.around(at):
        names = source.called(bracket)
        if names and names[-1] in _MACHINES:
            return (replaces(_named(source, bracket, names)),)
        if names and names[-1] in _TEMPLATES:
            return ()
    return (_PERHAPS,) if app.machines else ()


def _named(source: Source, bracket: int, names: tuple[str, ...]) -> str:
    """A construct with the id that its author gave it, where that is plain (``ec2.Instance Bastion``)."""
    given = bracket + 3
    told = source.tokens[given].text if source.sign(bracket + 2, ",") and source.text(given) else ""
    own = source.tokens[given].kind is Kind.STRING if told else False
    return f"{'.'.join(names[-2:])} {told[:_LONGEST_ID]}" if own and not ID.fullmatch(told) else ".".join(names[-2:])


ecosystem = Ecosystem(
    name="cdk",
    patterns=("*.ts", "*.mts", "*.cts", "*.js", "*.mjs", "*.cjs", "*.py"),
    version=2,
    extract=extract,
    hints=("aws-cdk", "aws_cdk", "monocdk"),
    worth=lambda _, text: _SAYS.search(text) is not None,
    largest=MAX_SIZE,
    comment="//",
)
