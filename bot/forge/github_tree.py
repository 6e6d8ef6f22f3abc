"""A commit's files as GitHub lists them, and the tree that a change to them gives. The second part is pure.

https://docs.github.com/en/rest/git/trees
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from bot.forge.base import Entry, ForgeError
from bot.forge.github_client import Client
from bot.forge.github_errors import failure

FOLDER = 0o040000
MAX_REQUESTS = 300
"""So many requests are made for one listing that GitHub doesn't give at once."""
MAX_NODES = 500_000
UNREADABLE = "\ufffd"
"""Stands in GitHub's JSON for what is not UTF-8 in a name: such a file can't be named in a request."""

# Names that no sound tree holds and that would leave the folder when written to a disk.
_UNSOUND = re.compile(r"(?:^|/)(?:\.{0,2}|\.git)(?:/|$)|[\0\ufffd]", re.IGNORECASE)
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Node(msgspec.Struct):
    """An entry of a tree; ``type``: blob, tree or commit (a submodule)."""

    path: str
    mode: str
    type: str
    sha: str
    size: int | None = None


class _Tree(msgspec.Struct):
    sha: str
    tree: list[Node]
    truncated: bool = False


def is_object(text: str) -> bool:
    """Whether this can be git's id of an object."""
    return _OBJECT.fullmatch(text) is not None


def sound(path: str) -> bool:
    """Whether a path can be read and written by its name, and stays inside the repository."""
    return _UNSOUND.search(path) is None


class Listing:
    """Everything in one tree: ``root`` is its object id."""

    def __init__(self, root: str, nodes: Iterable[Node]) -> None:
        self.root = root
        self.nodes = {node.path: node for node in nodes}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Files and symbolic links with sound names, by path."""
        blobs = (node for node in self.nodes.values() if node.type == "blob" and sound(node.path))
        return tuple(sorted((_entry(node) for node in blobs), key=lambda entry: entry.path))

    @cached_property
    def regular(self) -> dict[str, Entry]:
        """The regular files, by path."""
        return {entry.path: entry for entry in self.entries if entry.regular}

    @cached_property
    def _children(self) -> dict[str, dict[str, tuple[int, str]]]:
        """Folder ("" for the root) to name to (mode, object id)."""
        folders: dict[str, dict[str, tuple[int, str]]] = {"": {}}
        for path, node in self.nodes.items():
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, {})[name] = (int(node.mode, 8), node.sha)
        return folders

    def mode(self, path: str) -> int | None:
        """A path's mode, None where there is nothing."""
        node = self.nodes.get(path)
        return None if node is None else int(node.mode, 8)

    def obstacle(self, path: str) -> str | None:
        """What stands in the way of a regular file at this path, None where nothing does."""
        if not sound(path):
            return "that is no name of a file"
        parents = path.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            folder = "/".join(parents[:depth])
            if self.mode(folder) not in {None, FOLDER}:
                return f"{folder} is no folder"
        return "that is a folder" if self.mode(path) == FOLDER else None

    def changed_root(self, blobs: Mapping[str, str]) -> str | None:
        """The object id of the tree with these files (path to blob; one at least) in place of the old ones.

        None where a name that GitHub could not give us stands beside one of them. The format is
        git's (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects).
        """
        touched: dict[str, dict[str, tuple[int, str]]] = {}
        for path, blob in blobs.items():
            folder, _, name = path.rpartition("/")
            own = touched.setdefault(folder, dict(self._children.get(folder, {})))
            own[name] = (self.mode(path) or 0o100644, blob)
        while True:
            folder = max(touched, key=lambda one: (one.count("/"), one != ""))  # the deepest first, the root last
            children = touched.pop(folder)
            if any(UNREADABLE in name for name in children):
                return None
            made = _tree_id(children)
            if not folder:
                return made
            parent, _, name = folder.rpartition("/")
            touched.setdefault(parent, dict(self._children.get(parent, {})))[name] = (FOLDER, made)

    def differing(self, other: Listing) -> frozenset[str]:
        """The paths of files, links and submodules that are not the same in another listing."""
        mine, theirs = (
            {(n.path, n.mode, n.sha) for n in one.nodes.values() if n.type != "tree"} for one in (self, other)
        )
        return frozenset(path for path, _, _ in mine ^ theirs)


def _entry(node: Node) -> Entry:
    return Entry(node.path, node.sha, int(node.mode, 8), node.size)


def _tree_id(children: Mapping[str, tuple[int, str]]) -> str:
    rows = [(_name(name), mode, blob) for name, (mode, blob) in children.items()]
    # git sorts a folder as if its name ended in a slash
    rows.sort(key=lambda row: row[0] + (b"/" if row[1] == FOLDER else b""))
    data = b"".join(b"%o %b\0%b" % (mode, name, bytes.fromhex(blob)) for name, mode, blob in rows)
    return hashlib.sha1(b"tree %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _name(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def fetch(client: Client, tree: str) -> Listing:
    """The listing of a tree (or of a commit's); in parts where GitHub cuts it off.

    Raises ``ForgeError``, also for a repository that is too large to be listed.
    """
    whole = _get(client, tree, recursive=True)
    if not whole.truncated:
        return Listing(whole.sha, whole.tree)
    root = whole.sha
    del whole  # a hundred thousand nodes that are about to be asked for again
    return Listing(root, _walk(client, root))


def _walk(client: Client, root: str) -> list[Node]:
    """Every node, folder by folder: each whole where GitHub gives it whole, else one level deeper.

    A folder that occurs twice is asked for once.
    """
    known: dict[str, tuple[list[Node], bool]] = {}
    nodes: list[Node] = []
    waiting = deque([("", root, False)])
    while waiting:
        prefix, sha, deep = waiting.popleft()
        if sha not in known:
            known[sha] = _level(client, sha, deep=deep)
        found, whole = known[sha]
        nodes.extend(_below(prefix, node) for node in found)
        if not whole:
            waiting.extend((f"{prefix}{node.path}/", node.sha, True) for node in found if node.type == "tree")
        if len(known) > MAX_REQUESTS or len(nodes) > MAX_NODES:
            raise failure(
                "The repository has more files than can be listed",
                client.repository,
                "Leave it out, or split it: GitHub gives 100,000 entries at a time",
            )
    return nodes


def _level(client: Client, sha: str, *, deep: bool) -> tuple[list[Node], bool]:
    """A folder's nodes, and whether they are all below it or only the first level."""
    if deep:
        whole = _get(client, sha, recursive=True)
        if not whole.truncated:
            return whole.tree, True
    level = _get(client, sha, recursive=False)
    if level.truncated:
        raise failure("A folder has more files than GitHub lists", client.repository, "Leave the repository out")
    return level.tree, False


def _below(prefix: str, node: Node) -> Node:
    return node if not prefix else Node(prefix + node.path, node.mode, node.type, node.sha, node.size)


def _get(client: Client, sha: str, *, recursive: bool) -> _Tree:
    if not is_object(sha):
        raise ForgeError("That is no commit", f"{client.repository}: {sha!r}", "This is a fault of Freshline")
    return client.get(f"/git/trees/{sha}{'?recursive=1' if recursive else ''}", _Tree)
