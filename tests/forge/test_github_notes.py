from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.forge.github_app import AppLogin
from bot.forge.github_client import Login, Token, Wire, bearer
from bot.forge.github_errors import GitHubError
from bot.forge.github_notes import LARGEST_TEXT, GitHubNotes
from bot.http import MemoryCache
from tests.forge.github_desk import QUICK, Desk, desk

SOURCE = "encode/httpx"
FILES: dict[str, str | bytes] = {
    "CHANGELOG.md": "# Changelog\n\n## 1.1\n\n- é\n",
    "docs/history.rst": "1.0\n---\n",
    "logo.png": b"\x89PNG\xff",
    "long.md": "x" * (LARGEST_TEXT + 1),
    "a b#c.md": "odd name\n",
}


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        made.github.create_repository(SOURCE, FILES)
        yield made


@pytest.fixture
def reader(at: Desk) -> Iterator[GitHubNotes]:
    wire = Wire(at.github.api_url, QUICK, bearer)
    yield GitHubNotes(login(at), wire, MemoryCache())
    wire.close()


def login(at: Desk) -> Login:
    return AppLogin(at.identity, at.identity.installation_of("acme/shop"))


def test_the_releases_of_another_repository(at: Desk, reader: GitHubNotes) -> None:
    at.github.release(SOURCE, "v1.0", name="One", body="First\r\nwords")
    at.github.release(SOURCE, "v1.1")
    at.github.release(SOURCE, "v1.2", draft=True)
    newest, oldest = reader.releases(SOURCE)
    assert (newest.tag, newest.text) == ("v1.1", "")
    assert (oldest.tag, oldest.title, oldest.text) == ("v1.0", "One", "First\r\nwords")
    assert oldest.url.endswith(f"/{SOURCE}/releases/tag/v1.0")
    assert oldest.published is not None


def test_files_and_folders(reader: GitHubNotes) -> None:
    root = reader.folder(SOURCE, "")
    assert root["docs"] == ""
    assert root["CHANGELOG.md"].endswith(f"/{SOURCE}/blob/main/CHANGELOG.md")
    assert list(reader.folder(SOURCE, "docs/")) == ["history.rst"]
    assert reader.text(SOURCE, "CHANGELOG.md") == FILES["CHANGELOG.md"]
    assert reader.text(SOURCE, "docs/history.rst") == FILES["docs/history.rst"]
    assert reader.text(SOURCE, "a b#c.md") == "odd name\n"


@pytest.mark.parametrize("path", ["logo.png", "long.md"])
def test_what_is_no_text_is_empty(reader: GitHubNotes, path: str) -> None:
    assert reader.text(SOURCE, path) == ""


def test_answers_are_kept(at: Desk, reader: GitHubNotes) -> None:
    reader.releases(SOURCE)
    at.github.requests.clear()
    at.github.release(SOURCE, "v1.0")
    assert reader.releases(SOURCE) == []
    assert at.counts() == {"reads": 0, "writes": 0}


def test_a_plain_token_will_do(at: Desk) -> None:
    wire = Wire(at.github.api_url, QUICK, bearer)
    reader = GitHubNotes(Token(at.github.personal_token()), wire, MemoryCache())
    assert "docs" in reader.folder(SOURCE, "")
    wire.close()


@pytest.mark.parametrize("name", ["encode/nothing", "encode/secret"])
def test_what_the_login_cannot_see_is_not_found(at: Desk, reader: GitHubNotes, name: str) -> None:
    at.github.create_repository("encode/secret", FILES, private=True)
    with pytest.raises(GitHubError) as error:
        reader.releases(name)
    assert error.value.status == 404


def test_a_file_where_a_folder_was_asked_for_is_an_error(reader: GitHubNotes) -> None:
    with pytest.raises(GitHubError, match="can't be understood"):
        reader.folder(SOURCE, "CHANGELOG.md")
    with pytest.raises(GitHubError, match="can't be understood"):
        reader.text(SOURCE, "docs")


def test_a_repository_that_was_renamed_is_found(at: Desk, reader: GitHubNotes) -> None:
    at.github.release(SOURCE, "v1.0", body="words")
    at.github.rename_repository(SOURCE, "renamed")
    assert [one.text for one in reader.releases(SOURCE)] == ["words"]
    assert reader.text(SOURCE, "docs/history.rst") == FILES["docs/history.rst"]
