"""What the registries share that list what AWS itself publishes, region by region."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.core.model import Answer, Listing, Package, Release, SkipReason, Unavailable
from bot.core.versions import scheme
from bot.registries._amazon import Account, Amazon, AmazonError, Reach, reach
from bot.registries.base import Client, LookUpError

Listed = dict[str, datetime | None]
"""Releases, and since when they are there, None where AWS does not say."""

Ask = Callable[[Package, Account, str], Listed | Unavailable]
"""Asks an account what a region lists of a package; raises ``AmazonError`` where that account can't tell."""


def listings(packages: Collection[Package], amazon: Amazon, ask: Ask, rules: str) -> dict[Package, Answer]:
    """The releases of each package, newest first by the scheme ``rules``, or why they are not known; nothing is raised.

    Where the operator names several regions, a release counts once all of them have it. One that
    does not answer is named in the listing's notice.
    """
    wanted = list(dict.fromkeys(packages))
    if not wanted:
        return {}
    reached = reach(amazon)
    if not reached.accounts or not reached.regions:
        return dict.fromkeys(wanted, _unreached(reached))
    pool = ThreadPoolExecutor(max_workers=max(1, amazon.workers), thread_name_prefix="aws-lists")
    try:
        asks = [(package, region) for package in wanted for region in reached.regions]
        told = list(pool.map(lambda one: _told(one[0], one[1], reached.accounts, ask), asks))
    finally:
        # After an interrupt what has not begun is not begun any more.
        pool.shutdown(cancel_futures=True)
        reached.close()
    each = len(reached.regions)
    return {package: _joined(package, told[n * each : (n + 1) * each], rules) for n, package in enumerate(wanted)}


def _unreached(reached: Reach) -> Unavailable:
    detail = "; ".join(reached.troubles) or "no region of AWS is known: name some in [aws] regions"
    return Unavailable(SkipReason.REGISTRY_UNAVAILABLE, detail)


def _told(package: Package, region: str, accounts: Iterable[Account], ask: Ask) -> Listed | Unavailable:
    """What the first account that may ask is told: what AWS publishes is the same for all."""
    troubles: list[str] = []
    for account in accounts:
        try:
            found = ask(package, account, region)
        except AmazonError as error:
            troubles.append(error.detail)
            continue
        return found or Unavailable(SkipReason.NOT_FOUND, f"{package.name}: no release of it is listed in {region}")
    return Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "; ".join(dict.fromkeys(troubles)))


def _joined(package: Package, told: Collection[Listed | Unavailable], rules: str) -> Answer:
    """What all regions have, since when the last of them has it."""
    listed = [one for one in told if not isinstance(one, Unavailable)]
    silent = [one for one in told if isinstance(one, Unavailable)]
    unknown = next((one for one in silent if one.reason is SkipReason.REGISTRY_UNAVAILABLE), None)
    if unknown is not None or not listed:
        return unknown or silent[0]
    shared = set.intersection(*(set(one) for one in listed))
    dates = {version: [one[version] for one in listed] for version in shared}
    newest = sorted(shared, key=scheme(rules).key, reverse=True)
    said = "; ".join(dict.fromkeys(one.detail for one in silent))
    return Listing(package, tuple(Release(one, last(dates[one])) for one in newest), notice=said, partial=True)


def last(dates: Iterable[datetime | None]) -> datetime | None:
    """The latest of some times; None where one is not known, or there is none."""
    known = list(dates)
    told = [one for one in known if one is not None]
    return max(told) if told and len(told) == len(known) else None


@dataclass(frozen=True, slots=True)
class ListedTogether:
    """What stands for such a registry among the others: its packages are looked up together, by ``look_up``."""

    name: str
    scheme: str

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        """None: boto3 knows AWS's addresses."""
        del environ, home  # see above
        return ""

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """Never a listing; raises ``LookUpError``."""
        del base_url, client  # see above
        raise LookUpError(SkipReason.REGISTRY_UNAVAILABLE, f"{package.name}: this look-up was not configured for AWS")
