"""Routes about Apps, installations, tokens, users and limits."""

from __future__ import annotations

from datetime import timedelta

from tests.fakes.github import auth, shapes
from tests.fakes.github.clock import stamp
from tests.fakes.github.errors import ApiError, not_found
from tests.fakes.github.records import Account, App, Installation, Json, Repository
from tests.fakes.github.routing import Answer, Call, route
from tests.fakes.github.webhooks import Delivery
from tests.fakes.github.world import World


def _app(call: Call) -> App:
    """The App whose JWT calls; raises 401."""
    if call.caller.app is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return call.caller.app


def _mine(call: Call) -> Installation:
    """The installation of the path; raises 404 where it is another App's or gone."""
    app = _app(call)
    found = call.w.installations.get(call.number("installation_id"))
    if found is None or found.app is not app or found.removed:
        raise not_found()
    return found


@route("GET", "/app")
def get_app(call: Call) -> Answer:
    count = sum(1 for _ in call.w.live_installations(_app(call)))
    return Answer(200, {**shapes.app(call.w, _app(call)), "installations_count": count})


@route("GET", "/app/installations")
def list_installations(call: Call) -> Answer:
    found = list(call.w.live_installations(_app(call)))
    return call.page(found, lambda one: shapes.installation(call.w, one))


@route("GET", "/app/installations/{installation_id}")
def get_installation(call: Call) -> Answer:
    return Answer(200, shapes.installation(call.w, _mine(call)))


@route("POST", "/app/installations/{installation_id}/access_tokens")
def create_token(call: Call) -> Answer:
    installation = _mine(call)
    if installation.suspended_at:
        raise ApiError(403, "This installation has been suspended", kind="FORBIDDEN")
    permissions, numbers = auth.narrowed(call.w, installation, call.json)
    token = call.w.mint(installation, permissions, numbers)
    selected = installation.repository_ids is not None or numbers is not None
    told: Json = {
        "token": token.value,
        "expires_at": stamp(token.expires_at) if token.expires_at else None,
        "permissions": permissions,
        "repository_selection": "selected" if selected else "all",
    }
    if numbers is not None:
        told["repositories"] = [shapes.repository(call.w, call.w.repositories[n]) for n in sorted(numbers)]
    return Answer(201, told)


def _of_account(call: Call, login: str) -> Answer:
    for one in call.w.live_installations(_app(call)):
        if one.account.login.lower() == login.lower():
            return Answer(200, shapes.installation(call.w, one))
    raise not_found()


@route("GET", "/orgs/{org}/installation")
def org_installation(call: Call) -> Answer:
    return _of_account(call, call.params["org"])


@route("GET", "/users/{username}/installation")
def user_installation(call: Call) -> Answer:
    return _of_account(call, call.params["username"])


@route("GET", "/repos/{owner}/{repo}/installation")
def repository_installation(call: Call) -> Answer:
    found = call.w.repository(f"{call.params['owner']}/{call.params['repo']}")
    installation = call.w.installation_of(found, _app(call))
    if installation is None:
        raise not_found()
    return Answer(200, shapes.installation(call.w, installation))


@route("GET", "/installation/repositories")
def installation_repositories(call: Call) -> Answer:
    installation = call.caller.installation
    if installation is None:
        raise ApiError(403, "You must authenticate with an installation access token in order to list repositories.")
    found = [r for r in call.w.installed_repositories(installation) if auth.reaches(call.caller, r)]
    answer = call.wrapped("repositories", found, lambda r: _with_rights(call, r))
    selected = installation.repository_ids is not None
    return Answer(200, {**answer.body, "repository_selection": "selected" if selected else "all"}, answer.headers)


def _with_rights(call: Call, r: Repository) -> Json:
    rights = call.caller.permissions()
    may = {
        "pull": True,
        "push": auth.has(rights, "contents", "write"),
        "admin": False,
        "maintain": False,
        "triage": False,
    }
    return {**shapes.repository(call.w, r), "permissions": may}


@route("DELETE", "/installation/token")
def revoke_token(call: Call) -> Answer:
    if call.caller.token is None or call.caller.installation is None:
        raise ApiError(403, "Resource not accessible by integration")
    call.caller.token.revoked = True
    return Answer(204)


# Webhook deliveries


@route("GET", "/app/hook/config")
def hook_config(call: Call) -> Answer:
    app = _app(call)
    told: Json = {"content_type": "json", "insecure_ssl": "0", "secret": "********"}
    return Answer(200, {**told, "url": app.webhook_url} if app.webhook_url else told)


@route("GET", "/app/hook/deliveries")
def list_deliveries(call: Call) -> Answer:
    app = _app(call)
    found = [d for d in reversed(call.w.webhooks.deliveries) if d.app_id == app.id and _is_kept(call, d)]
    state = call.query.get("status")
    if state:
        found = [d for d in found if d.delivered == (state == "success")]
    cursor = call.query.get("cursor", "")
    if cursor:
        before = int(cursor.rpartition("_")[2]) if cursor.rpartition("_")[2].isdigit() else 0
        found = [d for d in found if d.id < before]
    size = min(int(call.query.get("per_page", "30")), 100)
    headers = {}
    if len(found) > size:
        more = f"&status={state}" if state else ""
        headers["link"] = f'<{call.url}?per_page={size}{more}&cursor=v1_{found[size - 1].id}>; rel="next"'
    return Answer(200, [_delivery(d) for d in found[:size]], headers)


@route("GET", "/app/hook/deliveries/{delivery_id}")
def get_delivery(call: Call) -> Answer:
    one = _delivery_of(call)
    whole = {
        "url": one.url or "",
        "request": {"headers": one.headers, "payload": one.payload},
        "response": {"headers": {}, "payload": one.answer},
    }
    return Answer(200, {**_delivery(one), **whole})


@route("POST", "/app/hook/deliveries/{delivery_id}/attempts")
def redeliver(call: Call) -> Answer:
    call.w.webhooks.redeliver(_delivery_of(call))
    return Answer(202, {})


def _delivery_of(call: Call) -> Delivery:
    app, number = _app(call), call.number("delivery_id")
    for one in call.w.webhooks.deliveries:
        if one.id == number and one.app_id == app.id and _is_kept(call, one):
            return one
    raise not_found()


def _is_kept(call: Call, one: Delivery) -> bool:
    """GitHub remembers deliveries for three days (https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks)."""
    return call.w.clock() - one.at <= timedelta(days=3)


def _delivery(one: Delivery) -> Json:
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": stamp(one.at),
        "redelivery": one.redelivery,
        "duration": 0.01,
        "status": one.status,
        "status_code": one.status_code,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation_id,
        "repository_id": one.repository_id,
        "throttled_at": None,
    }


# Users and limits


@route("GET", "/user")
def get_user(call: Call) -> Answer:
    if call.caller.kind != "user":
        raise ApiError(403, "Resource not accessible by integration")
    return Answer(200, shapes.private_user(call.w, call.actor.user))


@route("GET", "/users/{username}")
def user_by_name(call: Call) -> Answer:
    return Answer(200, shapes.private_user(call.w, _account(call.w, call.params["username"])))


def _account(w: World, login: str) -> Account:
    found = w.accounts.get(login.lower())
    if found is None:
        raise not_found()
    return found


@route("GET", "/user/repos")
def user_repositories(call: Call) -> Answer:
    me = call.actor.user
    found = [
        r for r in call.w.live_repositories() if auth.sees(call.w, call.caller, r) and r.collaborators.get(me.login)
    ]
    return call.page(found, lambda r: shapes.repository(call.w, r, me))


@route("GET", "/orgs/{org}/repos")
def org_repositories(call: Call) -> Answer:
    org = _account(call.w, call.params["org"])
    found = [r for r in call.w.live_repositories() if r.owner is org and auth.sees(call.w, call.caller, r)]
    return call.page(found, lambda r: shapes.repository(call.w, r))


@route("GET", "/rate_limit")
def rate_limit(call: Call) -> Answer:
    key = call.caller.key
    core, graphql = call.limits.state(key, "core"), call.limits.state(key, "graphql")
    search = {**core, "limit": 30, "used": 0, "remaining": 30}
    return Answer(200, {"resources": {"core": core, "search": search, "graphql": graphql}, "rate": core})


@route("GET", "/meta")
def meta(call: Call) -> Answer:
    return Answer(200, {"verifiable_password_authentication": True})


@route("POST", "/markdown")
def markdown(call: Call) -> Answer:
    call.want("text")
    return Answer(200, str(call.json["text"]), {"content-type": "text/html;charset=utf-8"})
