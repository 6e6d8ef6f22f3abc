"""A bare git repository on disk, written without starting git.

Objects are written as git writes loose ones (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects), so that a
fleet of a thousand repositories is made in seconds and git itself can clone, push to and merge in each. Merges and
diffs are git's own.
"""

from __future__ import annotations

import os
import re
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from hashlib import sha1
from pathlib import Path

ZERO = "0" * 40
SHA = re.compile(r"[0-9a-f]{40}")
FILE, EXECUTABLE, LINK, MODULE, FOLDER = "100644", "100755", "120000", "160000", "40000"
CONFIG = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
[transfer]
\tunpackLimit = 100000000
[gc]
\tauto = 0
[receive]
\tdenyCurrentBranch = ignore
"""


@dataclass(frozen=True)
class Entry:
    """One line of a tree; ``mode`` as git stores it (a folder is ``40000``)."""

    mode: str
    sha: str

    @property
    def kind(self) -> str:
        return {FOLDER: "tree", MODULE: "commit"}.get(self.mode, "blob")


@dataclass(frozen=True)
class Signature:
    name: str
    email: str
    at: datetime

    def __str__(self) -> str:
        minutes = int((self.at.utcoffset() or timedelta()).total_seconds() // 60)
        zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
        return f"{self.name} <{self.email}> {int(self.at.timestamp())} {zone}"

    @classmethod
    def parse(cls, line: str) -> Signature:
        name, _, rest = line.partition(" <")
        email, _, when = rest.partition("> ")
        seconds, _, zone = when.partition(" ")
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
        at = datetime.fromtimestamp(int(seconds), UTC).astimezone(timezone(shift) if shift else UTC)
        return cls(name, email, at)


@dataclass(frozen=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True)
class Change:
    """One file of a diff; ``status``: added, modified or removed; ``sha`` is the blob (the old one when removed)."""

    path: str
    status: str
    sha: str


class GitError(Exception):
    """Git said no, in its own words."""


class GitRepository:
    """One bare repository; every method is safe to call with names from outside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: set[str] = set()
        self._commits: dict[str, Commit] = {}
        self._trees: dict[str, dict[str, Entry]] = {}
        self._sizes: dict[str, int] = {}

    def init(self, branch: str) -> None:
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
            (self.path / folder).mkdir(parents=True)
        (self.path / "config").write_text(CONFIG)
        self.set_head(branch)

    def set_head(self, branch: str) -> None:
        (self.path / "HEAD").write_text(f"ref: refs/heads/{branch}\n")

    # Objects

    def write(self, kind: str, data: bytes) -> str:
        whole = b"%s %d\0%s" % (kind.encode(), len(data), data)
        sha = sha1(whole).hexdigest()
        if sha in self._written:
            return sha
        file = self.path / "objects" / sha[:2] / sha[2:]
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(_packed(whole))
        self._written.add(sha)
        return sha

    def read(self, sha: str) -> tuple[str, bytes] | None:
        """Kind and content of an object, None when there is none."""
        if not SHA.fullmatch(sha):
            return None
        try:
            whole = zlib.decompress((self.path / "objects" / sha[:2] / sha[2:]).read_bytes())
        except FileNotFoundError:
            return self._read_packed(sha)
        head, _, data = whole.partition(b"\0")
        return head.split()[0].decode(), data

    def _read_packed(self, sha: str) -> tuple[str, bytes] | None:
        if not any((self.path / "objects" / "pack").iterdir()):
            return None
        answer = self.git("cat-file", "--batch", stdin=f"{sha}\n".encode())
        head, _, rest = answer.partition(b"\n")
        words = head.decode().split()
        return (words[1], rest[: int(words[2])]) if len(words) == 3 else None

    def blob(self, sha: str) -> bytes | None:
        found = self.read(sha)
        return found[1] if found and found[0] == "blob" else None

    def size(self, sha: str) -> int:
        """The bytes of a blob, 0 where there is none."""
        if sha not in self._sizes:
            data = self.blob(sha)
            if data is None:
                return 0
            self._sizes[sha] = len(data)
        return self._sizes[sha]

    def tree(self, sha: str) -> dict[str, Entry] | None:
        """The entries of one tree by name, in git's order."""
        if sha in self._trees:
            return self._trees[sha]
        found = self.read(sha)
        if not found or found[0] != "tree":
            return None
        entries = dict(_entries(found[1]))
        self._trees[sha] = entries
        return entries

    def commit(self, sha: str) -> Commit | None:
        if sha in self._commits:
            return self._commits[sha]
        found = self.read(sha)
        if not found or found[0] != "commit":
            return None
        commit = _parse_commit(sha, found[1])
        self._commits[sha] = commit
        return commit

    def known_commit(self, sha: str) -> Commit:
        commit = self.commit(sha)
        if commit is None:
            raise GitError(f"no commit {sha}")
        return commit

    def write_tree(self, entries: Mapping[str, Entry]) -> str:
        ordered = sorted(entries.items(), key=lambda one: one[0] + ("/" if one[1].mode == FOLDER else ""))
        return self.write("tree", b"".join(f"{e.mode} {n}\0".encode() + bytes.fromhex(e.sha) for n, e in ordered))

    def write_commit(self, tree: str, parents: Iterable[str], message: str, who: tuple[Signature, Signature]) -> str:
        """A commit by (author, committer)."""
        lines = [f"tree {tree}", *(f"parent {p}" for p in parents), f"author {who[0]}", f"committer {who[1]}"]
        return self.write("commit", ("\n".join(lines) + "\n\n" + message).encode())

    def change_tree(self, base: str | None, changes: Mapping[str, Entry | None]) -> str:
        """The tree ``base`` with these paths set, or taken away where None."""
        entries = dict(self.tree(base) or {}) if base else {}
        below: dict[str, dict[str, Entry | None]] = {}
        for path, entry in changes.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = entry
            elif entry is None:
                entries.pop(name, None)
            else:
                entries[name] = entry
        for name, inner in below.items():
            self._change_folder(entries, name, inner)
        return self.write_tree(entries)

    def _change_folder(self, entries: dict[str, Entry], name: str, inner: Mapping[str, Entry | None]) -> None:
        old = entries.get(name)
        sha = self.change_tree(old.sha if old and old.mode == FOLDER else None, inner)
        if self.tree(sha):
            entries[name] = Entry(FOLDER, sha)
        else:
            entries.pop(name, None)

    def walk(self, tree: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """Every path below a tree, folders included, a folder before what it holds."""
        for name, entry in (self.tree(tree) or {}).items():
            yield prefix + name, entry
            if entry.mode == FOLDER:
                yield from self.walk(entry.sha, f"{prefix}{name}/")

    def entry(self, tree: str, path: str) -> Entry | None:
        """What stands at a path; the empty path is the tree itself."""
        found: Entry | None = Entry(FOLDER, tree)
        for name in filter(None, path.split("/")):
            inside = self.tree(found.sha) if found and found.mode == FOLDER else None
            found = (inside or {}).get(name)
        return found

    # Refs

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Full names to objects, sorted by name."""
        found = {name: sha for name, sha in self._packed_refs() if name.startswith(prefix)}
        root = self.path / "refs"
        for folder, _, files in os.walk(root):
            for file in files:
                name = f"refs/{(Path(folder) / file).relative_to(root).as_posix()}"
                if name.startswith(prefix) and not name.endswith(".lock"):
                    found[name] = (Path(folder) / file).read_text().strip()
        return dict(sorted(found.items()))

    def ref(self, name: str) -> str | None:
        """The object that a full ref name points to."""
        if not valid_ref(name):
            return None
        try:
            return (self.path / name).read_text().strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return dict(self._packed_refs()).get(name)

    def set_ref(self, name: str, sha: str | None) -> None:
        """Point a ref to an object, or delete it; raises ``GitError`` where a folder is in the way."""
        file = self.path / name
        if sha is None:
            file.unlink(missing_ok=True)
            if name in dict(self._packed_refs()):
                self.git("update-ref", "-d", name)
            self._prune(file.parent)
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_name(file.name + ".lock")
            new.write_text(f"{sha}\n")
            new.replace(file)
        except OSError as error:
            raise GitError(f"cannot lock ref '{name}'") from error

    def _prune(self, folder: Path) -> None:
        while folder.parent.name != "refs" and folder.name != "refs" and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def _packed_refs(self) -> Iterator[tuple[str, str]]:
        try:
            lines = (self.path / "packed-refs").read_text().splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            if line[:1] not in {"#", "^"}:
                sha, _, name = line.partition(" ")
                yield name, sha

    def resolve(self, name: str) -> str | None:
        """The commit that a branch, a tag, a full ref name, ``HEAD`` or a (possibly short) commit id means."""
        if name == "HEAD":
            name = (self.path / "HEAD").read_text().strip().removeprefix("ref: ")
        for ref in (f"refs/heads/{name}", f"refs/tags/{name}", name, f"refs/{name}"):
            found = self.ref(ref) if ref.startswith("refs/") else None
            if found:
                return self.peel(found)
        return name if self.commit(name) else self._short(name)

    def _short(self, name: str) -> str | None:
        if not re.fullmatch(r"[0-9a-f]{7,39}", name):
            return None
        found = [name[:2] + file.name for file in (self.path / "objects" / name[:2]).glob(f"{name[2:]}*")]
        return found[0] if len(found) == 1 and self.commit(found[0]) else None

    def peel(self, sha: str) -> str | None:
        """The commit behind an annotated tag, or the commit itself."""
        found = self.read(sha)
        for _ in range(5):
            if not found or found[0] != "tag":
                break
            sha = found[1].split(b"\n", 1)[0].split()[1].decode()
            found = self.read(sha)
        return sha if found and found[0] == "commit" else None

    # History

    def ancestors(self, sha: str) -> dict[str, Commit]:
        """The commit and all before it, by id."""
        seen: dict[str, Commit] = {}
        waiting = [sha]
        while waiting:
            one = waiting.pop()
            commit = None if one in seen else self.commit(one)
            if commit:
                seen[one] = commit
                waiting.extend(commit.parents)
        return seen

    def log(self, sha: str, without: str | None = None) -> list[Commit]:
        """Commits reachable from ``sha`` and not from ``without``, children first, the newest before the oldest."""
        hidden = self.ancestors(without) if without else {}
        mine = {s: c for s, c in self.ancestors(sha).items() if s not in hidden}
        waiting = dict.fromkeys(mine, 0)
        for commit in mine.values():
            for parent in commit.parents:
                if parent in waiting:
                    waiting[parent] += 1
        ready = [mine[s] for s, children in waiting.items() if not children]
        ordered: list[Commit] = []
        while ready:
            ready.sort(key=lambda c: (c.committer.at, c.sha))
            newest = ready.pop()
            ordered.append(newest)
            for parent in newest.parents:
                if parent in waiting:
                    waiting[parent] -= 1
                    if not waiting[parent]:
                        ready.append(mine[parent])
        return ordered

    def is_ancestor(self, old: str, new: str) -> bool:
        return old == new or old in self.ancestors(new)

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, None for unrelated histories."""
        common = self.ancestors(one).keys() & self.ancestors(other).keys()
        best = [c for c in self.log(one) if c.sha in common]
        return best[0].sha if best else None

    def changes(self, old: str | None, new: str) -> list[Change]:
        """The files that differ between two trees, by path; renames are not looked for."""
        found: list[Change] = []
        self._compare(old, new, "", found)
        return sorted(found, key=lambda change: change.path)

    def _compare(self, old: str | None, new: str | None, prefix: str, found: list[Change]) -> None:
        before, after = (self.tree(old) if old else None) or {}, (self.tree(new) if new else None) or {}
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            folders = [e.sha if e and e.mode == FOLDER else None for e in (was, now)]
            if any(folders):
                self._compare(folders[0], folders[1], f"{prefix}{name}/", found)
            files = [e if e and e.mode != FOLDER else None for e in (was, now)]
            if files[0] or files[1]:
                found.append(_change(prefix + name, files[0], files[1]))

    def patches(self, old: str, new: str) -> dict[str, str]:
        """Path to the hunks of its unified diff between two trees; binary files have none."""
        text = self.git("diff-tree", "-r", "-p", "--no-renames", "--no-color", "--full-index", old, new).decode(
            errors="replace"
        )
        found = {}
        for part in re.split(r"^diff --git ", text, flags=re.MULTILINE)[1:]:
            name = re.search(r"^(?:\+\+\+ b|--- a)/(.+?)\t?$", part, re.MULTILINE)
            hunks = part.find("\n@@ ")
            if name and hunks >= 0:
                found[_written_name(part)] = part[hunks + 1 :].rstrip("\n")
        return found

    # Merging

    def merge_trees(self, ours: str, theirs: str) -> str | None:
        """The tree of merging two commits, None when they conflict."""
        code, out = self._git("merge-tree", "--write-tree", "--allow-unrelated-histories", ours, theirs)
        if code > 1:
            raise GitError(out.decode(errors="replace"))
        return out.split(b"\n", 1)[0].decode() if code == 0 else None

    def replay(self, commit: Commit, onto: str) -> str | None:
        """The tree of that commit's change on top of another commit, None on conflict."""
        if not commit.parents:
            return None
        # Git 2.39 takes no --merge-base, so a history is made that has the wanted one.
        who = (commit.author, commit.committer)
        root = self.write_commit(self.known_commit(commit.parents[0]).tree, [], "base", who)
        ours = self.write_commit(self.known_commit(onto).tree, [root], "ours", who)
        theirs = self.write_commit(commit.tree, [root], "theirs", who)
        return self.merge_trees(ours, theirs)

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        code, out = self._git(*arguments, stdin=stdin)
        if code:
            raise GitError(f"git {arguments[0]}: {out.decode(errors='replace')}")
        return out

    def _git(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes]:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments], input=stdin, capture_output=True, check=False, env=environment()
        )
        return done.returncode, done.stdout or done.stderr


def environment() -> dict[str, str]:
    """What git is started with: nothing of the person who runs the tests."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def valid_ref(name: str) -> bool:
    """Git's rules for ref names (git-check-ref-format) as far as they matter to a path on disk."""
    parts = name.split("/")
    if len(parts) < 3 or parts[0] != "refs" or name.endswith((".", ".lock")):
        return False
    if any(not part or part.startswith(".") or part.endswith(".lock") for part in parts):
        return False
    return not re.search(r"\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]", name)


@lru_cache(maxsize=64)
def _packed(whole: bytes) -> bytes:
    # Level 1: tests write much and read little.
    return zlib.compress(whole, 1)


def _entries(data: bytes) -> Iterator[tuple[str, Entry]]:
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        name = data[space + 1 : end].decode(errors="replace")
        yield name, Entry(data[at:space].decode(), data[end + 1 : end + 21].hex())
        at = end + 21


def _parse_commit(sha: str, data: bytes) -> Commit:
    head, _, message = data.decode(errors="replace").partition("\n\n")
    lines = [line.partition(" ")[::2] for line in head.splitlines()]
    found = {key: value for key, value in reversed(lines) if key}
    parents = tuple(value for key, value in lines if key == "parent")
    who = Signature.parse(found["author"]), Signature.parse(found["committer"])
    return Commit(sha, found["tree"], parents, who[0], who[1], message)


def _change(path: str, was: Entry | None, now: Entry | None) -> Change:
    if now is None:
        return Change(path, "removed", was.sha if was else ZERO)
    return Change(path, "modified" if was else "added", now.sha)


def _written_name(part: str) -> str:
    """The path that a part of a diff is about."""
    new = re.search(r"^\+\+\+ b/(.+?)\t?$", part, re.MULTILINE)
    old = re.search(r"^--- a/(.+?)\t?$", part, re.MULTILINE)
    chosen = new or old
    return chosen[1] if chosen else ""
