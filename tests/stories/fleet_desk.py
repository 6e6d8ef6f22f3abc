"""Where somebody sits whose App is installed on a fleet of (fake) GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.app import App
from bot.config import load
from bot.fleet import Paid, Survey
from bot.listening import Reply
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.gate import Request
from tests.fakes.github.records import Installation, Issue
from tests.fakes.github.webhooks import Delivery

if TYPE_CHECKING:
    from tests.stories.conftest import Answer, Desk

SHOP = "acme/shop"
ALPHA, BETA, PAD = "freshline/pypi/alpha", "freshline/pypi/beta", "freshline/npm/left-pad"
FILES = {"requirements.txt": "alpha==1.0\nbeta==2.0\n", "web/package.json": '{"dependencies": {"left-pad": "1.0.0"}}\n'}
ONE = {"requirements.txt": "alpha==1.0\n"}
POLICY = ".github/freshline.toml"
SECRET = "It's a secret"


class Quiet:
    """Listens to a pass and keeps what it says."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def surveyed(self, account: str, survey: Survey) -> None:
        self.words.append(account)

    def visited(self, paid: Paid) -> None:
        self.words.append(paid.due.repository)

    def said(self, words: str) -> None:
        self.words.append(words)


class Fleet:
    """A desk whose App is installed on ``acme``; what it looks at is ``acme/shop`` unless said otherwise."""

    def __init__(self, desk: Desk, github: FakeGitHub) -> None:
        self.desk = desk
        self.github = github
        self.installation: Installation = github.install("acme")
        github.webhook_secret = SECRET
        self._taken = len(github.deliveries)

    def freshline(self, *arguments: str, **environ: str) -> Answer:
        return self.desk.freshline(*arguments, **environ)

    # Passes

    def attempt(self, **environ: str) -> Answer:
        """A pass over the fleet, however it goes. GitHub's times are full seconds: what follows is in another one."""
        self.github.clock.advance(2)
        self.github.forget_requests()
        answer = self.freshline("run", "--fleet", **environ)
        assert self.github.violations == []
        self.github.clock.advance(2)
        return answer

    def run(self, **environ: str) -> str:
        """A pass that goes well; what it says."""
        answer = self.attempt(**environ)
        assert answer.code == 0, answer.out + answer.err
        return answer.out

    def rest(self) -> None:
        """Passes until nothing is left to do: what the bot wrote last time is looked at once more."""
        for _ in range(3):
            if " 0 to visit" in self.run():
                return
        raise AssertionError(f"there is always something to do: {self.run()}")

    # What stands on GitHub

    def open(self, name: str = SHOP) -> dict[str, int]:
        """The numbers of the open pull requests, by branch."""
        return {pull.head: pull.number for pull in self.github.pulls(name, "open")}

    def file(self, branch: str, path: str = "requirements.txt", name: str = SHOP) -> str:
        return self.github.files(name, branch)[path].decode()

    def said(self, number: int, name: str = SHOP) -> list[str]:
        """What the bot said on a pull request."""
        comments = self.github.repository(name).issues[number].comments
        return [one.body for one in comments if one.user.login == "freshline[bot]"]

    def reactions(self, number: int, name: str = SHOP) -> list[list[str]]:
        """The reactions on each comment of people."""
        comments = self.github.repository(name).issues[number].comments
        return [[r.content for r in one.reactions] for one in comments if one.user.login != "freshline[bot]"]

    def boards(self, name: str = SHOP) -> list[Issue]:
        issues = self.github.repository(name).issues.values()
        return [issue for issue in issues if issue.title == "Freshline dashboard"]

    def board(self, name: str = SHOP) -> str:
        """The dashboard's text."""
        (issue,) = self.boards(name)
        return issue.body or ""

    def tick(self, words: str, name: str = SHOP) -> None:
        """Somebody ticks the one box whose line has these words in it."""
        (issue,) = self.boards(name)
        (line,) = [line for line in self.board(name).splitlines() if words in line and "- [ ]" in line]
        ticked = self.board(name).replace(line, line.replace("- [ ]", "- [x]"))
        self.github.edit(name, issue.number, body=ticked)

    def writes(self) -> list[str]:
        """What was changed since the last pass began, as requests."""
        return [f"{one.method} {one.path}" for one in self.github.requests if one.kind in {"write", "mutation"}]

    def about(self, name: str) -> list[Request]:
        """The requests that name a repository."""
        short = name.partition("/")[2]
        named = {f"/repos/{name}"}
        return [one for one in self.github.requests if f"{one.path}/".startswith(f"{min(named)}/") or _asks(one, short)]

    # Webhooks

    @contextmanager
    def app(self) -> Iterator[App]:
        with App.opened(load()) as app:
            yield app

    def told(self) -> list[Delivery]:
        """The webhooks that GitHub sent since the last time."""
        found = self.github.deliveries[self._taken :]
        self._taken = len(self.github.deliveries)
        return found

    def receive(self, *deliveries: Delivery) -> list[Reply]:
        """Let these webhooks arrive, or all since the last time."""
        with self.app() as app:
            return [app.receive(one.headers, one.body) for one in deliveries or self.told()]

    def attend(self) -> dict[str, object]:
        """Visit what webhooks told of: what came of it, by repository."""
        self.github.clock.advance(2)
        self.github.forget_requests()
        with self.app() as app:
            paid = app.attend(Quiet())
        assert self.github.violations == []
        return {one.due.repository: one.result for one in paid}


def _asks(request: Request, name: str) -> bool:
    """Whether a GraphQL question is about the repository of this name."""
    variables = request.body.get("variables") if isinstance(request.body, dict) else None
    return isinstance(variables, dict) and variables.get("name") == name
