"""What may be merged: branch protection, rulesets, checks, reviews, conflicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes.github import shapes
from tests.fakes.github.records import ROLES, App, Json, Pull, Repository, Ruleset
from tests.fakes.github.world import World

GOOD = frozenset({"success", "neutral", "skipped"})


@dataclass
class Required:
    """What a branch asks of a merge, protection and rulesets together."""

    checks: list[str] = field(default_factory=list)
    strict: bool = False
    reviews: int = 0
    merge_queue: bool = False


def applies(ruleset: Ruleset, r: Repository, branch: str) -> bool:
    """Whether a ruleset's conditions include a branch."""
    default = branch == r.default_branch
    return any(
        name == "~ALL" or (name == "~DEFAULT_BRANCH" and default) or fnmatchcase(f"refs/heads/{branch}", name)
        for name in ruleset.branches
    )


def required(r: Repository, branch: str, app: App | None = None) -> Required:
    """What a branch requires of someone; an App in a ruleset's bypass list is let past that one."""
    found = Required()
    guard = r.protections.get(branch)
    if guard:
        found = Required(list(guard.checks), guard.strict, guard.reviews)
    for ruleset in r.rulesets:
        passes = app is not None and app.id in ruleset.bypass
        if applies(ruleset, r, branch) and not passes:
            found.checks += [check for check in ruleset.checks if check not in found.checks]
            found.strict = found.strict or ruleset.strict
            found.reviews = max(found.reviews, ruleset.reviews or 0)
            found.merge_queue = found.merge_queue or ruleset.merge_queue
    return found


def active_rules(w: World, r: Repository, branch: str) -> list[Json]:
    """The form of ``/repos/{owner}/{repo}/rules/branches/{branch}``."""
    told: list[Json] = []
    for ruleset in r.rulesets:
        if applies(ruleset, r, branch):
            source = {"ruleset_source_type": "Repository", "ruleset_source": r.full_name, "ruleset_id": ruleset.id}
            told += [{**rule, **source} for rule in rules_of(ruleset)]
    return told


def rules_of(ruleset: Ruleset) -> list[Json]:
    """A ruleset's rules as the REST API writes them."""
    told: list[Json] = [{"type": kind} for kind in ruleset.forbid]
    if ruleset.checks:
        checks = [{"context": context} for context in ruleset.checks]
        parameters = {"required_status_checks": checks, "strict_required_status_checks_policy": ruleset.strict}
        told.append({"type": "required_status_checks", "parameters": parameters})
    if ruleset.reviews is not None:
        flags = (
            "dismiss_stale_reviews_on_push",
            "require_code_owner_review",
            "require_last_push_approval",
            "required_review_thread_resolution",
        )
        parameters = {**dict.fromkeys(flags, False), "required_approving_review_count": ruleset.reviews}
        told.append({"type": "pull_request", "parameters": parameters})
    if ruleset.merge_queue:
        told.append({"type": "merge_queue", "parameters": QUEUE})
    return told


QUEUE: Json = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "MERGE",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}


def checks_at(r: Repository, sha: str) -> dict[str, str]:
    """Name to ``success``, ``pending`` or ``failure`` of the newest run and status of each name on a commit."""
    found: dict[str, str] = {}
    for status in r.statuses:
        if status.sha == sha:
            found[status.context] = {"success": "success", "pending": "pending"}.get(status.state, "failure")
    for run in r.check_runs:
        if run.head_sha == sha:
            done = "success" if run.conclusion in GOOD else "failure"
            found[run.name] = done if run.status == "completed" else "pending"
    return found


def approvals(w: World, r: Repository, pull: Pull) -> tuple[int, bool]:
    """How many people with write access approve, and whether one asks for changes."""
    last: dict[str, str] = {}
    for review in pull.reviews:
        writes = ROLES.get(w.role(r, review.user) or "", 0) >= ROLES["write"]
        if writes and review.state != "COMMENTED":
            last[review.user.login] = review.state
    states = list(last.values())
    return states.count("APPROVED"), "CHANGES_REQUESTED" in states


def base_tip(r: Repository, pull: Pull) -> str:
    return r.branch(pull.base) or pull.base_sha


def behind(r: Repository, pull: Pull) -> bool:
    return not r.git.is_ancestor(base_tip(r, pull), pull.head_sha)


def blockers(w: World, r: Repository, pull: Pull, app: App | None) -> list[str]:
    """Why the rules refuse a merge, in GitHub's words; empty when they allow it."""
    needs = required(r, pull.base, app)
    seen = checks_at(r, pull.head_sha)
    told = [_check_message(name, seen.get(name)) for name in needs.checks if seen.get(name) != "success"]
    approved, refused = approvals(w, r, pull)
    if needs.reviews and refused:
        told.append("Changes have been requested by a reviewer with write access.")
    if approved < needs.reviews:
        plural = "s are" if needs.reviews > 1 else " is"
        told.append(f"At least {needs.reviews} approving review{plural} required by reviewers with write access.")
    if needs.merge_queue:
        told.append("Changes must be made through the merge queue")
    return told


def _check_message(name: str, state: str | None) -> str:
    end = {"pending": "is in progress", "failure": "is failing"}.get(state or "", "is expected")
    return f'Required status check "{name}" {end}.'


def too_far_behind(r: Repository, pull: Pull, app: App | None) -> bool:
    return required(r, pull.base, app).strict and behind(r, pull)


def mergeability(w: World, r: Repository, pull: Pull, app: App | None = None) -> tuple[bool | None, str]:
    """``mergeable`` and ``mergeable_state``; unknown to the first who asks, as GitHub computes it only then."""
    if not pull.open:
        return None, "unknown"
    ends = (base_tip(r, pull), pull.head_sha)
    if pull.asked != ends:
        pull.asked = ends
        return None, "unknown"
    if merged_tree(w, r, pull) is None:
        return False, "dirty"
    return True, _state(w, r, pull, app)


def _state(w: World, r: Repository, pull: Pull, app: App | None) -> str:
    if pull.draft:
        return "draft"
    if too_far_behind(r, pull, app):
        return "behind"
    if blockers(w, r, pull, app):
        return "blocked"
    return "unstable" if set(checks_at(r, pull.head_sha).values()) - {"success"} else "clean"


def merged_tree(w: World, r: Repository, pull: Pull) -> str | None:
    """The tree of merging a pull request now, None on conflict."""
    key = (r.id, base_tip(r, pull), pull.head_sha)
    if key not in w.merged_trees:
        w.merged_trees[key] = r.git.merge_trees(key[1], key[2])
    return w.merged_trees[key]


def commits_of(r: Repository, pull: Pull) -> list[str]:
    """The commits of a pull request, the oldest first."""
    if pull.merged_at:
        return pull.merged_commits
    return [one.sha for one in reversed(r.git.log(pull.head_sha, base_tip(r, pull)))]


def files_of(w: World, r: Repository, pull: Pull) -> list[Json]:
    """The files that a pull request changes, against where it left the base."""
    commits = commits_of(r, pull)
    first = r.git.commit(commits[0]) if commits else None
    start = r.git.merge_base(base_tip(r, pull), pull.head_sha) if not pull.merged_at else None
    start = start or (first.parents[0] if first and first.parents else None)
    return diff(w, r, start, pull.head_sha) if start else []


def diff(w: World, r: Repository, old: str, new: str) -> list[Json]:
    """The files that differ between two commits, with their hunks."""
    trees = r.git.known_commit(old).tree, r.git.known_commit(new).tree
    if trees not in w.patches:
        w.patches[trees] = r.git.patches(*trees) if trees[0] != trees[1] else {}
    hunks = w.patches[trees]
    changes = r.git.changes(*trees)
    return [shapes.changed_file(w, r, (c.path, c.status, c.sha), hunks.get(c.path), new) for c in changes]


def full_pull(w: World, r: Repository, pull: Pull, app: App | None = None, *, ask: bool = True) -> Json:
    """The form of ``GET /pulls/{number}``; ``ask`` starts the computation of mergeability."""
    mergeable, state = mergeability(w, r, pull, app) if ask else (None, "unknown")
    files = files_of(w, r, pull)
    return {
        **shapes.pull(w, r, pull),
        "merged": pull.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": state,
        "merged_by": shapes.user(w, pull.merged_by) if pull.merged_by else None,
        "comments": len(pull.issue.comments),
        "review_comments": 0,
        "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": len(commits_of(r, pull)),
        "additions": sum(one["additions"] for one in files),
        "deletions": sum(one["deletions"] for one in files),
        "changed_files": len(files),
    }
