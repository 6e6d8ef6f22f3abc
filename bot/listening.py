"""A webhook on its way in: checked, read, remembered, and only then answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.forge.webhooks import MAX_BODY, WebhookError, fleet_of, installation_of, read, signed
from bot.store.deliveries import Deliveries

SIGNATURE, DELIVERY, EVENT = "x-hub-signature-256", "x-github-delivery", "x-github-event"

_ID = re.compile(r"[0-9A-Za-z-]{1,100}")
_KIND = re.compile(r"[a-z_]{1,100}")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: HTTP's status, and words for whoever looks at the delivery on GitHub."""

    status: int
    text: str


def receive(
    deliveries: Deliveries, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Reply:
    """Take in a webhook that came at ``now``; ``body`` is what came, byte for byte.

    ``secrets`` are all that may have signed it, so that one can be replaced without a gap. What is
    not signed by one of them leaves no trace. Raises ``StoreError`` when it can't be remembered: not
    answered then, it can be asked for again (``redelivery``).
    """
    if len(body) > MAX_BODY:
        return Reply(413, f"Larger than {MAX_BODY // 1024**2} MiB, more than GitHub sends.")
    told = {name.lower(): value for name, value in headers.items()}
    if not any(signed(secret, body, told.get(SIGNATURE, "")) for secret in secrets):
        return Reply(401, "The signature is missing or wrong. Is the webhook's secret the one that Freshline has?")
    id, event = told.get(DELIVERY, ""), told.get(EVENT, "")  # noqa: A001 - GitHub's own word for it
    if not _ID.fullmatch(id) or not _KIND.fullmatch(event):
        return Reply(400, "X-GitHub-Delivery or X-GitHub-Event is missing or odd.")
    try:
        facts, fleet = read(event, body), fleet_of(installation_of(body))
    except WebhookError as error:
        return Reply(400, str(error))
    if not deliveries.remember(fleet, id, event, facts, now):
        return Reply(200, "Known already.")
    return Reply(202, "Thanks." if facts is not None else f"Freshline does not listen to {event}.")
