"""Refs and commits: what moves them, and what follows from that for pull requests."""

from __future__ import annotations

from tests.fakes.github import events, rules, shapes
from tests.fakes.github.errors import forbidden, unprocessable
from tests.fakes.github.gitrepo import GitError, Signature, valid_ref
from tests.fakes.github.records import Account, Actor, Pull, Repository
from tests.fakes.github.world import Files, World

WORKFLOWS = ".github/workflows/"


def writable(r: Repository) -> None:
    """Raises 403 for an archived repository."""
    if r.archived:
        raise forbidden("Repository was archived so is read-only.")


def commit(w: World, r: Repository, tree: str, parents: list[str], message: str, author: Account) -> str:
    """A commit made by GitHub's own committer, signed."""
    now = w.clock()
    committer = Signature(shapes.GITHUB.name, shapes.GITHUB.email, now)
    sha = r.git.write_commit(tree, parents, message, (w.signature(author), committer))
    r.signed.add(sha)
    return sha


def commit_files(
    w: World, r: Repository, branch: str, files: Files, said: tuple[Actor, str], *, orphan: bool = False
) -> str:
    """Commit files on a branch as (who, message) would with git, and push it; answers the commit."""
    actor, message = said
    tip = None if orphan else r.branch(branch)
    base = r.git.known_commit(tip).tree if tip else None
    tree = w.tree_of(r, base, files)
    who = Signature(actor.user.login, f"{actor.user.login}@example.com", w.clock())
    sha = r.git.write_commit(tree, [tip] if tip else [], message, (who, who))
    move(w, r, actor, f"refs/heads/{branch}", sha)
    return sha


def needs_workflows(w: World, r: Repository, new: str) -> bool:
    """Whether a commit brings changes to workflows that no branch has yet."""
    known: set[str] = set()
    for tip in r.branches().values():
        known |= r.git.ancestors(tip).keys()
    for one in r.git.log(new):
        if one.sha in known:
            continue
        before = r.git.commit(one.parents[0]) if one.parents else None
        changes = r.git.changes(before.tree if before else None, one.tree)
        if any(change.path.startswith(WORKFLOWS) for change in changes):
            return True
    return False


def check_name(name: str) -> None:
    """Raises 422 for what is no ref name."""
    if not valid_ref(name):
        raise unprocessable(f"{name} is not a valid ref name.")


def move(w: World, r: Repository, actor: Actor, name: str, new: str | None) -> None:
    """Point a ref to a commit or delete it, tell everyone, and do what GitHub does to pull requests then."""
    old = r.git.ref(name)
    if old == new:
        return
    try:
        r.git.set_ref(name, new)
    except GitError as error:
        raise unprocessable("Reference cannot be created") from error
    r.pushed_at = r.updated_at = w.clock()
    events.pushed(w, r, actor, name, old, new)
    if name.startswith("refs/heads/"):
        branch = name.removeprefix("refs/heads/")
        _head_moved(w, r, actor, branch, new)
        _base_moved(w, r, actor, branch, new)


def _head_moved(w: World, r: Repository, actor: Actor, branch: str, new: str | None) -> None:
    for repository in list(w.live_repositories()):
        for pull in repository.pulls:
            if pull.open and pull.head == branch and pull.head_repository is r:
                _synchronize(w, repository, actor, pull, new)


def _synchronize(w: World, r: Repository, actor: Actor, pull: Pull, new: str | None) -> None:
    if new is None:
        close_pull(w, r, actor, pull)
        return
    before, pull.head_sha = pull.head_sha, new
    pull.issue.updated_at = w.clock()
    if pull.head_repository is not r:
        copy_history(pull.head_repository, r, new)
    tell_pull(w, r, actor, pull, "synchronize", before=before, after=new)
    if r.git.is_ancestor(new, rules.base_tip(r, pull)):
        # A head without commits of its own: GitHub closes it.
        close_pull(w, r, actor, pull)


def _base_moved(w: World, r: Repository, actor: Actor, branch: str, new: str | None) -> None:
    for pull in r.pulls:
        if not pull.open or pull.base != branch:
            continue
        if new is None:
            close_pull(w, r, actor, pull)
        elif r.git.is_ancestor(pull.head_sha, new):
            mark_merged(w, r, actor, pull, new)
        else:
            pull.base_sha = new


def close_pull(w: World, r: Repository, actor: Actor, pull: Pull) -> None:
    now = w.clock()
    pull.issue.state, pull.issue.closed_at, pull.issue.closed_by = "closed", now, actor.user
    pull.issue.updated_at = now
    r.queue = [entry for entry in r.queue if entry.pull is not pull]
    tell_pull(w, r, actor, pull, "closed")


def mark_merged(w: World, r: Repository, actor: Actor, pull: Pull, sha: str) -> None:
    """A pull request whose commits are in the base now."""
    pull.merged_commits = pull.merged_commits or [one.sha for one in reversed(r.git.log(pull.head_sha, pull.base_sha))]
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = w.clock(), actor.user, sha
    close_pull(w, r, actor, pull)


def tell_pull(w: World, r: Repository, actor: Actor, pull: Pull, action: str, **more: object) -> None:
    if any(events.listens(w, "pull_request", r)):
        told = rules.full_pull(w, r, pull, ask=False)
        events.emit(w, "pull_request", r, actor, action=action, number=pull.number, pull_request=told, **more)


def copy_history(source: Repository, target: Repository, head: str) -> None:
    """Objects of a fork, brought into the repository that they are proposed to."""
    for commit in source.git.ancestors(head).values():
        for path, entry in source.git.walk(commit.tree):
            found = source.git.read(entry.sha)
            if found and path:
                target.git.write(*found)
        for sha in (commit.tree, commit.sha):
            found = source.git.read(sha)
            if found:
                target.git.write(*found)
