"""The webhooks that GitHub would send, in its shapes (https://docs.github.com/webhooks/webhook-events-and-payloads)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fakes.github import shapes
from tests.fakes.github.clock import read, stamp
from tests.fakes.github.gitrepo import ZERO, Commit
from tests.fakes.github.records import Account, Actor, Installation, Json, Repository, node_id
from tests.fakes.github.world import World, covers

ALWAYS = frozenset({"installation", "installation_repositories", "installation_target"})


def emit(w: World, event: str, repository: Repository, actor: Actor, **parts: object) -> None:
    """Tell every App that has the repository and asked for the event."""
    for installation in list(listens(w, event, repository)):
        payload = {
            **parts,
            "repository": shapes.full_repository(w, repository, None),
            **_common(w, installation, actor.user),
        }
        if repository.owner.kind == "Organization":
            payload["organization"] = shapes.organization(w, repository.owner)
        if event == "push":
            payload["repository"] = _push_repository(payload["repository"])
        w.webhooks.emit(event, payload, installation, repository)


def tell_installation(w: World, event: str, installation: Installation, actor: Actor, **parts: object) -> None:
    """Tell an App about its own installation."""
    whole = {"installation": shapes.installation(w, installation), "sender": shapes.user(w, actor.user)}
    w.webhooks.emit(event, {**parts, **whole}, installation, None)


def listens(w: World, event: str, repository: Repository) -> Iterator[Installation]:
    for one in w.installations.values():
        if not one.removed and one.suspended_at is None and event in one.app.events and covers(one, repository):
            yield one


def _common(w: World, installation: Installation, sender: Account) -> Json:
    mine = {"id": installation.id, "node_id": node_id("MDIzOkludGVncmF0aW9u", installation.id)}
    return {"sender": shapes.user(w, sender), "installation": mine}


def _push_repository(whole: Json) -> Json:
    """In a push the times are numbers, and the owner has a name."""
    owner = {**whole["owner"], "name": whole["owner"]["login"], "email": None}
    times = {name: int(read(whole[name]).timestamp()) for name in ("created_at", "pushed_at")}
    return {**whole, **times, "owner": owner, "stargazers": 0, "master_branch": whole["default_branch"]}


def pushed(w: World, r: Repository, actor: Actor, name: str, old: str | None, new: str | None) -> None:
    """A ref was made, moved or deleted."""
    kind = "tag" if name.startswith("refs/tags/") else "branch"
    short = name.split("/", 2)[2]
    if old is None and new is not None:
        more = {"master_branch": r.default_branch, "description": r.description}
        emit(w, "create", r, actor, ref=short, ref_type=kind, pusher_type="user", **more)
    if any(listens(w, "push", r)):
        emit(w, "push", r, actor, **_push(w, r, actor, (name, old, new)))
    if new is None:
        emit(w, "delete", r, actor, ref=short, ref_type=kind, pusher_type="user")


def _push(w: World, r: Repository, actor: Actor, move: tuple[str, str | None, str | None]) -> Json:
    name, old, new = move
    start = old if old or not new else r.branch(r.default_branch)
    commits = r.git.log(new, start if start != new else None)[:2048] if new and r.git.commit(new) else []
    told = [_push_commit(w, r, one) for one in reversed(commits)]
    head = _push_commit(w, r, r.git.known_commit(new)) if new and r.git.commit(new) else None
    web = f"{w.web_url}/{r.full_name}/compare"
    return {
        "ref": name,
        "before": old or ZERO,
        "after": new or ZERO,
        "created": old is None,
        "deleted": new is None,
        "forced": bool(old and new and not r.git.is_ancestor(old, new)),
        "base_ref": None,
        "compare": f"{web}/{(old or ZERO)[:12]}...{(new or ZERO)[:12]}",
        "commits": told,
        "head_commit": head,
        "pusher": {"name": actor.user.login, "email": actor.user.email},
    }


def _push_commit(w: World, r: Repository, one: Commit) -> Json:
    before = r.git.commit(one.parents[0]) if one.parents else None
    changes = r.git.changes(before.tree if before else None, one.tree)
    by = {state: [c.path for c in changes if c.status == state] for state in ("added", "removed", "modified")}
    return {
        "id": one.sha,
        "tree_id": one.tree,
        "distinct": True,
        "message": one.message,
        "timestamp": stamp(one.committer.at),
        "url": f"{w.web_url}/{r.full_name}/commit/{one.sha}",
        "author": {"name": one.author.name, "email": one.author.email},
        "committer": {"name": one.committer.name, "email": one.committer.email},
        **by,
    }
