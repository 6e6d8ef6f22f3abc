"""The types of policy, and how an operator's, an organisation's and a repository's combine.

Field by field, what is stated closest to the repository wins where it is a matter of taste
(groups, strategies, commit style), and the strictest wins where it is a matter of safety
(DESIGN law 9: a repository can only tighten what the operator allows).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, TypeVar

import msgspec

from bot.core.machine_images import ImageRules, OperatorFamily, Order, TrustedOwner
from bot.core.machine_images.asked import REGION
from bot.core.model import Dependency, Kind, Strategy

T = TypeVar("T")

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Duration = Annotated[
    # "$" alone would let a line break through; the pattern is also JSON Schema's, which knows no "\Z".
    str, msgspec.Meta(pattern=r"^[0-9]{1,5}[mhdw]$(?!\n)", description="A number and m, h, d or w: 90m, 2h, 3d, 1w")
]
Glob = Annotated[str, msgspec.Meta(max_length=200, description="A name or path; * stands for anything")]
Name = Annotated[str, msgspec.Meta(max_length=100, min_length=1)]


def duration(text: str) -> timedelta:
    """The length of time that ``3d``, ``2h``, ``90m`` or ``1w`` says; raises ``ValueError`` for anything else."""
    match = re.fullmatch(r"([0-9]{1,5})([mhdw])", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write a number and m, h, d or w, such as 3d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


class Mode(StrEnum):
    """How far the bot goes by itself, least first."""

    OBSERVE = "observe"
    PROPOSE = "propose"


class Major(StrEnum):
    """What to do with a major release when smaller ones wait too, the strictest last."""

    TOGETHER = "together"
    SPLIT = "split"
    HOLD = "hold"


class CommitStyle(StrEnum):
    """How commit subjects are worded."""

    AUTO = "auto"
    CONVENTIONAL = "conventional"
    PLAIN = "plain"


Account = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$(?!\n)", description="The number of an AWS account")]
Region = Annotated[str, msgspec.Meta(pattern=rf"^{REGION.pattern}$(?!\n)", description="An AWS region: eu-west-1")]
ImageId = Annotated[str, msgspec.Meta(pattern=r"^ami-[0-9a-f]{8,17}$(?!\n)")]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Policy types refuse a key they do not know: a typing error must not pass for a rule."""


class Match(_Strict, frozen=True):
    """What a rule is for: every field given must match."""

    registry: Glob = "*"
    name: Glob = "*"
    kind: Glob = "*"
    ecosystem: Glob = "*"
    path: Glob = "*"
    group: Glob = "*"

    def admits(self, dependency: Dependency) -> bool:
        """Whether the dependency is meant."""
        package = dependency.package
        pairs = (
            (package.registry, self.registry),
            (package.name, self.name),
            (dependency.kind.value, self.kind),
            (dependency.ecosystem, self.ecosystem),
            (dependency.path, self.path),
            (dependency.statement.context.group, self.group),
        )
        return all(pattern == "*" or fnmatchcase(text, pattern) for text, pattern in pairs)


class Rule(_Strict, frozen=True):
    """Settings for the dependencies that ``match``; a later rule wins, but never where safety is at stake.

    ``region`` is where a machine image is that nothing else tells the region of.
    """

    match: Match
    group: Name | None = None
    minimum_age: Duration | None = None
    strategy: Strategy | None = None
    major: Major | None = None
    pipeline: Name | None = None
    prereleases: bool | None = None
    region: Region | None = None


class Ignore(_Strict, frozen=True):
    """Versions that are not wanted: all of them, or those that the constraint ``versions`` admits."""

    name: Glob
    registry: Glob = "*"
    path: Glob = "*"
    versions: Annotated[str, msgspec.Meta(max_length=200)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""

    def meant(self, dependency: Dependency) -> bool:
        """Whether the dependency is meant, leaving the version aside."""
        return Match(registry=self.registry, name=self.name, path=self.path).admits(dependency)


class Pipeline(_Strict, frozen=True):
    """How one class of change is delivered."""

    kinds: tuple[Kind, ...] = ()
    minimum_age: Duration | None = None
    max_open: Limit | None = None


class Commit(_Strict, frozen=True):
    """Who writes the commits, and how."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[^<>\x00-\x1f\x7f]{1,100}$(?!\n)")] = "Freshline"
    email: Annotated[str, msgspec.Meta(pattern=r"^[^<>\s\x00-\x1f\x7f]{1,200}$(?!\n)")] = (
        "freshline@users.noreply.github.com"
    )
    style: CommitStyle = CommitStyle.AUTO


class Rebase(StrEnum):
    """When a branch is rebuilt on a base that moved: at once, where its files changed there, or not at all."""

    ALWAYS = "always"
    CONFLICT = "conflict"
    NEVER = "never"


Login = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$(?!\n)")]
Label = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f,]{1,50}$(?!\n)")]
Few = Annotated[tuple[Login, ...], msgspec.Meta(max_length=15)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class PullRequests(_Strict, frozen=True):
    """How pull requests are opened and tended.

    ``max_open`` counts one repository's open ones, pipeline by pipeline (default ``MAX_OPEN``);
    ``max_new_per_hour`` counts a repository's new ones (default ``MAX_NEW_PER_HOUR``).
    """

    labels: Annotated[tuple[Label, ...], msgspec.Meta(max_length=20)] | None = None
    assignees: Few | None = None
    reviewers: Few | None = None
    team_reviewers: Few | None = None
    draft: bool | None = None
    rebase: Rebase | None = None
    max_open: Limit | None = None
    max_new_per_hour: Limit | None = None
    dashboard: bool | None = None
    release_notes: bool | None = None


MAX_OPEN = 10
MAX_NEW_PER_HOUR = 20

DEFAULT_EXCLUDE = (
    "node_modules",
    "bower_components",
    "vendor",
    "third_party",
    "site-packages",
    ".venv",
    "venv",
    ".tox",
    "fixtures",
    "__fixtures__",
    "testdata",
    "cdk.out",
    "cdktf.out",
    "*.snapshot",
    ".terraform",
    ".aws-sam",
    ".serverless",
)


class OwnImages(_Strict, frozen=True):
    """A family of images that an account of the operator's makes.

    ``names`` knows ``*`` only and must fit images of one kind; ``order`` says which is newer;
    ``approved`` is a tag (``key=value``) that an image must have to be moved to.
    """

    owner: Account
    names: Annotated[str, msgspec.Meta(max_length=128, min_length=1)]
    order: Order
    approved: Annotated[str, msgspec.Meta(max_length=300, pattern=r"^[^=]{1,128}=")] | None = None


class MachineImages(_Strict, frozen=True):
    """What only the operator may say of machine images.

    ``trusted`` are accounts besides the publishers' own, each with the publisher it belongs to ("" for
    one that publishes under known names itself); ``known`` says of images that are gone which family
    they were of (``publisher/pattern``).
    """

    trusted: dict[Account, Annotated[str, msgspec.Meta(max_length=50)]] = msgspec.field(default_factory=dict)
    families: tuple[OwnImages, ...] = ()
    known: dict[ImageId, Annotated[str, msgspec.Meta(max_length=200)]] = msgspec.field(default_factory=dict)


class Policy(_Strict, frozen=True):
    """What is wanted of the bot, in one repository, an organisation, or everywhere.

    ``parameter_files`` are globs of files that state machine images beside those that are read anyway.
    """

    mode: Mode | None = None
    minimum_age: Duration | None = None
    strategy: Strategy | None = None
    major: Major | None = None
    exclude: tuple[Glob, ...] | None = None
    commit: Commit | None = None
    forks: bool | None = None
    pull_requests: PullRequests = PullRequests()
    machine_images: MachineImages | None = None
    parameter_files: Annotated[tuple[Glob, ...], msgspec.Meta(max_length=50)] = ()
    pipelines: dict[str, Pipeline] = msgspec.field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    ignore: tuple[Ignore, ...] = ()


DEFAULT_PIPELINES: dict[Kind, str] = {
    Kind.LIBRARY: "application",
    Kind.RUNTIME: "application",
    Kind.IMAGE: "os",
    Kind.MACHINE_IMAGE: "os",
    Kind.MODULE: "infrastructure",
    Kind.ACTION: "tools",
    Kind.TOOL: "tools",
}

PIPELINES_OF_GROUPS = {"database": "configuration", "add-on": "configuration"}
"""What is delivered as configuration, whatever kind of thing it is: engines of databases, add-ons of clusters."""

DEFAULTS = Policy(
    mode=Mode.PROPOSE,
    minimum_age="3d",
    strategy=Strategy.AUTO,
    major=Major.TOGETHER,
    exclude=DEFAULT_EXCLUDE,
    commit=Commit(),
    forks=False,
    pull_requests=PullRequests(
        labels=("dependencies",),
        assignees=(),
        reviewers=(),
        team_reviewers=(),
        draft=False,
        rebase=Rebase.CONFLICT,
        dashboard=True,
        release_notes=True,
    ),
)


def combine(outer: Policy, inner: Policy) -> Policy:
    """The policy of the inner scope (a repository) within the outer one (its operator).

    Safety takes the stricter side: the longer minimum age, the lesser mode, majors held rather
    than split rather than together, every ignore of both. Inner rules come after, and so win, but
    can't shorten an age or let a major through.
    """
    return Policy(
        mode=_least(Mode, outer.mode, inner.mode),
        minimum_age=_longest(outer.minimum_age, inner.minimum_age),
        strategy=inner.strategy or outer.strategy,
        major=_strictest(outer.major, inner.major),
        exclude=inner.exclude if inner.exclude is not None else outer.exclude,
        commit=inner.commit or outer.commit,
        forks=inner.forks if inner.forks is not None else outer.forks,
        pull_requests=_pull_requests(outer.pull_requests, inner.pull_requests),
        machine_images=inner.machine_images or outer.machine_images,
        parameter_files=(*outer.parameter_files, *inner.parameter_files),
        pipelines=_pipelines(outer.pipelines, inner.pipelines),
        rules=(*outer.rules, *(_no_laxer(rule, outer.major) for rule in inner.rules)),
        ignore=(*outer.ignore, *inner.ignore),
    )


def _least(order: type[Mode], *given: Mode | None) -> Mode | None:
    known = [mode for mode in given if mode is not None]
    return min(known, key=list(order).index) if known else None


def _longest(*given: str | None) -> str | None:
    return max((text for text in given if text), key=duration, default=None)


def _pull_requests(outer: PullRequests, inner: PullRequests) -> PullRequests:
    """The inner settings where there are any; of limits the lower."""
    stated = {name: value for name in inner.__struct_fields__ if (value := getattr(inner, name)) is not None}
    limits = {
        "max_open": _lowest(outer.max_open, inner.max_open),
        "max_new_per_hour": _lowest(outer.max_new_per_hour, inner.max_new_per_hour),
    }
    return msgspec.structs.replace(outer, **{**stated, **limits})


def _lowest(*given: int | None) -> int | None:
    return min((one for one in given if one is not None), default=None)


def _pipelines(outer: dict[str, Pipeline], inner: dict[str, Pipeline]) -> dict[str, Pipeline]:
    merged = dict(outer)
    for name, pipeline in inner.items():
        above = outer.get(name)
        merged[name] = pipeline if above is None else _tightened(above, pipeline)
    return merged


def _tightened(outer: Pipeline, inner: Pipeline) -> Pipeline:
    return Pipeline(
        kinds=inner.kinds or outer.kinds,
        minimum_age=_longest(outer.minimum_age, inner.minimum_age),
        max_open=_lowest(outer.max_open, inner.max_open),
    )


def _strictest(*given: Major | None) -> Major | None:
    known = [major for major in given if major is not None]
    return max(known, key=list(Major).index) if known else None


def _no_laxer(rule: Rule, major: Major | None) -> Rule:
    return rule if rule.major is None else msgspec.structs.replace(rule, major=_strictest(rule.major, major))


class Effective(msgspec.Struct, frozen=True):
    """What the policy says of one dependency, every question answered."""

    pipeline: str
    minimum_age: timedelta
    strategy: Strategy
    major: Major
    prereleases: bool
    group: str | None
    ignores: tuple[Ignore, ...]
    region: str = ""


def effective(policy: Policy, dependency: Dependency) -> Effective:
    """What ``policy`` (combined over ``DEFAULTS``) says of the dependency.

    The minimum age is the longest that anything asks for: also that of every pipeline meant for
    the kind, so that a rule which sends it elsewhere does not shorten it (DESIGN law 5). Of what
    several rules say of majors the strictest counts, of everything else the last.
    """
    rules = [rule for rule in policy.rules if rule.match.admits(dependency)]
    routed = _routed(policy, dependency)
    pipeline = _last((rule.pipeline for rule in rules), routed)
    within = {pipeline, routed, DEFAULT_PIPELINES[dependency.kind], *_naming(policy, dependency.kind)}
    ages = (
        policy.minimum_age,
        *(found.minimum_age for name, found in policy.pipelines.items() if name in within),
        *(rule.minimum_age for rule in rules),
    )
    return Effective(
        pipeline=pipeline,
        minimum_age=duration(_longest(*ages) or "0d"),
        strategy=_last((rule.strategy for rule in rules), policy.strategy or Strategy.AUTO),
        major=_strictest(*(rule.major for rule in rules)) or policy.major or Major.TOGETHER,
        prereleases=_last((rule.prereleases for rule in rules), False),
        group=_last((rule.group for rule in rules), None),
        ignores=tuple(ignore for ignore in policy.ignore if ignore.meant(dependency)),
        region=_last((rule.region for rule in rules), ""),
    )


def image_rules(policy: Policy) -> ImageRules:
    """What the operator allows of machine images, but for their age."""
    said = policy.machine_images or MachineImages()
    return ImageRules(
        trusted_owners=tuple(TrustedOwner(account, publisher) for account, publisher in said.trusted.items()),
        families=tuple(OperatorFamily(own.owner, own.names, own.order, _tag(own.approved)) for own in said.families),
    )


def _tag(text: str | None) -> tuple[str, str] | None:
    key, _, value = (text or "").partition("=")
    return (key, value) if key else None


def _routed(policy: Policy, dependency: Dependency) -> str:
    own = PIPELINES_OF_GROUPS.get(dependency.statement.context.group)
    if own is not None:
        return own
    named = _naming(policy, dependency.kind)
    return named[0] if named else DEFAULT_PIPELINES[dependency.kind]


def _naming(policy: Policy, kind: Kind) -> list[str]:
    """The pipelines that ask for this kind by name, the operator's first."""
    return [name for name, pipeline in policy.pipelines.items() if kind in pipeline.kinds]


def _last(given: Iterable[T | None], default: T) -> T:
    stated = [value for value in given if value is not None]
    return stated[-1] if stated else default
