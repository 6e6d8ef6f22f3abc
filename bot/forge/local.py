"""A git repository on this machine: everything through git's plumbing.

The work tree, the index and the checked-out branch are never touched: a commit is made from a
temporary index, and a branch moves by compare-and-swap (https://git-scm.com/docs/git-update-ref).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.forge.base import (
    PREFIX,
    Author,
    Branch,
    Deleted,
    Entry,
    Forge,
    ForgeError,
    NewCommit,
    Pushed,
    RefusalReason,
    Refused,
    trailers_of,
)
from bot.forge.clone import clone, is_address
from bot.forge.commit import Writer, tidy, tidy_author
from bot.forge.folder import FolderForge
from bot.forge.git import Git
from bot.forge.snapshot import GitSnapshot

_FIELDS = ("refname", "objectname", "parent", "tree", "authorname", "authoremail", "contents")
_FORMAT = "".join(f"%({name})%00" for name in _FIELDS)
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
    question = ("rev-parse", "--absolute-git-dir")
    finished = git.attempt(*question)
    if "not a git repository (or any" in finished.error:  # without the words in brackets a link to one is broken
        return FolderForge(folder)
    if finished.code:
        raise git.error(question, finished.error)
    git_dir = Path(os.fsdecode(finished.out.removesuffix(b"\n")))
    prefix = git.line("rev-parse", "--show-prefix") or ""
    forge = LocalForge(Git(git_dir, str(folder), environ, git_dir), str(folder), prefix=prefix)
    return forge if forge.tracked() else FolderForge(folder)


@dataclass(frozen=True, slots=True)
class _Place:
    """A commit and the branch it was found by."""

    commit: str
    branch: str


@dataclass(frozen=True, slots=True)
class _Head:
    """A branch, and who wrote what at its head."""

    branch: Branch
    author: str
    message: str


class LocalForge:
    """A git repository on this machine; ``prefix`` ("" or ending in "/") is the folder of interest in it."""

    def __init__(self, git: Git, repository: str, *, prefix: str = "", base: str = "HEAD") -> None:
        self.repository = repository
        self._git = git
        self._prefix = prefix
        self._base_ref = base
        self._listed: tuple[str | None, dict[str, Entry]] = (None, {})

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
        return {name: head.branch for name, head in heads.items() if name.startswith(prefix)}

    def authored(self, branch: Branch, author: Author) -> bool:
        """Whether the head is by the author given, as git keeps such a one."""
        return branch.author_email == tidy_author(author).email

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:
        """Put a branch on a new commit; see ``Forge.propose``."""
        self._check_name(branch)
        found = self._heads(f"refs/heads/{branch}").get(branch)
        head = None if found is None else found.branch.head
        if head != expected and (found is None or found.branch.parent != commit.base):
            return _moved(branch, head, expected)  # found out before any object is written
        writer = Writer(self._git, self._prefix, commit, self._known(commit.base))
        tree = writer.tree()
        if isinstance(tree, Refused):
            return tree
        if found is not None and _same(found, commit, tree):
            return Pushed(found.branch.head, changed=False)
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
        return base_commit != other_commit and not self.touched(base_commit, other_commit).isdisjoint(paths)

    def touched(self, base_commit: str, other_commit: str) -> frozenset[str]:
        """The paths that differ between two commits, below the folder of interest."""
        base, other = self._commit(base_commit), self._commit(other_commit)
        out = self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, other, "--")
        names = out.decode("utf-8", "surrogateescape").split("\0")[:-1]
        return frozenset(name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix))

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
        if _OBJECT.fullmatch(ref):
            return _Place(ref, "HEAD")
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
        """The tree of the folder of interest, None where the commit has no such folder."""
        if not self._prefix:  # known without asking git
            return f"{commit}^{{tree}}"
        return self._git.line("rev-parse", "--verify", "--quiet", f"{commit}:{self._prefix}".removesuffix("/"))

    def _head(self, branch: str) -> str | None:
        return self._git.line("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")

    def _heads(self, pattern: str) -> dict[str, _Head]:
        """Branches with their heads' author names and messages."""
        out = self._git.run("for-each-ref", f"--format={_FORMAT}", "--", pattern)
        fields = [part.decode("utf-8", "surrogateescape") for part in out.split(b"\0")[:-1]]
        rows = zip(*[iter(fields)] * len(_FIELDS), strict=True)
        heads = {}
        for ref, head, parent, tree, author, email, message in rows:
            name = ref.removeprefix("\n").removeprefix("refs/heads/")
            single = parent if parent and " " not in parent else None
            branch = Branch(name, head, single, tree, email.strip("<>"), trailers_of(message))
            heads[name] = _Head(branch, author, message)
        return heads

    def _known(self, commit: str | None) -> dict[str, Entry]:
        """Everything in a commit, by path; kept for the next proposal on the same base."""
        listed, known = self._listed
        if commit is not None and listed != commit:
            known = {entry.path: entry for entry in GitSnapshot(self._git, commit, "", f"{commit}^{{tree}}").listing()}
            self._listed = (commit, known)
        return known

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


def _same(head: _Head, commit: NewCommit, tree: str) -> bool:
    """Whether a branch already stands at this very commit; its date does not count."""
    author, branch = tidy_author(commit.author), head.branch
    if (branch.parent, branch.tree, branch.author_email) != (commit.base, tree, author.email):
        return False
    return head.author == author.name and head.message.rstrip("\n") == tidy(commit.message).rstrip("\n")
