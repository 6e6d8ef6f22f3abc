"""The state of the fake: accounts, repositories, Apps, tokens, and the ids they get."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.github.errors import not_found
from tests.fakes.github.gitrepo import EXECUTABLE, FILE, LINK, MODULE, Entry, GitRepository, Signature
from tests.fakes.github.records import Account, Actor, App, Installation, Repository, Token
from tests.fakes.github.webhooks import Webhooks

PERMISSIONS = {
    "actions": "read",
    "administration": "read",
    "checks": "read",
    "contents": "write",
    "deployments": "read",
    "issues": "write",
    "merge_queues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
    "workflows": "write",
}
EVENTS = [
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "issue_comment",
    "issues",
    "merge_group",
    "pull_request",
    "pull_request_review",
    "push",
    "release",
    "repository",
    "status",
]
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Special:
    """A file that is more than its text; ``mode`` as git writes it (``120000``: a link, ``160000``: a submodule)."""

    content: str | bytes
    mode: str = EXECUTABLE


Content = str | bytes | Special | None
Files = Mapping[str, Content]


@cache
def private_key(number: int) -> str:
    """A PEM key; made once for a process, since that takes a while. Different Apps have different ones."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@cache
def public_key(pem: str) -> str:
    """The public half of a PEM key."""
    key = serialization.load_pem_private_key(pem.encode(), None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass
class Settings:
    """What tests turn: how many entries a recursive tree gives, and so on."""

    tree_limit: int = 100_000
    page_limit: int = 100
    blob_text: int = 512_000


class World:
    """Everything that is; guarded by ``lock``, which each request holds while it is carried out."""

    def __init__(self, clock: Callable[[], datetime], url: str) -> None:
        self.clock = clock
        self.url = url
        self.web_url = url
        self.lock = threading.RLock()
        self.settings = Settings()
        self.folder = Path(tempfile.mkdtemp(prefix="freshline-github-"))
        self.accounts: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.repositories: dict[int, Repository] = {}
        self.names: dict[str, int] = {}
        self.tokens: dict[str, Token] = {}
        self.webhooks = Webhooks(self.new_id, clock)
        # Merges and diffs are git's own and cost a process: remembered by what they are made of.
        self.merged_trees: dict[tuple[int, str, str], str | None] = {}
        self.patches: dict[tuple[str, str], dict[str, str]] = {}
        self._ids: Counter[str] = Counter()

    def close(self) -> None:
        self.webhooks.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_id(self, kind: str) -> int:
        """Ids are counted for each kind, so that they are the same in every run."""
        self._ids[kind] += 1
        return self._ids[kind]

    # Accounts

    def account(self, login: str, kind: str | None = None) -> Account:
        """The account of that name; it is made where there is none (a person, unless said otherwise)."""
        found = self.accounts.get(login.lower())
        if found is None:
            found = Account(1000 + self.new_id("account"), login, kind or "User")
            self.accounts[login.lower()] = found
        return found

    def actor(self, login: str) -> Actor:
        return Actor(self.account(login))

    # Apps

    def create_app(self, slug: str, permissions: dict[str, str] | None = None, events: list[str] | None = None) -> App:
        number = self.new_id("app")
        bot = self.account(f"{slug}[bot]", "Bot")
        chosen = dict(PERMISSIONS if permissions is None else permissions)
        app = App(
            id=number,
            slug=slug,
            owner=self.account("maintainer"),
            bot=bot,
            permissions={"metadata": "read", **chosen},
            events=list(EVENTS if events is None else events),
            private_key=private_key(number),
            created_at=self.clock(),
        )
        self.apps[number] = app
        return app

    def installation_of(self, repository: Repository, app: App) -> Installation | None:
        """The App's installation that reaches a repository."""
        return next((one for one in self.live_installations(app) if covers(one, repository)), None)

    def live_installations(self, app: App) -> Iterator[Installation]:
        return (one for one in self.installations.values() if one.app is app and not one.removed)

    def installed_repositories(self, installation: Installation) -> list[Repository]:
        return [r for r in self.live_repositories() if covers(installation, r)]

    def mint(self, installation: Installation, permissions: dict[str, str], repository_ids: set[int] | None) -> Token:
        token = self._token("ghs", installation.app.bot)
        token.installation = installation
        token.permissions = permissions
        token.repository_ids = repository_ids
        token.expires_at = self.clock() + HOUR
        return token

    def personal_token(self, login: str, permissions: dict[str, str] | None = None) -> Token:
        token = self._token("ghp", self.account(login))
        token.permissions = None if permissions is None else {"metadata": "read", **permissions}
        return token

    def _token(self, prefix: str, user: Account) -> Token:
        secret = sha256(f"{prefix}{self.new_id('token')}".encode()).hexdigest()[:36]
        token = Token(f"{prefix}_{secret}", user)
        self.tokens[token.value] = token
        return token

    # Repositories

    def live_repositories(self) -> Iterator[Repository]:
        return (r for r in self.repositories.values() if not r.deleted)

    def repository(self, full_name: str) -> Repository:
        """The repository ``owner/name`` (old names lead to it too); raises 404."""
        number = self.names.get(full_name.lower())
        found = self.repositories.get(number) if number else None
        if found is None or found.deleted:
            raise not_found()
        return found

    def create_repository(self, full_name: str, default_branch: str = "main") -> Repository:
        owner, _, name = full_name.partition("/")
        if full_name.lower() in self.names:
            raise ValueError(f"{full_name} is there already")
        number = self.new_id("repository")
        git = GitRepository(self.folder / f"{number}.git")
        git.init(default_branch)
        now = self.clock()
        account = self.account(owner, "Organization")
        repository = Repository(number, name, account, git, default_branch, now, now, now)
        repository.collaborators["maintainer"] = "admin"
        self.repositories[number] = repository
        self.names[full_name.lower()] = number
        return repository

    def rename_repository(self, repository: Repository, name: str) -> None:
        repository.name = name
        self.names[repository.full_name.lower()] = repository.id

    def role(self, repository: Repository, user: Account) -> str | None:
        """``admin``, ``maintain``, ``write``, ``triage``, ``read``, or None for someone who can't see it."""
        if user is repository.owner:
            return "admin"
        given = repository.collaborators.get(user.login)
        return given or (None if repository.private else "read")

    # Git

    def signature(self, user: Account) -> Signature:
        return Signature(user.login, user.email, self.clock())

    def tree_of(self, repository: Repository, base: str | None, files: Files) -> str:
        """The tree ``base`` with these files set; None takes one away."""
        entries = {
            path: None if content is None else self._entry(repository, content) for path, content in files.items()
        }
        return repository.git.change_tree(base, entries)

    def _entry(self, repository: Repository, content: str | bytes | Special) -> Entry:
        special = content if isinstance(content, Special) else Special(content, FILE)
        data = special.content.encode() if isinstance(special.content, str) else special.content
        if special.mode == MODULE:
            return Entry(MODULE, data.decode())
        return Entry(special.mode, repository.git.write("blob", data))

    def git_folder(self, full_name: str) -> Path:
        """Where the bare repository is on disk, for git itself."""
        return self.repository(full_name).git.path


def covers(installation: Installation, repository: Repository) -> bool:
    """Whether an installation was given a repository."""
    mine = repository.owner is installation.account
    return mine and (installation.repository_ids is None or repository.id in installation.repository_ids)


def link_to(target: str) -> Special:
    """A symbolic link."""
    return Special(target, LINK)


def submodule(sha: str) -> Special:
    """A submodule at a commit."""
    return Special(sha, MODULE)
