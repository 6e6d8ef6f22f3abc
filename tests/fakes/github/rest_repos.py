"""Routes about repositories, branches, commits and contents."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from tests.fakes.github import actions, auth, refs, rules, shapes
from tests.fakes.github.clock import read
from tests.fakes.github.errors import ApiError, conflict, forbidden, not_found, unprocessable
from tests.fakes.github.gitrepo import FILE, FOLDER, LINK, MODULE, Commit, Entry
from tests.fakes.github.records import Json, Protection, Repository
from tests.fakes.github.routing import Answer, Call, route

CONTENT_LIMIT = 1_000_000


@route("GET", "/repos/{owner}/{repo}", "metadata:read")
def get_repository(call: Call) -> Answer:
    r = call.repo
    moved = f"{call.params['owner']}/{call.params['repo']}".lower() != r.full_name.lower()
    if moved:
        url = f"{call.w.url}/repositories/{r.id}"
        return Answer(
            301,
            {"message": "Moved Permanently", "url": url, "documentation_url": "https://docs.github.com"},
            {"location": url},
        )
    return Answer(200, shapes.full_repository(call.w, r, _viewer(call)))


@route("GET", "/repositories/{repository_id}")
def get_repository_by_id(call: Call) -> Answer:
    found = call.w.repositories.get(call.number("repository_id"))
    if found is None or not auth.sees(call.w, call.caller, found):
        raise not_found()
    return Answer(200, shapes.full_repository(call.w, found, _viewer(call)))


def _viewer(call: Call) -> Any:
    return call.caller.token.user if call.caller.token else None


@route("PATCH", "/repos/{owner}/{repo}", "administration:write")
def update_repository(call: Call) -> Answer:
    r = call.repo
    for name in ("description", "private", "archived", "delete_branch_on_merge", "allow_auto_merge"):
        if name in call.json:
            setattr(r, name, call.json[name])
    return Answer(200, shapes.full_repository(call.w, r, _viewer(call)))


@route("GET", "/repos/{owner}/{repo}/topics", "metadata:read")
def topics(call: Call) -> Answer:
    return Answer(200, {"names": call.repo.topics})


@route("GET", "/repos/{owner}/{repo}/languages", "metadata:read")
def languages(call: Call) -> Answer:
    _ = call.repo
    return Answer(200, {})


# Branches and rules


@route("GET", "/repos/{owner}/{repo}/branches", "contents:read")
def list_branches(call: Call) -> Answer:
    r = call.repo
    found = list(r.branches().items())
    if "protected" in call.query:
        found = [one for one in found if (one[0] in r.protections) == (call.query["protected"] == "true")]
    return call.page(found, lambda one: shapes.branch(call.w, r, *one))


@route("GET", "/repos/{owner}/{repo}/branches/{branch}/protection", "administration:read")
def get_protection(call: Call) -> Answer:
    guard = call.repo.protections.get(_branch(call)[0])
    if guard is None:
        raise ApiError(404, "Branch not protected", kind="NOT_FOUND")
    return Answer(200, _protection(call, guard))


@route("GET", "/repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks", "administration:read")
def get_required_checks(call: Call) -> Answer:
    guard = call.repo.protections.get(_branch(call)[0])
    if guard is None or not guard.checks:
        raise ApiError(404, "Branch not protected" if guard is None else "Required status checks not enabled")
    return Answer(200, _protection(call, guard)["required_status_checks"])


@route("GET", "/repos/{owner}/{repo}/branches/{branch}", "contents:read")
def get_branch(call: Call) -> Answer:
    r = call.repo
    name, sha = _branch(call)
    told = shapes.branch(call.w, r, name, sha)
    commit = shapes.commit(call.w, r, r.git.known_commit(sha))
    web = f"{call.w.web_url}/{r.full_name}/tree/{name}"
    return Answer(200, {**told, "commit": commit, "_links": {"html": web, "self": call.url}})


def _branch(call: Call) -> tuple[str, str]:
    name = call.params["branch"]
    sha = call.repo.branch(name)
    if sha is None:
        raise ApiError(404, "Branch not found", kind="NOT_FOUND")
    return name, sha


def _protection(call: Call, guard: Protection) -> Json:
    url = f"{call.w.url}/repos/{call.repo.full_name}/branches/{call.params['branch']}/protection"
    flags = ("required_linear_history", "allow_force_pushes", "allow_deletions", "block_creations", "lock_branch")
    told: Json = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": guard.enforce_admins},
        **{name: {"enabled": False} for name in flags},
        "required_conversation_resolution": {"enabled": False},
    }
    if guard.checks:
        told["required_status_checks"] = {
            "url": f"{url}/required_status_checks",
            "strict": guard.strict,
            "contexts": guard.checks,
            "contexts_url": f"{url}/required_status_checks/contexts",
            "checks": [{"context": name, "app_id": None} for name in guard.checks],
        }
    if guard.reviews:
        told["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": False,
            "require_code_owner_reviews": False,
            "require_last_push_approval": False,
            "required_approving_review_count": guard.reviews,
        }
    return told


@route("GET", "/repos/{owner}/{repo}/rules/branches/{branch}", "metadata:read")
def branch_rules(call: Call) -> Answer:
    return call.page(rules.active_rules(call.w, call.repo, call.params["branch"]), lambda one: one)


@route("GET", "/repos/{owner}/{repo}/rulesets", "metadata:read")
def list_rulesets(call: Call) -> Answer:
    return call.page(call.repo.rulesets, lambda one: _ruleset(call, one))


@route("GET", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", "metadata:read")
def get_ruleset(call: Call) -> Answer:
    number = call.number("ruleset_id")
    for one in call.repo.rulesets:
        if one.id == number:
            return Answer(200, {**_ruleset(call, one), "rules": rules.rules_of(one)})
    raise not_found()


def _ruleset(call: Call, one: Any) -> Json:
    bypass = [{"actor_id": app, "actor_type": "Integration", "bypass_mode": "pull_request"} for app in one.bypass]
    mine = call.caller.installation and call.caller.installation.app.id in one.bypass
    return {
        "id": one.id,
        "name": one.name,
        "target": "branch",
        "source_type": "Repository",
        "source": call.repo.full_name,
        "enforcement": "active",
        "bypass_actors": bypass,
        "current_user_can_bypass": "pull_requests_only" if mine else "never",
        "node_id": f"RRS_{one.id}",
        "conditions": {"ref_name": {"include": one.branches, "exclude": []}},
    }


# Commits


@route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", "pull_requests:read", "contents:read")
def pulls_of_commit(call: Call) -> Answer:
    r = call.repo
    sha = _resolved(r, call.params["commit_sha"]).sha
    found = [p for p in r.pulls if sha == p.merge_commit_sha or sha in rules.commits_of(r, p)]
    return call.page(found, lambda p: shapes.pull(call.w, r, p))


@route("GET", "/repos/{owner}/{repo}/commits", "contents:read")
def list_commits(call: Call) -> Answer:
    r = call.repo
    start = r.git.resolve(call.query.get("sha") or r.default_branch)
    if start is None:
        raise conflict("Git Repository is empty.") if not r.branches() else not_found()
    found = [one for one in r.git.log(start) if _in_time(call, one)]
    if call.query.get("path"):
        found = [one for one in found if _touches(r, one, call.query["path"])]
    return call.page(found, lambda one: shapes.commit(call.w, r, one))


def _in_time(call: Call, one: Commit) -> bool:
    since, until = call.query.get("since"), call.query.get("until")
    return not (since and one.committer.at < read(since)) and not (until and one.committer.at > read(until))


def _touches(r: Repository, one: Commit, path: str) -> bool:
    before = r.git.commit(one.parents[0]) if one.parents else None
    return r.git.entry(one.tree, path) != (r.git.entry(before.tree, path) if before else None)


def _resolved(r: Repository, name: str) -> Commit:
    """The commit that a name means; raises 422 as ``/commits/{ref}`` does."""
    sha = r.git.resolve(name)
    found = r.git.commit(sha) if sha else None
    if found is None:
        raise unprocessable(f"No commit found for SHA: {name}")
    return found


@route("GET", "/repos/{owner}/{repo}/compare/{basehead}", "contents:read")
def compare(call: Call) -> Answer:
    r = call.repo
    names = (
        call.params["basehead"].split("...")
        if "..." in call.params["basehead"]
        else call.params["basehead"].split("..")
    )
    found = [r.git.resolve(name.rpartition(":")[2]) for name in names]
    if len(found) != 2 or None in found:
        raise not_found()
    base, head = str(found[0]), str(found[1])
    start = r.git.merge_base(base, head)
    if start is None:
        raise not_found()
    ahead, behind = r.git.log(head, base), r.git.log(base, head)
    told, headers = call.cut(reversed(ahead))
    commits = [shapes.commit(call.w, r, one) for one in told]
    counts = {"ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead)}
    ends = {"base_commit": base, "merge_base_commit": start}
    commit = {name: shapes.commit(call.w, r, r.git.known_commit(sha)) for name, sha in ends.items()}
    state = _relation(len(ahead), len(behind))
    web = f"{call.w.web_url}/{r.full_name}/compare/{call.params['basehead']}"
    urls = {
        "url": call.url,
        "html_url": web,
        "permalink_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
    }
    files = rules.diff(call.w, r, start, head)[:300]
    return Answer(200, {**urls, **commit, "status": state, **counts, "commits": commits, "files": files}, headers)


def _relation(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    return "ahead" if ahead else "behind" if behind else "identical"


# Contents


@route("GET", "/repos/{owner}/{repo}/contents/{path}", "contents:read")
def get_contents(call: Call) -> Answer:
    return _contents(call, call.params["path"].strip("/"))


@route("GET", "/repos/{owner}/{repo}/contents/", "contents:read")
def get_root(call: Call) -> Answer:
    return _contents(call, "")


@route("GET", "/repos/{owner}/{repo}/contents", "contents:read")
def get_root_too(call: Call) -> Answer:
    return _contents(call, "")


def _contents(call: Call, path: str) -> Answer:
    r = call.repo
    if not r.branches():
        raise ApiError(404, "This repository is empty.", kind="NOT_FOUND")
    name = call.query.get("ref") or r.default_branch
    sha = r.git.resolve(name)
    if sha is None:
        raise ApiError(404, f"No commit found for the ref {name}", kind="NOT_FOUND")
    entry = r.git.entry(r.git.known_commit(sha).tree, path)
    if entry is None:
        raise not_found()
    if entry.mode == FOLDER:
        prefix = f"{path}/" if path else ""
        inside = r.git.tree(entry.sha) or {}
        return Answer(200, [_content(call, prefix + n, e, name, whole=False) for n, e in inside.items()])
    return Answer(200, _content(call, path, entry, name, whole=True))


def _content(call: Call, path: str, entry: Entry, ref: str, *, whole: bool) -> Json:
    r = call.repo
    url = f"{call.w.url}/repos/{r.full_name}"
    web = f"{call.w.web_url}/{r.full_name}"
    kind = {FOLDER: "dir", MODULE: "submodule", LINK: "symlink"}.get(entry.mode, "file")
    data = r.git.blob(entry.sha) or b""
    git = f"{url}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    mine = f"{url}/contents/{path}?ref={ref}"
    html = f"{web}/blob/{ref}/{path}"
    told: Json = {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": len(data),
        "url": mine,
        "html_url": html,
        "git_url": git,
        "download_url": f"{web}/raw/{ref}/{path}" if kind == "file" else None,
        "type": kind,
        "_links": {"self": mine, "git": git, "html": html},
    }
    if not whole or kind == "dir":
        return told
    if kind == "symlink":
        return {**told, "target": data.decode(errors="replace")}
    if kind == "submodule":
        return {**told, "submodule_git_url": f"{web}.git"}
    small = len(data) <= CONTENT_LIMIT
    text = base64.encodebytes(data).decode() if small else ""
    return {**told, "content": text, "encoding": "base64" if small else "none"}


@route("PUT", "/repos/{owner}/{repo}/contents/{path}", "contents:write")
def put_contents(call: Call) -> Answer:
    call.want("message", "content")
    r, path = call.repo, call.params["path"]
    try:
        data = base64.b64decode(call.json["content"])
    except (binascii.Error, ValueError):
        raise unprocessable("content is not valid Base64") from None
    old = _expected(call, path)
    sha = _write(call, path, Entry(old.mode if old else FILE, r.git.write("blob", data)))
    commit = r.git.known_commit(sha)
    entry = r.git.entry(commit.tree, path)
    branch = call.json.get("branch") or r.default_branch
    content = _content(call, path, entry, branch, whole=False) if entry else None
    return Answer(200 if old else 201, {"content": content, "commit": shapes.git_commit(call.w, r, commit)})


@route("DELETE", "/repos/{owner}/{repo}/contents/{path}", "contents:write")
def delete_contents(call: Call) -> Answer:
    call.want("message", "sha")
    if _expected(call, call.params["path"]) is None:
        raise not_found()
    sha = _write(call, call.params["path"], None)
    return Answer(
        200, {"content": None, "commit": shapes.git_commit(call.w, call.repo, call.repo.git.known_commit(sha))}
    )


def _expected(call: Call, path: str) -> Entry | None:
    """What stands at the path, proved by ``sha``; raises 409 and 422 as GitHub does."""
    r = call.repo
    refs.writable(r)
    branch = call.json.get("branch") or r.default_branch
    tip = r.branch(branch)
    if tip is None:
        raise ApiError(404, f"Branch {branch} not found")
    found = r.git.entry(r.git.known_commit(tip).tree, path)
    given = call.json.get("sha")
    if found and not given:
        raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
    if given and (found is None or found.sha != given):
        raise conflict(f"{path} does not match {given}")
    if path.startswith(refs.WORKFLOWS):
        demand_workflows(call)
    return found


def _write(call: Call, path: str, entry: Entry | None) -> str:
    r = call.repo
    branch = call.json.get("branch") or r.default_branch
    tip = str(r.branch(branch))
    tree = r.git.change_tree(r.git.known_commit(tip).tree, {path: entry})
    sha = refs.commit(call.w, r, tree, [tip], str(call.json["message"]), call.actor.user)
    refs.move(call.w, r, call.actor, f"refs/heads/{branch}", sha)
    return sha


def demand_workflows(call: Call) -> None:
    """Raises 403 for an App or a fine-grained token that may not write workflows."""
    if call.caller.narrowed and not auth.has(call.caller.permissions(), "workflows", "write"):
        raise forbidden()


@route("POST", "/repos/{owner}/{repo}/merges", "contents:write")
def merge(call: Call) -> Answer:
    call.want("base", "head")
    r = call.repo
    sha = actions.merge_branch(call.w, r, call.actor, call.json)
    return Answer(204) if sha is None else Answer(201, shapes.commit(call.w, r, r.git.known_commit(sha)))


# Tags and people


@route("GET", "/repos/{owner}/{repo}/tags", "contents:read")
def list_tags(call: Call) -> Answer:
    r = call.repo
    found = reversed([(name.removeprefix("refs/tags/"), sha) for name, sha in r.git.refs("refs/tags/").items()])
    return call.page(found, lambda one: _tag(call, *one))


def _tag(call: Call, name: str, sha: str) -> Json:
    r = call.repo
    commit = r.git.peel(sha) or sha
    url = f"{call.w.url}/repos/{r.full_name}"
    files = {"zipball_url": f"{url}/zipball/refs/tags/{name}", "tarball_url": f"{url}/tarball/refs/tags/{name}"}
    return {
        "name": name,
        **files,
        "commit": {"sha": commit, "url": f"{url}/commits/{commit}"},
        "node_id": f"REF_{name}",
    }


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", "metadata:read")
def collaborator_permission(call: Call) -> Answer:
    r = call.repo
    account = call.w.accounts.get(call.params["username"].lower())
    if account is None:
        raise not_found()
    role = call.w.role(r, account) or "none"
    told = {"triage": "read", "maintain": "write"}.get(role, role)
    person = {**shapes.user(call.w, account), "permissions": shapes.permissions(role), "role_name": role}
    return Answer(200, {"permission": told, "role_name": role, "user": person})


@route("GET", "/repos/{owner}/{repo}/collaborators/{username}", "metadata:read")
def is_collaborator(call: Call) -> Answer:
    if call.params["username"] not in call.repo.collaborators:
        raise not_found()
    return Answer(204)


# The commit by any name comes last: its parameter takes slashes.


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", "checks:read")
def check_runs_of(call: Call) -> Answer:
    r = call.repo
    sha = _resolved(r, call.params["ref"]).sha
    found = [run for run in r.check_runs if run.head_sha == sha]
    name, state = call.query.get("check_name"), call.query.get("status")
    found = [run for run in found if name in {None, run.name} and state in {None, run.status}]
    if call.query.get("filter", "latest") == "latest":
        found = list({(run.suite.id, run.name): run for run in found}.values())
    return call.wrapped("check_runs", reversed(found), lambda run: shapes.check_run(call.w, r, run))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", "checks:read")
def check_suites_of(call: Call) -> Answer:
    r = call.repo
    sha = _resolved(r, call.params["ref"]).sha
    found = [suite for suite in r.check_suites if suite.head_sha == sha]
    return call.wrapped("check_suites", found, lambda suite: shapes.check_suite(call.w, r, suite))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/status", "statuses:read")
def combined_status(call: Call) -> Answer:
    r = call.repo
    sha = _resolved(r, call.params["ref"]).sha
    latest = list({one.context: one for one in r.statuses if one.sha == sha}.values())
    states = {one.state for one in latest}
    state = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    found, headers = call.cut(latest)
    url = f"{call.w.url}/repos/{r.full_name}/commits/{sha}"
    told = {
        "state": state,
        "sha": sha,
        "total_count": len(latest),
        "statuses": [shapes.status(call.w, r, s) for s in found],
    }
    return Answer(
        200, {**told, "repository": shapes.repository(call.w, r), "commit_url": url, "url": f"{url}/status"}, headers
    )


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", "statuses:read")
def statuses_of(call: Call) -> Answer:
    r = call.repo
    sha = _resolved(r, call.params["ref"]).sha
    found = [one for one in reversed(r.statuses) if one.sha == sha]
    return call.page(found, lambda one: shapes.status(call.w, r, one))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}", "contents:read")
def get_commit(call: Call) -> Answer:
    r = call.repo
    one = _resolved(r, call.params["ref"])
    files = rules.diff(call.w, r, one.parents[0], one.sha) if one.parents else []
    added, removed = sum(f["additions"] for f in files), sum(f["deletions"] for f in files)
    stats = {"additions": added, "deletions": removed, "total": added + removed}
    return Answer(200, {**shapes.commit(call.w, r, one), "stats": stats, "files": files})
