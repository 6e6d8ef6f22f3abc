"""What people and Apps do on GitHub besides moving refs: issues, pull requests, checks, deployments."""

from __future__ import annotations

from typing import Any

from tests.fakes.github import events, refs, rules, shapes
from tests.fakes.github.errors import ApiError, conflict, forbidden, invalid, not_allowed, not_found, unprocessable
from tests.fakes.github.gitrepo import Commit
from tests.fakes.github.records import (
    Account,
    Actor,
    CheckRun,
    CheckSuite,
    Comment,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Happened,
    Issue,
    Json,
    Label,
    Pull,
    QueueEntry,
    Reaction,
    Release,
    Repository,
    Review,
)
from tests.fakes.github.world import World

BODY_LIMIT = 65536
TITLE_LIMIT = 256


# Issues


def _new_issue(w: World, r: Repository, actor: Actor, title: str, body: str | None) -> Issue:
    refs.writable(r)
    if not title.strip():
        raise invalid("Issue", "title can't be blank", field="title", code="missing_field")
    check_text(title, body)
    r.numbers += 1
    now = w.clock()
    issue = Issue(w.new_id("issue"), r.numbers, title, body, actor.user, now, now, app=actor.app)
    r.issues[issue.number] = issue
    return issue


def check_text(title: str | None, body: str | None) -> None:
    """Raises 422 for what is too long."""
    if title is not None and len(title) > TITLE_LIMIT:
        raise invalid("Issue", f"title is too long (maximum is {TITLE_LIMIT} characters)", field="title")
    if body is not None and len(body) > BODY_LIMIT:
        raise invalid("Issue", f"body is too long (maximum is {BODY_LIMIT} characters)", field="body")


def open_issue(w: World, r: Repository, actor: Actor, title: str, body: str | None = None) -> Issue:
    if not r.has_issues:
        raise ApiError(410, "Issues has been disabled in this repository.")
    issue = _new_issue(w, r, actor, title, body)
    tell_issue(w, r, actor, issue, "opened")
    return issue


def tell_issue(w: World, r: Repository, actor: Actor, issue: Issue, action: str, **more: object) -> None:
    """An event of an issue, or of the pull request that it is."""
    issue.updated_at = w.clock()
    if issue.pull:
        refs.tell_pull(w, r, actor, issue.pull, action, **more)
    else:
        events.emit(w, "issues", r, actor, action=action, issue=shapes.issue(w, r, issue), **more)


def edit_issue(w: World, r: Repository, actor: Actor, issue: Issue, changes: Json) -> None:
    """Title, body and state (with ``state_reason``) of an issue or a pull request."""
    refs.writable(r)
    check_text(changes.get("title"), changes.get("body"))
    was: Json = {}
    for name in ("title", "body"):
        if name in changes and changes[name] != getattr(issue, name):
            was[name] = {"from": getattr(issue, name) or ""}
            setattr(issue, name, changes[name])
    if was:
        tell_issue(w, r, actor, issue, "edited", changes=was)
    wanted = changes.get("state")
    if wanted and wanted != issue.state:
        _set_state(w, r, actor, issue, wanted, changes.get("state_reason"))


def _set_state(w: World, r: Repository, actor: Actor, issue: Issue, state: str, reason: str | None) -> None:
    if issue.pull:
        (reopen_pull if state == "open" else refs.close_pull)(w, r, actor, issue.pull)
        return
    closing = state == "closed"
    issue.state = state
    issue.state_reason = reason or ("completed" if closing else "reopened")
    issue.closed_at, issue.closed_by = (w.clock(), actor.user) if closing else (None, None)
    tell_issue(w, r, actor, issue, "closed" if closing else "reopened")


def create_label(w: World, r: Repository, name: str, color: str = "ededed", description: str | None = None) -> Label:
    if name.lower() in r.labels:
        raise unprocessable("Validation Failed", {"resource": "Label", "code": "already_exists", "field": "name"})
    label = Label(w.new_id("label"), name, color, description)
    r.labels[name.lower()] = label
    return label


def add_labels(w: World, r: Repository, actor: Actor, issue: Issue, names: list[str]) -> None:
    """Labels that don't exist yet are made, as GitHub does."""
    refs.writable(r)
    for name in names:
        label = r.labels.get(name.lower()) or create_label(w, r, name)
        if label.name not in issue.labels:
            issue.labels.append(label.name)
            issue.events.append(Happened("LabeledEvent", actor.user))
            tell_issue(w, r, actor, issue, "labeled", label=shapes.label(w, r, label))


def remove_label(w: World, r: Repository, actor: Actor, issue: Issue, name: str) -> None:
    """Raises 404 where the issue does not bear it."""
    refs.writable(r)
    label = r.labels.get(name.lower())
    if label is None or label.name not in issue.labels:
        raise ApiError(404, "Label does not exist")
    issue.labels.remove(label.name)
    issue.events.append(Happened("UnlabeledEvent", actor.user))
    tell_issue(w, r, actor, issue, "unlabeled", label=shapes.label(w, r, label))


def assign(w: World, r: Repository, actor: Actor, issue: Issue, logins: list[str]) -> None:
    """People who can't be assigned are left out silently, as GitHub does."""
    refs.writable(r)
    for login in logins:
        account = w.accounts.get(login.lower())
        if account and account not in issue.assignees and w.role(r, account):
            issue.assignees.append(account)
            issue.events.append(Happened("AssignedEvent", actor.user, account))
            tell_issue(w, r, actor, issue, "assigned", assignee=shapes.user(w, account))


def check_assignees(w: World, r: Repository, logins: list[str]) -> None:
    """Raises 422 for people who can't be assigned, as GitHub does where they are part of an issue's fields."""
    for login in logins:
        account = w.accounts.get(login.lower())
        if account is None or not w.role(r, account):
            problem = {"resource": "Issue", "field": "assignees", "code": "invalid", "value": login}
            raise unprocessable("Validation Failed", problem)


def comment(w: World, r: Repository, actor: Actor, issue: Issue, body: str) -> Comment:
    refs.writable(r)
    check_text(None, body)
    if issue.locked:
        raise forbidden("Unable to create comment because issue is locked.")
    now = w.clock()
    one = Comment(w.new_id("comment"), actor.user, body, now, now, app=actor.app)
    issue.comments.append(one)
    issue.updated_at = now
    tell_comment(w, r, actor, issue, one, "created")
    return one


def tell_comment(
    w: World, r: Repository, actor: Actor, issue: Issue, one: Comment, action: str, **more: object
) -> None:
    told = {"issue": shapes.issue(w, r, issue), "comment": shapes.comment(w, r, issue, one)}
    events.emit(w, "issue_comment", r, actor, action=action, **told, **more)


def edit_comment(w: World, r: Repository, actor: Actor, found: tuple[Issue, Comment], body: str) -> None:
    refs.writable(r)
    check_text(None, body)
    issue, one = found
    before, one.body, one.updated_at = one.body, body, w.clock()
    tell_comment(w, r, actor, issue, one, "edited", changes={"body": {"from": before}})


def delete_comment(w: World, r: Repository, actor: Actor, found: tuple[Issue, Comment]) -> None:
    refs.writable(r)
    issue, one = found
    issue.comments.remove(one)
    tell_comment(w, r, actor, issue, one, "deleted")


def react(w: World, actor: Actor, found: list[Reaction], content: str) -> tuple[Reaction, bool]:
    """The reaction, and whether it is new: someone reacts once in each way."""
    known = next((one for one in found if one.user is actor.user and one.content == content), None)
    if known:
        return known, False
    one = Reaction(w.new_id("reaction"), actor.user, content, w.clock())
    found.append(one)
    return one, True


# Pull requests


def open_pull(w: World, r: Repository, actor: Actor, wanted: Json) -> Pull:
    """``wanted`` as in ``POST /pulls``: title, head, base, body, draft; raises 422 as GitHub does."""
    owner, _, branch = str(wanted["head"]).rpartition(":")
    source = next((one for one in w.live_repositories() if owner and _is_fork(one, owner, r)), r)
    head, base = source.branch(branch), r.branch(str(wanted["base"]))
    for name, found in (("head", head), ("base", base)):
        if found is None:
            raise unprocessable("Validation Failed", {"resource": "PullRequest", "field": name, "code": "invalid"})
    if any(p.open and p.head == branch and p.base == wanted["base"] and p.head_repository is source for p in r.pulls):
        raise invalid("PullRequest", f"A pull request already exists for {source.owner.login}:{branch}.")
    if wanted.get("draft") and r.no_drafts:
        raise unprocessable("Draft pull requests are not supported in this repository.")
    return _opened(w, r, actor, wanted, (source, branch, str(head), str(base)))


def _is_fork(one: Repository, owner: str, r: Repository) -> bool:
    return one.owner.login.lower() == owner.lower() and (one is r or one.parent is r)


def _opened(w: World, r: Repository, actor: Actor, wanted: Json, ends: tuple[Repository, str, str, str]) -> Pull:
    source, branch, head, base = ends
    if source is not r:
        refs.copy_history(source, r, head)
    if r.git.is_ancestor(head, base):
        raise invalid("PullRequest", f"No commits between {wanted['base']} and {branch}")
    issue = _new_issue(w, r, actor, str(wanted["title"]), wanted.get("body"))
    draft = bool(wanted.get("draft", False))
    pull = Pull(w.new_id("pull"), issue, str(wanted["base"]), branch, base, head, source, draft)
    issue.pull = pull
    r.git.set_ref(f"refs/pull/{issue.number}/head", head)
    refs.tell_pull(w, r, actor, pull, "opened")
    return pull


def reopen_pull(w: World, r: Repository, actor: Actor, pull: Pull) -> None:
    """Raises 422 where it is merged, its branch is gone, or another one is open for the branch."""
    tip = pull.head_repository.branch(pull.head)
    twins = [p for p in r.pulls if p.open and p.head == pull.head and p.base == pull.base]
    if pull.merged_at or tip is None or twins or not r.git.is_ancestor(pull.head_sha, tip):
        why = (
            f"The {pull.head} branch was force-pushed or recreated."
            if tip
            else f"The {pull.head} branch has been deleted."
        )
        raise invalid("PullRequest", f"state cannot be changed. {why}", field="state", code="invalid")
    pull.issue.state, pull.issue.closed_at, pull.issue.closed_by = "open", None, None
    pull.issue.updated_at = w.clock()
    pull.head_sha = tip
    refs.tell_pull(w, r, actor, pull, "reopened")


def change_base(w: World, r: Repository, actor: Actor, pull: Pull, base: str) -> None:
    tip = r.branch(base)
    if tip is None:
        raise unprocessable("Validation Failed", {"resource": "PullRequest", "field": "base", "code": "invalid"})
    if any(p.open and p is not pull and (p.head, p.base) == (pull.head, base) for p in r.pulls):
        why = f"A pull request already exists for base branch '{base}' and head branch '{pull.head}'"
        raise invalid("PullRequest", why, field="base")
    if r.git.is_ancestor(pull.head_sha, tip):
        why = f"There are no new commits between base branch '{base}' and head branch '{pull.head}'"
        raise invalid("PullRequest", why, field="base")
    was = {"ref": {"from": pull.base}, "sha": {"from": pull.base_sha}}
    pull.base, pull.base_sha = base, tip
    refs.tell_pull(w, r, actor, pull, "edited", changes={"base": was})


def set_draft(w: World, r: Repository, actor: Actor, pull: Pull, draft: bool) -> None:
    if pull.draft != draft:
        pull.draft = draft
        pull.issue.updated_at = w.clock()
        refs.tell_pull(w, r, actor, pull, "converted_to_draft" if draft else "ready_for_review")


def review(w: World, r: Repository, actor: Actor, pull: Pull, said: tuple[str, str]) -> Review:
    """``said``: state (APPROVED, CHANGES_REQUESTED, COMMENTED) and body."""
    if actor.user is pull.issue.user and said[0] != "COMMENTED":
        raise unprocessable("Unprocessable Entity", "Can not approve your own pull request")
    one = Review(w.new_id("review"), actor.user, said[0], said[1], pull.head_sha, w.clock())
    pull.reviews.append(one)
    pull.reviewers = [a for a in pull.reviewers if a is not actor.user]
    told = shapes.review(w, r, pull, one)
    parts = {"review": {**told, "state": one.state.lower()}, "pull_request": shapes.pull(w, r, pull)}
    events.emit(w, "pull_request_review", r, actor, action="submitted", **parts)
    return one


def request_reviewers(w: World, r: Repository, actor: Actor, pull: Pull, logins: list[str], teams: list[str]) -> None:
    refs.writable(r)
    for account in _askable(w, r, pull, logins, teams):
        if account not in pull.reviewers:
            pull.reviewers.append(account)
            pull.issue.events.append(Happened("ReviewRequestedEvent", actor.user, account))
            refs.tell_pull(w, r, actor, pull, "review_requested", requested_reviewer=shapes.user(w, account))
    for team in teams:
        if team not in pull.teams:
            pull.teams.append(team)
            pull.issue.events.append(Happened("ReviewRequestedEvent", actor.user, team))
            refs.tell_pull(w, r, actor, pull, "review_requested", requested_team=shapes.team(w, r, team))


def _askable(w: World, r: Repository, pull: Pull, logins: list[str], teams: list[str]) -> list[Account]:
    """Raises 422 when any of them can't be asked: none is then."""
    found = [w.accounts.get(login.lower()) for login in logins]
    if pull.issue.user in found:
        raise unprocessable("Review cannot be requested from pull request author.")
    people = [account for account in found if account and account.login in r.collaborators]
    if len(people) < len(logins) or not set(teams) <= r.teams:
        raise unprocessable(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified "
            f"is not a collaborator of the {r.full_name} repository."
        )
    return people


# Merging


def merge_pull(w: World, r: Repository, actor: Actor, pull: Pull, how: Json) -> str:
    """``how`` as in ``PUT /pulls/{number}/merge``; answers the merge commit; raises 405 and 409 as GitHub does."""
    refs.writable(r)
    if pull.merged_at or not pull.open:
        raise not_allowed("Pull Request is not mergeable")
    if how.get("sha") and how["sha"] != pull.head_sha:
        raise conflict("Head branch was modified. Review and try the merge again.")
    if pull.draft:
        raise not_allowed("Pull Request is still a draft")
    _check_rules(w, r, pull, actor)
    method = str(how.get("merge_method") or "merge")
    if not getattr(r, f"allow_{method.replace('merge', 'merge_commit') if method == 'merge' else method + '_merge'}"):
        raise not_allowed(f"{method.capitalize()} merges are not allowed on this repository.")
    return complete_merge(w, r, actor, pull, {**how, "merge_method": method})


def _check_rules(w: World, r: Repository, pull: Pull, actor: Actor) -> None:
    why = rules.blockers(w, r, pull, actor.app)
    if rules.too_far_behind(r, pull, actor.app):
        why.append("Head branch is out of date. Review and try the merge again.")
    if why:
        ruled = any(rules.applies(one, r, pull.base) for one in r.rulesets)
        raise not_allowed("Repository rule violations found\n\n" + "\n\n".join(why) if ruled else " ".join(why))


def complete_merge(w: World, r: Repository, actor: Actor, pull: Pull, how: Json) -> str:
    """Merge what the rules allow: the commit by git, the events, the branch that goes."""
    tree = rules.merged_tree(w, r, pull)
    if tree is None:
        raise not_allowed("Pull Request is not mergeable")
    sha = _merge_commit(w, r, actor, pull, (tree, how))
    pull.merged_commits = [one.sha for one in reversed(r.git.log(pull.head_sha, rules.base_tip(r, pull)))]
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = w.clock(), actor.user, sha
    refs.close_pull(w, r, actor, pull)
    refs.move(w, r, actor, f"refs/heads/{pull.base}", sha)
    if r.delete_branch_on_merge and pull.head_repository is r:
        refs.move(w, r, actor, f"refs/heads/{pull.head}", None)
    return sha


def _merge_commit(w: World, r: Repository, actor: Actor, pull: Pull, what: tuple[str, Json]) -> str:
    tree, how = what
    base = rules.base_tip(r, pull)
    title, message = how.get("commit_title"), how.get("commit_message")
    if how["merge_method"] == "rebase":
        return _rebased(w, r, pull, base)
    if how["merge_method"] == "squash":
        title = title or f"{pull.issue.title} (#{pull.number})"
        message = message if message is not None else _messages(r, pull)
        return refs.commit(w, r, tree, [base], _text(title, message), pull.issue.user)
    title = title or f"Merge pull request #{pull.number} from {r.owner.login}/{pull.head}"
    message = message if message is not None else pull.issue.title
    return refs.commit(w, r, tree, [base, pull.head_sha], _text(title, message), actor.user)


def _messages(r: Repository, pull: Pull) -> str:
    commits = [r.git.known_commit(sha) for sha in rules.commits_of(r, pull)]
    if len(commits) == 1:
        return commits[0].message.partition("\n")[2].strip()
    return "\n\n".join(f"* {one.message.strip()}" for one in commits)


def _text(title: str, message: str) -> str:
    return f"{title}\n\n{message}" if message else title


def _rebased(w: World, r: Repository, pull: Pull, base: str) -> str:
    tip = base
    for sha in rules.commits_of(r, pull):
        one: Commit = r.git.known_commit(sha)
        tree = r.git.replay(one, tip)
        if tree is None:
            raise not_allowed("This branch can't be rebased due to conflicts")
        tip = refs.commit(w, r, tree, [tip], one.message, pull.issue.user)
    return tip


def merge_branch(w: World, r: Repository, actor: Actor, wanted: Json) -> str | None:
    """``POST /merges``: the merge commit, None when there is nothing to merge; raises 404 and 409."""
    refs.writable(r)
    base, head = r.branch(str(wanted["base"])), r.git.resolve(str(wanted["head"]))
    if base is None or head is None:
        raise ApiError(404, "Base does not exist" if base is None else "Head does not exist")
    if r.git.is_ancestor(head, base):
        return None
    tree = r.git.merge_trees(base, head)
    if tree is None:
        raise conflict("Merge conflict")
    message = wanted.get("commit_message") or f"Merge {wanted['head']} into {wanted['base']}"
    sha = refs.commit(w, r, tree, [base, head], str(message), actor.user)
    refs.move(w, r, actor, f"refs/heads/{wanted['base']}", sha)
    return sha


# The merge queue


def enqueue(w: World, r: Repository, actor: Actor, pull: Pull, expected: str | None) -> QueueEntry:
    """Put a pull request in the queue of its base; its group's branch is made and checks are asked for."""
    refs.writable(r)
    if not rules.required(r, pull.base).merge_queue:
        raise unprocessable("Merge queue is not enabled on the base branch")
    if expected and expected != pull.head_sha:
        raise unprocessable("Head branch was modified. Review and try again.")
    if not pull.open or pull.draft or any(entry.pull is pull for entry in r.queue):
        raise unprocessable("Pull request is not in a state that can be added to the merge queue")
    why = [one for one in rules.blockers(w, r, pull, actor.app) if "merge queue" not in one]
    base = r.queue[-1].group_sha if r.queue else rules.base_tip(r, pull)
    tree = r.git.merge_trees(base, pull.head_sha)
    if why or tree is None:
        raise unprocessable("; ".join(why) or "Pull request has merge conflicts")
    title = f"Merge pull request #{pull.number} from {r.owner.login}/{pull.head}\n\n{pull.issue.title}"
    group = refs.commit(w, r, tree, [base, pull.head_sha], title, actor.user)
    branch = f"gh-readonly-queue/{pull.base}/pr-{pull.number}-{base}"
    entry = QueueEntry(w.new_id("queue entry"), pull, actor.user, w.clock(), pull.head_sha, branch, group)
    r.queue.append(entry)
    refs.move(w, r, actor, f"refs/heads/{branch}", group)
    refs.tell_pull(w, r, actor, pull, "enqueued")
    events.emit(w, "merge_group", r, actor, action="checks_requested", merge_group=_group(r, entry))
    return entry


def _group(r: Repository, entry: QueueEntry) -> Json:
    commit = r.git.known_commit(entry.group_sha)
    return {
        "head_sha": entry.group_sha,
        "head_ref": f"refs/heads/{entry.branch}",
        "base_sha": commit.parents[0],
        "base_ref": f"refs/heads/{entry.pull.base}",
        "head_commit": shapes.simple_commit(commit),
    }


def dequeue(w: World, r: Repository, actor: Actor, pull: Pull, reason: str = "MANUAL") -> QueueEntry:
    """Take a pull request out of the queue; raises 422 where it is not in it."""
    entry = next((one for one in r.queue if one.pull is pull), None)
    if entry is None:
        raise unprocessable("Pull request is not in the merge queue")
    r.queue.remove(entry)
    told = _group(r, entry)
    refs.move(w, r, actor, f"refs/heads/{entry.branch}", None)
    refs.tell_pull(w, r, actor, pull, "dequeued", reason=reason)
    end = "merged" if reason == "MERGE" else "dequeued"
    events.emit(w, "merge_group", r, actor, action="destroyed", reason=end, merge_group=told)
    return entry


def finish_queue(w: World, r: Repository, *, passes: bool) -> Pull:
    """The first of the queue is merged, or thrown out because its group's checks failed."""
    if not r.queue:
        raise not_found()
    actor = w.actor("github-merge-queue[bot]")
    pull = r.queue[0].pull
    if not passes:
        dequeue(w, r, actor, pull, "CI_FAILURE")
        return pull
    entry = dequeue(w, r, actor, pull, "MERGE")
    base = rules.base_tip(r, pull)
    pull.merged_commits = [one.sha for one in reversed(r.git.log(pull.head_sha, base))]
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = w.clock(), entry.user, entry.group_sha
    refs.close_pull(w, r, actor, pull)
    refs.move(w, r, actor, f"refs/heads/{pull.base}", entry.group_sha)
    return pull


# Checks, statuses, deployments, releases


def suite_for(w: World, r: Repository, actor: Actor, sha: str) -> CheckSuite:
    """The suite of an App on a commit; people's checks come from the App ``ci``."""
    app = actor.app or ci_app(w)
    found = next((one for one in r.check_suites if one.app is app and one.head_sha == sha), None)
    if found:
        return found
    branch = next((name for name, tip in r.branches().items() if tip == sha), None)
    suite = CheckSuite(w.new_id("suite"), sha, branch, app, w.clock(), w.clock())
    r.check_suites.append(suite)
    tell_suite(w, r, actor, suite, "requested")
    return suite


def ci_app(w: World) -> Any:
    """The App that runs the fake's checks."""
    found = next((app for app in w.apps.values() if app.slug == "ci"), None)
    return found or w.create_app("ci", {"checks": "write", "statuses": "write"}, [])


def tell_suite(w: World, r: Repository, actor: Actor, suite: CheckSuite, action: str) -> None:
    events.emit(w, "check_suite", r, actor, action=action, check_suite=shapes.check_suite(w, r, suite))


def check_run(w: World, r: Repository, actor: Actor, wanted: Json) -> CheckRun:
    """``wanted`` as in ``POST /check-runs``: name, head_sha, status, conclusion, output."""
    sha = str(wanted["head_sha"])
    if r.git.commit(sha) is None:
        raise unprocessable(f"No commit found for SHA: {sha}")
    suite = suite_for(w, r, actor, sha)
    conclusion = wanted.get("conclusion")
    status = "completed" if conclusion else str(wanted.get("status") or "queued")
    now = w.clock()
    more = (wanted.get("output") or {}, str(wanted.get("external_id") or ""), wanted.get("details_url"))
    run = CheckRun(
        w.new_id("run"), str(wanted["name"]), suite, status, conclusion, now, now if conclusion else None, *more
    )
    r.check_runs.append(run)
    _tell_run(w, r, actor, run, "created")
    if conclusion:
        _completed(w, r, actor, run)
    return run


def _tell_run(w: World, r: Repository, actor: Actor, run: CheckRun, action: str) -> None:
    suite = {**shapes.check_suite(w, r, run.suite)}
    events.emit(
        w, "check_run", r, actor, action=action, check_run={**shapes.check_run(w, r, run), "check_suite": suite}
    )


def _completed(w: World, r: Repository, actor: Actor, run: CheckRun) -> None:
    _tell_run(w, r, actor, run, "completed")
    if shapes.suite_state(r, run.suite)[0] == "completed":
        run.suite.updated_at = w.clock()
        tell_suite(w, r, actor, run.suite, "completed")


def update_run(w: World, r: Repository, actor: Actor, run: CheckRun, changes: Json) -> None:
    conclusion = changes.get("conclusion")
    run.status = "completed" if conclusion else str(changes.get("status") or run.status)
    run.output = changes.get("output") or run.output
    if run.status != "completed":
        run.conclusion, run.completed_at = None, None
    elif conclusion:
        run.conclusion, run.completed_at = str(conclusion), w.clock()
        _completed(w, r, actor, run)


def set_status(w: World, r: Repository, actor: Actor, sha: str, wanted: Json) -> CommitStatus:
    """``wanted`` as in ``POST /statuses/{sha}``: state, context, description, target_url."""
    if r.git.commit(sha) is None:
        raise unprocessable(f"No commit found for SHA: {sha}")
    context = str(wanted.get("context") or "default")
    said = (wanted.get("description"), wanted.get("target_url"))
    one = CommitStatus(w.new_id("status"), sha, str(wanted["state"]), context, *said, actor.user, w.clock())
    r.statuses.append(one)
    told = shapes.status(w, r, one)
    parts = {name: told[name] for name in ("id", "state", "context", "description", "target_url", "avatar_url")}
    dates = {name: told[name] for name in ("created_at", "updated_at")}
    tips = [name for name, tip in r.branches().items() if tip == sha]
    branches = [
        {"name": n, "commit": {"sha": sha, "url": f"{w.url}/commits/{sha}"}, "protected": n in r.protections}
        for n in tips
    ]
    commit = shapes.commit(w, r, r.git.known_commit(sha))
    events.emit(w, "status", r, actor, sha=sha, name=r.full_name, commit=commit, branches=branches, **parts, **dates)
    return one


def deploy(w: World, r: Repository, actor: Actor, wanted: Json) -> Deployment:
    """``wanted`` as in ``POST /deployments``: ref, environment, task, payload, description."""
    ref = str(wanted["ref"])
    sha = r.git.resolve(ref)
    if sha is None:
        raise unprocessable(f"No ref found for: {ref}")
    environment = str(wanted.get("environment") or "production")
    one = Deployment(
        id=w.new_id("deployment"),
        sha=sha,
        ref=ref,
        task=str(wanted.get("task") or "deploy"),
        environment=environment,
        creator=actor.user,
        payload=wanted.get("payload") or {},
        description=wanted.get("description"),
        created_at=w.clock(),
        updated_at=w.clock(),
        original_environment=environment,
        transient=bool(wanted.get("transient_environment", False)),
        production=bool(wanted.get("production_environment", environment == "production")),
    )
    r.deployments.append(one)
    parts = {"deployment": shapes.deployment(w, r, one), "workflow": None, "workflow_run": None}
    events.emit(w, "deployment", r, actor, action="created", **parts)
    return one


def deployment_status(w: World, r: Repository, actor: Actor, parent: Deployment, wanted: Json) -> DeploymentStatus:
    """A new state of a deployment; a success makes earlier ones of its environment inactive, as GitHub does."""
    environment = str(wanted.get("environment") or parent.environment)
    said = {name: str(wanted.get(name) or "") for name in ("description", "target_url", "log_url", "environment_url")}
    state = str(wanted["state"])
    number = w.new_id("deployment status")
    one = DeploymentStatus(number, state, actor.user, environment=environment, created_at=w.clock(), **said)
    parent.statuses.append(one)
    parent.updated_at = w.clock()
    parts = {
        "deployment_status": shapes.deployment_status(w, r, parent, one),
        "deployment": shapes.deployment(w, r, parent),
    }
    absent = {"check_run": None, "workflow": None, "workflow_run": None}
    events.emit(w, "deployment_status", r, actor, action="created", **parts, **absent)
    if state == "success" and wanted.get("auto_inactive", True) and not parent.transient:
        _supersede(w, r, actor, parent, environment)
    return one


def _supersede(w: World, r: Repository, actor: Actor, newer: Deployment, environment: str) -> None:
    for older in r.deployments:
        same = older is not newer and older.environment == environment and not older.production and not older.transient
        if same and older.id < newer.id and older.statuses and older.statuses[-1].state == "success":
            deployment_status(w, r, actor, older, {"state": "inactive"})


def release(w: World, r: Repository, actor: Actor, wanted: Json) -> Release:
    """``wanted`` as in ``POST /releases``: tag_name, name, body, draft, prerelease; a tag is made if there is none."""
    tag = str(wanted["tag_name"])
    target = str(wanted.get("target_commitish") or r.default_branch)
    sha = r.git.resolve(target)
    if r.git.ref(f"refs/tags/{tag}") is None and sha:
        refs.move(w, r, actor, f"refs/tags/{tag}", sha)
    draft = bool(wanted.get("draft", False))
    now = w.clock()
    said = (wanted.get("name"), wanted.get("body"))
    one = Release(w.new_id("release"), tag, *said, target, actor.user, now, None if draft else now, draft)
    one.prerelease = bool(wanted.get("prerelease", False))
    r.releases.append(one)
    if not draft:
        events.emit(w, "release", r, actor, action="published", release=shapes.release(w, r, one))
    return one


def rename_branch(w: World, r: Repository, actor: Actor, old: str, new: str) -> None:
    """Rename a branch: pull requests follow, and the repository's default where it is that one."""
    sha = r.branch(old)
    if sha is None:
        raise not_found()
    if r.branch(new):
        raise unprocessable("Branch already exists")
    r.git.set_ref(f"refs/heads/{new}", sha)
    if old == r.default_branch:
        r.default_branch = new
        r.git.set_head(new)
        changes = {"default_branch": {"from": old}}
        events.emit(w, "repository", r, actor, action="edited", changes=changes)
    for pull in r.pulls:
        if pull.open and pull.base == old:
            change = {"ref": {"from": old}, "sha": {"from": pull.base_sha}}
            pull.base = new
            refs.tell_pull(w, r, actor, pull, "edited", changes={"base": change})
    events.pushed(w, r, actor, f"refs/heads/{new}", None, sha)
    refs.move(w, r, actor, f"refs/heads/{old}", None)


def find_comment(r: Repository, number: int) -> tuple[Issue, Comment]:
    """A comment by id, with what it stands on; raises 404."""
    for issue in r.issues.values():
        for one in issue.comments:
            if one.id == number:
                return issue, one
    raise not_found()
