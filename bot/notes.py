"""Release notes of an update: found, asked for, cut. They are extra: without them a pull request is only shorter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core import notes
from bot.core.errors import ExpectedError
from bot.core.model import Package, Source, Unavailable, Update
from bot.core.notes import Entry, Published, Range, ReleaseNotes
from bot.core.versions import scheme

Origin = Callable[[Package, str], Source | Unavailable]


class Repositories(Protocol):
    """What is read of the repositories that packages come from. Every method raises ``ExpectedError``."""

    def releases(self, repository: str) -> Sequence[Published]:
        """The newest releases, newest first."""
        ...

    def folder(self, repository: str, path: str) -> Mapping[str, str]:
        """The page of each file by name, and "" for each folder; ``path`` is "" for the root."""
        ...

    def text(self, repository: str, path: str) -> str:
        """The text of a file, "" for one that can't be read as text."""
        ...


@dataclass(frozen=True, slots=True)
class NoNotes:
    """Why there are no release notes, in words for a log."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """One package's question."""

    name: str
    repository: str
    directory: str
    wanted: Range


class Notes:
    """Finds the notes of updates; one for each pass, in one fleet's name.

    ``origin`` says where a release comes from (``registries.origin``), ``repositories`` reads
    there, ``schemes`` names each registry's version scheme, ``hosts`` are those whose repositories
    it can read.
    """

    def __init__(
        self,
        repositories: Repositories,
        origin: Origin,
        schemes: Mapping[str, str],
        hosts: Sequence[str] = (notes.GITHUB,),
    ) -> None:
        self._repositories = repositories
        self._origin = origin
        self._schemes = schemes
        self._hosts = tuple(hosts)
        self._stopped = ""

    def of(self, update: Update) -> ReleaseNotes | NoNotes:
        """The notes of every version above the one in use up to the new one, newest first, or why there are none.

        At most four requests to the forge (most often one), and two to the registry. Nothing is
        raised for a failure; after one that would meet every package nobody is asked any more.
        """
        package = update.package
        if self._stopped:
            return NoNotes(self._stopped)
        if package.registry not in self._schemes:
            return NoNotes(f"{package}: its registry does not say where releases come from")
        try:
            return self._found(update)
        except ExpectedError as error:
            if _general(error):
                self._stopped = f"not asked for any more: {error}"
            return NoNotes(f"{package}: {error}")
        except Exception as error:  # noqa: BLE001  # whatever a stranger's text trips over costs the notes, not the pass
            return NoNotes(f"{package}: unexpected {type(error).__name__}; report it as a bug")

    def _found(self, update: Update) -> ReleaseNotes | NoNotes:
        package = update.package
        source = self._origin(package, update.version)
        if isinstance(source, Unavailable):
            return NoNotes(source.detail)
        repository = notes.repository(source, self._hosts)
        if repository is None:
            return NoNotes(f"{package}: the publisher names no repository that can be read")
        wanted = Range(update.from_version, update.version, scheme(self._schemes[package.registry]))
        asked = _Asked(package.name, repository, _directory(source.directory), wanted)
        entries, more = self._released(asked)
        if not any(entry.text for entry in entries):
            logged, page = self._logged(asked)
            entries, more = (logged, page) if logged else (entries, more)
        if not entries:
            return NoNotes(f"{package}: {repository} tells nothing of these versions")
        return ReleaseNotes(package.name, repository, entries, more)

    def _released(self, asked: _Asked) -> tuple[tuple[Entry, ...], str]:
        releases = self._repositories.releases(asked.repository)
        entries = notes.from_releases(asked.name, asked.wanted, releases, shared=bool(asked.directory))
        page = next((release.url for release in releases if release.url), "")
        return entries, page.partition("/tag/")[0]

    def _logged(self, asked: _Asked) -> tuple[tuple[Entry, ...], str]:
        """From the changelog beside the package's own manifest, or in the folder ``docs`` beside that."""
        folder = asked.directory
        files = self._repositories.folder(asked.repository, folder)
        name = _changelog(files)
        if name is None and files.get("docs") == "":
            folder = f"{folder}/docs".strip("/")
            files = self._repositories.folder(asked.repository, folder)
            name = _changelog(files)
        if name is None:
            return (), ""
        text = self._repositories.text(asked.repository, f"{folder}/{name}".strip("/"))
        return notes.from_changelog(asked.name, asked.wanted, text, files[name]), files[name]


def finder(
    repositories: Repositories, origin: Origin, schemes: Mapping[str, str], own_host: str = ""
) -> Callable[[Sequence[Update]], dict[Package, ReleaseNotes]]:
    """What answers with the notes of some updates, as far as there are any; ``own_host`` is an Enterprise Server's."""
    one = Notes(repositories, origin, schemes, (own_host,) if own_host else (notes.GITHUB,))

    def find(updates: Sequence[Update]) -> dict[Package, ReleaseNotes]:
        found = {update.package: one.of(update) for update in updates}
        return {package: said for package, said in found.items() if isinstance(said, ReleaseNotes)}

    return find


def _changelog(files: Mapping[str, str]) -> str | None:
    return notes.changelog_name(name for name, url in files.items() if url)


def _directory(path: str) -> str:
    """A folder inside the repository, "" for the root and for what is no such thing."""
    parts = [part for part in path.strip("/").split("/") if part not in ("", ".")]
    return "" if ".." in parts or len(path) > 500 else "/".join(parts)


def _general(error: ExpectedError) -> bool:
    """Whether the forge fails everybody: credentials, a rate limit, no answer; not one repository's 403 or 404."""
    status = getattr(error, "status", 404)
    return status is None or status in (401, 429) or status >= 500
