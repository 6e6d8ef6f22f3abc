"""Routes of the git database: refs, trees, blobs, commits (https://docs.github.com/rest/git)."""

from __future__ import annotations

import base64
import binascii

from tests.fakes.github import refs, shapes
from tests.fakes.github.clock import read
from tests.fakes.github.errors import ApiError, conflict, not_found, unprocessable
from tests.fakes.github.gitrepo import FOLDER, SHA, Entry, Signature
from tests.fakes.github.records import Account, Json, Repository
from tests.fakes.github.rest_repos import demand_workflows
from tests.fakes.github.routing import Answer, Call, route
from tests.fakes.github.world import World

MODES = {"100644": "100644", "100755": "100755", "040000": FOLDER, "120000": "120000", "160000": "160000"}
BLOB_LIMIT = 100_000_000


def _not_empty(r: Repository) -> None:
    if not r.branches():
        raise conflict("Git Repository is empty.")


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref}", "contents:read")
def get_ref(call: Call) -> Answer:
    _not_empty(call.repo)
    name = f"refs/{call.params['ref']}"
    sha = call.repo.git.ref(name)
    if sha is None:
        raise not_found()
    return Answer(200, shapes.ref(call.w, call.repo, name, sha))


@route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", "contents:read")
def matching_refs(call: Call) -> Answer:
    _not_empty(call.repo)
    found = call.repo.git.refs(f"refs/{call.params['ref']}").items()
    return call.page(found, lambda one: shapes.ref(call.w, call.repo, *one))


@route("POST", "/repos/{owner}/{repo}/git/refs", "contents:write")
def create_ref(call: Call) -> Answer:
    call.want("ref", "sha")
    r, name, sha = call.repo, str(call.json["ref"]), str(call.json["sha"])
    refs.writable(r)
    refs.check_name(name)
    _check_target(r, sha)
    if r.git.ref(name):
        raise unprocessable("Reference already exists")
    _check_workflows(call, r, sha)
    refs.move(call.w, r, call.actor, name, sha)
    return Answer(201, shapes.ref(call.w, r, name, sha))


def _check_target(r: Repository, sha: str) -> None:
    if not SHA.fullmatch(sha):
        raise unprocessable("The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    if r.git.read(sha) is None:
        raise unprocessable("Object does not exist")


def _check_workflows(call: Call, r: Repository, sha: str) -> None:
    if refs.needs_workflows(call.w, r, sha):
        demand_workflows(call)


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", "contents:write")
def update_ref(call: Call) -> Answer:
    call.want("sha")
    r, name, sha = call.repo, f"refs/{call.params['ref']}", str(call.json["sha"])
    refs.writable(r)
    old = r.git.ref(name)
    if old is None:
        raise unprocessable("Reference does not exist")
    _check_target(r, sha)
    if not call.json.get("force") and not r.git.is_ancestor(old, sha):
        raise unprocessable("Update is not a fast forward")
    _check_workflows(call, r, sha)
    refs.move(call.w, r, call.actor, name, sha)
    return Answer(200, shapes.ref(call.w, r, name, sha))


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", "contents:write")
def delete_ref(call: Call) -> Answer:
    r, name = call.repo, f"refs/{call.params['ref']}"
    refs.writable(r)
    if r.git.ref(name) is None:
        raise unprocessable("Reference does not exist")
    if name.removeprefix("refs/heads/") in {r.default_branch, *r.protections}:
        raise unprocessable(
            "Cannot delete protected branch" if name != r.default_branch else "Cannot delete the default branch"
        )
    refs.move(call.w, r, call.actor, name, None)
    return Answer(204)


# Trees


@route("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", "contents:read")
def get_tree(call: Call) -> Answer:
    r, name = call.repo, call.params["tree_sha"]
    _not_empty(r)
    sha = _tree_of(r, name)
    told: list[Json] = []
    truncated = False
    if call.query.get("recursive"):
        found: list[tuple[str, Entry]] = []
        for one in r.git.walk(sha):
            if len(found) >= call.w.settings.tree_limit:
                truncated = True
                break
            found.append(one)
    else:
        found = list((r.git.tree(sha) or {}).items())
    told = [shapes.tree_entry(call.w, r, path, entry) for path, entry in found]
    url = f"{call.w.url}/repos/{r.full_name}/git/trees/{sha}"
    return Answer(200, {"sha": sha, "url": url, "tree": told, "truncated": truncated})


def _tree_of(r: Repository, name: str) -> str:
    """The tree that a tree's id, a commit or a ref means; raises 404."""
    if SHA.fullmatch(name) and r.git.tree(name) is not None:
        return name
    commit = r.git.resolve(name)
    if commit is None:
        raise not_found()
    return r.git.known_commit(commit).tree


@route("POST", "/repos/{owner}/{repo}/git/trees", "contents:write")
def create_tree(call: Call) -> Answer:
    call.want("tree")
    r = call.repo
    refs.writable(r)
    _not_empty(r)
    base = call.json.get("base_tree")
    if base is not None and r.git.tree(str(base)) is None and r.git.commit(str(base)) is None:
        raise unprocessable("base_tree is not a valid tree oid")
    changes: dict[str, Entry | None] = {}
    for item in call.json["tree"]:
        path = str(item.get("path", ""))
        _check_path(path)
        if path.startswith(refs.WORKFLOWS):
            demand_workflows(call)
        changes[path] = _entry(r, item)
    sha = r.git.change_tree(_tree_of(r, str(base)) if base else None, changes)
    told = [shapes.tree_entry(call.w, r, path, entry) for path, entry in (r.git.tree(sha) or {}).items()]
    url = f"{call.w.url}/repos/{r.full_name}/git/trees/{sha}"
    return Answer(201, {"sha": sha, "url": url, "tree": told, "truncated": False})


def _check_path(path: str) -> None:
    if not path or any(part in {"", ".", "..", ".git"} for part in path.split("/")):
        raise unprocessable("tree.path contains a malformed path component")


def _entry(r: Repository, item: Json) -> Entry | None:
    if "content" in item:
        return Entry(_mode(item), r.git.write("blob", str(item["content"]).encode()))
    if "sha" not in item:
        raise unprocessable("Must supply either tree.sha or tree.content")
    if item["sha"] is None:
        return None
    mode = _mode(item)
    found = r.git.read(str(item["sha"]))
    expected = {"160000": "commit", FOLDER: "tree"}.get(mode, "blob")
    if expected != "commit" and (found is None or found[0] != expected):
        raise unprocessable(f"tree.sha {item['sha']} is not a valid {expected}")
    return Entry(mode, str(item["sha"]))


def _mode(item: Json) -> str:
    mode = MODES.get(str(item.get("mode", "100644")))
    if mode is None:
        raise unprocessable("Must supply a valid tree.mode")
    return mode


# Blobs


@route("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", "contents:read")
def get_blob(call: Call) -> Answer:
    r, sha = call.repo, call.params["file_sha"]
    data = r.git.blob(sha)
    if data is None:
        raise not_found()
    if len(data) > BLOB_LIMIT:
        raise ApiError(403, "This blob is too large to fetch via the API. The API supports blobs up to 100 MB in size.")
    url = f"{call.w.url}/repos/{r.full_name}/git/blobs/{sha}"
    told = {"sha": sha, "node_id": f"B_{sha}", "size": len(data), "url": url, "encoding": "base64"}
    return Answer(200, {**told, "content": base64.encodebytes(data).decode()})


@route("POST", "/repos/{owner}/{repo}/git/blobs", "contents:write")
def create_blob(call: Call) -> Answer:
    call.want("content")
    r = call.repo
    refs.writable(r)
    _not_empty(r)
    content = str(call.json["content"])
    try:
        data = base64.b64decode(content) if call.json.get("encoding") == "base64" else content.encode()
    except (binascii.Error, ValueError):
        raise unprocessable("content is not valid Base64") from None
    sha = r.git.write("blob", data)
    return Answer(201, {"sha": sha, "url": f"{call.w.url}/repos/{r.full_name}/git/blobs/{sha}"})


# Commits


@route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", "contents:read")
def get_git_commit(call: Call) -> Answer:
    found = call.repo.git.commit(call.params["commit_sha"])
    if found is None:
        raise not_found()
    return Answer(200, shapes.git_commit(call.w, call.repo, found))


@route("POST", "/repos/{owner}/{repo}/git/commits", "contents:write")
def create_commit(call: Call) -> Answer:
    call.want("message", "tree")
    r = call.repo
    refs.writable(r)
    _not_empty(r)
    tree = str(call.json["tree"])
    if r.git.tree(tree) is None:
        raise unprocessable("Tree SHA does not exist")
    parents = [str(one) for one in call.json.get("parents") or []]
    for parent in parents:
        if r.git.commit(parent) is None:
            raise unprocessable("Parent SHA does not exist or is not a commit object")
    mine = call.actor.user
    author = _signature(call.w, call.json.get("author"), mine)
    committer = _signature(call.w, call.json.get("committer"), mine) if call.json.get("committer") else author
    sha = r.git.write_commit(tree, parents, str(call.json["message"]), (author, committer))
    if call.actor.app and not call.json.get("author") and not call.json.get("committer"):
        # "Signature verification for bots": signed when the request names nobody.
        r.signed.add(sha)
    return Answer(201, shapes.git_commit(call.w, r, r.git.known_commit(sha)))


def _signature(w: World, given: Json | None, mine: Account) -> Signature:
    if not given:
        return w.signature(mine)
    at = read(str(given["date"])) if given.get("date") else w.clock()
    return Signature(str(given["name"]), str(given["email"]), at)
