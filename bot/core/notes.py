"""Release notes: what stands between two versions, and how it is told in a pull request. Pure.

What publishers write comes in through ``markdown.clean``; nothing here takes their word for markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core import markdown
from bot.core.model import Source
from bot.core.versions.base import Scheme

GITHUB = "github.com"
MOST_VERSIONS = 20
MOST_OF_ONE = 4_000
"""Characters of one version's notes, after cleaning."""
MOST_IN_ALL = 12_000
"""Characters of all versions' notes of one update."""
SMALLEST = 200
"""In less room than this a text is not begun."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_NOT_OWNERS = frozenset(
    ["about", "apps", "collections", "features", "marketplace", "orgs", "settings", "site", "sponsors", "topics"]
)
_ADDRESS = re.compile(
    r"(?:scm:)?(?:git[+:])?(?:(?:https?|git|ssh|git\+ssh)://)?(?:[A-Za-z0-9._-]{1,64}@)?"
    r"(?:www\.)?([A-Za-z0-9.-]{1,253})(?::[0-9]{1,5}/|[:/])/?([^/?#\s]{1,100})/([^/?#\s]{1,104})(?:[/?#].*)?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?:github:)?([^/:?#\s]{1,100})/([^/:?#\s]{1,104})(?:#.*)?")
_PLAIN = re.compile(r"[^0-9A-Za-z.+!-]")


@dataclass(frozen=True, slots=True)
class Published:
    """One release as its source repository tells it; ``text`` is not cleaned yet."""

    tag: str
    title: str
    text: str
    url: str
    published: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """The notes of one version: cleaned Markdown, and the page where they stand ("" where there is none)."""

    version: str
    title: str
    text: str
    url: str
    published: datetime | None


@dataclass(frozen=True, slots=True)
class ReleaseNotes:
    """The notes of the versions of a package that an update brings, newest first.

    ``source`` is ``OWNER/NAME`` of the repository they are from; ``more`` the page with all of them.
    """

    name: str
    source: str
    entries: tuple[Entry, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Range:
    """The versions above ``after`` up to ``upto``; pre-releases only on the way to one."""

    after: str
    upto: str
    scheme: Scheme

    def key(self, version: str) -> object:
        """A sort key of a version in the range, None for any other."""
        low, here, high = (self.scheme.key(one) for one in (self.after, version, self.upto))
        if low is None or here is None or high is None or not low < here <= high:
            return None
        if self.scheme.is_prerelease(version) and not self.scheme.is_prerelease(self.upto):
            return None
        found: object = here
        return found


# Where the source is


def repository(source: Source, hosts: Iterable[str] = (GITHUB,)) -> str | None:
    """``OWNER/NAME`` of the first address that is a repository on one of these hosts, None where none is."""
    known = {host.lower() for host in hosts}
    return next((found for address in source.addresses if (found := _repository(address, known))), None)


def _repository(address: str, hosts: set[str]) -> str | None:
    """As written for git or npm: ``git+https://…``, ``git@HOST:OWNER/NAME.git``, ``github:OWNER/NAME``.

    https://docs.npmjs.com/cli/configuring-npm/package-json#repository
    """
    text = address.strip()
    short = _SHORT.fullmatch(text) if GITHUB in hosts and len(text) <= 300 else None
    if short and short[1].lower() not in hosts:
        return _named(short[1], short[2])
    whole = _ADDRESS.fullmatch(text[:2000])
    return _named(whole[2], whole[3]) if whole and whole[1].lower() in hosts else None


def _named(owner: str, name: str) -> str | None:
    name = name.removesuffix(".git")
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(name) or owner.lower() in _NOT_OWNERS:
        return None
    return f"{owner}/{name}"


# The words of the section


def section(notes: ReleaseNotes, room: int) -> str:
    """The Markdown to put into a pull request's body, at most ``room`` characters; "" where it would say nothing.

    What does not fit is left out, the oldest first, and the page with all of it is named.
    """
    entries = notes.entries
    if not entries:
        return ""
    head = f"<details>\n<summary>Release notes of {_html(notes.name)}{_span(entries)}</summary>\n\n"
    foot = f"{_where(notes)}\n\n</details>"
    left = room - len(head) - len(foot)
    parts: list[str] = []
    for entry in entries:
        part = _part(entry, left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return f"{head}{''.join(parts)}{foot}" if parts else ""


def _part(entry: Entry, room: int) -> str:
    """One version, its text cut to what fits; "" where not even the heading does."""
    version, url = _PLAIN.sub("", entry.version)[:100], markdown.address(entry.url)
    heading = f"### [{version}]({url})" if url else f"### {version}"
    title = f": {entry.title}" if entry.title else ""
    day = f"\n\n{entry.published:%Y-%m-%d}" if entry.published else ""
    start = f"{heading}{title}{day}\n\n"
    text = markdown.shorten(entry.text, room - len(start) - 2, entry.url)
    if len(start) > room or (entry.text and not text):
        return ""
    return f"{start}{text}\n\n" if text else start


def _span(entries: Sequence[Entry]) -> str:
    newest, oldest = entries[0].version, entries[-1].version
    return f", {_html(newest)}" if len(entries) == 1 else f", {_html(oldest)} to {_html(newest)}"


def _where(notes: ReleaseNotes) -> str:
    url = markdown.address(notes.more)
    return f"From [{notes.source}]({url})." if url else f"From {notes.source}."


def _html(text: str) -> str:
    """Text in HTML, where Markdown is not read but mentions and references are."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:200]).split())
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return markdown.quiet(escaped)


# From releases to entries


def from_releases(name: str, wanted: Range, releases: Sequence[Published], *, shared: bool) -> tuple[Entry, ...]:
    """The notes of the versions wanted, newest first, texts cleaned and cut; empty where no tag fits.

    ``shared`` says that the repository holds other packages too: then tags without a name count
    only if no tag names another package.
    """
    read = [(release, *_tagged(release.tag, name)) for release in releases]
    owned = [(release, version) for release, version, owner in read if owner == "own"]
    if not owned and not (shared and any(owner == "other" for _, _, owner in read)):
        owned = [(release, version) for release, version, owner in read if owner == "nobody"]
    chosen = _chosen(owned, wanted)
    return trimmed(
        Entry(
            version, _title(release.title, name, version), _body(release, name, version), release.url, release.published
        )
        for version, release in chosen
    )


def _chosen(tagged: Iterable[tuple[Published, str]], wanted: Range) -> list[tuple[str, Published]]:
    found: dict[object, tuple[str, Published]] = {}
    for release, version in tagged:
        key = wanted.key(version)
        if key is not None:
            found.setdefault(key, (version, release))
    return [found[key] for key in sorted(found, reverse=True)]  # type: ignore[type-var]  # keys of one scheme compare


_TAG = re.compile(r"(?P<name>.*?)(?P<gap>^|[-_@/]v?|^v|(?<=[-_@/])v)(?P<version>[0-9][0-9A-Za-z.+_-]*)", re.IGNORECASE)
_NOBODYS = frozenset({"", "v", "r", "rel", "release", "releases", "version", "versions", "stable"})


def _tagged(tag: str, name: str) -> tuple[str, str]:
    """The version that a tag states, and whose it is: ``own``, ``nobody`` or ``other``."""
    found = _TAG.fullmatch(tag[:200])
    if found is None:
        return "", "other"
    version, prefix = found["version"], found["name"].strip("-_@/").lower()
    if "." not in version and "_" in version:
        version = version.replace("_", ".")
    if prefix in _NOBODYS:
        return version, "nobody"
    return version, "own" if _is(prefix, name) else "other"


def _is(prefix: str, name: str) -> bool:
    """Whether a tag's prefix names the package, with or without its scope."""
    words = prefix.removesuffix("/v").removesuffix("-v").removesuffix("_v")
    same = {_bare(name), _bare(name.rpartition("/")[2])}
    return _bare(words) in same or _bare(words.removesuffix("-release")) in same


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _body(release: Published, name: str, version: str) -> str:
    """A release's text without a first heading that says again which version it is."""
    text = release.text.lstrip()
    first, _, rest = text.partition("\n")
    return rest if first.startswith("#") and _stated(first.lstrip("#"), name) == version else text


def _title(title: str, name: str, version: str) -> str:
    """What a release's title says besides its name and version."""
    words = markdown.line(title)
    said = _bare(words)
    for known in (_bare(version), _bare(name), _bare(name.rpartition("/")[2]), "release", "version"):
        said = said.replace(known, "", 1) if known else said
    return words if len(said) > 1 else ""


def trimmed(entries: Iterable[Entry], definitions: markdown.Definitions = markdown.NO_DEFINITIONS) -> tuple[Entry, ...]:
    """The newest entries, cleaned, each and all of them within their limits; what is only named has no text."""
    left, made = MOST_IN_ALL, []
    for entry in list(entries)[:MOST_VERSIONS]:
        cleaned = markdown.clean(entry.text, definitions)
        text = markdown.shorten(cleaned, min(MOST_OF_ONE, left), entry.url) if left > SMALLEST else ""
        left -= len(text)
        made.append(replace(entry, text=text))
    return tuple(made)


# From a changelog to entries

_STARTS = re.compile(
    r" {0,3}(?P<marks>#{1,4})[ \t]+(?P<marked>\S.*)"
    r"|(?P<bold>\*\*[^*\n]{1,200}\*\*)[ \t]*"
    r"|(?P<plain>\S[^\n]{0,199})"
)
_LINE_UNDER = re.compile(r"[ ]{0,3}([=\-~^\"'*+#.:`])\1{2,}[ \t]*")
_STATED = re.compile(
    r"(?<![0-9A-Za-z.])v?([0-9]{1,9}(?:\.[0-9]{1,9})+(?:[-+.]?[0-9A-Za-z][0-9A-Za-z.+-]*)?)", re.IGNORECASE
)
_DATE = re.compile(r"\b[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}\b")
_HEADING_WORDS = frozenset(
    [
        "changes",
        "for",
        "final",
        "in",
        "new",
        "news",
        "notes",
        "r",
        "release",
        "released",
        "s",
        "stable",
        "v",
        "version",
        "what",
        "whats",
    ]
)
_LINKED = re.compile(r"\]\([^()\s]*\)|\]\[[^\[\]]*\]")
MOST_LINES = 50_000


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading of a changelog: its line, its level (0 the highest), the lines it takes, the version it states."""

    at: int
    level: int
    lines: int
    version: str | None


def changelog_name(names: Iterable[str]) -> str | None:
    """The file of a folder that is its changelog, None where none is."""
    ranked = [(rank, name) for name in names if (rank := _rank(name)) is not None]
    return min(ranked)[1] if ranked else None


def _rank(name: str) -> tuple[int, int] | None:
    stem, _, ending = name.lower().partition(".")
    stems, endings = (
        ("changelog", "changes", "history", "news", "releases", "release_notes"),
        ("md", "rst", "txt", "", "markdown"),
    )
    same = {
        "change_log": "changelog",
        "change-log": "changelog",
        "release-notes": "release_notes",
        "releasenotes": "release_notes",
    }
    stem = same.get(stem, stem)
    return (stems.index(stem), endings.index(ending)) if stem in stems and ending in endings else None


def from_changelog(name: str, wanted: Range, text: str, url: str) -> tuple[Entry, ...]:
    """The notes of the versions wanted in a changelog, newest first, cleaned and cut; empty where none stands there.

    A version is stated by a heading (Markdown's or underlined) that says little else; its notes end
    at the next one, or at a higher heading. ``url`` is the page of the file.
    """
    lines = text.replace("\r\n", "\n").split("\n")[:MOST_LINES]
    headings = _headings(lines, name)
    found: dict[object, Entry] = {}
    for n, heading in enumerate(headings):
        key = wanted.key(heading.version) if heading.version else None
        if key is None or key in found:
            continue
        end = next((h.at for h in headings[n + 1 :] if h.version or h.level < heading.level), len(lines))
        words = "\n".join(lines[heading.at + heading.lines : end])[: markdown.LONGEST]
        found[key] = Entry(heading.version or "", "", words, url, None)
    ordered = [found[key] for key in sorted(found, reverse=True)]  # type: ignore[type-var]  # keys of one scheme compare
    return trimmed(ordered, markdown.definitions(text))


def _headings(lines: Sequence[str], name: str) -> list[_Heading]:
    """All headings, the underlined ones with levels by the order in which their signs come up."""
    made: list[_Heading] = []
    signs: list[str] = []
    fenced = False
    for at, one in enumerate(lines):
        fenced ^= one.lstrip().startswith("```")
        found = None if fenced else _STARTS.fullmatch(one)
        if found is None:
            continue
        under = _LINE_UNDER.fullmatch(lines[at + 1]) if at + 1 < len(lines) else None
        if under and not found["marks"] and not _LINE_UNDER.fullmatch(one):
            signs += [] if under[1] in signs else [under[1]]
            made.append(_Heading(at, signs.index(under[1]), 2, _stated(one, name)))
        elif found["marks"]:
            made.append(_Heading(at, len(found["marks"]), 1, _stated(found["marked"], name)))
        elif found["bold"] and (version := _stated(one, name)):
            made.append(_Heading(at, 6, 1, version))
    return made


def _stated(heading: str, name: str) -> str | None:
    """The version that a heading is about: the first, with nothing but dates, its name and such words before it."""
    text = _DATE.sub(" ", _LINKED.sub("] ", heading[:300]))
    found = _STATED.search(text)
    if found is None:
        return None
    before = {_bare(word) for word in re.split(r"[\s/,:()\[\]*_`'\u2019-]+", text[: found.start()])} - {""}
    allowed = _HEADING_WORDS | {_bare(part) for part in re.split(r"[\s/_.@-]+", name)} | {_bare(name)}
    return found[1].rstrip(".") if before <= allowed else None
