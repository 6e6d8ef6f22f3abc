"""GitHub's nouns as its REST API writes them (https://docs.github.com/rest)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tests.fakes.github.clock import stamp
from tests.fakes.github.gitrepo import Commit, Entry, Signature
from tests.fakes.github.records import (
    ROLES,
    Account,
    App,
    CheckRun,
    CheckSuite,
    Comment,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Installation,
    Issue,
    Json,
    Label,
    Pull,
    Reaction,
    Release,
    Repository,
    Review,
    node_id,
)
from tests.fakes.github.world import World

OF_REPOSITORY = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
OF_USER = {
    "events_url": "/events{/privacy}",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "organizations_url": "/orgs",
    "received_events_url": "/received_events",
    "repos_url": "/repos",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
}
COUNTS = dict.fromkeys(
    ("forks", "forks_count", "network_count", "stargazers_count", "subscribers_count", "watchers", "watchers_count"), 0
)
ABSENT = ("homepage", "language", "license", "mirror_url")


def when(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


def user(w: World, account: Account) -> Json:
    url = f"{w.url}/users/{account.login}"
    web = (
        f"{w.web_url}/apps/{account.login.removesuffix('[bot]')}"
        if account.kind == "Bot"
        else f"{w.web_url}/{account.login}"
    )
    return {
        "login": account.login,
        "id": account.id,
        "node_id": account.node_id,
        "avatar_url": f"{w.web_url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": web,
        **{name: url + path for name, path in OF_USER.items()},
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def private_user(w: World, account: Account) -> Json:
    """The longer form, of ``/user`` and ``/users/{username}``."""
    absent = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    dates = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
    return {**user(w, account), "name": account.login, "blog": "", **absent, **counts, **dates}


def organization(w: World, account: Account) -> Json:
    url = f"{w.url}/orgs/{account.login}"
    paths = {"repos_url": "/repos", "events_url": "/events", "hooks_url": "/hooks", "issues_url": "/issues"}
    people = {"members_url": "/members{/member}", "public_members_url": "/public_members{/member}"}
    return {
        "login": account.login,
        "id": account.id,
        "node_id": account.node_id,
        "url": url,
        **{name: url + path for name, path in {**paths, **people}.items()},
        "avatar_url": f"{w.web_url}/avatars/{account.id}",
        "description": None,
    }


def repository(w: World, r: Repository, viewer: Account | None = None) -> Json:
    url, web = f"{w.url}/repos/{r.full_name}", f"{w.web_url}/{r.full_name}"
    opened = sum(issue.state == "open" for issue in r.issues.values())
    flags = ("has_projects", "has_wiki", "has_pages", "has_downloads", "has_discussions", "is_template")
    whole = {
        "id": r.id,
        "node_id": r.node_id,
        "name": r.name,
        "full_name": r.full_name,
        "owner": user(w, r.owner),
        "private": r.private,
        "visibility": "private" if r.private else "public",
        "html_url": web,
        "description": r.description,
        "fork": r.fork,
        "url": url,
        **{name: url + path for name, path in OF_REPOSITORY.items()},
        "clone_url": f"{web}.git",
        "git_url": f"git:{web.partition(':')[2]}.git",
        "ssh_url": f"git@localhost:{r.full_name}.git",
        "svn_url": web,
        "default_branch": r.default_branch,
        "archived": r.archived,
        "disabled": r.disabled,
        "created_at": stamp(r.created_at),
        "updated_at": stamp(r.updated_at),
        "pushed_at": stamp(r.pushed_at),
        "size": 0 if not r.branches() else 1,
        "open_issues": opened,
        "open_issues_count": opened,
        "topics": r.topics,
        "has_issues": r.has_issues,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        **dict.fromkeys(flags, False),
        **COUNTS,
        **dict.fromkeys(ABSENT),
    }
    return {**whole, "permissions": permissions(w.role(r, viewer))} if viewer else whole


def full_repository(w: World, r: Repository, viewer: Account | None) -> Json:
    """The form of ``GET /repos/{owner}/{repo}``, with how it merges."""
    merging = {
        "allow_merge_commit": r.allow_merge_commit,
        "allow_squash_merge": r.allow_squash_merge,
        "allow_rebase_merge": r.allow_rebase_merge,
        "allow_auto_merge": r.allow_auto_merge,
        "delete_branch_on_merge": r.delete_branch_on_merge,
        "allow_update_branch": False,
    }
    above = {"parent": repository(w, r.parent), "source": repository(w, r.parent)} if r.parent else {}
    return {**repository(w, r, viewer), **merging, **above}


def permissions(role: str | None) -> dict[str, bool]:
    rank = ROLES.get(role or "", 0)
    return {name: rank >= ROLES[at] for name, at in _RANKS.items()}


_RANKS = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}


# Apps


def app(w: World, one: App) -> Json:
    return {
        "id": one.id,
        "slug": one.slug,
        "client_id": f"Iv1.{one.id:016}",
        "node_id": node_id("A", one.id),
        "owner": user(w, one.owner),
        "name": one.slug,
        "description": "",
        "external_url": f"{w.web_url}/{one.slug}",
        "html_url": f"{w.web_url}/apps/{one.slug}",
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "permissions": one.permissions,
        "events": one.events,
    }


def installation(w: World, one: Installation) -> Json:
    kind = one.account.kind
    web = f"{w.web_url}/organizations/{one.account.login}" if kind == "Organization" else w.web_url
    return {
        "id": one.id,
        "account": user(w, one.account),
        "repository_selection": "all" if one.repository_ids is None else "selected",
        "access_tokens_url": f"{w.url}/app/installations/{one.id}/access_tokens",
        "repositories_url": f"{w.url}/installation/repositories",
        "html_url": f"{web}/settings/installations/{one.id}",
        "app_id": one.app.id,
        "app_slug": one.app.slug,
        "client_id": f"Iv1.{one.app.id:016}",
        "target_id": one.account.id,
        "target_type": kind,
        "permissions": one.permissions,
        "events": one.app.events,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(w, one.account) if one.suspended_at else None,
        "suspended_at": when(one.suspended_at),
    }


# Git


def signature(who: Signature) -> Json:
    return {"name": who.name, "email": who.email, "date": stamp(who.at)}


def verification(signed: bool, moment: datetime) -> Json:
    if not signed:
        return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
    armour = "-----BEGIN PGP SIGNATURE-----\n\nfake\n-----END PGP SIGNATURE-----"
    return {"verified": True, "reason": "valid", "signature": armour, "payload": "", "verified_at": stamp(moment)}


def parents(w: World, r: Repository, commit: Commit, kind: str) -> list[Json]:
    url, web = f"{w.url}/repos/{r.full_name}/{kind}", f"{w.web_url}/{r.full_name}/commit"
    return [{"sha": p, "url": f"{url}/{p}", "html_url": f"{web}/{p}"} for p in commit.parents]


def git_commit(w: World, r: Repository, commit: Commit) -> Json:
    """The form of ``/git/commits``."""
    url = f"{w.url}/repos/{r.full_name}"
    return {
        "sha": commit.sha,
        "node_id": node_id("C", f"{r.id}:{commit.sha}"),
        "url": f"{url}/git/commits/{commit.sha}",
        "html_url": f"{w.web_url}/{r.full_name}/commit/{commit.sha}",
        "author": signature(commit.author),
        "committer": signature(commit.committer),
        "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
        "message": commit.message,
        "parents": parents(w, r, commit, "git/commits"),
        "verification": verification(commit.sha in r.signed, commit.committer.at),
    }


def commit(w: World, r: Repository, one: Commit) -> Json:
    """The form of ``/commits``."""
    url = f"{w.url}/repos/{r.full_name}"
    git = git_commit(w, r, one)
    inner = {name: git[name] for name in ("author", "committer", "message", "tree", "verification")}
    return {
        "sha": one.sha,
        "node_id": git["node_id"],
        "commit": {**inner, "url": git["url"], "comment_count": 0},
        "url": f"{url}/commits/{one.sha}",
        "html_url": git["html_url"],
        "comments_url": f"{url}/commits/{one.sha}/comments",
        "author": account_of(w, one.author),
        "committer": account_of(w, one.committer),
        "parents": parents(w, r, one, "commits"),
    }


def account_of(w: World, who: Signature) -> Json | None:
    """The account whose address a commit bears."""
    found = next((a for a in w.accounts.values() if who.email in {a.email, f"{a.login}@example.com"}), None)
    if who.email == GITHUB.email:
        found = w.account("web-flow")
    return user(w, found) if found else None


GITHUB = Signature("GitHub", "noreply@github.com", datetime.fromtimestamp(0).astimezone())


def ref(w: World, r: Repository, name: str, sha: str) -> Json:
    url = f"{w.url}/repos/{r.full_name}"
    kind = (r.git.read(sha) or ("commit",))[0]
    target = {"type": kind, "sha": sha, "url": f"{url}/git/{kind}s/{sha}"}
    return {"ref": name, "node_id": node_id("REF", f"{r.id}:{name}"), "url": f"{url}/git/{name}", "object": target}


def tree_entry(w: World, r: Repository, path: str, entry: Entry) -> Json:
    mode = entry.mode.zfill(6)
    told: Json = {"path": path, "mode": mode, "type": entry.kind, "sha": entry.sha}
    if entry.kind == "commit":
        return told
    if entry.kind == "blob":
        told["size"] = r.git.size(entry.sha)
    return {**told, "url": f"{w.url}/repos/{r.full_name}/git/{entry.kind}s/{entry.sha}"}


def branch(w: World, r: Repository, name: str, sha: str) -> Json:
    url = f"{w.url}/repos/{r.full_name}"
    guard = r.protections.get(name)
    checks = guard.checks if guard else []
    required = {
        "enforcement_level": "non_admins" if checks else "off",
        "contexts": checks,
        "checks": [_check(c) for c in checks],
    }
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{url}/commits/{sha}"},
        "protected": guard is not None,
        "protection": {"enabled": guard is not None, "required_status_checks": required},
        "protection_url": f"{url}/branches/{name}/protection",
    }


def _check(context: str) -> Json:
    return {"context": context, "app_id": None}


def changed_file(w: World, r: Repository, one: tuple[str, str, str], patch: str | None, at: str) -> Json:
    """One file of a diff: (path, status, blob), its hunks, and the commit it is seen at."""
    path, status, sha = one
    lines = (patch or "").splitlines()
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    web = f"{w.web_url}/{r.full_name}"
    told = {
        "sha": sha,
        "filename": path,
        "status": status,
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "blob_url": f"{web}/blob/{at}/{path}",
        "raw_url": f"{web}/raw/{at}/{path}",
        "contents_url": f"{w.url}/repos/{r.full_name}/contents/{path}?ref={at}",
    }
    return told if patch is None else {**told, "patch": patch}


# Issues and pull requests


def label(w: World, r: Repository, one: Label) -> Json:
    return {
        "id": one.id,
        "node_id": node_id("LA", one.id),
        "url": f"{w.url}/repos/{r.full_name}/labels/{one.name}",
        "name": one.name,
        "color": one.color,
        "default": False,
        "description": one.description,
    }


def labels(w: World, r: Repository, issue: Issue) -> list[Json]:
    return [label(w, r, r.labels[name.lower()]) for name in issue.labels]


def association(w: World, r: Repository, account: Account) -> str:
    if account is r.owner:
        return "OWNER"
    if account.kind == "Bot":
        return "CONTRIBUTOR"
    return "MEMBER" if ROLES.get(w.role(r, account) or "", 0) >= ROLES["write"] else "NONE"


def _between(w: World, r: Repository, one: Issue) -> Json:
    """What an issue and a pull request share."""
    people = [user(w, a) for a in one.assignees]
    return {
        "number": one.number,
        "title": one.title,
        "body": one.body,
        "state": one.state,
        "locked": one.locked,
        "user": user(w, one.user),
        "labels": labels(w, r, one),
        "assignee": people[0] if people else None,
        "assignees": people,
        "milestone": None,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "closed_at": when(one.closed_at),
        "author_association": association(w, r, one.user),
        "active_lock_reason": None,
    }


def issue(w: World, r: Repository, one: Issue) -> Json:
    url = f"{w.url}/repos/{r.full_name}"
    mine = f"{url}/issues/{one.number}"
    kind = "pull" if one.pull else "issues"
    told = {
        "id": one.id,
        "node_id": node_id("I", one.id),
        "url": mine,
        "repository_url": url,
        "labels_url": f"{mine}/labels{{/name}}",
        "comments_url": f"{mine}/comments",
        "events_url": f"{mine}/events",
        "timeline_url": f"{mine}/timeline",
        "html_url": f"{w.web_url}/{r.full_name}/{kind}/{one.number}",
        **_between(w, r, one),
        "state_reason": one.state_reason,
        "comments": len(one.comments),
        "closed_by": user(w, one.closed_by) if one.closed_by else None,
        "performed_via_github_app": app(w, one.app) if one.app else None,
        "reactions": reactions(mine, one.reactions),
    }
    return {**told, "pull_request": _as_pull(w, r, one.pull)} if one.pull else told


def _as_pull(w: World, r: Repository, pull: Pull) -> Json:
    url, web = f"{w.url}/repos/{r.full_name}/pulls/{pull.number}", f"{w.web_url}/{r.full_name}/pull/{pull.number}"
    merged = when(pull.merged_at)
    return {"url": url, "html_url": web, "diff_url": f"{web}.diff", "patch_url": f"{web}.patch", "merged_at": merged}


def reactions(url: str, found: list[Reaction]) -> Json:
    kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    counts = {kind: sum(one.content == kind for one in found) for kind in kinds}
    return {"url": f"{url}/reactions", "total_count": len(found), **counts}


def reaction(w: World, one: Reaction) -> Json:
    return {
        "id": one.id,
        "node_id": node_id("REA", one.id),
        "user": user(w, one.user),
        "content": one.content,
        "created_at": stamp(one.created_at),
    }


def comment(w: World, r: Repository, parent: Issue, one: Comment) -> Json:
    url = f"{w.url}/repos/{r.full_name}/issues"
    kind = "pull" if parent.pull else "issues"
    return {
        "id": one.id,
        "node_id": node_id("IC", one.id),
        "url": f"{url}/comments/{one.id}",
        "html_url": f"{w.web_url}/{r.full_name}/{kind}/{parent.number}#issuecomment-{one.id}",
        "issue_url": f"{url}/{parent.number}",
        "body": one.body,
        "user": user(w, one.user),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "author_association": association(w, r, one.user),
        "performed_via_github_app": app(w, one.app) if one.app else None,
        "reactions": reactions(f"{url}/comments/{one.id}", one.reactions),
    }


def _end(w: World, r: Repository, name: str, sha: str) -> Json:
    """The head or the base of a pull request."""
    label = f"{r.owner.login}:{name}"
    return {"label": label, "ref": name, "sha": sha, "user": user(w, r.owner), "repo": full_repository(w, r, None)}


def pull(w: World, r: Repository, one: Pull) -> Json:
    """The form of lists and of webhooks' shorter part."""
    url, web = f"{w.url}/repos/{r.full_name}", f"{w.web_url}/{r.full_name}/pull/{one.number}"
    mine = f"{url}/pulls/{one.number}"
    issues = f"{url}/issues/{one.number}"
    statuses = f"{url}/statuses/{one.head_sha}"
    addresses = {
        "self": mine,
        "html": web,
        "issue": issues,
        "comments": f"{issues}/comments",
        "review_comments": f"{mine}/comments",
        "review_comment": f"{url}/pulls/comments{{/number}}",
        "commits": f"{mine}/commits",
        "statuses": statuses,
    }
    return {
        "id": one.id,
        "node_id": node_id("PR", one.id),
        "url": mine,
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": issues,
        "commits_url": f"{mine}/commits",
        "review_comments_url": f"{mine}/comments",
        "review_comment_url": addresses["review_comment"],
        "comments_url": f"{issues}/comments",
        "statuses_url": statuses,
        **_between(w, r, one.issue),
        "draft": one.draft,
        "head": _end(w, one.head_repository, one.head, one.head_sha),
        "base": _end(w, r, one.base, one.base_sha),
        "merged_at": when(one.merged_at),
        "merge_commit_sha": one.merge_commit_sha,
        "requested_reviewers": [user(w, a) for a in one.reviewers],
        "requested_teams": [team(w, r, name) for name in one.teams],
        "auto_merge": None,
        "_links": {name: {"href": address} for name, address in addresses.items()},
    }


def team(w: World, r: Repository, name: str) -> Json:
    number = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    url = f"{w.url}/organizations/{r.owner.id}/team/{number}"
    return {
        "id": number,
        "node_id": node_id("T", number),
        "name": name,
        "slug": name,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "url": url,
        "html_url": f"{w.web_url}/orgs/{r.owner.login}/teams/{name}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "type": "organization",
        "organization_id": r.owner.id,
        "parent": None,
    }


def review(w: World, r: Repository, pull: Pull, one: Review) -> Json:
    url, web = f"{w.url}/repos/{r.full_name}/pulls/{pull.number}", f"{w.web_url}/{r.full_name}/pull/{pull.number}"
    html = f"{web}#pullrequestreview-{one.id}"
    return {
        "id": one.id,
        "node_id": node_id("PRR", one.id),
        "user": user(w, one.user),
        "body": one.body,
        "state": one.state,
        "html_url": html,
        "pull_request_url": url,
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
        "submitted_at": stamp(one.submitted_at),
        "commit_id": one.commit_id,
        "author_association": association(w, r, one.user),
    }


# Checks, statuses, deployments, releases


def minimal_pull(w: World, r: Repository, one: Pull) -> Json:
    def end(repo: Repository, name: str, sha: str) -> Json:
        inside = {"id": repo.id, "url": f"{w.url}/repos/{repo.full_name}", "name": repo.name}
        return {"ref": name, "sha": sha, "repo": inside}

    return {
        "id": one.id,
        "number": one.number,
        "url": f"{w.url}/repos/{r.full_name}/pulls/{one.number}",
        "head": end(one.head_repository, one.head, one.head_sha),
        "base": end(r, one.base, one.base_sha),
    }


def pulls_at(w: World, r: Repository, sha: str) -> list[Json]:
    return [minimal_pull(w, r, p) for p in r.pulls if p.open and p.head_sha == sha]


def check_run(w: World, r: Repository, one: CheckRun) -> Json:
    url, web = f"{w.url}/repos/{r.full_name}/check-runs/{one.id}", f"{w.web_url}/{r.full_name}/runs/{one.id}"
    output = {name: one.output.get(name) for name in ("title", "summary", "text")}
    return {
        "id": one.id,
        "name": one.name,
        "node_id": node_id("CR", one.id),
        "head_sha": one.head_sha,
        "external_id": one.external_id,
        "url": url,
        "html_url": web,
        "details_url": one.details_url or web,
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": stamp(one.started_at),
        "completed_at": when(one.completed_at),
        "output": {**output, "annotations_count": 0, "annotations_url": f"{url}/annotations"},
        "check_suite": {"id": one.suite.id},
        "app": app(w, one.suite.app),
        "pull_requests": pulls_at(w, r, one.head_sha),
    }


def suite_state(r: Repository, one: CheckSuite) -> tuple[str, str | None]:
    """Status and conclusion of a suite, from its runs."""
    runs = [run for run in r.check_runs if run.suite is one]
    if not runs:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return "in_progress", None
    worst = (
        "action_required",
        "timed_out",
        "cancelled",
        "failure",
        "startup_failure",
        "stale",
        "success",
        "skipped",
        "neutral",
    )
    return "completed", min((run.conclusion or "neutral" for run in runs), key=worst.index)


def check_suite(w: World, r: Repository, one: CheckSuite) -> Json:
    status, conclusion = suite_state(r, one)
    url = f"{w.url}/repos/{r.full_name}/check-suites/{one.id}"
    head = r.git.known_commit(one.head_sha)
    return {
        "id": one.id,
        "node_id": node_id("CS", one.id),
        "head_branch": one.head_branch,
        "head_sha": one.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": url,
        "before": head.parents[0] if head.parents else None,
        "after": one.head_sha,
        "pull_requests": pulls_at(w, r, one.head_sha),
        "app": app(w, one.app),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": sum(run.suite is one for run in r.check_runs),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": simple_commit(head),
        "repository": repository(w, r),
    }


def simple_commit(one: Commit) -> Json:
    return {
        "id": one.sha,
        "tree_id": one.tree,
        "message": one.message,
        "timestamp": stamp(one.committer.at),
        "author": {"name": one.author.name, "email": one.author.email},
        "committer": {"name": one.committer.name, "email": one.committer.email},
    }


def status(w: World, r: Repository, one: CommitStatus) -> Json:
    return {
        "id": one.id,
        "node_id": node_id("SC", one.id),
        "url": f"{w.url}/repos/{r.full_name}/statuses/{one.sha}",
        "avatar_url": f"{w.web_url}/avatars/{one.creator.id}",
        "state": one.state,
        "description": one.description,
        "target_url": one.target_url,
        "context": one.context,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "creator": user(w, one.creator),
    }


def deployment(w: World, r: Repository, one: Deployment) -> Json:
    url = f"{w.url}/repos/{r.full_name}"
    return {
        "id": one.id,
        "node_id": node_id("DE", one.id),
        "url": f"{url}/deployments/{one.id}",
        "sha": one.sha,
        "ref": one.ref,
        "task": one.task,
        "payload": one.payload,
        "original_environment": one.original_environment,
        "environment": one.environment,
        "description": one.description,
        "creator": user(w, one.creator),
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "statuses_url": f"{url}/deployments/{one.id}/statuses",
        "repository_url": url,
        "transient_environment": one.transient,
        "production_environment": one.production,
    }


def deployment_status(w: World, r: Repository, parent: Deployment, one: DeploymentStatus) -> Json:
    url = f"{w.url}/repos/{r.full_name}"
    mine = f"{url}/deployments/{parent.id}"
    return {
        "id": one.id,
        "node_id": node_id("DES", one.id),
        "url": f"{mine}/statuses/{one.id}",
        "state": one.state,
        "creator": user(w, one.creator),
        "description": one.description,
        "environment": one.environment,
        "target_url": one.target_url,
        "log_url": one.log_url,
        "environment_url": one.environment_url,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "deployment_url": mine,
        "repository_url": url,
    }


def release(w: World, r: Repository, one: Release) -> Json:
    url, web = f"{w.url}/repos/{r.full_name}", f"{w.web_url}/{r.full_name}"
    mine = f"{url}/releases/{one.id}"
    return {
        "id": one.id,
        "node_id": node_id("RE", one.id),
        "url": mine,
        "html_url": f"{web}/releases/tag/{one.tag}",
        "assets_url": f"{mine}/assets",
        "upload_url": f"{mine}/assets{{?name,label}}",
        "tarball_url": f"{url}/tarball/{one.tag}",
        "zipball_url": f"{url}/zipball/{one.tag}",
        "tag_name": one.tag,
        "target_commitish": one.target,
        "name": one.name,
        "body": one.body,
        "draft": one.draft,
        "prerelease": one.prerelease,
        "immutable": False,
        "updated_at": stamp(one.published_at or one.created_at),
        "created_at": stamp(one.created_at),
        "published_at": when(one.published_at),
        "author": user(w, one.author),
        "assets": [],
    }
