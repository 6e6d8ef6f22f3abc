"""The mutations that the bot uses (https://docs.github.com/graphql/reference/mutations)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from tests.fakes.github import actions, auth, refs
from tests.fakes.github.errors import ApiError, forbidden, unprocessable
from tests.fakes.github.gitrepo import FILE, SHA, ZERO, Entry
from tests.fakes.github.graphql_nodes import (
    Context,
    Node,
    actor,
    any_object,
    comment,
    issue,
    pull,
    queue_entry,
    ref_node,
)
from tests.fakes.github.records import Json, Pull, Repository, node_key


def _key(identifier: str, kind: str) -> str:
    """What an id of one kind means; raises as GitHub does for any other."""
    try:
        found, key = node_key(identifier)
    except ValueError:
        found, key = "", ""
    if found != kind:
        raise _unknown(identifier)
    return key


def _unknown(identifier: str) -> ApiError:
    return ApiError(404, f"Could not resolve to a node with the global id of '{identifier}'", kind="NOT_FOUND")


def _repository(c: Context, identifier: str, *needs: str) -> Repository:
    found = c.w.repositories.get(int(_key(identifier, "R")))
    if found is None or not auth.sees(c.w, c.caller, found):
        raise _unknown(identifier)
    c.demand(found, *needs)
    return found


def _pull(c: Context, identifier: str, *needs: str) -> tuple[Repository, Pull]:
    number = int(_key(identifier, "PR"))
    for r in c.w.live_repositories():
        for one in r.pulls:
            if one.id == number and auth.sees(c.w, c.caller, r):
                c.demand(r, *needs)
                return r, one
    raise _unknown(identifier)


def update_refs(c: Context, wanted: Json) -> Node:
    """All of them or none; ``beforeOid`` is compared (zeros: it must not exist), ``afterOid`` zeros delete."""
    r = _repository(c, wanted["repositoryId"], "contents:write")
    refs.writable(r)
    for one in wanted["refUpdates"]:
        _check_update(c, r, one)
    for one in wanted["refUpdates"]:
        after = one["afterOid"]
        refs.move(c.w, r, c.caller.actor(), one["name"], None if after == ZERO else after)
    return {}


def _check_update(c: Context, r: Repository, one: Json) -> None:
    name, after, before = one["name"], one["afterOid"], one.get("beforeOid")
    refs.check_name(name)
    now = r.git.ref(name)
    if before is not None and before != (now or ZERO):
        raise unprocessable(f"The ref {name} could not be updated: expected {before} but found {now or ZERO}.")
    if after == ZERO:
        if now is None or name == f"refs/heads/{r.default_branch}":
            raise unprocessable(f"The ref {name} could not be deleted.")
        return
    if not SHA.fullmatch(after) or r.git.read(after) is None:
        raise unprocessable(f"Object {after} does not exist")
    if now and not one.get("force") and not r.git.is_ancestor(now, after):
        raise unprocessable(f"The ref {name} could not be updated: not a fast forward.")
    _check_workflows(c, r, after)


def _check_workflows(c: Context, r: Repository, sha: str) -> None:
    allowed = not c.caller.narrowed or auth.has(c.caller.permissions(), "workflows", "write")
    if not allowed and refs.needs_workflows(c.w, r, sha):
        raise forbidden()


def create_commit(c: Context, wanted: Json) -> Node:
    """``createCommitOnBranch``: signed by GitHub, authored by who calls."""
    r, branch = _branch(c, wanted["branch"])
    refs.writable(r)
    tip = r.branch(branch)
    if tip is None:
        raise ApiError(404, f'A ref named "refs/heads/{branch}" does not exist in the repository.', kind="NOT_FOUND")
    expected = wanted["expectedHeadOid"]
    if tip != expected:
        said = f'Expected branch to point to "{expected}" but it did not. Pull and try again.'
        raise ApiError(409, said, kind="STALE_DATA")
    changes = _changes(r, tip, wanted.get("fileChanges") or {})
    tree = r.git.change_tree(r.git.known_commit(tip).tree, changes)
    message = "\n\n".join(filter(None, (wanted["message"]["headline"], wanted["message"].get("body"))))
    me = c.caller.actor()
    sha = refs.commit(c.w, r, tree, [tip], message, me.user)
    _check_workflows(c, r, sha)
    refs.move(c.w, r, me, f"refs/heads/{branch}", sha)
    return {"commit": any_object(c, r, sha), "ref": ref_node(c, r, f"refs/heads/{branch}")}


def _branch(c: Context, wanted: Json) -> tuple[Repository, str]:
    if wanted.get("id"):
        number, _, name = _key(wanted["id"], "REF").partition(":")
        r = c.w.repositories[int(number)]
        c.demand(r, "contents:write")
        return r, name.removeprefix("refs/heads/")
    r = c.w.repository(str(wanted["repositoryNameWithOwner"]))
    c.demand(r, "contents:write")
    return r, str(wanted["branchName"]).removeprefix("refs/heads/")


def _changes(r: Repository, tip: str, wanted: Json) -> dict[str, Entry | None]:
    tree = r.git.known_commit(tip).tree
    changes: dict[str, Entry | None] = {}
    for one in wanted.get("deletions") or []:
        if r.git.entry(tree, one["path"]) is None:
            raise unprocessable(f"A path was requested for deletion which does not exist: {one['path']}")
        changes[one["path"]] = None
    for one in wanted.get("additions") or []:
        try:
            data = base64.b64decode(one["contents"], validate=True)
        except binascii.Error:
            raise unprocessable("contents is not valid Base64") from None
        old = r.git.entry(tree, one["path"])
        changes[one["path"]] = Entry(old.mode if old else FILE, r.git.write("blob", data))
    return changes


def merge_pull(c: Context, wanted: Json) -> Node:
    r, found = _pull(c, wanted["pullRequestId"], "contents:write")
    how = {
        "sha": wanted.get("expectedHeadOid"),
        "merge_method": str(wanted.get("mergeMethod") or "MERGE").lower(),
        "commit_title": wanted.get("commitHeadline"),
        "commit_message": wanted.get("commitBody"),
    }
    me = c.caller.actor()
    actions.merge_pull(c.w, r, me, found, how)
    return {"pullRequest": pull(c, r, found), "actor": actor(c, me.user)}


def enqueue(c: Context, wanted: Json) -> Node:
    r, found = _pull(c, wanted["pullRequestId"], "pull_requests:write")
    entry = actions.enqueue(c.w, r, c.caller.actor(), found, wanted.get("expectedHeadOid"))
    return {"mergeQueueEntry": queue_entry(c, r, entry)}


def dequeue(c: Context, wanted: Json) -> Node:
    r, found = _pull(c, wanted["id"], "pull_requests:write")
    entry = actions.dequeue(c.w, r, c.caller.actor(), found)
    return {"mergeQueueEntry": queue_entry(c, r, entry)}


def auto_merge(c: Context, wanted: Json) -> Node:
    """Refused: the bot is not to use it, because it would merge past a later freeze."""
    r, _ = _pull(c, wanted["pullRequestId"], "pull_requests:write")
    allowed = "Pull request is in clean status"
    raise unprocessable(allowed if r.allow_auto_merge else "Auto merge is not allowed for this repository")


def minimize(c: Context, wanted: Json) -> Node:
    number = int(_key(wanted["subjectId"], "IC"))
    for r in c.w.live_repositories():
        for parent in r.issues.values():
            for one in parent.comments:
                if one.id == number:
                    c.demand(r, "issues:write", "pull_requests:write")
                    one.minimized = str(wanted["classifier"]).lower()
                    return {"minimizedComment": comment(c, r, parent, one)}
    raise _unknown(wanted["subjectId"])


def to_draft(c: Context, wanted: Json) -> Node:
    return _draft(c, wanted, draft=True)


def ready(c: Context, wanted: Json) -> Node:
    return _draft(c, wanted, draft=False)


def _draft(c: Context, wanted: Json, *, draft: bool) -> Node:
    r, found = _pull(c, wanted["pullRequestId"], "pull_requests:write")
    actions.set_draft(c.w, r, c.caller.actor(), found, draft)
    return {"pullRequest": pull(c, r, found)}


def create_pull(c: Context, wanted: Json) -> Node:
    r = _repository(c, wanted["repositoryId"], "pull_requests:write")
    names = {"title": "title", "body": "body", "headRefName": "head", "baseRefName": "base", "draft": "draft"}
    given = {names[name]: value for name, value in wanted.items() if name in names}
    return {"pullRequest": pull(c, r, actions.open_pull(c.w, r, c.caller.actor(), given))}


def update_pull(c: Context, wanted: Json) -> Node:
    r, found = _pull(c, wanted["pullRequestId"], "pull_requests:write")
    given: Json = {name: wanted[name] for name in ("title", "body") if name in wanted}
    state = {"state": str(wanted["state"]).lower()} if wanted.get("state") else {}
    actions.edit_issue(c.w, r, c.caller.actor(), found.issue, {**given, **state})
    return {"pullRequest": pull(c, r, found)}


def close_pull(c: Context, wanted: Json) -> Node:
    r, found = _pull(c, wanted["pullRequestId"], "pull_requests:write")
    actions.edit_issue(c.w, r, c.caller.actor(), found.issue, {"state": "closed"})
    return {"pullRequest": pull(c, r, found)}


def add_comment(c: Context, wanted: Json) -> Node:
    number = node_key(wanted["subjectId"])
    for r in c.w.live_repositories():
        for one in r.issues.values():
            mine = ("PR", str(one.pull.id)) if one.pull else ("I", str(one.id))
            if mine == number and auth.sees(c.w, c.caller, r):
                c.demand(r, "issues:write", "pull_requests:write")
                said = actions.comment(c.w, r, c.caller.actor(), one, str(wanted["body"]))
                subject = pull(c, r, one.pull) if one.pull else issue(c, r, one)
                return {"commentEdge": {"node": comment(c, r, one, said)}, "subject": subject}
    raise _unknown(wanted["subjectId"])


MUTATIONS: dict[str, Any] = {
    "addComment": add_comment,
    "closePullRequest": close_pull,
    "convertPullRequestToDraft": to_draft,
    "createCommitOnBranch": create_commit,
    "createPullRequest": create_pull,
    "dequeuePullRequest": dequeue,
    "enablePullRequestAutoMerge": auto_merge,
    "enqueuePullRequest": enqueue,
    "markPullRequestReadyForReview": ready,
    "mergePullRequest": merge_pull,
    "minimizeComment": minimize,
    "updatePullRequest": update_pull,
    "updateRefs": update_refs,
}
