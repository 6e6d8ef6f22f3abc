"""Where release notes are on GitHub: another repository's releases, and its files.

What is public can be read with any installation's token, so the pass's own login is enough.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec

from bot.core.notes import Published
from bot.forge.github_client import Client, Login, Wire
from bot.http import Cache

KEPT_FOR = 6 * 3600.0
"""Seconds for which an answer is taken as it is; after that GitHub is asked whether it has changed."""
PER_PAGE = 100
T = TypeVar("T")
LARGEST_TEXT = 1_000_000
"""Bytes: GitHub gives no more of a file in this way."""


class GitHubNotes:
    """Reads other repositories in one login's name; a repository that the login can't see is not found.

    Releases: https://docs.github.com/en/rest/releases/releases#list-releases, files:
    https://docs.github.com/en/rest/repos/contents. Every method raises ``GitHubError``.
    """

    def __init__(self, login: Login, wire: Wire, cache: Cache) -> None:
        self._login = login
        self._wire = wire
        self._cache = cache

    def releases(self, repository: str) -> Sequence[Published]:
        """The newest hundred releases, newest first, without drafts."""
        answer = self._get(repository, f"/releases?per_page={PER_PAGE}", list[_Release])
        return [
            Published(one.tag_name, one.name or "", one.body or "", one.html_url, one.published_at)
            for one in answer
            if not one.draft
        ]

    def folder(self, repository: str, path: str) -> Mapping[str, str]:
        """The page of each file by name, and "" for each folder; ``path`` is "" for the root."""
        answer = self._get(repository, _path(path), list[_Entry])
        return {one.name: one.html_url or "" if one.type == "file" else "" for one in answer if one.type in _READ}

    def text(self, repository: str, path: str) -> str:
        """The text of a file, "" for one that is too large to be given or is no text."""
        answer = self._get(repository, _path(path), _File)
        if answer.encoding != "base64" or answer.size > LARGEST_TEXT:
            return ""
        try:
            return base64.b64decode(answer.content).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""

    def _get(self, repository: str, path: str, shape: type[T]) -> T:
        return Client(repository, self._login, self._wire).get_kept(path, shape, self._cache, KEPT_FOR)


_READ = frozenset({"file", "dir"})


class _Release(msgspec.Struct):
    tag_name: str
    html_url: str
    draft: bool = False
    name: str | None = None
    body: str | None = None
    published_at: datetime | None = None


class _Entry(msgspec.Struct):
    name: str
    type: str
    html_url: str | None = None


class _File(msgspec.Struct):
    size: int
    encoding: str = ""
    content: str = ""


def _path(path: str) -> str:
    return f"/contents/{quote(path.strip('/'))}".rstrip("/")
