"""Webhooks that did not arrive: GitHub never sends one again by itself, so they are asked for.

https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.forge.github_app import AppIdentity, HookDelivery
from bot.forge.github_errors import GitHubError

KEPT = timedelta(days=3)
"""How long GitHub remembers a delivery."""
SETTLED = timedelta(minutes=1)
"""A younger attempt may be on its way still: GitHub waits 10 seconds for an answer."""
MAX_PAGES = 50
"""Pages of 100 attempts that are read in one call."""
MAX_ASKED = 60
"""Webhooks that are asked for in one call, oldest first: GitHub takes about 80 such requests a minute."""

_UNREADABLE = frozenset({400, 413})
"""What ``listening`` answers when it can't read a webhook: it could not the next time either."""
_GONE = frozenset({400, 404, 410, 422})
"""What GitHub answers when it does not send a webhook again."""

Known = Callable[[Sequence[str]], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Redelivered:
    """What was done about webhooks that did not arrive.

    ``asked`` are sent again, ``still_failing`` are not: Freshline could not read them, GitHub won't,
    or there are too many for one call. ``newest`` is the ``since`` of the next call. ``complete`` is
    false when there were more deliveries than are read.
    """

    asked: int
    still_failing: int
    newest: datetime
    complete: bool


def redeliver(
    identity: AppIdentity, known: Known | None, now: datetime, since: datetime, limit: int = MAX_ASKED
) -> Redelivered:
    """Ask for every webhook since then of which no attempt succeeded, once each.

    ``known`` tells which of these GUIDs the store has all the same. Running it twice does no harm: a
    webhook that comes twice is known the second time. Raises ``ForgeError``; the sweep finds out
    by itself what a lost webhook would have told.
    """
    start = max(since, now - KEPT)
    attempts, complete = _attempts(identity, start)
    failed = _failed(attempts)
    arrived = known([one.guid for one in failed]) if known is not None and failed else frozenset()
    lost = [one for one in failed if one.guid not in arrived and one.delivered_at <= now - SETTLED]
    worth = [one for one in lost if one.status_code not in _UNREADABLE]
    asked = sum(_sent_again(identity, one.id) for one in worth[:limit])
    newest = max((one.delivered_at for one in attempts), default=start)
    # What there was no room for, and what may be on its way still, is looked at again the next time.
    seen = min([newest, now - SETTLED, *(one.delivered_at for one in worth[limit:])])
    return Redelivered(asked, len(lost) - asked, max(start, seen), complete)


def _attempts(identity: AppIdentity, since: datetime) -> tuple[list[HookDelivery], bool]:
    """The attempts since then, and whether these are all."""
    found: list[HookDelivery] = []
    cursor = ""
    for _ in range(MAX_PAGES):
        page, cursor = identity.hook_deliveries(cursor)  # newest first
        found += [one for one in page if one.delivered_at >= since]
        if not cursor or not page or page[-1].delivered_at < since:
            return found, True
    return found, False


def _failed(attempts: Iterable[HookDelivery]) -> list[HookDelivery]:
    """The newest attempt of each webhook that never succeeded, oldest first."""
    newest: dict[str, HookDelivery] = {}
    for one in sorted(attempts, key=lambda one: (one.delivered_at, one.id)):
        newest[one.guid] = one
    succeeded = {one.guid for one in attempts if 200 <= one.status_code < 300}
    return [one for guid, one in newest.items() if guid not in succeeded]


def _sent_again(identity: AppIdentity, delivery: int) -> bool:
    try:
        identity.deliver_again(delivery)
    except GitHubError as error:
        if error.status in _GONE:
            return False
        raise
    return True
