"""A repository on GitHub: read in few requests, changed by compare-and-swap, every step the same when repeated.

https://docs.github.com/en/rest and https://docs.github.com/en/graphql
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import msgspec

from bot.core.budget import Work
from bot.forge.base import (
    PREFIX,
    Asked,
    Author,
    Board,
    Branch,
    Deleted,
    ForgeError,
    NewCommit,
    Pushed,
    Reaction,
    RefusalReason,
    Refused,
    Review,
    Words,
    blob_id,
)
from bot.forge.commit import tidy_author
from bot.forge.dry_run import unified
from bot.forge.github_app import GITHUB, AppIdentity, AppLogin, Installation
from bot.forge.github_client import (
    BOARD,
    PATIENT,
    WORKFLOWS,
    WRITING,
    Allowance,
    Client,
    Login,
    Pace,
    Permissions,
    Token,
    Wire,
    bearer,
    checked_name,
)
from bot.forge.github_errors import GitHubError, failure
from bot.forge.github_fleet import Fleet
from bot.forge.github_graphql import (
    HEADS,
    Head,
    Overview,
    commit_of,
    head_of,
    heads_below,
    moved_head,
    overview,
    resolve,
)
from bot.forge.github_notes import GitHubNotes
from bot.forge.github_pulls import PullDesk
from bot.forge.github_read import Contents, GitHubSnapshot
from bot.forge.github_talk import BoardDesk, TalkDesk
from bot.forge.github_tree import FOLDER, Listing, fetch, is_object
from bot.forge.github_write import Writer, message
from bot.http import Cache

NOTHING = "0" * 40
"""Where GitHub takes an object id it stands for a ref that is not there."""
WORKFLOW_FOLDER = ".github/workflows/"
MOST_COMPARED = 300
"""GitHub names at most so many files of a comparison."""
MOST_LISTINGS = 4

# https://git-scm.com/docs/git-check-ref-format, with nothing in it but what the bot's own names hold
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)|[./]$))[!-~]{1,240}")
_UNGRANTED = re.compile(r"workflow|not accessible by|not granted", re.IGNORECASE)
_FORBIDDEN = frozenset(' ~^:?*[\\"')

UPDATE = """
mutation Move($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }
"""


class Pacing(Protocol):
    """Keeps changes within GitHub's limits: ``pacing.Pacer``."""

    def __call__(self, installation: int | None, work: Work) -> None:
        """Wait until a change may be made in an installation's name (None: a plain token's); raises ``ForgeError``."""
        ...

    def hold(self, installation: int | None, seconds: float) -> None:
        """Let nothing go for so long: GitHub said so."""
        ...


class Unpaced:
    """No limits but GitHub's own."""

    def __call__(self, installation: int | None, work: Work) -> None:
        """Let a change be made."""

    def hold(self, installation: int | None, seconds: float) -> None:
        """Wait nowhere else than where GitHub said so."""


class GitHub:
    """One GitHub, in one login's name: opens repositories over shared connections; safe for threads.

    ``pacing`` is asked before every request that changes something, and told when GitHub asks for
    a pause; ``told`` gets a sentence for people then, from any thread. The bot's branches begin
    with ``prefix``.
    """

    def __init__(
        self,
        login: AppIdentity | Token,
        api_url: str = GITHUB,
        pace: Pace = PATIENT,
        pacing: Pacing | None = None,
        *,
        told: Callable[[str], None] = lambda _: None,
        prefix: str = PREFIX,
    ) -> None:
        self._login = login
        self._pacing = pacing or Unpaced()
        self._wire = Wire(api_url, pace, bearer, told=told, paused=self._pacing.hold)
        self._prefix = prefix
        if isinstance(login, AppIdentity) and login.api_url != self._wire.api_url:
            where = f"{login.api_url} and {self._wire.api_url}"
            raise ForgeError("An App's tokens are for the GitHub that gives them", where, "Use one api_url for both")

    def open(self, repository: str, installation: Installation | None = None) -> GitHubForge:
        """The forge for ``OWNER/REPO``; an App's installation is looked up where it is not given.

        Raises ``ForgeError``.
        """
        name = checked_name(repository)
        login: Login
        if isinstance(self._login, Token):
            login = self._login
        else:
            login = AppLogin(self._login, installation or self._login.installation_of(name))
        return GitHubForge(Client(name, login, self._wire, partial(self._pacing, login.fleet), self._prefix))

    def fleet(self, installation: Installation, cache: Cache) -> Fleet:
        """The repositories of one installation; raises ``ForgeError`` for a plain token, which has none."""
        if isinstance(self._login, Token):
            raise ForgeError(
                "A plain token has no installation", "github.token", "Name the repositories, or set an App"
            )
        return Fleet(self._wire, AppLogin(self._login, installation), cache)

    def allowance(self, installation: int | None, resource: str = "core") -> Allowance | None:
        """What was left of the hour's rate limit at the last answer, None before any; or of ``graphql``'s points."""
        return self._wire.allowance(installation, resource)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()


class _Sha(msgspec.Struct):
    sha: str


class _Changed(msgspec.Struct):
    filename: str
    previous_filename: str | None = None


class _Comparison(msgspec.Struct):
    status: str
    merge_base_commit: _Sha
    files: list[_Changed] = []


class GitHubForge:
    """Implements ``Forge``, ``PullRequests`` and ``Conversation`` for one pass over one repository, in one thread.

    What is read is kept for the pass; writes compare with what stands on GitHub, so that an old
    picture never overwrites anything.
    """

    def __init__(self, client: Client) -> None:
        self.repository = client.repository
        self._client = client
        self._contents = Contents(client)
        self._overview: Overview | None = None
        self._pulls: PullDesk | None = None
        self._talk: TalkDesk | None = None
        self._board: BoardDesk | None = None
        self._snapshots: dict[str, GitHubSnapshot] = {}
        self._listings: dict[str, Listing] = {}
        self._comparisons: dict[tuple[str, str], _Comparison | None] = {}

    @property
    def installation(self) -> int | None:
        """The App's installation that the repository is read through, None for a plain token."""
        return self._client.login.fleet

    @property
    def house_policy(self) -> bytes | None:
        """The owner's policy file (in their ``.github`` repository), None where there is none; raises ``ForgeError``.

        ``github_graphql.UNREADABLE`` for one that is there and can't be read, which no reader takes.
        """
        return self._seen.house

    def notes(self, cache: Cache) -> GitHubNotes:
        """Release notes of other repositories, read in the same name."""
        return GitHubNotes(self._client.login, self._client.wire, cache)

    # Reading

    def snapshot(self, ref: str | None = None) -> GitHubSnapshot:
        """The repository at a branch, tag or commit; None for the default branch."""
        if ref is None:
            seen = self._seen
            return self._snapshot_at(seen.commit, seen.base, listed=True)
        if is_object(ref):
            return self._snapshot_at(ref, "HEAD", listed=False)
        commit, is_branch = resolve(self._client, ref)
        return self._snapshot_at(commit, ref if is_branch else "HEAD", listed=True)

    def branches(self, prefix: str | None = None) -> dict[str, Branch]:
        """The branches whose names start with ``prefix``, by name; the bot's own as the pass knows them."""
        heads = self._seen.heads
        prefix = self._client.prefix if prefix is None else prefix
        if not prefix.startswith(self._client.prefix):
            folder, slash, _ = prefix.rpartition("/")
            heads = heads_below(self._client, folder + slash)
        return {name: head.branch for name, head in sorted(heads.items()) if name.startswith(prefix)}

    def recent_subjects(self, n: int = 50) -> list[str]:
        """The subjects of the default branch's newest commits, merges left out; 50 commits are looked at."""
        return self._seen.subjects[:n]

    def changed(self, base_commit: str, other_commit: str, paths: Iterable[str]) -> bool:
        """Whether any of these paths differs between two commits."""
        return base_commit != other_commit and not self.touched(base_commit, other_commit).isdisjoint(paths)

    def touched(self, base_commit: str, other_commit: str) -> frozenset[str]:
        """The paths that differ between two commits, from whole listings where GitHub's comparison is partial."""
        if base_commit == other_commit:
            return frozenset()
        if {base_commit, other_commit} <= self._listings.keys():
            return self._listings[base_commit].differing(self._listings[other_commit])
        found = self._compared(base_commit, other_commit)
        # A comparison starts from where both came from: that is the first one unless they diverged.
        if found is None or found.merge_base_commit.sha != base_commit or len(found.files) >= MOST_COMPARED:
            return self._listed(base_commit).differing(self._listed(other_commit))
        return frozenset(name for one in found.files for name in (one.filename, one.previous_filename) if name)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether a commit is reachable from another; one that GitHub does not know is not."""
        if ancestor == descendant:
            return True
        found = self._compared(ancestor, descendant)
        return found is not None and found.status in {"ahead", "identical"}

    def diff(self, base_commit: str | None, commit: str) -> str:
        """What a commit changes against another (None: its first parent), as a unified diff; links are left out."""
        base = self._parent(commit) if base_commit is None else base_commit
        paths = sorted(self.touched(base, commit))
        old, new = (self.snapshot(one).read_many(paths) for one in (base, commit))
        parts = []
        for path in paths:
            before, after = old.get(path, b""), new.get(path, b"")
            if isinstance(before, bytes) and isinstance(after, bytes):
                parts.append(unified(path, before, after, added=path not in old))
            else:
                parts.append(f"diff --git a/{path} b/{path}\n(too large to be shown)\n")
        return "".join(parts)

    # Writing

    def authored(self, branch: Branch, author: Author) -> bool:
        """Whether a branch's head is by whom this login commits as: the App itself, else ``author``."""
        if not self._client.login.is_app:
            return branch.author_email == tidy_author(author).email
        local, _, host = branch.author_email.partition("@")
        return host.startswith("users.noreply.") and local in self._seen.bot_names

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:
        """Put a branch on a new commit in three writes: tree, commit, ref; see ``Forge.propose``.

        An App leaves author and committer out, so that GitHub signs the commit as the App's; then
        ``commit.author`` and ``commit.at`` say nothing.
        """
        _check_branch(branch, self._client)
        if commit.base is None or not commit.files:
            raise ForgeError("A commit needs a base and a file", self.repository, "This is a fault of Freshline")
        found = self._seen.heads.get(branch)
        head = found.branch.head if found else None
        if head != expected and (found is None or found.branch.parent != commit.base):
            return _moved(branch, head, expected)
        base = self._listed(commit.base)
        refusal = self._obstacle(base, commit)
        if refusal:
            return refusal
        tree = base.changed_root({path: blob_id(data) for path, data in commit.files.items()})
        if found is not None and self._same(found, commit, tree):
            return Pushed(found.branch.head, changed=False)
        if head != expected:
            return _moved(branch, head, expected)
        with self._client.working(Work.NEW if expected is None else Work.UPDATE):
            return self._put(branch, commit, base, tree, expected)

    def delete(self, branch: str, expected: str) -> Deleted | Refused:
        """Remove a branch that stands at ``expected``."""
        _check_branch(branch, self._client)
        found = self._seen.heads.get(branch)
        if found is None:
            return Deleted(changed=False)
        if found.branch.head != expected:
            return _moved(branch, found.branch.head, expected)
        with self._client.working(Work.UPDATE):
            refusal = self._move(branch, expected, NOTHING, WRITING)
        if refusal is None:
            return Deleted(changed=True)
        return Deleted(changed=False) if refusal.reason is RefusalReason.GONE else refusal

    # Pull requests

    def listed(self) -> dict[str, Review]:
        """The newest pull request of each branch of the bot's, by branch; see ``PullDesk.listed``."""
        return self._own_pulls.listed()

    def open(self, branch: str, words: Words) -> Review:
        """Open one from the branch to the base, or bring its words up to date; see ``PullDesk.open``."""
        return self._own_pulls.open(branch, words, self._seen.heads.get(branch))

    def close(self, number: int, why: str) -> None:
        """Close one with a comment that says why; see ``PullDesk.close``."""
        self._own_pulls.close(number, why)

    # Conversation

    def asked(self) -> tuple[Asked, ...]:
        """The latest comments that ask the bot for something; see ``TalkDesk.asked``."""
        return self._own_talk.asked()

    def answered(self, asked: Asked) -> bool:
        """Whether the bot's reaction is on the comment already."""
        return self._own_talk.answered(asked)

    def may_write(self, login: str) -> bool:
        """Whether somebody may write to the repository."""
        return self._own_talk.may_write(login)

    def answer(self, asked: Asked, reaction: Reaction, text: str = "") -> None:
        """Reply where there is a text, then react; see ``TalkDesk.answer``."""
        self._own_talk.answer(asked, reaction, text)

    def say(self, number: int, text: str) -> None:
        """Comment on a pull request of the bot's, unless it has said the very same there."""
        self._own_talk.say(number, text)

    def board(self) -> Board | None:
        """The dashboard issue, None where none is seen; see ``BoardDesk.board``."""
        return self._own_board.board()

    def has_issues(self) -> bool:
        """Whether the repository keeps issues, and the App may write them."""
        return self._seen.has_issues and not self._client.login.lacks(BOARD)

    def write_board(self, title: str, body: str) -> Board:
        """Open the dashboard issue, or bring its words up to date; see ``BoardDesk.write``."""
        return self._own_board.write(title, body)

    # How

    @property
    def _seen(self) -> Overview:
        if self._overview is None:
            self._overview = overview(self._client)
            self._contents.keep(self._overview.contents)
        return self._overview

    @property
    def _own_pulls(self) -> PullDesk:
        if self._pulls is None:
            self._pulls = PullDesk(self._client, self._seen)
        return self._pulls

    @property
    def _own_talk(self) -> TalkDesk:
        if self._talk is None:
            self._talk = TalkDesk(self._client, self._seen)
        return self._talk

    @property
    def _own_board(self) -> BoardDesk:
        if self._board is None:
            self._board = BoardDesk(self._client, self._seen)
        return self._board

    def _snapshot_at(self, commit: str, branch: str, *, listed: bool) -> GitHubSnapshot:
        known = self._snapshots.get(commit)
        if known is not None and known.branch == branch:
            return known
        made = GitHubSnapshot(commit, branch, self._contents, lambda: self._listed(commit), listed=listed)
        self._snapshots[commit] = made
        return made

    def _listed(self, commit: str) -> Listing:
        """A commit's listing; those of the last few are kept, and the base's always."""
        known = self._listings.get(commit)
        if known is not None:
            return known
        kept = [one for one in self._listings if one != self._seen.commit]
        if len(kept) >= MOST_LISTINGS:
            del self._listings[kept[0]]
        made = fetch(self._client, commit)
        self._listings[commit] = made
        return made

    def _compared(self, base: str, other: str) -> _Comparison | None:
        """GitHub's comparison; None where the two have nothing in common or one is not there."""
        for commit in (base, other):
            if not is_object(commit):
                raise ForgeError("That is no commit", f"{self.repository}: {commit!r}", "This is a fault of Freshline")
        if (base, other) not in self._comparisons:
            try:
                found = self._client.get(f"/compare/{base}...{other}?per_page=1", _Comparison)
            except GitHubError as error:
                if error.status != 404:
                    raise
                found = None
            self._comparisons[base, other] = found
        return self._comparisons[base, other]

    def _parent(self, commit: str) -> str:
        head = next((h.branch for h in self._seen.heads.values() if h.branch.head == commit), None)
        if head is not None and head.parent is not None:
            return head.parent
        parents = commit_of(self._client, commit).parents
        if not parents:
            raise failure(
                "A first commit has nothing to be compared with", f"{self.repository}: {commit}", "Give a base"
            )
        return parents[0].sha

    def _obstacle(self, base: Listing, commit: NewCommit) -> Refused | None:
        """Why these files can't be written; raises ``ForgeError`` for names that can't be."""
        for path in commit.files:
            mode = base.mode(path)
            if mode is not None and mode != FOLDER and path not in base.regular:
                return Refused(RefusalReason.NOT_A_FILE, f"{path!r} is a symbolic link or a submodule")
            why = base.obstacle(path)
            if why:
                raise ForgeError(f"{path!r} can't be written: {why}", self.repository, "See whether the name is right")
        if self._workflows(commit) and self._client.login.lacks(WORKFLOWS):
            return _permission(next(path for path in commit.files if path.startswith(WORKFLOW_FOLDER)))
        return None

    def _workflows(self, commit: NewCommit) -> bool:
        return any(path.startswith(WORKFLOW_FOLDER) for path in commit.files)

    def _same(self, found: Head, commit: NewCommit, tree: str | None) -> bool:
        """Whether a branch already stands at this very commit; its date does not count."""
        branch = found.branch
        if (branch.parent, branch.tree) != (commit.base, tree) or found.message.rstrip("\n") != message(commit):
            return False
        return self.authored(branch, commit.author)

    def _put(
        self, branch: str, commit: NewCommit, base: Listing, tree: str | None, expected: str | None
    ) -> Pushed | Refused:
        need = WORKFLOWS if self._workflows(commit) else WRITING
        try:
            writer = Writer(self._client, commit, base, need)
            written = writer.tree()
            if tree is not None and written != tree:
                raise failure(
                    "GitHub made another tree than was wanted", self.repository, "Nothing was moved; run again"
                )
            made = writer.made(written)
            refusal = self._move(branch, expected, made.sha, need)
        except GitHubError as error:
            if need is WORKFLOWS and _about_workflows(error):
                return _permission(next(path for path in commit.files if path.startswith(WORKFLOW_FOLDER)))
            raise
        if refusal:
            return refusal
        heads = self._seen.heads
        heads[branch] = moved_head(branch, made, commit, written, heads.get(branch))
        return Pushed(made.sha, changed=True)

    def _move(self, branch: str, before: str | None, after: str, need: Permissions) -> Refused | None:
        """Move a ref from where it was to where it shall be; why not, when somebody else was there first."""
        update = {"name": HEADS + branch, "beforeOid": before or NOTHING, "afterOid": after, "force": True}
        try:
            self._client.mutate(UPDATE, {"input": {"repositoryId": self._seen.id, "refUpdates": [update]}}, need)
        except GitHubError as error:
            # The answer may be lost and the branch moved all the same: what stands there decides.
            now = self._look(branch)
            if now == after or (now is None and after == NOTHING and error.passing):
                return None
            if now == before or error.status in {401, 403}:
                raise
            return _moved(branch, now, before)
        if after == NOTHING:
            self._seen.heads.pop(branch, None)
        return None

    def _look(self, branch: str) -> str | None:
        """Where a branch stands now; the pass's picture of it is put right."""
        head = head_of(self._client, branch)
        if head is None:
            self._seen.heads.pop(branch, None)
            return None
        self._seen.heads[branch] = head
        return head.branch.head


def _check_branch(branch: str, client: Client) -> None:
    good = branch.startswith(client.prefix) and _BRANCH.fullmatch(branch) and _FORBIDDEN.isdisjoint(branch)
    if not good:
        what = f"{branch!r} can't be a branch of Freshline's"
        raise ForgeError(what, client.repository, "This is a fault of Freshline")


def _about_workflows(error: GitHubError) -> bool:
    """Whether a refusal is for want of that permission: GitHub says 404 to a classic token, 403 to others."""
    return error.status == 404 or (error.status in {403, 422} and _UNGRANTED.search(error.said) is not None)


def _permission(path: str) -> Refused:
    detail = f"{path} is a workflow; grant the permission “workflows” (write) to let Freshline change it"
    return Refused(RefusalReason.PERMISSION_MISSING, detail)


def _moved(branch: str, head: str | None, expected: str | None) -> Refused:
    if head is None:
        return Refused(RefusalReason.GONE, f"{branch} was deleted; it stood at {expected}")
    if expected is None:
        return Refused(RefusalReason.EXISTS, f"{branch} is there already, at {head}")
    return Refused(RefusalReason.MOVED, f"{branch} stands at {head}, not at {expected} where Freshline left it")
