"""The nouns of Freshline: frozen values that every stage hands to the next.

Nothing here does I/O. Spans are offsets in code points into the decoded text (a byte order
mark counts as one). Times are timezone-aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import overload


class Kind(StrEnum):
    """What sort of thing a dependency is."""

    LIBRARY = "library"
    RUNTIME = "runtime"
    IMAGE = "image"
    MACHINE_IMAGE = "machine_image"
    MODULE = "module"
    ACTION = "action"
    TOOL = "tool"


class Part(StrEnum):
    """What a pin's text states."""

    VERSION = "version"
    DIGEST = "digest"
    IMAGE_ID = "image_id"
    COMMENT = "comment"


class Bump(StrEnum):
    """How large a step an update is."""

    PIN = "pin"
    DIGEST = "digest"
    IMAGE = "image"
    PATCH = "patch"
    MINOR = "minor"
    CALENDAR = "calendar"
    MAJOR = "major"


class Role(StrEnum):
    """Whether others depend on what a manifest describes."""

    LIBRARY = "library"
    APPLICATION = "application"


class Strategy(StrEnum):
    """How a constraint is rewritten for a newer version."""

    AUTO = "auto"
    BUMP = "bump"
    REPLACE = "replace"
    WIDEN = "widen"
    PIN = "pin"
    LOCK_ONLY = "lock_only"


class SkipReason(StrEnum):
    """Why a dependency is not moved. Closed: every reader can list all of them."""

    UP_TO_DATE = "up_to_date"
    IN_RANGE = "in_range"
    FLOATING = "floating"
    TOO_YOUNG = "too_young"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"
    DECLINED = "declined"
    HELD = "held"
    HELD_BY_WAVE = "held_by_wave"
    NEEDS_RUNTIME = "needs_runtime"
    NEEDS_WHEELS = "needs_wheels"
    LOCK_NOT_REFRESHED = "lock_not_refreshed"
    FAMILY_UNKNOWN = "family_unknown"
    REGISTRY_UNAVAILABLE = "registry_unavailable"
    UNKNOWN_REGISTRY = "unknown_registry"
    NOT_FOUND = "not_found"
    UNPINNED = "unpinned"
    UNSUPPORTED_CONSTRAINT = "unsupported_constraint"
    INVALID_NAME = "invalid_name"
    WITHDRAWN = "withdrawn"
    ABOVE_LATEST = "above_latest"
    BLOCKED_SITE = "blocked_site"
    NOT_PROVED = "not_proved"
    LOCAL = "local"


class FileReason(StrEnum):
    """Why a whole file was not read."""

    UNPARSABLE = "unparsable"
    UNDECODABLE = "undecodable"
    TOO_LARGE = "too_large"
    SYMBOLIC_LINK = "symbolic_link"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Package:
    """What is looked up: a name in a registry.

    ``name`` is normalised by the ecosystem's own rules (PEP 503 for ``pypi``). ``url`` is the
    index that the repository names for it, or None for the operator's default.
    """

    registry: str
    name: str
    url: str | None = None

    @property
    def purl(self) -> str:
        """The package URL (https://github.com/package-url/purl-spec), without a version."""
        return f"pkg:{self.registry}/{self.name.replace('@', '%40')}"

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points in a decoded text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pin:
    """One place that states a version; ``text`` is exactly what stands in ``span``."""

    path: str
    span: Span
    text: str
    part: Part = Part.VERSION


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a statement can be seen but not moved."""

    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True)
class Context:
    """Where a statement stands, as far as decisions need it.

    ``group`` is the author's own name of the section (``dependencies``, ``dev``,
    ``build-system``, ``peerDependencies``, ``catalog:default``); ``marker`` an environment
    marker (PEP 508); ``region`` and ``architecture`` belong to machine images and images;
    ``within`` names the region map that a machine image is an entry of (unique in its file).
    """

    group: str = ""
    marker: str = ""
    region: str = ""
    architecture: str = ""
    within: str = ""


@dataclass(frozen=True, slots=True)
class Caution:
    """What a person should know before a change is merged; plain words without the version.

    ``by_hand`` tells that a person merges it: never the bot by itself (DESIGN law 13). ``majors``:
    it is true of major steps only.
    """

    text: str
    by_hand: bool
    majors: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """What one place in one file says about one package, nothing inferred from elsewhere.

    ``constraint`` is the whole of what is said ("" where nothing is); the version pin's text
    stands in it between ``frame[0]`` and ``frame[1]``, which are empty unless the constraint is
    put together from pieces (``FROM python:${V}-slim``: the pin is the ARG's ``3.11``, the frame
    ("", "-slim")). ``pins`` is empty where there is nothing to edit. ``follows`` names the
    definition that really holds the version (``catalog:default``). ``lockable`` is false for
    what no lock file covers (build requirements, tools). ``subject`` names what moves as one
    where that is more than the package ("runtime:python"); "" stands for the package itself.
    """

    package: Package
    kind: Kind
    scheme: str
    constraint: str
    pins: tuple[Pin, ...]
    line: int
    frame: tuple[str, str] = ("", "")
    context: Context = Context()
    obstacle: Obstacle | None = None
    ignored: str | None = None
    follows: str | None = None
    lockable: bool = True
    widens: bool = False
    subject: str = ""
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Locked:
    """One package version that a lock file holds.

    ``importer`` is the folder, relative to the lock file, for which it was resolved ("." for
    the lock file's own, None where the lock does not say); ``requested`` the constraint it
    answers, where the lock keeps it (``yarn.lock``). ``wheels`` are the Pythons that the wheels
    which the lock names are compiled for (``core/wheels``): empty where one will do for every
    Python, there is none, or the lock names no files. ``markers`` are told of such packages only:
    one of them has to be true where it is installed at all; empty where nothing limits it.
    """

    registry: str
    name: str
    version: str
    importer: str | None = None
    requested: str | None = None
    wheels: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LockFile:
    """This file is a lock file of ``tool`` for the manifests named.

    ``manifests`` are file names (``pyproject.toml``); ``importers`` the folders, relative to
    the lock file, that hold them ("." for its own).
    """

    tool: str
    manifests: tuple[str, ...]
    importers: tuple[str, ...] = (".",)


@dataclass(frozen=True, slots=True)
class DeclaredRuntime:
    """A language runtime that this file says its project runs on."""

    name: str
    scheme: str
    constraint: str


@dataclass(frozen=True, slots=True)
class DeclaredRole:
    """Whether the file describes a library or an application."""

    role: Role


@dataclass(frozen=True, slots=True)
class Include:
    """This file takes another one in; ``path`` is relative to the repository's root."""

    path: str
    constraints: bool = False


@dataclass(frozen=True, slots=True)
class Workspace:
    """This file is the root of a workspace whose members match these globs."""

    members: tuple[str, ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """An index that this file names; ``primary`` when it stands in for the default one.

    ``scope`` limits it (an npm scope such as ``@acme``), "" for every package.
    """

    registry: str
    url: str
    primary: bool
    scope: str = ""


@dataclass(frozen=True, slots=True)
class DeclaredRegion:
    """The region that a folder's resources are made in; ``alias`` names one of several, "" the one that is meant."""

    alias: str
    region: str


Declaration = Locked | LockFile | DeclaredRuntime | DeclaredRole | DeclaredRegion | Include | Workspace | Index


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file says: cacheable by (path, blob id, extractor version)."""

    path: str
    ecosystem: str
    statements: tuple[Statement, ...]
    declarations: tuple[Declaration, ...] = ()


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was recognised but not read, and why."""

    path: str
    reason: FileReason
    detail: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """The oldest version of a language runtime that a site must go on supporting."""

    name: str
    scheme: str
    floor: str
    declared: str
    path: str


@dataclass(frozen=True, slots=True)
class Dependency:
    """A statement together with what only the whole repository tells.

    ``path`` and ``statement.line`` say where it is listed (its pins may stand elsewhere);
    ``current`` is the version in use: exact, locked, or lowest allowed, None where nothing
    tells; ``lock`` the lock file that covers it, None where there is none.
    """

    statement: Statement
    path: str
    ecosystem: str
    subject: str
    current: str | None
    locked: bool
    lock: str | None
    role: Role
    runtime: Runtime | None

    @property
    def package(self) -> Package:
        """What is looked up."""
        return self.statement.package

    @property
    def kind(self) -> Kind:
        """What sort of thing it is."""
        return self.statement.kind

    @property
    def constraint(self) -> str:
        """What the manifest says."""
        return self.statement.constraint

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The places that state it."""
        return self.statement.pins


@dataclass(frozen=True, slots=True)
class Line:
    """A line of releases that lives and ends as one (Python 3.13, Node.js 24).

    ``begins`` is when it was first released, ``supported_from`` when its long-term support begins
    (None for a line that never has one), ``ends`` when it gets its last security fix; ``blocked``
    from when what runs on it can't be changed any more (AWS Lambda). None where nobody has said.
    """

    name: str
    begins: date | None
    supported_from: date | None
    ends: date | None
    blocked: date | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """One published version.

    ``published`` is the time the registry itself attests (never a date that an author
    controls), None where it attests none: then ``first_seen``, the first time the bot saw it,
    gives the age. ``yanked`` is the publisher's reason for withdrawing or deprecating it ("" if
    none was given), None when it stands. ``requires`` are (runtime, constraint) pairs. ``digest`` is
    None where it is not known, "" where it was asked for in vain. ``line`` is told of language
    runtimes and the like. ``wheels`` are the Pythons that it has compiled wheels for (``core/wheels``),
    empty where it needs none.
    """

    version: str
    published: datetime | None
    first_seen: datetime | None = None
    yanked: str | None = None
    requires: tuple[tuple[str, str], ...] = ()
    digest: str | None = None
    notes_url: str | None = None
    line: Line | None = None
    wheels: tuple[str, ...] = ()

    @property
    def since(self) -> datetime | None:
        """When the release's age begins; None when nothing attests it yet."""
        return self.published or self.first_seen


class Releases(Sequence[Release]):
    """Releases that are made when they are looked at: a listing has hundreds, a decision needs a few.

    ``versions`` and ``published`` are what most questions are about; ``make(n)`` gives the nth release.
    """

    __slots__ = ("_make", "published", "versions")

    def __init__(
        self, versions: Sequence[str], published: Sequence[datetime | None], make: Callable[[int], Release]
    ) -> None:
        self.versions = versions
        self.published = published
        self._make = make

    def __len__(self) -> int:
        return len(self.versions)

    @overload
    def __getitem__(self, at: int) -> Release: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Release, ...]: ...

    def __getitem__(self, at: int | slice) -> Release | tuple[Release, ...]:
        if isinstance(at, slice):
            return tuple(self._make(n) for n in range(len(self))[at])
        return self._make(range(len(self))[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Releases({list(self)!r})"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a registry says of a package: its releases newest first, by the registry's scheme.

    ``latest`` is the version the publisher calls the latest, where the registry knows such a
    thing; ``notice`` what it says of the whole project (archived, deprecated), "" for nothing;
    ``partial`` that only the newest releases are listed.
    """

    package: Package
    releases: Sequence[Release]
    latest: str | None = None
    notice: str = ""
    partial: bool = False

    @property
    def versions(self) -> Sequence[str]:
        """The versions of all releases, newest first."""
        releases = self.releases
        return releases.versions if isinstance(releases, Releases) else [release.version for release in releases]

    @property
    def undated(self) -> bool:
        """Whether the registry attests no time for some release."""
        releases = self.releases
        return None in (releases.published if isinstance(releases, Releases) else [r.published for r in releases])


@dataclass(frozen=True, slots=True)
class Source:
    """Where a publisher says that a release comes from.

    ``addresses`` are as they were written, the best first; ``directory`` is the package's folder
    in a repository that holds several, "" where it says none.
    """

    addresses: tuple[str, ...]
    directory: str = ""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A look-up that gave no listing: ``not_found`` or ``registry_unavailable``, and why."""

    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True)
class Image:
    """One machine image as EC2 describes it, in one region.

    ``created`` is the ``CreationDate`` that EC2 attests (of the source image, where this is a
    copy and that can be read); ``deprecated`` the time from which the publisher advises against
    it, None for never. ``state`` is ``available`` or anything else ("deregistered" for one that is
    known from a stored description only). ``tags`` are (key, value) pairs.
    Source: EC2 API reference, ``DescribeImages``, type ``Image``.
    """

    id: str
    name: str
    owner: str
    region: str
    architecture: str
    virtualization: str
    root_device: str
    boot_mode: str
    ena: bool
    platform: str
    usage_operation: str
    product_codes: tuple[str, ...]
    created: datetime
    deprecated: datetime | None
    state: str
    public: bool
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def stands(self) -> bool:
        """Whether it can be launched at all."""
        return self.state == "available"


@dataclass(frozen=True, slots=True)
class Gallery:
    """What is known of a machine image: itself, and the images of its region that might follow it.

    ``image`` is gone (not ``stands``) where it is known only from elsewhere; ``said`` then tells from
    where. ``candidates`` are of whatever owner, name and age; ``recommended`` is the id that the
    publisher's own parameter names, "" for none.
    """

    package: Package
    image: Image
    candidates: tuple[Image, ...]
    recommended: str = ""
    said: str = ""


Answer = Listing | Gallery | Unavailable


@dataclass(frozen=True, slots=True)
class Change:
    """This place becomes that text, because of that release."""

    pin: Pin
    text: str
    release: Release


@dataclass(frozen=True, slots=True)
class Skip:
    """A decision not to move something; ``candidate`` is the release it holds back."""

    reason: SkipReason
    detail: str
    candidate: Release | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A decision to move a subject: all places that state it, together.

    ``dependencies`` are the sites that move; ``version`` what they move to, ``from_version``
    the oldest version in use among them; ``reasons`` say why not a newer one and name the sites
    that stay. ``track`` is "major" for a major update split from a smaller one, else "".
    ``cautions`` are those of its sites, each once.
    """

    subject: str
    package: Package
    kind: Kind
    from_version: str
    version: str
    release: Release
    dependencies: tuple[Dependency, ...]
    changes: tuple[Change, ...]
    bump: Bump
    pipeline: str
    group: str | None
    track: str
    reasons: tuple[str, ...]
    cautions: tuple[Caution, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether a person has to merge it, whatever policy lets through."""
        return any(caution.by_hand for caution in self.cautions)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a subject: its updates (two when majors are split) and, site by site, skips.

    ``missing`` are the versions whose digests would have to be known for something newer to be taken;
    ``lines`` the lines of releases that sites are on, where that is known.
    """

    subject: str
    updates: tuple[Update, ...]
    skips: tuple[tuple[Dependency, Skip], ...]
    missing: tuple[tuple[Package, str], ...] = ()
    lines: tuple[tuple[Dependency, Line], ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A splice: ``old`` stands at ``span`` of ``path`` and becomes ``new``."""

    path: str
    span: Span
    old: str
    new: str


EVERY_VERSION = "*"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that is not to be proposed again, and why (closed by a person, rolled back).

    The version ``EVERY_VERSION`` stands for all of a package's.
    """

    registry: str
    name: str
    version: str
    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True)
class History:
    """What was learned from earlier outcomes, by (package, version), never by title."""

    refusals: tuple[Refusal, ...] = ()

    def refusal(self, package: Package, version: str) -> Refusal | None:
        """Why this version is not to be proposed, or None."""
        return next((r for r in self.of(package) if r.version in {version, EVERY_VERSION}), None)

    def of(self, package: Package) -> tuple[Refusal, ...]:
        """Everything that was learned about a package."""
        return tuple(r for r in self.refusals if (r.registry, r.name) == (package.registry, package.name))

    def declined(self, package: Package) -> tuple[Refusal, ...]:
        """The versions of a package that a person declined."""
        mine = (package.registry, package.name)
        return tuple(r for r in self.refusals if (r.registry, r.name) == mine and r.reason is SkipReason.DECLINED)


class ParseError(ValueError):
    """A file that can't be read: what is wrong and, where known, on which line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line
