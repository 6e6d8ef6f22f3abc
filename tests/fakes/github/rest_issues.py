"""Routes about issues, labels, comments and reactions."""

from __future__ import annotations

from tests.fakes.github import actions, shapes
from tests.fakes.github.clock import read
from tests.fakes.github.errors import not_found, unprocessable
from tests.fakes.github.records import Comment, Issue, Label
from tests.fakes.github.routing import Answer, Call, route

READ = ("issues:read", "pull_requests:read")
WRITE = ("issues:write", "pull_requests:write")


@route("GET", "/repos/{owner}/{repo}/issues", "issues:read")
def list_issues(call: Call) -> Answer:
    r = call.repo
    state = call.query.get("state", "open")
    found = [one for one in r.issues.values() if state in {"all", one.state}]
    creator = call.query.get("creator")
    labels = [name for name in call.query.get("labels", "").split(",") if name]
    found = [one for one in found if creator in {None, one.user.login} and all(name in one.labels for name in labels)]
    since = call.query.get("since")
    if since:
        found = [one for one in found if one.updated_at >= read(since)]
    found.sort(key=lambda one: (one.updated_at if call.query.get("sort") == "updated" else one.created_at, one.number))
    if call.query.get("direction", "desc") == "desc":
        found.reverse()
    return call.page(found, lambda one: shapes.issue(call.w, r, one))


@route("POST", "/repos/{owner}/{repo}/issues", "issues:write")
def create_issue(call: Call) -> Answer:
    call.want("title")
    r = call.repo
    actions.check_assignees(call.w, r, list(call.json.get("assignees") or []))
    one = actions.open_issue(call.w, r, call.actor, str(call.json["title"]), call.json.get("body"))
    actions.add_labels(call.w, r, call.actor, one, _names(call.json.get("labels") or []))
    actions.assign(call.w, r, call.actor, one, list(call.json.get("assignees") or []))
    return Answer(201, shapes.issue(call.w, r, one))


def _names(labels: list[object]) -> list[str]:
    return [str(one["name"]) if isinstance(one, dict) else str(one) for one in labels]


@route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", *READ)
def get_comment(call: Call) -> Answer:
    issue, one = _comment(call)
    return Answer(200, shapes.comment(call.w, call.repo, issue, one))


@route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", *WRITE)
def update_comment(call: Call) -> Answer:
    call.want("body")
    issue, one = _comment(call)
    actions.edit_comment(call.w, call.repo, call.actor, (issue, one), str(call.json["body"]))
    return Answer(200, shapes.comment(call.w, call.repo, issue, one))


@route("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", *WRITE)
def delete_comment(call: Call) -> Answer:
    actions.delete_comment(call.w, call.repo, call.actor, _comment(call))
    return Answer(204)


def _comment(call: Call) -> tuple[Issue, Comment]:
    return actions.find_comment(call.repo, call.number("comment_id"))


@route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", *READ)
def comment_reactions(call: Call) -> Answer:
    return call.page(_comment(call)[1].reactions, lambda one: shapes.reaction(call.w, one))


@route("POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", *WRITE)
def react_to_comment(call: Call) -> Answer:
    call.want("content")
    one, new = actions.react(call.w, call.actor, _comment(call)[1].reactions, str(call.json["content"]))
    return Answer(201 if new else 200, shapes.reaction(call.w, one))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", *READ)
def list_comments(call: Call) -> Answer:
    issue, since = call.issue, call.query.get("since")
    found = [one for one in issue.comments if not since or one.updated_at >= read(since)]
    return call.page(found, lambda one: shapes.comment(call.w, call.repo, issue, one))


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", *WRITE)
def create_comment(call: Call) -> Answer:
    call.want("body")
    one = actions.comment(call.w, call.repo, call.actor, call.issue, str(call.json["body"]))
    return Answer(201, shapes.comment(call.w, call.repo, call.issue, one))


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/reactions", *WRITE)
def react_to_issue(call: Call) -> Answer:
    call.want("content")
    one, new = actions.react(call.w, call.actor, call.issue.reactions, str(call.json["content"]))
    return Answer(201 if new else 200, shapes.reaction(call.w, one))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", *READ)
def list_issue_labels(call: Call) -> Answer:
    return call.page(shapes.labels(call.w, call.repo, call.issue), lambda one: one)


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", *WRITE)
def add_labels(call: Call) -> Answer:
    names = _names(list(_given(call)))
    actions.add_labels(call.w, call.repo, call.actor, call.issue, names)
    return Answer(200, shapes.labels(call.w, call.repo, call.issue))


def _given(call: Call) -> list[object]:
    """Labels as ``{"labels": […]}`` or as the list itself."""
    given = call.json.get("labels", call.json.get("", None))
    if not isinstance(given, list) or not given:
        raise unprocessable("Validation Failed", {"resource": "Label", "code": "missing_field", "field": "labels"})
    return given


@route("PUT", "/repos/{owner}/{repo}/issues/{issue_number}/labels", *WRITE)
def set_labels(call: Call) -> Answer:
    names = _names(list(call.json.get("labels", call.json.get("", [])) or []))
    for name in [one for one in call.issue.labels if one not in names]:
        actions.remove_label(call.w, call.repo, call.actor, call.issue, name)
    actions.add_labels(call.w, call.repo, call.actor, call.issue, names)
    return Answer(200, shapes.labels(call.w, call.repo, call.issue))


@route("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", *WRITE)
def remove_label(call: Call) -> Answer:
    actions.remove_label(call.w, call.repo, call.actor, call.issue, call.params["name"])
    return Answer(200, shapes.labels(call.w, call.repo, call.issue))


@route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/assignees", *WRITE)
def add_assignees(call: Call) -> Answer:
    actions.assign(call.w, call.repo, call.actor, call.issue, list(call.json.get("assignees") or []))
    return Answer(201, shapes.issue(call.w, call.repo, call.issue))


@route("GET", "/repos/{owner}/{repo}/issues/{issue_number}", *READ)
def get_issue(call: Call) -> Answer:
    return Answer(200, shapes.issue(call.w, call.repo, call.issue))


@route("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", *WRITE)
def update_issue(call: Call) -> Answer:
    r, one = call.repo, call.issue
    actions.check_assignees(call.w, r, list(call.json.get("assignees") or []))
    actions.edit_issue(call.w, r, call.actor, one, call.json)
    if "labels" in call.json:
        set_labels(call)
    if "assignees" in call.json:
        one.assignees.clear()
        actions.assign(call.w, r, call.actor, one, list(call.json["assignees"]))
    return Answer(200, shapes.issue(call.w, r, one))


# Labels of a repository


@route("GET", "/repos/{owner}/{repo}/labels", *READ)
def list_labels(call: Call) -> Answer:
    r = call.repo
    return call.page(r.labels.values(), lambda one: shapes.label(call.w, r, one))


@route("POST", "/repos/{owner}/{repo}/labels", *WRITE)
def create_label(call: Call) -> Answer:
    call.want("name")
    color = str(call.json.get("color") or "ededed")
    one = actions.create_label(call.w, call.repo, str(call.json["name"]), color, call.json.get("description"))
    return Answer(201, shapes.label(call.w, call.repo, one))


@route("GET", "/repos/{owner}/{repo}/labels/{name}", *READ)
def get_label(call: Call) -> Answer:
    return Answer(200, shapes.label(call.w, call.repo, _label(call)))


@route("PATCH", "/repos/{owner}/{repo}/labels/{name}", *WRITE)
def update_label(call: Call) -> Answer:
    one = _label(call)
    one.color = str(call.json.get("color") or one.color)
    one.description = call.json.get("description", one.description)
    return Answer(200, shapes.label(call.w, call.repo, one))


def _label(call: Call) -> Label:
    found = call.repo.labels.get(call.params["name"].lower())
    if found is None:
        raise not_found()
    return found
