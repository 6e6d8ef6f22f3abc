"""Routes about pull requests."""

from __future__ import annotations

from tests.fakes.github import actions, refs, rules, shapes
from tests.fakes.github.errors import not_found, unprocessable
from tests.fakes.github.records import Pull
from tests.fakes.github.routing import Answer, Call, route

READ = "pull_requests:read"
WRITE = "pull_requests:write"
STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@route("GET", "/repos/{owner}/{repo}/pulls", READ)
def list_pulls(call: Call) -> Answer:
    r = call.repo
    state, base = call.query.get("state", "open"), call.query.get("base")
    found = [p for p in r.pulls if state in {"all", p.issue.state} and base in {None, p.base} and _is_head(call, p)]
    key = call.query.get("sort", "created")
    found.sort(key=lambda p: (p.issue.updated_at if key == "updated" else p.issue.created_at, p.number))
    if call.query.get("direction", "desc" if key == "created" else "asc") == "desc":
        found.reverse()
    return call.page(found, lambda p: shapes.pull(call.w, r, p))


def _is_head(call: Call, p: Pull) -> bool:
    """``head=owner:branch``; GitHub ignores the filter without an owner."""
    owner, colon, branch = call.query.get("head", "").partition(":")
    return not colon or (p.head_repository.owner.login.lower() == owner.lower() and p.head == branch)


@route("POST", "/repos/{owner}/{repo}/pulls", WRITE)
def create_pull(call: Call) -> Answer:
    call.want("title", "head", "base")
    pull = actions.open_pull(call.w, call.repo, call.actor, call.json)
    return Answer(201, rules.full_pull(call.w, call.repo, pull, call.actor.app, ask=False))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", READ)
def get_pull(call: Call) -> Answer:
    app = call.caller.installation.app if call.caller.installation else None
    return Answer(200, rules.full_pull(call.w, call.repo, call.pull, app))


@route("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", WRITE)
def update_pull(call: Call) -> Answer:
    r, pull = call.repo, call.pull
    refs.writable(r)
    if call.json.get("base") and call.json["base"] != pull.base:
        actions.change_base(call.w, r, call.actor, pull, str(call.json["base"]))
    if "maintainer_can_modify" in call.json:
        pull.maintainer_can_modify = bool(call.json["maintainer_can_modify"])
    actions.edit_issue(call.w, r, call.actor, pull.issue, call.json)
    return Answer(200, rules.full_pull(call.w, r, pull, call.actor.app, ask=False))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", READ)
def is_merged(call: Call) -> Answer:
    if call.pull.merged_at is None:
        raise not_found()
    return Answer(204)


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "contents:write")
def merge(call: Call) -> Answer:
    sha = actions.merge_pull(call.w, call.repo, call.actor, call.pull, call.json)
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/update-branch", WRITE)
def update_branch(call: Call) -> Answer:
    r, pull = call.repo, call.pull
    expected = call.json.get("expected_head_sha")
    if expected and expected != pull.head_sha:
        raise unprocessable("expected head sha didn't match current head ref.")
    actions.merge_branch(call.w, r, call.actor, {"base": pull.head, "head": pull.base})
    url = f"{call.w.url}/repos/{r.full_name}/pulls/{pull.number}"
    return Answer(202, {"message": "Updating pull request branch.", "url": url})


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", READ)
def list_commits(call: Call) -> Answer:
    r = call.repo
    found = [r.git.known_commit(sha) for sha in rules.commits_of(r, call.pull)]
    return call.page(found, lambda one: shapes.commit(call.w, r, one))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", READ)
def list_files(call: Call) -> Answer:
    return call.page(rules.files_of(call.w, call.repo, call.pull), lambda one: one)


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", READ)
def get_reviewers(call: Call) -> Answer:
    r, pull = call.repo, call.pull
    teams = [shapes.team(call.w, r, name) for name in pull.teams]
    return Answer(200, {"users": [shapes.user(call.w, a) for a in pull.reviewers], "teams": teams})


@route("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", WRITE)
def request_reviewers(call: Call) -> Answer:
    people, teams = call.json.get("reviewers") or [], call.json.get("team_reviewers") or []
    actions.request_reviewers(call.w, call.repo, call.actor, call.pull, list(people), list(teams))
    return Answer(201, shapes.pull(call.w, call.repo, call.pull))


@route("DELETE", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", WRITE)
def remove_reviewers(call: Call) -> Answer:
    pull = call.pull
    pull.reviewers = [a for a in pull.reviewers if a.login not in (call.json.get("reviewers") or [])]
    pull.teams = [name for name in pull.teams if name not in (call.json.get("team_reviewers") or [])]
    return Answer(200, shapes.pull(call.w, call.repo, pull))


@route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", READ)
def list_reviews(call: Call) -> Answer:
    return call.page(call.pull.reviews, lambda one: shapes.review(call.w, call.repo, call.pull, one))


@route("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", WRITE)
def create_review(call: Call) -> Answer:
    state = STATES.get(str(call.json.get("event")), "COMMENTED")
    one = actions.review(call.w, call.repo, call.actor, call.pull, (state, str(call.json.get("body") or "")))
    return Answer(200, shapes.review(call.w, call.repo, call.pull, one))


@route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals", WRITE)
def dismiss_review(call: Call) -> Answer:
    number = call.number("review_id")
    found = next((one for one in call.pull.reviews if one.id == number), None)
    if found is None:
        raise not_found()
    found.state = "DISMISSED"
    return Answer(200, shapes.review(call.w, call.repo, call.pull, found))
