"""The digests that decisions ask for: what a tag stands for is looked up only where a place would move to it. Pure.

A registry lists its tags by the thousand and tells the digest of one at a time, so a decision names
those that it lacks, and is made again when they are known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.core.model import Answer, Decision, Listing, Package, SkipReason, Unavailable

Tag = tuple[Package, str]
"""A version of a package, by the name that its registry has for it."""

IN_VAIN = ""
"""Stands for a digest that was asked for and that the registry does not tell."""

MOST = 100
"""So many are asked for at once: what a repository says must not make a pass endless."""

_NOT_ASKED = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "its registry was not asked for a digest")


def wanted(decided: Iterable[Decision]) -> tuple[Tag, ...]:
    """The digests that decisions lack, each once, at most ``MOST``."""
    return tuple(dict.fromkeys(tag for decision in decided for tag in decision.missing))[:MOST]


def told(
    answers: Mapping[Package, Answer], asked: Iterable[Tag], said: Mapping[Tag, str | Unavailable]
) -> dict[Package, Answer]:
    """The answers with the digests that were asked for.

    A tag that its registry does not know stands there with ``IN_VAIN``. Where a registry could not be
    reached, that is its answer as a whole: else an older version would be taken for a passing trouble.
    """
    by_package: dict[Package, dict[str, str | Unavailable]] = defaultdict(dict)
    for tag in asked:
        by_package[tag[0]][tag[1]] = said.get(tag, _NOT_ASKED)
    filled = {package: _filled(answers[package], digests) for package, digests in by_package.items()}
    return {**answers, **filled}


def _filled(answer: Answer, digests: Mapping[str, str | Unavailable]) -> Answer:
    failed = [one for one in digests.values() if isinstance(one, Unavailable)]
    trouble = next((one for one in failed if one.reason is not SkipReason.NOT_FOUND), None)
    if trouble is not None or not isinstance(answer, Listing):
        return trouble or answer
    known = {tag: IN_VAIN if isinstance(digest, Unavailable) else digest for tag, digest in digests.items()}
    return replace(
        answer,
        releases=tuple(
            replace(release, digest=known[release.version]) if release.version in known else release
            for release in answer.releases
        ),
    )
