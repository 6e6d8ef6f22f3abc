"""GitHub's nouns as GraphQL tells them: mappings whose callables are resolved when asked for."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.fakes.github import auth, rules, shapes
from tests.fakes.github.auth import Caller
from tests.fakes.github.clock import read, stamp
from tests.fakes.github.errors import ApiError, unprocessable
from tests.fakes.github.gitrepo import FOLDER, Commit, Entry, Signature
from tests.fakes.github.limits import Limits
from tests.fakes.github.records import (
    Account,
    CheckRun,
    Comment,
    CommitStatus,
    Deployment,
    Happened,
    Issue,
    Json,
    Pull,
    QueueEntry,
    Release,
    Repository,
    Review,
    node_id,
)
from tests.fakes.github.world import World

Node = dict[str, Any]
ROLLUP = {"success": "SUCCESS", "pending": "PENDING", "failure": "FAILURE"}
LARGEST_PAGE = 100


@dataclass
class Context:
    """What resolvers are given: the world and who asks."""

    w: World
    limits: Limits
    caller: Caller
    cost: int = 1

    def demand(self, r: Repository, *needs: str) -> None:
        auth.demand(self.w, self.caller, r, needs)


def lazily(make: Callable[[], Any]) -> Callable[..., Any]:
    """A field without arguments that is worked out only when asked for."""
    return lambda _info, **_arguments: make()


def connection(items: Iterable[Any], shape: Callable[[Any], Any], arguments: Json) -> Node:
    """A page of a list by ``first``/``after`` or ``last``/``before``."""
    whole = list(items)
    first, last = arguments.get("first"), arguments.get("last")
    size = first if first is not None else last
    if size is None:
        raise unprocessable("You must provide a `first` or `last` value to properly paginate the connection.")
    if not 0 <= size <= LARGEST_PAGE:
        raise unprocessable(
            f"Requesting {size} records on the connection exceeds the `first` limit of {LARGEST_PAGE} records."
        )
    start = _position(arguments["after"]) if arguments.get("after") else 0
    end = _position(arguments["before"]) - 1 if arguments.get("before") else len(whole)
    start, end = (start, min(end, start + size)) if first is not None else (max(start, end - size), end)
    nodes = [shape(one) for one in whole[start:end]]
    return {
        "nodes": nodes,
        "edges": [{"node": node, "cursor": _cursor(start + i)} for i, node in enumerate(nodes)],
        "totalCount": len(whole),
        "pageInfo": {
            "hasNextPage": end < len(whole),
            "hasPreviousPage": start > 0,
            "startCursor": _cursor(start) if nodes else None,
            "endCursor": _cursor(end - 1) if nodes else None,
        },
    }


def _cursor(index: int) -> str:
    return base64.b64encode(f"cursor:{index + 1}".encode()).decode()


def _position(cursor: str) -> int:
    """How many items stand up to and with a cursor; raises 422."""
    try:
        return int(base64.b64decode(cursor).decode().partition(":")[2])
    except ValueError:
        raise unprocessable(f"`{cursor}` does not appear to be a valid cursor.") from None


def actor(c: Context, account: Account) -> Node:
    url = f"{c.w.web_url}/{account.login}"
    return {
        "__typename": account.kind,
        "id": account.node_id,
        "databaseId": account.id,
        # GraphQL names a bot without the suffix that REST gives it.
        "login": account.login.removesuffix("[bot]"),
        "name": account.login,
        "url": url,
        "resourcePath": f"/{account.login}",
        "avatarUrl": lambda _info, **_: f"{c.w.web_url}/avatars/{account.id}",
    }


# Repositories


def repository(c: Context, r: Repository) -> Node:
    c.demand(r, "metadata:read")
    return {**_plain_repository(c, r), **_git_of(c, r), **_lists_of(c, r)}


def _plain_repository(c: Context, r: Repository) -> Node:
    viewer = c.caller.token.user if c.caller.token else None
    role = c.w.role(r, viewer) if viewer else None
    return {
        "__typename": "Repository",
        "id": r.node_id,
        "databaseId": r.id,
        "name": r.name,
        "nameWithOwner": r.full_name,
        "owner": actor(c, r.owner),
        "description": r.description,
        "url": f"{c.w.web_url}/{r.full_name}",
        "isPrivate": r.private,
        "visibility": "PRIVATE" if r.private else "PUBLIC",
        "isArchived": r.archived,
        "isDisabled": r.disabled,
        "isFork": r.fork,
        "isTemplate": False,
        "isEmpty": lazily(lambda: not r.branches()),
        "isLocked": False,
        "hasIssuesEnabled": r.has_issues,
        "createdAt": stamp(r.created_at),
        "updatedAt": stamp(r.updated_at),
        "pushedAt": stamp(r.pushed_at),
        "mergeCommitAllowed": r.allow_merge_commit,
        "squashMergeAllowed": r.allow_squash_merge,
        "rebaseMergeAllowed": r.allow_rebase_merge,
        "autoMergeAllowed": r.allow_auto_merge,
        "deleteBranchOnMerge": r.delete_branch_on_merge,
        "viewerPermission": role.upper() if role else None,
        "parent": lazily(lambda: repository(c, r.parent) if r.parent else None),
    }


def _git_of(c: Context, r: Repository) -> Node:
    def ref(_info: Any, qualifiedName: str) -> Node | None:  # noqa: N803 - GraphQL's own argument name
        c.demand(r, "contents:read")
        full = qualifiedName if qualifiedName.startswith("refs/") else f"refs/heads/{qualifiedName}"
        return ref_node(c, r, full)

    def refs(_info: Any, refPrefix: str, query: str | None = None, **arguments: Any) -> Node:  # noqa: N803 - as above
        c.demand(r, "contents:read")
        names = [name for name in r.git.refs(refPrefix) if not query or query in name]
        return connection(names, lambda name: ref_node(c, r, name), arguments)

    def git_object(_info: Any, expression: str | None = None, oid: str | None = None) -> Node | None:
        c.demand(r, "contents:read")
        sha = oid or _meant(r, expression or "")
        return any_object(c, r, sha) if sha else None

    default = f"refs/heads/{r.default_branch}"
    return {"ref": ref, "refs": refs, "object": git_object, "defaultBranchRef": lazily(lambda: ref_node(c, r, default))}


def _meant(r: Repository, expression: str) -> str | None:
    """The object of a revision as git parses it: ``name`` or ``name:path``."""
    name, colon, path = expression.partition(":")
    commit = r.git.resolve(name)
    if not colon:
        return commit or (name if r.git.read(name) else None)
    tree = r.git.known_commit(commit).tree if commit else (name if r.git.tree(name) is not None else None)
    entry = r.git.entry(tree, path) if tree else None
    return entry.sha if entry else None


def _lists_of(c: Context, r: Repository) -> Node:
    def pull_request(_info: Any, number: int) -> Node:
        c.demand(r, "pull_requests:read")
        found = r.pull(number)
        if found is None:
            raise ApiError(404, f"Could not resolve to a PullRequest with the number of {number}.", kind="NOT_FOUND")
        return pull(c, r, found)

    def issue_(_info: Any, number: int) -> Node:
        c.demand(r, "issues:read")
        found = r.issues.get(number)
        if found is None or found.pull:
            raise ApiError(404, f"Could not resolve to an Issue with the number of {number}.", kind="NOT_FOUND")
        return issue(c, r, found)

    def release_(_info: Any, tagName: str) -> Node | None:  # noqa: N803 - GraphQL's own argument name
        return next((release(c, r, one) for one in r.releases if one.tag == tagName), None)

    def releases(_info: Any, **arguments: Any) -> Node:
        return connection(_ordered(r.releases, arguments), lambda one: release(c, r, one), arguments)

    def deployments(_info: Any, environments: list[str] | None = None, **arguments: Any) -> Node:
        c.demand(r, "deployments:read")
        found = [one for one in r.deployments if not environments or one.environment in environments]
        return connection(_ordered(found, arguments), lambda one: deployment(c, r, one), arguments)

    return {
        "pullRequest": pull_request,
        "pullRequests": lambda _info, **arguments: _pulls(c, r, arguments),
        "issue": issue_,
        "issues": lambda _info, **arguments: _issues(c, r, arguments),
        "label": lambda _info, name: label(r, name) if name.lower() in r.labels else None,
        "labels": lambda _info, **arguments: connection(r.labels, lambda name: label(r, name), arguments),
        "release": release_,
        "releases": releases,
        "latestRelease": lazily(lambda: release(c, r, r.releases[-1]) if r.releases else None),
        "deployments": deployments,
        "repositoryTopics": lambda _info, **arguments: connection(r.topics, _topic, arguments),
    }


def _topic(name: str) -> Node:
    return {"__typename": "RepositoryTopic", "topic": {"__typename": "Topic", "name": name}}


def _ordered(items: list[Any], arguments: Json) -> list[Any]:
    order = arguments.get("orderBy") or {}
    return list(reversed(items)) if order.get("direction") == "DESC" else list(items)


def _pulls(c: Context, r: Repository, arguments: Json) -> Node:
    c.demand(r, "pull_requests:read")
    states, head, base = arguments.get("states"), arguments.get("headRefName"), arguments.get("baseRefName")
    labels = arguments.get("labels")
    found = [
        p
        for p in r.pulls
        if (not states or pull_state(p) in states)
        and head in {None, p.head}
        and base in {None, p.base}
        and (not labels or set(labels) & set(p.issue.labels))
    ]
    order = arguments.get("orderBy") or {}
    if order.get("field") == "UPDATED_AT":
        found.sort(key=lambda p: (p.issue.updated_at, p.number))
    return connection(_ordered(found, arguments), lambda p: pull(c, r, p), arguments)


def _issues(c: Context, r: Repository, arguments: Json) -> Node:
    c.demand(r, "issues:read")
    states = arguments.get("states")
    labels, creator = arguments.get("labels"), (arguments.get("filterBy") or {}).get("createdBy")
    found = [
        one
        for one in r.issues.values()
        if not one.pull
        and (not states or one.state.upper() in states)
        and (not labels or set(labels) & set(one.labels))
        and creator in {None, one.user.login}
    ]
    return connection(_ordered(found, arguments), lambda one: issue(c, r, one), arguments)


# Git


def ref_node(c: Context, r: Repository, name: str) -> Node | None:
    sha = r.git.ref(name)
    if sha is None:
        return None
    prefix = "/".join(name.split("/")[:2]) + "/"
    branch = name.removeprefix("refs/heads/")
    return {
        "__typename": "Ref",
        "id": node_id("REF", f"{r.id}:{name}"),
        "name": name.removeprefix(prefix),
        "prefix": prefix,
        "target": lazily(lambda: any_object(c, r, sha)),
        "repository": lazily(lambda: repository(c, r)),
        "branchProtectionRule": lazily(lambda: _protection(r, branch)),
        "associatedPullRequests": lambda _info, **arguments: _pulls(c, r, {**arguments, "headRefName": branch}),
    }


def _protection(r: Repository, branch: str) -> Node | None:
    guard = r.protections.get(branch)
    if guard is None:
        return None
    return {
        "__typename": "BranchProtectionRule",
        "pattern": branch,
        "requiresStatusChecks": bool(guard.checks),
        "requiresStrictStatusChecks": guard.strict,
        "requiredStatusCheckContexts": guard.checks,
        "requiresApprovingReviews": guard.reviews > 0,
        "requiredApprovingReviewCount": guard.reviews,
    }


def any_object(c: Context, r: Repository, sha: str) -> Node | None:
    """A blob, a tree, a commit or a tag, by id."""
    found = r.git.read(sha)
    if found is None:
        return None
    kind, data = found
    if kind == "commit":
        return commit(c, r, r.git.known_commit(sha))
    plain = {
        "__typename": kind.capitalize(),
        "oid": sha,
        "abbreviatedOid": sha[:7],
        "id": node_id(kind[0].upper(), f"{r.id}:{sha}"),
    }
    if kind == "blob":
        return {**plain, **blob(c, data)}
    if kind == "tree":
        return {**plain, "entries": lazily(lambda: [_entry(c, r, n, e) for n, e in (r.git.tree(sha) or {}).items()])}
    target = r.git.peel(sha)
    return {**plain, "target": lazily(lambda: any_object(c, r, str(target)))}


def blob(c: Context, data: bytes) -> Node:
    """``text`` is cut at 512,000 bytes, and None for what is binary."""
    binary = b"\0" in data[:8000]
    limit = c.w.settings.blob_text
    text = None if binary else data[:limit].decode("utf-8", errors="ignore" if len(data) > limit else "replace")
    return {"byteSize": len(data), "isBinary": binary, "isTruncated": not binary and len(data) > limit, "text": text}


def _entry(c: Context, r: Repository, name: str, entry: Entry) -> Node:
    return {
        "__typename": "TreeEntry",
        "name": name,
        "path": name,
        "oid": entry.sha,
        "mode": int(entry.mode, 8),
        "type": entry.kind,
        "extension": f".{name.rpartition('.')[2]}" if "." in name else "",
        "size": lazily(lambda: len(r.git.blob(entry.sha) or b"") if entry.mode != FOLDER else 0),
        "object": lazily(lambda: any_object(c, r, entry.sha)),
    }


def commit(c: Context, r: Repository, one: Commit) -> Node:
    head, _, body = one.message.partition("\n")

    def history(_info: Any, path: str | None = None, since: str | None = None, **arguments: Any) -> Node:
        found = [x for x in r.git.log(one.sha) if since is None or x.committer.at >= read(since)]
        if path:
            found = [x for x in found if _touched(r, x, path)]
        return connection(found, lambda x: commit(c, r, x), arguments)

    return {
        "__typename": "Commit",
        "id": node_id("C", f"{r.id}:{one.sha}"),
        "oid": one.sha,
        "abbreviatedOid": one.sha[:7],
        "message": one.message,
        "messageHeadline": head,
        "messageBody": body.strip(),
        "committedDate": stamp(one.committer.at),
        "authoredDate": stamp(one.author.at),
        "url": f"{c.w.web_url}/{r.full_name}/commit/{one.sha}",
        "commitUrl": f"{c.w.web_url}/{r.full_name}/commit/{one.sha}",
        "author": _git_actor(c, one.author),
        "committer": _git_actor(c, one.committer),
        "tree": lazily(lambda: any_object(c, r, one.tree)),
        "parents": lambda _info, **a: connection(one.parents, lambda sha: commit(c, r, r.git.known_commit(sha)), a),
        "history": history,
        "file": lambda _info, path: _file(c, r, one, path),
        "signature": {"__typename": "GpgSignature", "isValid": True, "state": "VALID"} if one.sha in r.signed else None,
        "repository": lazily(lambda: repository(c, r)),
        **_checks_of(c, r, one.sha),
        "associatedPullRequests": lambda _info, **a: _pulls_with(c, r, one.sha, a),
        "deployments": lambda _info, **a: connection(
            [d for d in r.deployments if d.sha == one.sha], lambda d: deployment(c, r, d), a
        ),
    }


def _touched(r: Repository, one: Commit, path: str) -> bool:
    before = r.git.commit(one.parents[0]) if one.parents else None
    return r.git.entry(one.tree, path) != (r.git.entry(before.tree, path) if before else None)


def _file(c: Context, r: Repository, one: Commit, path: str) -> Node | None:
    entry = r.git.entry(one.tree, path)
    return {**_entry(c, r, path.rpartition("/")[2], entry), "path": path} if entry else None


def _git_actor(c: Context, who: Signature) -> Node:
    found = next((a for a in c.w.accounts.values() if a.email == who.email), None)
    person = actor(c, found) if found and found.kind == "User" else None
    return {"__typename": "GitActor", "name": who.name, "email": who.email, "date": stamp(who.at), "user": person}


def _pulls_with(c: Context, r: Repository, sha: str, arguments: Json) -> Node:
    found = [p for p in r.pulls if sha == p.merge_commit_sha or sha in rules.commits_of(r, p)]
    return connection(found, lambda p: pull(c, r, p), arguments)


# Checks


def _checks_of(c: Context, r: Repository, sha: str) -> Node:
    def rollup() -> Node | None:
        states = rules.checks_at(r, sha)
        if not states:
            return None
        worst = next((one for one in ("failure", "pending") if one in states.values()), "success")
        return {
            "__typename": "StatusCheckRollup",
            "state": ROLLUP[worst],
            "contexts": lambda _info, **a: connection(_contexts(r, sha), lambda one: _context(c, r, one), a),
        }

    def suites(_info: Any, **arguments: Any) -> Node:
        c.demand(r, "checks:read")
        return connection([s for s in r.check_suites if s.head_sha == sha], lambda s: _suite(c, r, s), arguments)

    return {"statusCheckRollup": lazily(rollup), "status": lazily(lambda: _status(c, r, sha)), "checkSuites": suites}


def _contexts(r: Repository, sha: str) -> list[CheckRun | CommitStatus]:
    runs = {(run.suite.id, run.name): run for run in r.check_runs if run.head_sha == sha}
    states = {one.context: one for one in r.statuses if one.sha == sha}
    return [*runs.values(), *states.values()]


def _context(c: Context, r: Repository, one: CheckRun | CommitStatus) -> Node:
    return check_run(c, r, one) if isinstance(one, CheckRun) else status_context(c, one)


def check_run(c: Context, r: Repository, one: CheckRun) -> Node:
    needed = lambda _info, **_: one.name in rules.required(r, r.default_branch).checks  # noqa: E731 - a field in place
    return {
        "__typename": "CheckRun",
        "id": node_id("CR", one.id),
        "databaseId": one.id,
        "name": one.name,
        "status": one.status.upper(),
        "conclusion": one.conclusion.upper() if one.conclusion else None,
        "startedAt": stamp(one.started_at),
        "completedAt": shapes.when(one.completed_at),
        "detailsUrl": one.details_url,
        "summary": one.output.get("summary"),
        "title": one.output.get("title"),
        "isRequired": needed,
        "checkSuite": lazily(lambda: _suite(c, r, one.suite)),
    }


def _suite(c: Context, r: Repository, one: Any) -> Node:
    status, conclusion = shapes.suite_state(r, one)
    runs = [run for run in r.check_runs if run.suite is one]
    return {
        "__typename": "CheckSuite",
        "id": node_id("CS", one.id),
        "databaseId": one.id,
        "status": status.upper(),
        "conclusion": conclusion.upper() if conclusion else None,
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "app": {
            "__typename": "App",
            "id": node_id("A", one.app.id),
            "databaseId": one.app.id,
            "slug": one.app.slug,
            "name": one.app.slug,
        },
        "checkRuns": lambda _info, **a: connection(runs, lambda run: check_run(c, r, run), a),
    }


def status_context(c: Context, one: CommitStatus) -> Node:
    return {
        "__typename": "StatusContext",
        "id": node_id("SC", one.id),
        "context": one.context,
        "state": one.state.upper(),
        "description": one.description,
        "targetUrl": one.target_url,
        "createdAt": stamp(one.created_at),
        "creator": actor(c, one.creator),
    }


def _status(c: Context, r: Repository, sha: str) -> Node | None:
    found = list({one.context: one for one in r.statuses if one.sha == sha}.values())
    if not found:
        return None
    states = [one.state for one in found]
    worst = next((s for s in ("error", "failure", "pending") if s in states), "success")
    return {"__typename": "Status", "state": worst.upper(), "contexts": [status_context(c, one) for one in found]}


# Issues and pull requests


def label(r: Repository, name: str) -> Node:
    one = r.labels[name.lower()]
    told = {"__typename": "Label", "id": node_id("LA", one.id), "name": one.name, "color": one.color}
    return {**told, "description": one.description}


def _shared(c: Context, r: Repository, one: Issue) -> Node:
    kind = "pull" if one.pull else "issues"
    return {
        "databaseId": one.pull.id if one.pull else one.id,
        "fullDatabaseId": str(one.pull.id if one.pull else one.id),
        "viewerDidAuthor": _is_viewer(c, one.user),
        "number": one.number,
        "title": one.title,
        "body": one.body or "",
        "closed": one.state == "closed",
        "closedAt": shapes.when(one.closed_at),
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "locked": one.locked,
        "url": f"{c.w.web_url}/{r.full_name}/{kind}/{one.number}",
        "author": actor(c, one.user),
        "authorAssociation": shapes.association(c.w, r, one.user),
        "repository": lazily(lambda: repository(c, r)),
        "labels": lambda _info, **a: connection(one.labels, lambda name: label(r, name), a),
        "assignees": lambda _info, **a: connection(one.assignees, lambda x: actor(c, x), a),
        "comments": lambda _info, **a: connection(one.comments, lambda x: comment(c, r, one, x), a),
    }


def issue(c: Context, r: Repository, one: Issue) -> Node:
    reason = (one.state_reason or "").upper() or None
    told = {
        "__typename": "Issue",
        "id": node_id("I", one.id),
        "state": one.state.upper(),
        "stateReason": lazily(lambda: reason),
    }
    return {**told, **_shared(c, r, one)}


def comment(c: Context, r: Repository, parent: Issue, one: Comment) -> Node:
    return {
        "__typename": "IssueComment",
        "id": node_id("IC", one.id),
        # An Int, which ids of comments have long outgrown.
        "databaseId": one.id if one.id < 2**31 else None,
        "fullDatabaseId": str(one.id),
        "reactionGroups": lazily(lambda: _reactions(c, one)),
        "body": one.body,
        "author": actor(c, one.user),
        "authorAssociation": shapes.association(c.w, r, one.user),
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "isMinimized": one.minimized is not None,
        "minimizedReason": one.minimized,
        "viewerDidAuthor": _is_viewer(c, one.user),
        "url": f"{c.w.web_url}/{r.full_name}/issues/{parent.number}#issuecomment-{one.id}",
        "repository": lazily(lambda: repository(c, r)),
    }


REACTIONS = {
    "+1": "THUMBS_UP",
    "-1": "THUMBS_DOWN",
    "laugh": "LAUGH",
    "hooray": "HOORAY",
    "confused": "CONFUSED",
    "heart": "HEART",
    "rocket": "ROCKET",
    "eyes": "EYES",
}


def _reactions(c: Context, one: Comment) -> list[Node]:
    """One group for each way to react, also where nobody did."""
    return [
        {
            "__typename": "ReactionGroup",
            "content": name,
            "viewerHasReacted": any(_is_viewer(c, r.user) for r in one.reactions if r.content == content),
        }
        for content, name in REACTIONS.items()
    ]


def _is_viewer(c: Context, account: Account) -> bool:
    return c.caller.token is not None and c.caller.token.user is account


def pull_state(p: Pull) -> str:
    return "MERGED" if p.merged_at else p.issue.state.upper()


def pull(c: Context, r: Repository, p: Pull) -> Node:
    return {**_shared(c, r, p.issue), **_plain_pull(c, r, p), **_ends_of(c, r, p), **_lists_of_pull(c, r, p)}


def _plain_pull(c: Context, r: Repository, p: Pull) -> Node:
    app = c.caller.installation.app if c.caller.installation else None

    def mergeable() -> str:
        found = rules.mergeability(c.w, r, p, app)[0]
        return "UNKNOWN" if found is None else "MERGEABLE" if found else "CONFLICTING"

    def state() -> str:
        return rules.mergeability(c.w, r, p, app)[1].upper()

    def decision() -> str | None:
        approved, refused = rules.approvals(c.w, r, p)
        needed = rules.required(r, p.base).reviews
        if refused:
            return "CHANGES_REQUESTED"
        return None if not needed else "APPROVED" if approved >= needed else "REVIEW_REQUIRED"

    entry = next((one for one in r.queue if one.pull is p), None)
    return {
        "__typename": "PullRequest",
        "id": node_id("PR", p.id),
        "state": pull_state(p),
        "isDraft": p.draft,
        "merged": p.merged_at is not None,
        "mergedAt": shapes.when(p.merged_at),
        "mergedBy": actor(c, p.merged_by) if p.merged_by else None,
        "mergeCommit": lazily(lambda: any_object(c, r, p.merge_commit_sha) if p.merge_commit_sha else None),
        "mergeable": lazily(mergeable),
        "mergeStateStatus": lazily(state),
        "reviewDecision": lazily(decision),
        "autoMergeRequest": None,
        "isInMergeQueue": entry is not None,
        "mergeQueueEntry": queue_entry(c, r, entry) if entry else None,
        "maintainerCanModify": p.maintainer_can_modify,
    }


def _ends_of(c: Context, r: Repository, p: Pull) -> Node:
    source = p.head_repository
    return {
        "headRefName": p.head,
        "headRefOid": p.head_sha,
        "headRef": lazily(lambda: ref_node(c, source, f"refs/heads/{p.head}")),
        "headRepository": lazily(lambda: repository(c, source)),
        "headRepositoryOwner": actor(c, source.owner),
        "isCrossRepository": source is not r,
        "baseRefName": p.base,
        "baseRefOid": p.base_sha,
        "baseRef": lazily(lambda: ref_node(c, r, f"refs/heads/{p.base}")),
        "baseRepository": lazily(lambda: repository(c, r)),
    }


def _lists_of_pull(c: Context, r: Repository, p: Pull) -> Node:
    def commits(_info: Any, **arguments: Any) -> Node:
        return connection(rules.commits_of(r, p), lambda sha: _pull_commit(c, r, p, sha), arguments)

    def reviews(_info: Any, states: list[str] | None = None, **arguments: Any) -> Node:
        found = [one for one in p.reviews if not states or one.state in states]
        return connection(found, lambda one: review(c, one), arguments)

    def latest(_info: Any, **arguments: Any) -> Node:
        found = {one.user.login: one for one in p.reviews}
        return connection(found.values(), lambda one: review(c, one), arguments)

    def files() -> list[Json]:
        return rules.files_of(c.w, r, p)

    def total(name: str) -> Callable[..., Any]:
        return lazily(lambda: sum(one[name] for one in files()))

    return {
        "timelineItems": lambda _info, **arguments: _timeline(c, p, arguments),
        "commits": commits,
        "reviews": reviews,
        "latestReviews": latest,
        "files": lambda _info, **a: connection(files(), _changed, a),
        "changedFiles": lazily(lambda: len(files())),
        "additions": total("additions"),
        "deletions": total("deletions"),
        "statusCheckRollup": _checks_of(c, r, p.head_sha)["statusCheckRollup"],
        "reviewRequests": lambda _info, **a: connection(p.reviewers, lambda x: {"requestedReviewer": actor(c, x)}, a),
    }


def _timeline(c: Context, p: Pull, arguments: Json) -> Node:
    """The events of a pull request's time line that the bot asks for: labels, assignees, reviewers, who closed it."""
    happened = list(p.issue.events)
    if p.issue.closed_by:
        happened.append(Happened("ClosedEvent", p.issue.closed_by))
    wanted = {name.replace("_", "").lower() for name in arguments.get("itemTypes") or ()}
    found = [one for one in happened if not wanted or one.kind.lower() in wanted]
    return connection(found, lambda one: _event(c, one), arguments)


def _event(c: Context, one: Happened) -> Node:
    told: Node = {"__typename": one.kind, "actor": actor(c, one.by)}
    if isinstance(one.to, Account):
        return {**told, "assignee": actor(c, one.to), "requestedReviewer": actor(c, one.to)}
    return {**told, "requestedReviewer": {"__typename": "Team", "slug": one.to, "name": one.to}}


def _changed(one: Json) -> Node:
    kind = "DELETED" if one["status"] == "removed" else one["status"].upper()
    told = {name: one[name] for name in ("additions", "deletions")}
    return {"__typename": "PullRequestChangedFile", "path": one["filename"], "changeType": kind, **told}


def _pull_commit(c: Context, r: Repository, p: Pull, sha: str) -> Node:
    inner = lazily(lambda: commit(c, r, r.git.known_commit(sha)))
    return {"__typename": "PullRequestCommit", "id": node_id("PURC", f"{p.id}:{sha}"), "commit": inner}


def review(c: Context, one: Review) -> Node:
    return {
        "__typename": "PullRequestReview",
        "id": node_id("PRR", one.id),
        "databaseId": one.id,
        "state": one.state,
        "body": one.body,
        "author": actor(c, one.user),
        "submittedAt": stamp(one.submitted_at),
        "commit": {"__typename": "Commit", "oid": one.commit_id},
    }


def queue_entry(c: Context, r: Repository, one: QueueEntry) -> Node:
    return {
        "__typename": "MergeQueueEntry",
        "id": node_id("MQE", one.id),
        "position": r.queue.index(one) + 1 if one in r.queue else 0,
        "state": "AWAITING_CHECKS",
        "enqueuedAt": stamp(one.enqueued_at),
        "enqueuer": actor(c, one.user),
        "jump": False,
        "solo": False,
        "headCommit": lazily(lambda: any_object(c, r, one.group_sha)),
        "baseCommit": lazily(lambda: any_object(c, r, r.git.known_commit(one.group_sha).parents[0])),
        "pullRequest": lazily(lambda: pull(c, r, one.pull)),
    }


def release(c: Context, r: Repository, one: Release) -> Node:
    return {
        "__typename": "Release",
        "id": node_id("RE", one.id),
        "databaseId": one.id,
        "tagName": one.tag,
        "name": one.name,
        "description": one.body,
        "isDraft": one.draft,
        "isPrerelease": one.prerelease,
        "isLatest": bool(r.releases) and r.releases[-1] is one,
        "createdAt": stamp(one.created_at),
        "publishedAt": shapes.when(one.published_at),
        "url": f"{c.w.web_url}/{r.full_name}/releases/tag/{one.tag}",
        "author": actor(c, one.author),
        "tagCommit": lazily(lambda: any_object(c, r, r.git.resolve(one.tag) or "")),
    }


def deployment(c: Context, r: Repository, one: Deployment) -> Node:
    def statuses(_info: Any, **arguments: Any) -> Node:
        return connection(list(reversed(one.statuses)), lambda s: _deployment_status(c, s), arguments)

    last = one.statuses[-1] if one.statuses else None
    states = {"success": "ACTIVE", "queued": "QUEUED", "pending": "PENDING", "in_progress": "IN_PROGRESS"}
    return {
        "__typename": "Deployment",
        "id": node_id("DE", one.id),
        "databaseId": one.id,
        "environment": one.environment,
        "originalEnvironment": one.original_environment,
        "latestEnvironment": one.environment,
        "task": one.task,
        "description": one.description,
        "commitOid": one.sha,
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "state": states.get(last.state, last.state.upper()) if last else "PENDING",
        "commit": lazily(lambda: any_object(c, r, one.sha)),
        "creator": actor(c, one.creator),
        "latestStatus": _deployment_status(c, last) if last else None,
        "statuses": statuses,
    }


def _deployment_status(c: Context, one: Any) -> Node:
    return {
        "__typename": "DeploymentStatus",
        "id": node_id("DES", one.id),
        "state": one.state.upper(),
        "description": one.description,
        "environment": one.environment,
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.created_at),
        "logUrl": one.log_url or None,
        "creator": actor(c, one.creator),
    }


# Anything by its id


def by_id(c: Context, kind: str, key: str) -> Node | None:
    """The node that an opaque id means, None where there is none or it can't be seen."""
    try:
        if kind == "R":
            return repository(c, c.w.repositories[int(key)])
        if kind in {"U", "O", "BOT"}:
            return actor(c, next(a for a in c.w.accounts.values() if a.id == int(key)))
        return _inside(c, kind, key)
    except (KeyError, ValueError, StopIteration):
        return None
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _inside(c: Context, kind: str, key: str) -> Node | None:
    if kind in {"REF", "C", "B", "T"}:
        number, _, rest = key.partition(":")
        r = c.w.repositories[int(number)]
        c.demand(r, "contents:read")
        return ref_node(c, r, rest) if kind == "REF" else any_object(c, r, rest)
    for r in c.w.live_repositories():
        found = _numbered(c, r, kind, int(key))
        if found is not None:
            return found
    return None


def _numbered(c: Context, r: Repository, kind: str, number: int) -> Node | None:
    if kind == "PR":
        pulls = [p for p in r.pulls if p.id == number and auth.sees(c.w, c.caller, r)]
        return pull(c, r, pulls[0]) if pulls else None
    for one in r.issues.values():
        if kind == "I" and one.id == number and auth.sees(c.w, c.caller, r):
            return issue(c, r, one)
        for said in one.comments:
            if kind == "IC" and said.id == number and auth.sees(c.w, c.caller, r):
                return comment(c, r, one, said)
    return None
