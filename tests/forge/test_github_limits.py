from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from bot.core.budget import Rates, Work, may_read, told
from bot.forge.base import ForgeError
from bot.forge.github import GitHub, GitHubForge
from bot.forge.github_app import AppIdentity
from bot.forge.github_client import Client, Pace
from bot.forge.github_errors import GitHubError
from bot.forge.pacing import Pacer, PostponedError
from bot.store import Store
from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.time import VirtualTime
from tests.forge.github_desk import BRANCH, FILES, NAME, QUICK, desk, django, head

THREADS = 8
STORM = 1000
PATIENT = Pace(attempts=1, timeout=30)
"""A refusal by GitHub is an error at once: the storm must have none."""


class Coast:
    """A fake GitHub with its limits on, and the bot's clock and its own moving together."""

    def __init__(self, github: FakeGitHub, clock: Clock) -> None:
        self.github = github
        self.time = VirtualTime(clock().timestamp(), clock.advance)
        self.installation = github.install("acme")
        self.issue = github.open_issue(NAME, "Words").number
        app = github.app
        self.identity = AppIdentity(app.id, app.private_key, github.api_url, PATIENT, clock)
        self.store = Store.in_memory()
        self.pacer = Pacer(
            lambda number: self.store.writes(f"github:{number}"), Rates(), self.time.now, self.time.sleep
        )
        self.paced = GitHub(self.identity, github.api_url, PATIENT, self.pacer)
        self.rash = GitHub(self.identity, github.api_url, PATIENT)

    def client(self, github: GitHub, work: Work) -> Client:
        client = github.open(NAME)._client
        client.work = work
        return client

    def comment(self, client: Client, text: str) -> None:
        client.send_once(f"/issues/{self.issue}/comments", {"body": text})

    def comments(self) -> list[str]:
        """What was said on the issue, by the fake's own books."""
        return [one.body for one in self.github.world.repository(NAME).issues[self.issue].comments]

    def together(self, jobs: list[Callable[[], None]]) -> None:
        threads = self.time.threads(jobs)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
        assert not any(thread.is_alive() for thread in threads)

    def close(self) -> None:
        self.paced.close()
        self.rash.close()
        self.identity.close()
        self.store.close()


@pytest.fixture
def coast() -> Iterator[Coast]:
    need("github specs", specs.why_not())
    clock = Clock()
    with FakeGitHub(clock=clock, jwt_clock=lambda: datetime.now(UTC)) as github:
        github.create_repository(NAME, FILES, message="feat: start")
        made = Coast(github, clock)
        try:
            yield made
        finally:
            made.close()
        assert github.violations == []


def test_a_storm_of_a_thousand_writes_never_trips_a_limit(coast: Coast) -> None:
    """Eight threads write a thousand comments; what does not fit into an hour is sent in the next one."""
    postponed: Counter[Work] = Counter()
    first: dict[Work, float] = {}
    lock = threading.Lock()
    start = coast.time.now()

    def insist(client: Client, text: str) -> None:
        while True:
            try:
                coast.comment(client, text)
            except PostponedError as error:
                with lock:
                    postponed[client.work] += 1
                coast.time.sleep(error.until.timestamp() - coast.time.now())
            else:
                with lock:
                    first.setdefault(client.work, coast.time.now())
                return

    def job(number: int) -> Callable[[], None]:
        def write() -> None:
            clients = [coast.client(coast.paced, work) for work in Work]
            for one in range(number, STORM, THREADS):
                insist(clients[one // THREADS % len(clients)], f"word {one}")

        return write

    coast.together([job(number) for number in range(THREADS)])
    assert coast.github.limits.refused == 0
    assert sorted(coast.comments()) == sorted(f"word {one}" for one in range(STORM))
    hours = (coast.time.now() - start) / 3600
    assert 2 <= hours < 5
    assert postponed[Work.DASHBOARD] > 0
    assert first.keys() == set(Work)


def test_without_a_pace_the_same_storm_is_refused(coast: Coast) -> None:
    client = coast.client(coast.rash, Work.NEW)
    for number in range(80):
        coast.comment(client, f"word {number}")
    with pytest.raises(GitHubError, match="secondary rate limit") as caught:
        coast.comment(client, "one too many")
    assert caught.value.status == 429
    assert coast.github.limits.refused == 1
    assert len(coast.comments()) == 80


def test_what_matters_more_still_goes_when_the_hour_is_full(coast: Coast) -> None:
    book = coast.store.writes(f"github:{coast.installation.id}")
    for _ in range(388):
        book.note(coast.time.now() - 120)
    for work in (Work.DASHBOARD, Work.UPDATE, Work.NEW, Work.MERGE):
        with pytest.raises(PostponedError, match="Nothing is lost"):
            coast.comment(coast.client(coast.paced, work), work.name)
    for work in (Work.REVERT, Work.SECURITY):
        coast.comment(coast.client(coast.paced, work), work.name)
    assert coast.comments() == ["REVERT", "SECURITY"]


def test_a_postponed_write_sends_nothing_and_is_carried_out_later(coast: Coast) -> None:
    book = coast.store.writes(f"github:{coast.installation.id}")
    for _ in range(400):
        book.note(coast.time.now())
    forge = coast.paced.open(NAME)
    commit = django(forge)
    coast.github.forget_requests()
    with pytest.raises(PostponedError):
        forge.propose(BRANCH, commit, None)
    assert coast.github.counts["write"] + coast.github.counts["mutation"] == 0
    coast.time.sleep(3600)
    again = coast.paced.open(NAME)
    assert head(again.propose(BRANCH, django(again), None)) == coast.github.head(NAME, BRANCH)
    assert len(book.since(coast.time.now() - 1)) == 3


def test_reading_stops_while_there_is_room_for_writing(coast: Coast) -> None:
    forge: GitHubForge = coast.paced.open(NAME)
    number = coast.installation.id
    assert may_read(coast.paced.allowance(number), coast.paced.allowance(number, "graphql"), coast.github.clock())
    forge.snapshot().entries()
    now = coast.github.clock()
    assert may_read(coast.paced.allowance(number), coast.paced.allowance(number, "graphql"), now)
    coast.github.limits.window(f"installation {number}", "core").used = 4300
    coast.paced.open(NAME).snapshot().entries()
    core = coast.paced.allowance(number)
    assert core is not None
    assert not may_read(core, None, now)
    assert "are left and 750 are kept for writing" in told(core, None, now)
    coast.comment(coast.client(coast.paced, Work.MERGE), "there is room")
    assert may_read(core, None, core.until)


@pytest.mark.parametrize("status", [403, 429])
def test_retry_after_is_waited_for_and_a_long_one_is_an_error(status: int) -> None:
    with desk() as at:
        at.github.limits.secondary_status = status
        at.github.limits.retry_after = 0
        at.github.faults.secondary(path="git/trees$", method="POST")
        forge = at.forge()
        assert head(forge.propose(BRANCH, django(forge), None))
        at.github.limits.retry_after = 60
        at.github.faults.secondary(path="comments$", method="POST")
        number = at.github.open_issue(NAME, "Words").number
        with pytest.raises(ForgeError, match="Run again in 60 seconds"):
            at.forge(pace=QUICK)._client.send_once(f"/issues/{number}/comments", {"body": "words"})
