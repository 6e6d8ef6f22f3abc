"""A git repository on this machine: everything through git's plumbing.

The work tree, the index and the checked-out branch are never touched: a commit is made from a
temporary index, and a branch moves by compare-and-swap (https://git-scm.com/docs/git-update-ref).
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bot.forge.base import (
    MAX_FILE,
    MAX_TOTAL,
    PREFIX,
    SUBMODULE,
    Branch,
    Deleted,
    Entry,
    Forge,
    ForgeError,
    NewCommit,
    Pushed,
    RefusalReason,
    Refused,
    TooLarge,
    trailers_of,
)
from bot.forge.clone import clone, is_address
from bot.forge.folder import FolderForge
from bot.forge.git import NETWORK_SECONDS, Git

_FIELDS = ("refname", "objectname", "parent", "tree", "authorname", "authoremail", "contents")
_FORMAT = "".join(f"%({name})%00" for name in _FIELDS)
# Names that no sound tree holds and that would leave the folder when written to a disk.
_UNSOUND = re.compile(rb"(?:^|/)(?:\.{0,2}|\.git)(?:/|$)", re.IGNORECASE)
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def open_forge(target: str, state: Path, environ: Mapping[str, str]) -> Forge:
    """The forge for a path or a clone address; ``state`` is the folder that clones are kept in.

    A path is a work tree, a folder inside one, a bare repository, or a folder without git.
    Raises ``ForgeError`` when there is nothing there, or git refuses.
    """
    if is_address(target):
        git, name = clone(target, state / "repositories", environ)
        return LocalForge(git, name, base="refs/remotes/origin/HEAD")
    folder = Path(target).expanduser().absolute()
    if not folder.is_dir():
        raise ForgeError("There is no such folder", str(folder), "Give a folder, a repository, or an address to clone")
    return _open_folder(folder.resolve(), environ)


def _open_folder(folder: Path, environ: Mapping[str, str]) -> Forge:
    git = Git(folder, str(folder), environ)
    questions = ("rev-parse", "--absolute-git-dir", "--show-prefix")
    finished = git.attempt(*questions)
    if finished.code and "not a git repository" in finished.error:
        return FolderForge(folder)
    if finished.code:
        raise git.error(questions, finished.error)
    git_dir, _, prefix = os.fsdecode(finished.out.removesuffix(b"\n")).partition("\n")
    forge = LocalForge(Git(Path(git_dir), str(folder), environ, Path(git_dir)), str(folder), prefix=prefix)
    return forge if forge.tracked() else FolderForge(folder)


@dataclass(frozen=True, slots=True)
class _Place:
    """A commit and the branch it was found by."""

    commit: str
    branch: str


class LocalForge:
    """A git repository on this machine; ``prefix`` ("" or ending in "/") is the folder of interest in it."""

    def __init__(self, git: Git, repository: str, *, prefix: str = "", base: str = "HEAD") -> None:
        self.repository = repository
        self._git = git
        self._prefix = prefix
        self._base_ref = base

    def tracked(self) -> bool:
        """Whether the folder of interest is in the base commit at all (an ignored one is not)."""
        return not self._prefix or self._tree(self._base().commit) is not None

    def snapshot(self, ref: str | None = None) -> GitSnapshot:
        """The repository at a branch, tag or commit; None for the base branch."""
        place = self._base() if ref is None else self._resolve(ref)
        tree = self._tree(place.commit)
        if tree is None:
            raise ForgeError(
                f"The folder is not in {place.branch}", self.repository, "Commit it, or give another folder"
            )
        return GitSnapshot(self._git, place.commit, place.branch, tree)

    def branches(self, prefix: str = PREFIX) -> dict[str, Branch]:
        """The branches whose names start with ``prefix``, by name."""
        folder = prefix.rpartition("/")[0]
        heads = self._heads(f"refs/heads/{folder}" if folder else "refs/heads")
        return {name: branch for name, (branch, _, _) in heads.items() if name.startswith(prefix)}

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:
        """Put a branch on a new commit; see ``Forge.propose``."""
        self._check_name(branch)
        found = self._heads(f"refs/heads/{branch}").get(branch)
        writer = _Writer(self._git, self._prefix, commit)
        modes = writer.modes()
        if isinstance(modes, Refused):
            return modes
        if found is not None and found[0].head != expected and found[0].parent != commit.base:
            return _moved(branch, found[0].head, expected)
        tree = writer.tree(modes)
        if found is not None and _same(found, commit, tree):
            return Pushed(found[0].head, changed=False)
        head = None if found is None else found[0].head
        refusal = self._refusal(branch, head, expected)
        return refusal or self._move(branch, writer.commit(tree), expected)

    def delete(self, branch: str, expected: str) -> Deleted | Refused:
        """Remove a branch that stands at ``expected``."""
        self._check_name(branch)
        head = self._head(branch)
        if head is None:
            return Deleted(changed=False)
        refusal = self._refusal(branch, head, expected)
        if refusal:
            return refusal
        arguments = ("update-ref", "--no-deref", "-d", f"refs/heads/{branch}", expected)
        finished = self._git.attempt(*arguments)
        if not finished.code:
            return Deleted(changed=True)
        now = self._head(branch)
        if now == expected:
            raise self._git.error(arguments, finished.error)
        return Deleted(changed=False) if now is None else _moved(branch, now, expected)

    def changed(self, base_commit: str, other_commit: str, paths: Iterable[str]) -> bool:
        """Whether any of these paths differs between two commits."""
        base, other = self._commit(base_commit), self._commit(other_commit)
        out = self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, other, "--")
        names = set(out.split(b"\0"))
        return any(os.fsencode(self._prefix + path) in names for path in paths)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether a commit is reachable from another (a shallow history may hide that)."""
        return self._git.test("merge-base", "--is-ancestor", self._commit(ancestor), self._commit(descendant))

    def recent_subjects(self, n: int = 50) -> list[str]:
        """The subjects of the base branch's newest commits, merges left out."""
        out = self._git.run("log", "-z", "--no-merges", "--format=%s", f"--max-count={n:d}", self._base().commit, "--")
        return [part.decode("utf-8", "replace") for part in out.split(b"\0") if part]

    def diff(self, base_commit: str | None, commit: str) -> str:
        """What a commit changes against another (None: its first parent), as a unified diff."""
        new = self._commit(commit)
        old = self._commit(f"{new}^" if base_commit is None else base_commit)
        plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/")
        out = self._git.run("diff-tree", "-p", "-r", *plain, f"--relative={self._prefix}", old, new, "--")
        return out.decode("utf-8", "replace")

    def _base(self) -> _Place:
        ref = self._git.line("symbolic-ref", "--quiet", self._base_ref) or "HEAD"
        branch = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/")
        if ref.startswith(f"refs/heads/{PREFIX}"):
            return self._main_branch(branch)
        commit = self._git.line("rev-parse", "--verify", "--quiet", f"{self._base_ref}^{{commit}}")
        if commit is None:
            raise ForgeError(f"There is no commit on {branch} yet", self.repository, "Commit something first")
        return _Place(commit, branch)

    def _main_branch(self, own: str) -> _Place:
        """The base where someone looks at one of the bot's own branches: that is no base."""
        remote = self._git.line("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD") or ""
        for name in (remote.removeprefix("refs/remotes/origin/"), "main", "master", "trunk"):
            commit = self._head(name) if name else None
            if commit:
                return _Place(commit, name)
        raise ForgeError(
            f"{own}, a branch of Freshline's own, is checked out", self.repository, "Switch to the branch to work on"
        )

    def _resolve(self, ref: str) -> _Place:
        for full in (f"refs/heads/{ref}", f"refs/remotes/origin/{ref}"):
            commit = self._git.line("rev-parse", "--verify", "--quiet", f"{full}^{{commit}}")
            if commit:
                return _Place(commit, ref)
        return _Place(self._commit(ref), "HEAD")

    def _commit(self, ref: str) -> str:
        if _OBJECT.fullmatch(ref):
            return ref
        commit = self._git.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if commit is None:
            raise ForgeError(f"There is no commit {ref!r}", self.repository, "See that the name is right: git log")
        return commit

    def _tree(self, commit: str) -> str | None:
        """The tree of the folder of interest."""
        return self._git.line("rev-parse", "--verify", "--quiet", f"{commit}:{self._prefix}".removesuffix("/"))

    def _head(self, branch: str) -> str | None:
        return self._git.line("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")

    def _heads(self, pattern: str) -> dict[str, tuple[Branch, str, str]]:
        """Branches with their heads' author names and messages."""
        out = self._git.run("for-each-ref", f"--format={_FORMAT}", "--", pattern)
        fields = [part.decode("utf-8", "surrogateescape") for part in out.split(b"\0")[:-1]]
        rows = zip(*[iter(fields)] * len(_FIELDS), strict=True)
        heads = {}
        for ref, head, parent, tree, author, email, message in rows:
            name = ref.removeprefix("\n").removeprefix("refs/heads/")
            single = parent if parent and " " not in parent else None
            heads[name] = (Branch(name, head, single, tree, email.strip("<>"), trailers_of(message)), author, message)
        return heads

    def _check_name(self, branch: str) -> None:
        if not branch.startswith(PREFIX) or not self._git.test("check-ref-format", f"refs/heads/{branch}"):
            raise ForgeError(
                f"{branch!r} can't be a branch of Freshline's", self.repository, "This is a fault of Freshline"
            )

    def _refusal(self, branch: str, head: str | None, expected: str | None) -> Refused | None:
        if head != expected:
            return _moved(branch, head, expected)
        if head is not None and branch in self._checked_out():
            return Refused(RefusalReason.CHECKED_OUT, f"{branch} is checked out in a work tree")
        return None

    def _checked_out(self) -> set[str]:
        out = self._git.run("worktree", "list", "--porcelain")
        lines = os.fsdecode(out).splitlines()
        return {line.removeprefix("branch refs/heads/") for line in lines if line.startswith("branch refs/heads/")}

    def _move(self, branch: str, head: str, expected: str | None) -> Pushed | Refused:
        old = expected or "0" * len(head)
        arguments = ("update-ref", "--no-deref", "-m", "freshline: propose", f"refs/heads/{branch}", head, old)
        finished = self._git.attempt(*arguments)
        if not finished.code:
            return Pushed(head, changed=True)
        now = self._head(branch)
        if now == expected:  # nobody moved it: git has another reason
            raise self._git.error(arguments, finished.error)
        return _moved(branch, now, expected)


def _moved(branch: str, head: str | None, expected: str | None) -> Refused:
    if head is None:
        return Refused(RefusalReason.GONE, f"{branch} was deleted; it stood at {expected}")
    if expected is None:
        return Refused(RefusalReason.EXISTS, f"{branch} is there already, at {head}")
    return Refused(RefusalReason.MOVED, f"{branch} stands at {head}, not at {expected} where Freshline left it")


def _same(found: tuple[Branch, str, str], commit: NewCommit, tree: str) -> bool:
    branch, author, message = found
    if (branch.parent, branch.tree, branch.author_email) != (commit.base, tree, commit.author.email):
        return False
    return author == commit.author.name and message.rstrip("\n") == tidy(commit.message).rstrip("\n")


def tidy(message: str) -> str:
    """A commit message as git can keep it: valid UTF-8, no NUL, one newline at its end."""
    kept = message.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return kept.strip("\n") + "\n"


class _Writer:
    """Makes the objects of one commit: blobs, trees, the commit itself."""

    def __init__(self, git: Git, prefix: str, commit: NewCommit) -> None:
        if commit.base is None:
            raise ForgeError("A commit needs a base", git.where, "This is a fault of Freshline")
        self._git = git
        self._new = commit
        self._base = commit.base
        self._files = {prefix + path: data for path, data in commit.files.items()}

    def modes(self) -> dict[str, int] | Refused:
        """The mode of every file: the base's, or a plain file's where the base has none."""
        base = GitSnapshot(self._git, self._base, "", f"{self._base}^{{tree}}")
        known = {entry.path: entry.mode for entry in base.listing()}
        modes = {path: known.get(path, 0o100644) for path in self._files}
        links = [path for path, mode in modes.items() if mode in {0o120000, SUBMODULE}]
        if links:
            return Refused(RefusalReason.NOT_A_FILE, f"{links[0]!r} is a symbolic link or a submodule")
        return modes

    def tree(self, modes: Mapping[str, int]) -> str:
        """The base's tree with the files in it."""
        with tempfile.TemporaryDirectory(prefix="freshline-") as scratch:
            blobs = self._blobs(Path(scratch))
            index = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
            self._git.run("read-tree", self._base, env=index)
            rows = [b"%o %s\t%s" % (mode, blobs[path], os.fsencode(path)) for path, mode in modes.items()]
            self._git.run("update-index", "-z", "--index-info", feed=b"\0".join(rows) + b"\0", env=index)
            # A partial clone lacks blobs that the commit doesn't change; they need not be there.
            return self._git.run("write-tree", "--missing-ok", env=index).decode().strip()

    def _blobs(self, scratch: Path) -> dict[str, bytes]:
        names = [scratch / f"blob-{number}" for number in range(len(self._files))]
        for name, data in zip(names, self._files.values(), strict=True):
            name.write_bytes(data)
        feed = b"".join(os.fsencode(name) + b"\n" for name in names)
        out = self._git.run("hash-object", "-w", "--no-filters", "--stdin-paths", feed=feed)
        return dict(zip(self._files, out.split(), strict=True))

    def commit(self, tree: str) -> str:
        """The commit's object id."""
        author, when = self._new.author, f"@{int(self._new.at.timestamp())} +0000"
        who = {"NAME": author.name, "EMAIL": author.email, "DATE": when}
        env = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in who.items()}
        message = tidy(self._new.message).encode()
        return self._git.run("commit-tree", tree, "-p", self._base, "-F", "-", feed=message, env=env).decode().strip()


class GitSnapshot:
    """A commit's files, read from git's object database."""

    def __init__(self, git: Git, commit: str, branch: str, tree: str) -> None:
        self.commit: str | None = commit
        self.branch = branch
        self._git = git
        self._tree = tree

    def entries(self) -> tuple[Entry, ...]:
        """Every file and symbolic link; submodules are no files."""
        return self._entries

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.listing() if entry.mode != SUBMODULE)

    @cached_property
    def _by_path(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self._entries if entry.regular}

    def listing(self) -> list[Entry]:
        """Everything in the tree, submodules too; sizes are left out, asking costs a look at every object."""
        out = self._git.run("ls-tree", "-r", "-z", "--full-tree", self._tree)
        entries = []
        for row in out.split(b"\0")[:-1]:
            head, _, path = row.partition(b"\t")
            mode, _, blob = head.split(b" ")
            if not _UNSOUND.search(path):
                entries.append(Entry(os.fsdecode(path), blob.decode(), int(mode, 8), None))
        return entries

    def read_many(self, paths: Iterable[str], limit: int = MAX_FILE) -> dict[str, bytes | TooLarge]:
        """The content of regular files; see ``Snapshot.read_many``."""
        wanted = {path: self._by_path[path].blob for path in paths if path in self._by_path}
        blobs = list(dict.fromkeys(wanted.values()))
        self._fetch_missing(blobs)
        sizes = self._sizes(blobs)
        chosen = _within(sizes, limit)
        contents = self._contents(chosen)
        large = {blob: TooLarge(size, min(limit, MAX_TOTAL)) for blob, size in sizes.items() if blob not in contents}
        return {path: contents[blob] if blob in contents else large[blob] for path, blob in wanted.items()}

    def _sizes(self, blobs: list[str]) -> dict[str, int]:
        if not blobs:
            return {}
        feed = "".join(f"{blob}\n" for blob in blobs).encode()
        out = self._git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", feed=feed).decode()
        rows = [line.split(" ") for line in out.splitlines()]
        missing = [blob for blob, size in rows if size == "missing"]
        if missing:
            raise ForgeError(
                f"Object {missing[0]} is missing", self._git.where, "Mend the repository: git fsck, git fetch"
            )
        return {blob: int(size) for blob, size in rows}

    def _contents(self, blobs: list[str]) -> dict[str, bytes]:
        if not blobs:
            return {}
        out = self._git.run("cat-file", "--batch=%(objectsize)", feed="".join(f"{b}\n" for b in blobs).encode())
        contents, at = {}, 0
        for blob in blobs:
            start = out.index(b"\n", at) + 1
            end = start + int(out[at : start - 1])
            contents[blob] = out[start:end]
            at = end + 1
        return contents

    def _fetch_missing(self, blobs: list[str]) -> None:
        """Fetch at once what a partial clone lacks; git itself would do it blob by blob."""
        names = self._git.line("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
        if not names or not blobs:
            return
        listed = self._git.run("rev-list", "--objects", "--no-object-names", "--missing=print", self._tree).decode()
        absent = {line[1:] for line in listed.splitlines() if line.startswith("?")}
        wanted = [blob for blob in blobs if blob in absent]
        if not wanted:
            return
        key, _, value = names.splitlines()[0].partition(" ")
        remote = value if key == "extensions.partialclone" else key.removeprefix("remote.").removesuffix(".promisor")
        quiet = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
        arguments = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", *quiet, "--", remote)
        finished = self._git.attempt(*arguments, feed="\n".join(wanted).encode() + b"\n", seconds=NETWORK_SECONDS)
        if finished.code:
            raise self._git.error(("fetch",), finished.error)


def _within(sizes: Mapping[str, int], limit: int) -> list[str]:
    """The blobs that are small enough, as long as they fit together."""
    chosen, total = [], 0
    for blob, size in sizes.items():
        if size <= limit and total + size <= MAX_TOTAL:
            chosen.append(blob)
            total += size
    return chosen
