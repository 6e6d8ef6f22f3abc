"""Routes about checks, statuses, deployments, environments and releases."""

from __future__ import annotations

from tests.fakes.github import actions, shapes
from tests.fakes.github.clock import stamp
from tests.fakes.github.errors import not_found
from tests.fakes.github.records import CheckRun, CheckSuite, Deployment, Json, Release
from tests.fakes.github.routing import Answer, Call, route


@route("POST", "/repos/{owner}/{repo}/check-runs", "checks:write")
def create_run(call: Call) -> Answer:
    call.want("name", "head_sha")
    run = actions.check_run(call.w, call.repo, call.actor, call.json)
    return Answer(201, shapes.check_run(call.w, call.repo, run))


@route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks:read")
def get_run(call: Call) -> Answer:
    return Answer(200, shapes.check_run(call.w, call.repo, _run(call)))


@route("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks:write")
def update_run(call: Call) -> Answer:
    actions.update_run(call.w, call.repo, call.actor, _run(call), call.json)
    return Answer(200, shapes.check_run(call.w, call.repo, _run(call)))


def _run(call: Call) -> CheckRun:
    number = call.number("check_run_id")
    for run in call.repo.check_runs:
        if run.id == number:
            return run
    raise not_found()


def _suite(call: Call) -> CheckSuite:
    number = call.number("check_suite_id")
    for suite in call.repo.check_suites:
        if suite.id == number:
            return suite
    raise not_found()


@route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}", "checks:read")
def get_suite(call: Call) -> Answer:
    return Answer(200, shapes.check_suite(call.w, call.repo, _suite(call)))


@route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs", "checks:read")
def runs_of_suite(call: Call) -> Answer:
    suite = _suite(call)
    found = [run for run in call.repo.check_runs if run.suite is suite]
    return call.wrapped("check_runs", found, lambda run: shapes.check_run(call.w, call.repo, run))


@route("POST", "/repos/{owner}/{repo}/statuses/{sha}", "statuses:write")
def create_status(call: Call) -> Answer:
    call.want("state")
    one = actions.set_status(call.w, call.repo, call.actor, call.params["sha"], call.json)
    return Answer(201, shapes.status(call.w, call.repo, one))


# Deployments


@route("GET", "/repos/{owner}/{repo}/deployments", "deployments:read")
def list_deployments(call: Call) -> Answer:
    r = call.repo
    found = list(reversed(r.deployments))
    for name in ("sha", "ref", "task", "environment"):
        wanted = call.query.get(name)
        if wanted and wanted != "none":
            found = [one for one in found if getattr(one, name) == wanted]
    return call.page(found, lambda one: shapes.deployment(call.w, r, one))


@route("POST", "/repos/{owner}/{repo}/deployments", "deployments:write")
def create_deployment(call: Call) -> Answer:
    call.want("ref")
    one = actions.deploy(call.w, call.repo, call.actor, call.json)
    return Answer(201, shapes.deployment(call.w, call.repo, one))


def _deployment(call: Call) -> Deployment:
    number = call.number("deployment_id")
    for one in call.repo.deployments:
        if one.id == number:
            return one
    raise not_found()


@route("GET", "/repos/{owner}/{repo}/deployments/{deployment_id}", "deployments:read")
def get_deployment(call: Call) -> Answer:
    return Answer(200, shapes.deployment(call.w, call.repo, _deployment(call)))


@route("GET", "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "deployments:read")
def list_statuses(call: Call) -> Answer:
    one = _deployment(call)
    return call.page(reversed(one.statuses), lambda s: shapes.deployment_status(call.w, call.repo, one, s))


@route("POST", "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "deployments:write")
def create_deployment_status(call: Call) -> Answer:
    call.want("state")
    parent = _deployment(call)
    one = actions.deployment_status(call.w, call.repo, call.actor, parent, call.json)
    return Answer(201, shapes.deployment_status(call.w, call.repo, parent, one))


@route("GET", "/repos/{owner}/{repo}/environments", "actions:read")
def list_environments(call: Call) -> Answer:
    r = call.repo
    names = list(dict.fromkeys(one.environment for one in r.deployments))
    return call.wrapped("environments", enumerate(names, 1), lambda one: _environment(call, *one))


def _environment(call: Call, number: int, name: str) -> Json:
    r = call.repo
    url = f"{call.w.url}/repos/{r.full_name}/environments/{name}"
    made = stamp(r.created_at)
    web = f"{call.w.web_url}/{r.full_name}/deployments"
    told = {"id": number, "node_id": f"EN_{number}", "name": name, "url": url, "html_url": web}
    return {**told, "created_at": made, "updated_at": made, "protection_rules": [], "deployment_branch_policy": None}


# Releases


@route("GET", "/repos/{owner}/{repo}/releases", "contents:read")
def list_releases(call: Call) -> Answer:
    r = call.repo
    return call.page(reversed(r.releases), lambda one: shapes.release(call.w, r, one))


@route("POST", "/repos/{owner}/{repo}/releases", "contents:write")
def create_release(call: Call) -> Answer:
    call.want("tag_name")
    return Answer(201, shapes.release(call.w, call.repo, actions.release(call.w, call.repo, call.actor, call.json)))


@route("GET", "/repos/{owner}/{repo}/releases/latest", "contents:read")
def latest_release(call: Call) -> Answer:
    found = [one for one in call.repo.releases if not one.draft and not one.prerelease]
    return _release(call, found[-1] if found else None)


@route("GET", "/repos/{owner}/{repo}/releases/tags/{tag}", "contents:read")
def release_by_tag(call: Call) -> Answer:
    tag = call.params["tag"]
    return _release(call, next((one for one in call.repo.releases if one.tag == tag and not one.draft), None))


@route("GET", "/repos/{owner}/{repo}/releases/{release_id}", "contents:read")
def get_release(call: Call) -> Answer:
    number = call.number("release_id")
    return _release(call, next((one for one in call.repo.releases if one.id == number), None))


def _release(call: Call, found: Release | None) -> Answer:
    if found is None:
        raise not_found()
    return Answer(200, shapes.release(call.w, call.repo, found))
