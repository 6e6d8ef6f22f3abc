"""Makes the objects of one commit on GitHub: blobs where they must be, one tree, the commit itself."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import msgspec

from bot.forge.base import NewCommit
from bot.forge.commit import PLAIN, tidy, tidy_author
from bot.forge.github_client import Client, Permissions
from bot.forge.github_graphql import Made
from bot.forge.github_tree import Listing

INLINE_TOTAL = 4 * 1024 * 1024
"""Bytes: so much text goes into the request that makes a tree; each larger file is a request of its own."""


class _Sha(msgspec.Struct):
    sha: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one commit on top of ``base``, with a token that allows ``need``. Methods raise ``GitHubError``."""

    client: Client
    commit: NewCommit
    base: Listing
    need: Permissions

    def tree(self) -> str:
        """The tree with the files in it: one request, and one for each file that is no text."""
        rows: list[dict[str, str]] = []
        room = INLINE_TOTAL
        for path, data in self.commit.files.items():
            row = {"path": path, "mode": f"{self.base.mode(path) or PLAIN:06o}", "type": "blob"}
            text = _text(data) if len(data) <= room else None
            if text is None:
                row["sha"] = self._blob(data)
            else:
                row["content"] = text
                room -= len(data)
            rows.append(row)
        return self.client.send("POST", "/git/trees", {"base_tree": self.base.root, "tree": rows}, _Sha, self.need).sha

    def _blob(self, data: bytes) -> str:
        body = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        return self.client.send("POST", "/git/blobs", body, _Sha, self.need).sha

    def made(self, tree: str) -> Made:
        """The commit; an App names nobody, so that GitHub signs it as the App's."""
        commit = self.commit
        body: dict[str, Any] = {"message": message(commit), "tree": tree, "parents": [commit.base]}
        if not self.client.login.is_app:
            author = tidy_author(commit.author)
            who = {
                "name": author.name,
                "email": author.email,
                "date": f"{commit.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            }
            body |= {"author": who, "committer": who}
        return self.client.send("POST", "/git/commits", body, Made, self.need)


def message(commit: NewCommit) -> str:
    """The message as it is sent and compared."""
    return tidy(commit.message).rstrip("\n")


def _text(data: bytes) -> str | None:
    """The text of a file that can be sent as such, None for one that can't."""
    try:
        return None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        return None
