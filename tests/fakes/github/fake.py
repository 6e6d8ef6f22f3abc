"""The fake GitHub that tests hold in their hand: its address, its clock, and what people do there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jwt

from tests.fakes.github import actions, events, refs, rules
from tests.fakes.github.clock import Clock
from tests.fakes.github.faults import Faults
from tests.fakes.github.gate import Gate, Request
from tests.fakes.github.gitrepo import FOLDER, MODULE
from tests.fakes.github.limits import Limits
from tests.fakes.github.records import (
    Account,
    Actor,
    App,
    CheckRun,
    Comment,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Installation,
    Issue,
    Json,
    Protection,
    Pull,
    Release,
    Repository,
    Review,
    Ruleset,
)
from tests.fakes.github.server import Server
from tests.fakes.github.webhooks import Delivery, Webhooks
from tests.fakes.github.world import Files, World

PERSON = "maintainer"


class FakeGitHub:
    """``with FakeGitHub() as github:`` serves until the block ends.

    ``clock`` stands still until a test moves it; ``Clock.real()`` is for clients that compare with their own clock.
    ``validate_answers`` holds the fake's own answers against GitHub's description too (slow).
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        jwt_clock: Callable[[], datetime] | None = None,
        port: int = 0,
        validate_answers: bool = False,
    ) -> None:
        self.clock = clock or Clock()
        self._server = Server(port)
        self.world = World(self.clock, self._server.url)
        self.limits = Limits(self.clock)
        self.faults = Faults()
        self._gate = Gate(self.world, self.limits, self.faults, jwt_clock or self.clock)
        self._gate.check_answers = validate_answers
        self._app: App | None = None

    def __enter__(self) -> Self:
        self._server.start(self._gate)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; raises ``AssertionError`` for what the fake itself did wrong."""
        self._gate.stopping.set()
        self._server.stop()
        self.world.close()
        failures = self._gate.ledger.crashes + self._server.failures
        if failures:
            raise AssertionError("the fake GitHub failed:\n" + "\n".join(failures))

    # What tests look at

    @property
    def api_url(self) -> str:
        return self._server.url

    @property
    def graphql_url(self) -> str:
        return f"{self._server.url}/graphql"

    @property
    def requests(self) -> list[Request]:
        return self._gate.ledger.requests

    @property
    def counts(self) -> Counter[str]:
        """Requests by kind: read, write, graphql, mutation, token."""
        return Counter(one.kind for one in self.requests)

    @property
    def violations(self) -> list[str]:
        """Requests that GitHub does not describe, each with its reason."""
        return self._gate.ledger.violations

    @property
    def wrong_answers(self) -> list[str]:
        """Answers of the fake that GitHub's description refuses (with ``validate_answers``)."""
        return self._gate.ledger.wrong_answers

    @property
    def crashes(self) -> list[str]:
        return self._gate.ledger.crashes

    @property
    def deliveries(self) -> list[Delivery]:
        return self.world.webhooks.deliveries

    @property
    def webhooks(self) -> Webhooks:
        """Where deliveries are lost, repeated, held and waited for."""
        return self.world.webhooks

    def forget_requests(self) -> None:
        """Start counting anew."""
        self.requests.clear()

    # Apps and tokens

    @property
    def app(self) -> App:
        """The App of the bot, ``freshline``; made at the first question."""
        if self._app is None:
            self._app = self.create_app("freshline")
        return self._app

    def create_app(
        self, slug: str, *, permissions: dict[str, str] | None = None, wanted: list[str] | None = None
    ) -> App:
        with self.world.lock:
            return self.world.create_app(slug, permissions, wanted)

    @property
    def webhook_url(self) -> str | None:
        return self.app.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.app.webhook_url = url

    @property
    def webhook_secret(self) -> str:
        return self.app.webhook_secret

    @webhook_secret.setter
    def webhook_secret(self, secret: str) -> None:
        self.app.webhook_secret = secret

    def install(
        self,
        account: str,
        *,
        app: App | None = None,
        repositories: Iterable[str] | None = None,
        permissions: dict[str, str] | None = None,
    ) -> Installation:
        """Install an App (the bot's) on an account: on all of its repositories, or on those named."""
        with self.world.lock:
            chosen = app or self.app
            owner = self.world.account(account, "Organization")
            numbers = None if repositories is None else {self.world.repository(name).id for name in repositories}
            rights = dict(chosen.permissions if permissions is None else {"metadata": "read", **permissions})
            one = Installation(self.world.new_id("installation"), chosen, owner, rights, numbers, self.clock())
            self.world.installations[one.id] = one
            told = [_named(r) for r in self.world.installed_repositories(one)]
            events.tell_installation(
                self.world, "installation", one, self._by(PERSON), action="created", repositories=told
            )
            return one

    def uninstall(self, installation: Installation) -> None:
        self._tell(installation, "deleted")
        installation.removed = True

    def suspend(self, installation: Installation) -> None:
        installation.suspended_at = self.clock()
        self._tell(installation, "suspend")

    def unsuspend(self, installation: Installation) -> None:
        installation.suspended_at = None
        self._tell(installation, "unsuspend")

    def permit(self, installation: Installation, permissions: dict[str, str]) -> None:
        """Someone changes what the App may do there."""
        installation.permissions = {"metadata": "read", **permissions}
        self._tell(installation, "new_permissions_accepted")

    def _tell(self, installation: Installation, action: str) -> None:
        with self.world.lock:
            told = [_named(r) for r in self.world.installed_repositories(installation)]
            events.tell_installation(
                self.world, "installation", installation, self._by(PERSON), action=action, repositories=told
            )

    def select(self, installation: Installation, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Change which repositories an installation has been given."""
        with self.world.lock:
            if installation.repository_ids is None:
                installation.repository_ids = {r.id for r in self.world.installed_repositories(installation)}
            lists = {
                "added": [self.world.repository(n) for n in add],
                "removed": [self.world.repository(n) for n in remove],
            }
            installation.repository_ids |= {r.id for r in lists["added"]}
            installation.repository_ids -= {r.id for r in lists["removed"]}
            for action, found in lists.items():
                if found:
                    self._tell_selection(installation, action, lists)

    def _tell_selection(self, installation: Installation, action: str, lists: dict[str, list[Repository]]) -> None:
        named = {f"repositories_{name}": [_named(r) for r in found if name == action] for name, found in lists.items()}
        more = {"action": action, "repository_selection": "selected", "requester": None}
        events.tell_installation(
            self.world, "installation_repositories", installation, self._by(PERSON), **named, **more
        )

    def jwt(self, app: App | None = None, *, lasts: float = 540.0) -> str:
        """A JSON Web Token of an App, by the fake's clock."""
        chosen = app or self.app
        now = self.clock()
        claims = {"iat": now - timedelta(seconds=30), "exp": now + timedelta(seconds=lasts), "iss": str(chosen.id)}
        return jwt.encode(claims, chosen.private_key, algorithm="RS256")

    def installation_token(self, installation: Installation, permissions: dict[str, str] | None = None) -> str:
        """A token as the App would get one."""
        with self.world.lock:
            rights = {"metadata": "read", **permissions} if permissions is not None else dict(installation.permissions)
            return self.world.mint(installation, rights, None).value

    def personal_token(self, login: str = PERSON, permissions: dict[str, str] | None = None) -> str:
        """A person's token; with ``permissions`` a fine-grained one."""
        with self.world.lock:
            return self.world.personal_token(login, permissions).value

    def expire_tokens(self) -> None:
        """Every installation token is worth nothing from now on."""
        for token in self.world.tokens.values():
            if token.installation:
                token.revoked = True

    # Repositories

    def create_repository(
        self, full_name: str, files: Files | None = None, *, message: str = "Initial commit", **settings: Any
    ) -> Repository:
        """A repository with its first commit (none without files); ``settings`` as the fields of ``Repository``."""
        with self.world.lock:
            branch = settings.pop("default_branch", "main")
            repository = self.world.create_repository(full_name, branch)
            later: Json = {name: settings.pop(name) for name in ("archived", "disabled") if name in settings}
            _set(repository, settings)
            if files is not None:
                refs.commit_files(self.world, repository, branch, files, (self._by(PERSON), message))
            _set(repository, later)
            events.emit(self.world, "repository", repository, self._by(PERSON), action="created")
            return repository

    def fork(self, full_name: str, owner: str) -> Repository:
        """A fork of a repository, with its branches."""
        with self.world.lock:
            parent = self.world.repository(full_name)
            copy = self.world.create_repository(f"{owner}/{parent.name}", parent.default_branch)
            copy.fork, copy.parent, copy.private = True, parent, parent.private
            copy.collaborators[owner] = "admin"
            for name, sha in parent.git.refs("refs/heads/").items():
                refs.copy_history(parent, copy, sha)
                copy.git.set_ref(name, sha)
            return copy

    def repository(self, full_name: str) -> Repository:
        return self.world.repository(full_name)

    def archive(self, full_name: str, *, archived: bool = True) -> None:
        with self.world.lock:
            r = self.world.repository(full_name)
            r.archived = archived
            events.emit(self.world, "repository", r, self._by(PERSON), action="archived" if archived else "unarchived")

    def delete_repository(self, full_name: str) -> None:
        with self.world.lock:
            r = self.world.repository(full_name)
            events.emit(self.world, "repository", r, self._by(PERSON), action="deleted")
            r.deleted = True

    def rename_repository(self, full_name: str, name: str) -> None:
        with self.world.lock:
            r = self.world.repository(full_name)
            changes = {"repository": {"name": {"from": r.name}}}
            self.world.rename_repository(r, name)
            events.emit(self.world, "repository", r, self._by(PERSON), action="renamed", changes=changes)

    def collaborator(self, full_name: str, login: str, role: str = "write") -> Account:
        """Give someone a role: read, triage, write, maintain or admin."""
        with self.world.lock:
            self.world.repository(full_name).collaborators[login] = role
            return self.world.account(login)

    def protect(self, full_name: str, branch: str | None = None, **rule: Any) -> Protection:
        """Branch protection: ``checks``, ``strict``, ``reviews``, ``enforce_admins``."""
        r = self.world.repository(full_name)
        r.protections[branch or r.default_branch] = Protection(**rule)
        return r.protections[branch or r.default_branch]

    def ruleset(
        self, full_name: str, name: str = "rules", branches: Iterable[str] = ("~DEFAULT_BRANCH",), **rule: Any
    ) -> Ruleset:
        """A ruleset: ``checks``, ``strict``, ``reviews``, ``merge_queue``, ``forbid``, ``bypass`` (ids of Apps)."""
        one = Ruleset(self.world.new_id("ruleset"), name, list(branches), **rule)
        self.world.repository(full_name).rulesets.append(one)
        return one

    # Git

    def push(
        self,
        full_name: str,
        branch: str,
        files: Files,
        *,
        message: str = "Change",
        author: str = PERSON,
        start: str | None = None,
    ) -> str:
        """Someone commits on a branch and pushes; a new branch begins at ``start`` or the default branch."""
        with self.world.lock:
            r = self.world.repository(full_name)
            if r.branch(branch) is None and r.branches():
                origin = r.git.resolve(start or r.default_branch)
                r.git.set_ref(f"refs/heads/{branch}", origin)
                sha = self._commit(r, branch, files, (author, message))
                r.git.set_ref(f"refs/heads/{branch}", None)
                refs.move(self.world, r, self._by(author), f"refs/heads/{branch}", sha)
                return sha
            return refs.commit_files(self.world, r, branch, files, (self._by(author), message))

    def _commit(self, r: Repository, branch: str, files: Files, said: tuple[str, str]) -> str:
        """A commit on a branch that nobody is told about."""
        tip = str(r.branch(branch))
        tree = self.world.tree_of(r, r.git.known_commit(tip).tree, files)
        who = self.world.signature(self.world.account(said[0]))
        return r.git.write_commit(tree, [tip], said[1], (who, who))

    def force_push(self, full_name: str, branch: str, sha: str, *, author: str = PERSON) -> None:
        """Someone points a branch somewhere else, whatever was there."""
        self._move(full_name, branch, sha, author)

    def rewrite(
        self, full_name: str, branch: str, files: Files, *, message: str = "Rewritten", author: str = PERSON
    ) -> str:
        """Someone force-pushes a history of one commit with these files."""
        with self.world.lock:
            r = self.world.repository(full_name)
            return refs.commit_files(self.world, r, branch, files, (self._by(author), message), orphan=True)

    def delete_branch(self, full_name: str, branch: str, *, by: str = PERSON) -> None:
        self._move(full_name, branch, None, by)

    def _move(self, full_name: str, branch: str, sha: str | None, login: str) -> None:
        with self.world.lock:
            refs.move(self.world, self.world.repository(full_name), self._by(login), f"refs/heads/{branch}", sha)

    def tag(self, full_name: str, name: str, target: str | None = None) -> str:
        with self.world.lock:
            r = self.world.repository(full_name)
            sha = str(r.git.resolve(target or r.default_branch))
            refs.move(self.world, r, self._by(PERSON), f"refs/tags/{name}", sha)
            return sha

    def rename_branch(self, full_name: str, old: str, new: str) -> None:
        with self.world.lock:
            actions.rename_branch(self.world, self.world.repository(full_name), self._by(PERSON), old, new)

    def head(self, full_name: str, branch: str | None = None) -> str | None:
        """The commit at the tip of a branch, None where there is no such branch."""
        r = self.world.repository(full_name)
        return r.branch(branch or r.default_branch)

    def branches(self, full_name: str) -> dict[str, str]:
        return self.world.repository(full_name).branches()

    def files(self, full_name: str, ref: str | None = None) -> dict[str, bytes]:
        """Every file at a commit or a branch."""
        r = self.world.repository(full_name)
        sha = r.git.resolve(ref or r.default_branch)
        if sha is None:
            return {}
        found = r.git.walk(r.git.known_commit(sha).tree)
        return {path: r.git.blob(entry.sha) or b"" for path, entry in found if entry.mode not in {FOLDER, MODULE}}

    def git_folder(self, full_name: str) -> Path:
        """Where the bare repository is, for git itself."""
        return self.world.git_folder(full_name)

    # Issues and pull requests

    def open_issue(self, full_name: str, title: str, body: str = "", *, by: str = PERSON) -> Issue:
        with self.world.lock:
            return actions.open_issue(self.world, self.world.repository(full_name), self._by(by), title, body)

    def open_pull(
        self,
        full_name: str,
        head: str,
        *,
        base: str | None = None,
        title: str = "A change",
        body: str = "",
        by: str = PERSON,
    ) -> Pull:
        """Someone opens a pull request (from a fork: ``owner:branch``)."""
        with self.world.lock:
            r = self.world.repository(full_name)
            wanted = {"title": title, "head": head, "base": base or r.default_branch, "body": body}
            return actions.open_pull(self.world, r, self._by(by), wanted)

    def pull(self, full_name: str, number: int) -> Pull:
        """A pull request; raises ``KeyError``."""
        found = self.world.repository(full_name).pull(number)
        if found is None:
            raise KeyError(f"{full_name}#{number}")
        return found

    def pulls(self, full_name: str, state: str = "all") -> list[Pull]:
        return [p for p in self.world.repository(full_name).pulls if state in {"all", p.issue.state}]

    def edit(self, full_name: str, number: int, *, by: str = PERSON, **changes: Any) -> None:
        """Change ``title``, ``body`` or ``state`` of an issue or a pull request."""
        with self.world.lock:
            r = self.world.repository(full_name)
            actions.edit_issue(self.world, r, self._by(by), r.issues[number], changes)

    def close_pull(self, full_name: str, number: int, *, by: str = PERSON) -> None:
        self.edit(full_name, number, by=by, state="closed")

    def reopen_pull(self, full_name: str, number: int, *, by: str = PERSON) -> None:
        self.edit(full_name, number, by=by, state="open")

    def merge_pull(
        self, full_name: str, number: int, *, by: str = PERSON, method: str = "merge", force: bool = False
    ) -> str:
        """Someone merges; with ``force`` whatever the rules say (an administrator)."""
        with self.world.lock:
            r = self.world.repository(full_name)
            how = {"merge_method": method}
            merge = actions.complete_merge if force else actions.merge_pull
            return merge(self.world, r, self._by(by), self.pull(full_name, number), how)

    def revert_pull(self, full_name: str, number: int, *, by: str = PERSON) -> str:
        """Someone pushes a commit that undoes a merged pull request."""
        with self.world.lock:
            r = self.world.repository(full_name)
            pull = self.pull(full_name, number)
            merged = r.git.known_commit(str(pull.merge_commit_sha))
            before = r.git.known_commit(merged.parents[0])
            tip = str(r.branch(pull.base))
            undone = {c.path: r.git.entry(before.tree, c.path) for c in r.git.changes(before.tree, merged.tree)}
            tree = r.git.change_tree(r.git.known_commit(tip).tree, undone)
            message = f'Revert "{pull.issue.title}"\n\nThis reverts commit {merged.sha}.'
            who = self.world.signature(self.world.account(by))
            sha = r.git.write_commit(tree, [tip], message, (who, who))
            refs.move(self.world, r, self._by(by), f"refs/heads/{pull.base}", sha)
            return sha

    def comment(self, full_name: str, number: int, body: str, *, by: str = PERSON) -> Comment:
        with self.world.lock:
            r = self.world.repository(full_name)
            return actions.comment(self.world, r, self._by(by), r.issues[number], body)

    def label(self, full_name: str, number: int, *names: str, by: str = PERSON) -> None:
        with self.world.lock:
            r = self.world.repository(full_name)
            actions.add_labels(self.world, r, self._by(by), r.issues[number], list(names))

    def unlabel(self, full_name: str, number: int, name: str, *, by: str = PERSON) -> None:
        """Someone takes a label off."""
        with self.world.lock:
            r = self.world.repository(full_name)
            actions.remove_label(self.world, r, self._by(by), r.issues[number], name)

    def review(
        self, full_name: str, number: int, state: str = "APPROVED", body: str = "", *, by: str = PERSON
    ) -> Review:
        """``state``: APPROVED, CHANGES_REQUESTED or COMMENTED."""
        with self.world.lock:
            r = self.world.repository(full_name)
            return actions.review(self.world, r, self._by(by), self.pull(full_name, number), (state, body))

    def finish_queue(self, full_name: str, *, passes: bool = True) -> Pull:
        """The first of the merge queue is merged, or thrown out because its checks failed."""
        with self.world.lock:
            return actions.finish_queue(self.world, self.world.repository(full_name), passes=passes)

    # Checks, statuses, deployments, releases

    def check(self, full_name: str, sha: str, name: str, conclusion: str | None = "success") -> CheckRun:
        """A check run of the pipeline; still in progress with ``conclusion`` None."""
        with self.world.lock:
            wanted: Json = {
                "name": name,
                "head_sha": sha,
                "status": "in_progress" if conclusion is None else "completed",
            }
            more = {} if conclusion is None else {"conclusion": conclusion}
            return actions.check_run(self.world, self.world.repository(full_name), self._by(PERSON), {**wanted, **more})

    def finish_check(self, full_name: str, run: CheckRun, conclusion: str = "success") -> None:
        with self.world.lock:
            r = self.world.repository(full_name)
            actions.update_run(self.world, r, self._by(PERSON), run, {"conclusion": conclusion})

    def status(
        self, full_name: str, sha: str, context: str, state: str = "success", *, by: str = PERSON
    ) -> CommitStatus:
        with self.world.lock:
            wanted = {"state": state, "context": context}
            return actions.set_status(self.world, self.world.repository(full_name), self._by(by), sha, wanted)

    def deploy(self, full_name: str, environment: str, ref: str | None = None, **more: Any) -> Deployment:
        """A deployment of a ref (the default branch); ``more``: task, payload, description, transient_environment."""
        with self.world.lock:
            r = self.world.repository(full_name)
            wanted = {"ref": ref or r.default_branch, "environment": environment, **more}
            return actions.deploy(self.world, r, self._by("deployer"), wanted)

    def deployment_status(self, full_name: str, deployment: Deployment, state: str, **more: Any) -> DeploymentStatus:
        with self.world.lock:
            r = self.world.repository(full_name)
            return actions.deployment_status(self.world, r, self._by("deployer"), deployment, {"state": state, **more})

    def release(self, full_name: str, tag: str, *, body: str = "", name: str | None = None, **more: Any) -> Release:
        with self.world.lock:
            wanted = {"tag_name": tag, "name": name or tag, "body": body, **more}
            return actions.release(self.world, self.world.repository(full_name), self._by(PERSON), wanted)

    def _by(self, login: str) -> Actor:
        return self.world.actor(login)

    def told(self, event: str, action: str | None = None) -> list[Json]:
        """The payloads of an event that were to be delivered."""
        return [d.payload for d in self.deliveries if d.event == event and action in {None, d.action}]

    def mergeable(self, full_name: str, number: int) -> str:
        """``mergeable_state`` once it is computed."""
        with self.world.lock:
            pull = self.pull(full_name, number)
            rules.mergeability(self.world, self.world.repository(full_name), pull)
            return rules.mergeability(self.world, self.world.repository(full_name), pull)[1]


def _named(r: Repository) -> Json:
    return {"id": r.id, "node_id": r.node_id, "name": r.name, "full_name": r.full_name, "private": r.private}


def _set(repository: Repository, settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        if not hasattr(repository, name):
            raise TypeError(f"a repository has no setting {name}")
        setattr(repository, name, value)
