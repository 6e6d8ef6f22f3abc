from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from bot.core.model import Bump, Kind, Package, Release, SkipReason, Source, Unavailable, Update
from bot.core.notes import Published, ReleaseNotes
from bot.forge.base import ForgeError
from bot.forge.github_errors import failure
from bot.notes import NoNotes, Notes, finder

AT = datetime(2026, 3, 2, tzinfo=UTC)
WEB = "https://github.com/encode/httpx"
SCHEMES = {"pypi": "pep440", "npm": "npm"}


class Shelf:
    """Repositories in memory; ``asked`` holds what was asked of them."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.asked: list[str] = []
        self.error: Exception | None = None

    def releases(self, repository: str) -> Sequence[Published]:
        self._note(f"{repository} releases")
        return [Published(tag, "", text, f"{WEB}/releases/tag/{tag}", AT) for tag, text in self.tags.items()]

    def folder(self, repository: str, path: str) -> Mapping[str, str]:
        self._note(f"{repository} folder {path}")
        inside = [name.removeprefix(f"{path}/" if path else "") for name in self.files if name.startswith(path)]
        return {n.partition("/")[0]: "" if "/" in n else f"{WEB}/blob/main/{n}" for n in inside}

    def text(self, repository: str, path: str) -> str:
        self._note(f"{repository} text {path}")
        return self.files[path]

    def _note(self, asked: str) -> None:
        self.asked.append(asked)
        if self.error:
            raise self.error


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


KNOWN = Source((WEB,))


def made(shelf: Shelf, source: Source | Unavailable = KNOWN) -> Notes:
    return Notes(shelf, lambda package, version: source, SCHEMES)


def update(after: str = "0.27.2", upto: str = "0.28.1", registry: str = "pypi", name: str = "httpx") -> Update:
    release = Release(upto, AT)
    return Update(
        subject=f"{registry}/{name}",
        package=Package(registry, name),
        kind=Kind.LIBRARY,
        from_version=after,
        version=upto,
        release=release,
        dependencies=(),
        changes=(),
        bump=Bump.MINOR,
        pipeline="application",
        group=None,
        track="",
        reasons=(),
    )


def found(answer: ReleaseNotes | NoNotes) -> ReleaseNotes:
    assert isinstance(answer, ReleaseNotes), answer
    return answer


def reason(answer: ReleaseNotes | NoNotes) -> str:
    assert isinstance(answer, NoNotes)
    return answer.reason


def test_releases_are_the_first_choice_and_one_request(shelf: Shelf) -> None:
    shelf.tags = {"0.28.1": "b @all", "0.28.0": "a", "0.27.2": "old"}
    answer = found(made(shelf).of(update()))
    assert [(one.version, one.text) for one in answer.entries] == [("0.28.1", "b @\u200ball"), ("0.28.0", "a")]
    assert (answer.name, answer.source, answer.more) == ("httpx", "encode/httpx", f"{WEB}/releases")
    assert shelf.asked == ["encode/httpx releases"]


def test_without_words_in_the_releases_the_changelog_tells(shelf: Shelf) -> None:
    shelf.tags = {"0.28.1": "", "0.28.0": "<!-- nothing -->"}
    shelf.files = {"README.md": "", "CHANGELOG.md": "## 0.28.1\n- b\n## 0.28.0\n- a\n## 0.27.2\n"}
    answer = found(made(shelf).of(update()))
    assert [(one.version, one.text) for one in answer.entries] == [("0.28.1", "- b"), ("0.28.0", "- a")]
    assert answer.more == f"{WEB}/blob/main/CHANGELOG.md"
    assert len(shelf.asked) == 3


def test_releases_without_words_are_better_than_nothing(shelf: Shelf) -> None:
    shelf.tags = {"0.28.1": ""}
    shelf.files = {"CHANGELOG.md": "## 1.0\n- other\n"}
    answer = found(made(shelf).of(update()))
    assert [(one.version, one.text) for one in answer.entries] == [("0.28.1", "")]
    assert answer.more == f"{WEB}/releases"


def test_a_changelog_among_the_documents(shelf: Shelf) -> None:
    shelf.files = {"README.md": "", "docs/changelog.rst": "0.28.1\n------\n- b\n"}
    assert found(made(shelf).of(update())).entries[0].text == "- b"
    assert shelf.asked[1:] == [
        "encode/httpx folder ",
        "encode/httpx folder docs",
        "encode/httpx text docs/changelog.rst",
    ]


def test_a_package_of_a_monorepo_has_a_changelog_of_its_own(shelf: Shelf) -> None:
    shelf.tags = {"v7.1.0": "of the whole", "@x/other@7.1.0": "of another"}
    shelf.files = {"CHANGELOG.md": "## 7.1.0\n- whole\n", "packages/core/CHANGELOG.md": "## 7.1.0\n- core\n"}
    notes = made(shelf, Source((f"git+{WEB}.git",), "./packages//core/"))
    answer = found(notes.of(update("7.0.0", "7.1.0", "npm", "@x/core")))
    assert [one.text for one in answer.entries] == ["- core"]


def test_a_folder_outside_of_the_repository_is_none(shelf: Shelf) -> None:
    shelf.files = {"README.md": ""}
    made(shelf, Source((WEB,), "a/../../etc")).of(update())
    assert shelf.asked[-1] == "encode/httpx folder "


def test_why_there_are_none(shelf: Shelf) -> None:
    assert "tells nothing of these versions" in reason(made(shelf).of(update()))
    assert "no repository that can be read" in reason(made(shelf, Source(("https://e.io",))).of(update()))
    down = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "index.example can't be reached")
    assert reason(made(shelf, down).of(update())) == "index.example can't be reached"
    assert "does not say where" in reason(made(shelf).of(update(registry="oci")))


@pytest.mark.parametrize("status", [403, 404, 451])
def test_a_repository_that_cannot_be_read_is_its_own_trouble(shelf: Shelf, status: int) -> None:
    shelf.error = failure("GitHub shows no such thing", "encode/httpx", "Go on", status)
    notes = made(shelf)
    assert "GitHub shows no such thing" in reason(notes.of(update()))
    shelf.error = None
    shelf.tags = {"0.28.1": "b"}
    assert found(notes.of(update())).entries


@pytest.mark.parametrize("status", [None, 401, 429, 500])
def test_after_trouble_of_everybody_nobody_is_asked(shelf: Shelf, status: int | None) -> None:
    shelf.error = failure("GitHub's rate limit is used up", "encode/httpx", "Run again later", status)
    notes = made(shelf)
    reason(notes.of(update()))
    assert "not asked for any more: GitHub's rate limit" in reason(notes.of(update(name="django")))
    assert len(shelf.asked) == 1


def test_an_error_of_another_forge_is_its_own_trouble(shelf: Shelf) -> None:
    shelf.error = ForgeError("It can't be read", "somewhere", "Go on")
    assert "It can't be read" in reason(made(shelf).of(update()))


def test_an_error_of_ours_costs_the_notes_only(shelf: Shelf) -> None:
    shelf.error = KeyError("x")
    assert reason(made(shelf).of(update())) == "pypi/httpx: unexpected KeyError; report it as a bug"


def test_a_finder_answers_with_the_notes_there_are(shelf: Shelf) -> None:
    shelf.tags = {"0.28.1": "b"}
    sources: dict[str, Source | Unavailable] = {"httpx": KNOWN, "gone": Unavailable(SkipReason.NOT_FOUND, "not there")}
    find = finder(shelf, lambda package, _: sources[package.name], SCHEMES)
    answer = find([update(), update(name="gone")])
    assert list(answer) == [Package("pypi", "httpx")]
    assert [one.text for one in answer[Package("pypi", "httpx")].entries] == ["b"]
    assert find([]) == {}


@pytest.mark.parametrize(
    ("own_host", "read"), [("", True), ("github.com", True), ("ghe.acme.example", False)], ids=["usual", "named", "own"]
)
def test_a_finder_reads_on_its_own_host_only(shelf: Shelf, own_host: str, *, read: bool) -> None:
    """A token for an Enterprise Server is of no use on github.com, and never sent there."""
    shelf.tags = {"0.28.1": "b"}
    answer = finder(shelf, lambda package, _: KNOWN, SCHEMES, own_host)([update()])
    assert (bool(answer), bool(shelf.asked)) == (read, read)


def test_a_finder_gives_up_once_and_for_all_when_the_forge_fails(shelf: Shelf) -> None:
    shelf.error = failure("GitHub has a fault", "encode/httpx", "Run again later", 502)
    find = finder(shelf, lambda package, _: KNOWN, SCHEMES)
    assert find([update(), update(name="other")]) == {}
    assert find([update()]) == {}
    assert len(shelf.asked) == 1
