"""Tags of container images as versions.

A tag is free text (https://github.com/opencontainers/distribution-spec/blob/main/spec.md); what is
read here is the habit of those who publish images: ``[prefix]numbers[pre-release][suffix]``. Only
tags of one *shape* are versions of one thing: ``3.11-slim`` is never followed by ``3.12.1-slim``
(another precision) or ``3.12-alpine`` (another suffix).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from bot.core.model import Bump, Span, Strategy
from bot.core.versions._clauses import MAX_CONSTRAINT, Alternative, Clause, plain, scan
from bot.core.versions._steps import calendar_step, step
from bot.core.versions.base import Scheme


class Form(StrEnum):
    """What sort of text a tag is; only the first three are versions."""

    NUMBER = "number"
    DATE = "date"
    BUILD = "build"
    FLOATING = "floating"
    HASH = "hash"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Shape:
    """What all versions of one series of tags have in common.

    ``core`` is the form of the numbers: ``#.#.#``, ``#.#.#_#`` and ``#u#`` (Java), ``#.#-#`` (a
    revision), ``YYYYMMDD``, ``YYYY-MM-DD``, ``build``, ``epoch``. In ``suffix`` (``-slim-bookworm``)
    a revision stands as ``#``: ``-debian-12-r#``. ``os`` is the part of suffix or prefix that
    names the operating system (``bookworm``, ``alpine3.19``, ``ubuntu-22.04``), "" where none does.
    """

    prefix: str
    core: str
    suffix: str
    os: str

    @property
    def precision(self) -> int:
        """How many numbers, dots between them, are stated; 0 for dates and builds."""
        return re.split(r"[-_u]", self.core, maxsplit=1)[0].count("#")

    @property
    def any_os(self) -> Shape:
        """The shape with the version of its operating system left open.

        The style stays: ``alpine#.#`` is not ``alpine``, a code name is no number, and ``bookworm``
        and ``trixie`` are one (``debian~``), which ``jammy`` is not.
        """
        if not self.os:
            return self
        prefix, suffix = (_OS.sub(_any_version, text, count=1) for text in (self.prefix, self.suffix))
        return replace(self, prefix=prefix, suffix=suffix, os=_OS.sub(_any_version, self.os))


@dataclass(frozen=True, slots=True)
class _Tag:
    """A tag that is a version; ``digits`` are its dotted numbers as written, which end at ``core``'s end."""

    form: Form
    shape: Shape
    core: Span
    digits: tuple[str, ...]
    release: tuple[int, ...]
    build: tuple[int, ...]
    early: tuple[int, ...] | None
    revisions: tuple[int, ...]
    os: tuple[int, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        final = (1,) if self.early is None else (0, *self.early)
        shape = self.shape
        rank = (self.form is Form.NUMBER, self.form)
        return *rank, self.release, final, self.build, self.revisions, self.os, shape.core, shape.prefix, shape.suffix

    @property
    def plain(self) -> bool:
        """Whether nothing but its dotted numbers varies from version to version."""
        return self.form is Form.NUMBER and self.early is None and not (self.build or self.revisions)

    @property
    def bare(self) -> bool:
        """Whether it is only numbers, as the version of a runtime is stated."""
        return self.plain and self.shape.prefix in {"", "v"} and not self.shape.suffix


_MAX_TAG = 128
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HASH = re.compile(
    r"(?<![A-Za-z0-9])g?(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,64}(?![A-Za-z0-9])",
)
_PREFIX = re.compile(r"(?:[A-Za-z]++[-_.]?)*+")
_DATED = (r"(?:199[0-9]|20[0-9]{2})", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])")
_END = r"(?![0-9A-Za-z])"
_ISO = re.compile(rf"{'-'.join(_DATED)}(?:T[0-2][0-9]-?[0-5][0-9](?:-?[0-5][0-9])?Z?)?{_END}")
_STAMP = re.compile(rf"{''.join(_DATED)}[0-2][0-9][0-5][0-9][0-5][0-9]{_END}")
_DAY = re.compile(rf"({''.join(_DATED)})((?:\.[0-9]{{1,6}}){{0,2}}){_END}")
_NUMBERS = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18}){0,7}(?![0-9]|\.[0-9])")
_EARLY = re.compile(
    r"(?:(a|b)(?=[0-9])|[-_.]?(alpha|beta|rc|cr|preview|pre|milestone|m(?=[0-9])|eap|ea|snapshot|nightly|canary))"
    r"(?:[-.]?([0-9]{1,9}(?:\.[0-9]{1,9}){0,3}))?" + _END,
    re.IGNORECASE,
)
_BUILD = re.compile(
    r"(?:u[0-9]{1,9}|_[0-9]{1,9}(?:\.[0-9]{1,9})?|-[0-9]{1,18}(?:\.[0-9]{8,18})?|-[0-9]{1,9}(?:\.[0-9]{1,9}){2})"
    r"(?![0-9A-Za-z.])"
)
_REVISION = re.compile(r"(?<=[-_.])(r|rev|cu|gdr|ls|ce|ee|build|b|p|patch)([-.]?)([0-9]{1,9})" + _END, re.IGNORECASE)
_WILD = re.compile(r"\.[xX](?![0-9A-Za-z])")

_PLAIN_WORDS = frozenset({"v", "r", "release", "rel", "version", "ver", "stable", "build", "ltsc"})
"""Words that may stand before a single number (``v12``): any other may be a name with a number in it."""

_COMMIT_WORDS = frozenset({"sha", "git", "commit"})
_REFUSED_WORDS = _COMMIT_WORDS | {"pr", "mr", "pull", "merge", "feature", "feat", "fix", "bugfix", "hotfix", "issue"}
"""Words that stand before the number of a commit, a pull request or a branch, none of which is a version."""

_FLOATING_WORDS = frozenset(
    {
        "latest",
        "stable",
        "lts",
        "edge",
        "current",
        "mainline",
        "rolling",
        "nightly",
        "canary",
        "main",
        "master",
        "dev",
        "devel",
        "testing",
        "next",
    }
)
_STAGES = ("snapshot", "nightly", "canary", "a", "alpha", "b", "beta", "m", "milestone", "ea", "eap", "pre", "preview")

_DEBIAN = {"jessie": 8, "stretch": 9, "buster": 10, "bullseye": 11, "bookworm": 12, "trixie": 13, "forky": 14}
_UBUNTU = {
    "trusty": (14, 4),
    "xenial": (16, 4),
    "bionic": (18, 4),
    "focal": (20, 4),
    "jammy": (22, 4),
    "kinetic": (22, 10),
    "lunar": (23, 4),
    "mantic": (23, 10),
    "noble": (24, 4),
    "oracular": (24, 10),
    "plucky": (25, 4),
    "questing": (25, 10),
    "resolute": (26, 4),
}
_OS = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?P<codename>{'|'.join((*_DEBIAN, *_UBUNTU))})"
    r"|(?P<name>alpine)(?:(?P<gap>-)?(?P<dotted>[0-9]+\.[0-9]+(?:\.[0-9]+)?))?"
    r"|(?P<distribution>debian|ubuntu|centos|rocky(?:linux)?|alma(?:linux)?|oraclelinux|amazonlinux|fedora|leap"
    r"|photon|mariner|azurelinux|wolfi)(?:-?[0-9]+(?:\.[0-9]+)*)?"
    r"|(?:ubi|el|rhel|ol|al|amzn)[0-9]+(?:\.[0-9]+)*"
    r"|(?:windowsservercore|nanoserver)(?:-(?:ltsc)?[0-9]{4})?)(?![A-Za-z0-9])"
)


def shape(tag: str) -> Shape | None:
    """The shape of a tag, None for one that is not a version."""
    found = _parse(tag)
    return None if found is None else found.shape


def core(tag: str) -> Span | None:
    """Where in the tag its dotted numbers (or its date) stand, None for one that is not a version."""
    found = _parse(tag)
    return None if found is None else found.core


def form(tag: str) -> Form:
    """What sort of text the tag is.

    FLOATING: words only (``latest``, ``bookworm``, ``slim``), or a word such as ``lts`` before
    something else, or ``18.x``. HASH: an abbreviated commit stands in it. OTHER: nothing known.
    """
    found = _parse(tag)
    if found is not None:
        return found.form
    if not _TAG.fullmatch(tag):
        return Form.OTHER
    words = [word.lower() for word in re.split(r"[-_.]", tag)]
    if _HASH.search(tag) or words[0] in _COMMIT_WORDS:
        return Form.HASH
    floats = not re.search(r"[0-9]", tag) or words[0] in _FLOATING_WORDS or _WILD.search(tag) is not None
    return Form.FLOATING if floats else Form.OTHER


def comparable(old: str, new: str, *, os_floats: bool = False) -> bool:
    """Whether the two tags are versions of one series, so that their keys tell which is newer.

    With ``os_floats`` the new one may stand on a newer version of the same operating system
    (``alpine3.18`` and ``alpine3.19``, ``bookworm`` and ``trixie``), named in the same way; never
    on an older one.
    """
    before, after = _parse(old), _parse(new)
    if before is None or after is None:
        return False
    if before.shape == after.shape:
        return True
    return os_floats and before.shape.any_os == after.shape.any_os and before.os <= after.os


class Docker:
    """Image tags.

    A constraint is one tag, or, for policy, comparisons of the dotted numbers whatever the shape
    (``>=3.14``, ``>=6,<8``, ``==3.13.*``, ``3.13.x``). The key orders all tags; it says which is
    newer only between tags that are ``comparable``.
    """

    name = "docker"

    def key(self, version: str) -> Any:
        """By form, numbers, pre-release, build, revision, operating system; then by the shape's text."""
        found = _parse(version)
        return None if found is None else found.key

    def is_prerelease(self, version: str) -> bool:
        """Whether a word such as ``rc``, ``beta``, ``preview`` or ``ea`` follows the numbers."""
        found = _parse(version)
        return found is not None and found.early is not None

    def bump(self, old: str, new: str) -> Bump:
        """The size of the step between the numbers, or between the operating systems if that is larger.

        Dates make a CALENDAR step (PATCH on one day), and so do years with a month behind them
        (``2024.1``); a year alone (``2019-latest``) is a number like any other, and so is ``22.04``.
        Tags of different forms, or that are no versions, are a MAJOR step apart.
        """
        before, after = _parse(old), _parse(new)
        if before is None or after is None or before.form is not after.form:
            return Bump.MAJOR
        return max(_numbers_step(before, after), _os_step(before, after), key=list(Bump).index)

    def valid(self, constraint: str) -> bool:
        """Whether it is a tag that is a version, or comparisons of numbers."""
        return _parse(constraint) is not None or _range(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether it is that version, a release that the tag stands for, or one in the range.

        Bare numbers are a release: ``3.13.1`` satisfies ``3.13-slim``. A range never admits a
        pre-release, a date or a build number.
        """
        found, stated = _parse(version), _parse(constraint)
        if found is None:
            return False
        if stated is not None:
            return found.key == stated.key or _stands_for(stated, found)
        clauses = _range(constraint)
        return clauses is not None and found.form is Form.NUMBER and found.early is None and _within(found, clauses)

    def exact(self, constraint: str) -> str | None:
        """The tag; None for a range."""
        return constraint if _parse(constraint) is not None else None

    def floor(self, constraint: str) -> str | None:
        """The tag, or the highest lower bound of a range."""
        if _parse(constraint) is not None:
            return constraint
        stated = [c.version for c in _range(constraint) or () if c.version and (c.lower or c.follows)]
        return max(stated, key=_segments, default=None)

    def rewrite(self, constraint: str, version: str, _strategy: Strategy) -> str | None:
        """The tag that takes its place: ``version`` itself where it has the same shape.

        A release in bare numbers is cut to the tag's precision and put in its place
        (``3.11-slim`` and ``3.13.1`` give ``3.13-slim``); whether such a tag exists, its registry
        knows. None for anything else, and for a range.
        """
        stated, wanted = _parse(constraint), _parse(version)
        if stated is None or wanted is None:
            return None
        if stated.shape == wanted.shape:
            return version
        precision = stated.shape.precision
        if not (stated.plain and wanted.bare) or len(wanted.release) < precision:
            return None
        return f"{stated.shape.prefix}{'.'.join(wanted.digits[:precision])}{stated.shape.suffix}"


@lru_cache(maxsize=65536)
def _parse(tag: str) -> _Tag | None:
    """The tag taken apart, None where it is no version."""
    if len(tag) > _MAX_TAG or not _TAG.fullmatch(tag) or _HASH.search(tag):
        return None
    at = _at(tag)
    found = _date(tag, at) or _number(tag, at)
    if found is None or not _introduced(tag[:at], found):
        return None
    rest = tag[found.end :]
    if (rest and rest[0] not in "-_.") or _WILD.match(rest):
        return None
    suffix = _REVISION.sub(r"\1\2#", rest)
    named = _OS.search(rest) or _OS.search(tag[:at])
    return _Tag(
        form=found.form,
        shape=Shape(tag[:at], found.core, suffix, named[0] if named else ""),
        core=Span(at, at + len(".".join(found.digits)) if found.form is Form.NUMBER else found.end),
        digits=found.digits,
        release=found.release,
        build=found.build,
        early=found.early,
        revisions=tuple(int(revision[3]) for revision in _REVISION.finditer(rest)),
        os=_os_version(named),
    )


def _at(tag: str) -> int:
    """Where the numbers begin: behind the words and the separators between them."""
    found = _PREFIX.match(tag)
    return found.end() if found else 0


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of a tag, which end at ``end``, and their form."""

    form: Form
    core: str
    end: int
    digits: tuple[str, ...]
    release: tuple[int, ...]
    build: tuple[int, ...] = ()
    early: tuple[int, ...] | None = None


def _date(tag: str, at: int) -> _Numbers | None:
    if found := _ISO.match(tag, at):
        core = "YYYY-MM-DD" if len(found[0]) == len("YYYY-MM-DD") else "YYYY-MM-DDThh-mm"
        pairs = re.findall(r"[0-9]{2}", found[0])
        return _Numbers(Form.DATE, core, found.end(), (found[0],), tuple(map(int, pairs)))
    if found := _STAMP.match(tag, at):
        return _Numbers(Form.DATE, "YYYYMMDDhhmmss", found.end(), (found[0],), (int(found[0]),))
    if found := _DAY.match(tag, at):
        # A second build of one day (`jammy-20231211.1`) is of the same series as the first.
        again = tuple(int(number) for number in found[2].split(".")[1:])
        return _Numbers(Form.DATE, "YYYYMMDD", found.end(), (found[0],), (int(found[1]),), again)
    return None


def _number(tag: str, at: int) -> _Numbers | None:
    found = _NUMBERS.match(tag, at)
    if found is None:
        return None
    digits = tuple(found[0].split("."))
    release = tuple(int(number) for number in digits)
    if len(digits) == 1 and len(digits[0]) >= 5:
        return _long_number(found, digits, release)
    core = ".".join("#" for _ in digits)
    if early := _EARLY.match(tag, found.end()):
        return _Numbers(Form.NUMBER, core, early.end(), digits, release, early=_stage(early))
    behind = _BUILD.match(tag, found.end())
    if behind is None or (behind[0][0] == "u" and len(digits) > 1):
        return _Numbers(Form.NUMBER, core, found.end(), digits, release)
    build = tuple(int(number) for number in re.findall(r"[0-9]+", behind[0]))
    return _Numbers(Form.NUMBER, core + re.sub(r"[0-9]+", "#", behind[0]), behind.end(), digits, release, build)


def _long_number(found: re.Match[str], digits: tuple[str, ...], release: tuple[int, ...]) -> _Numbers | None:
    """The number of a build, or seconds since 1970; seven digits or more may be an abbreviated commit."""
    if len(digits[0]) <= 6:
        return _Numbers(Form.BUILD, "build", found.end(), digits, release)
    if len(digits[0]) == 10 and digits[0].startswith("1"):
        return _Numbers(Form.BUILD, "epoch", found.end(), digits, release)
    return None


def _stage(early: re.Match[str]) -> tuple[int, ...]:
    word = (early[1] or early[2]).lower()
    rank = _STAGES.index(word) if word in _STAGES else len(_STAGES)
    return rank, *_segments(early[3] or "0")


def _introduced(prefix: str, found: _Numbers) -> bool:
    """Whether what stands before the numbers leaves them a version (``pr-123`` is none)."""
    words = {word.lower() for word in re.split(r"[-_.]", prefix) if word}
    if words & _REFUSED_WORDS:
        return False
    return found.form is Form.DATE or len(found.digits) > 1 or words <= _PLAIN_WORDS


def _segments(numbers: str) -> tuple[int, ...]:
    return tuple(int(number) for number in numbers.split("."))


def _any_version(found: re.Match[str]) -> str:
    if found["codename"]:
        return "debian~" if found["codename"] in _DEBIAN else "ubuntu~"
    return re.sub(r"[0-9]+", "#", found[0])


def _os_version(named: re.Match[str] | None) -> tuple[int, ...]:
    if named is None:
        return ()
    codename = named["codename"]
    if codename in _DEBIAN:
        return (_DEBIAN[codename],)
    return _UBUNTU.get(codename) or tuple(int(number) for number in re.findall(r"[0-9]+", named[0]))


def _numbers_step(before: _Tag, after: _Tag) -> Bump:
    if before.form is Form.DATE:
        return Bump.PATCH if _day(before) == _day(after) else Bump.CALENDAR
    texts = [".".join(str(number) for number in tag.release) for tag in (before, after)]
    dated = calendar_step(*texts, short_years=False) if min(map(len, (before.release, after.release))) > 1 else None
    return dated or step(_steps(before), _steps(after))


def _steps(tag: _Tag) -> tuple[int, ...]:
    """The numbers that count: a Java update (``8u392``, ``21_35``) is a patch, ``1-20`` is often a variant."""
    if not tag.build or "-" in tag.shape.core:
        return *tag.release, *tag.build
    return *tag.release, *(0,) * (2 - len(tag.release)), *tag.build


def _day(tag: _Tag) -> str:
    return "".join(f"{number:02}" for number in tag.release)[:8]


def _os_step(before: _Tag, after: _Tag) -> Bump:
    if before.shape.os == after.shape.os:
        return Bump.PATCH
    same = before.shape.any_os.os == after.shape.any_os.os
    return step(before.os, after.os) if same else Bump.MAJOR


def _stands_for(stated: _Tag, release: _Tag) -> bool:
    """Whether the release, in bare numbers, is one of those that the tag is moved along."""
    return stated.plain and release.bare and release.release[: len(stated.release)] == stated.release


_CLAUSE = re.compile(r"(?P<operator>==|!=|<=|>=|<|>|=)?\s*(?P<version>[0-9][0-9.]*(?:[xX*])?)(?:\s*,\s*|\s+|$)")
_VERSION = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18}){0,7}")


@lru_cache(maxsize=4096)
def _range(constraint: str) -> Alternative | None:
    """The comparisons of a range, None for what is none."""
    text = constraint.strip()
    if not text or len(text) > MAX_CONSTRAINT:
        return None
    found = scan(text, 0, len(text), _CLAUSE, plain)
    return found if found and all(_understood(clause) for clause in found) else None


def _understood(clause: Clause) -> bool:
    if not _VERSION.fullmatch(clause.version):
        return False
    return not clause.tail if clause.lower or clause.upper else bool(clause.operator or clause.tail)


def _within(found: _Tag, clauses: Alternative) -> bool:
    return all(_admits(clause, found.release) for clause in clauses)


def _admits(clause: Clause, release: tuple[int, ...]) -> bool:
    bound = _segments(clause.version)
    if clause.tail:
        return (release[: len(bound)] == bound) is not clause.excludes
    width = max(len(bound), len(release))
    left, right = (one + (0,) * (width - len(one)) for one in (release, bound))
    if clause.lower or clause.upper:
        beyond = left > right if clause.lower else left < right
        return beyond or (left == right and clause.operator.endswith("="))
    return (left == right) is not clause.excludes


scheme: Scheme = Docker()
