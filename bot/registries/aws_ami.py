"""Machine images (AMIs): what EC2 says of an id, and which images of its family could follow it.

However many ids and files there are, a region is asked once for each 200 ids, once for each family,
and once for each 10 parameters. Source: EC2 API reference, ``DescribeImages``; Systems Manager API
reference, ``GetParameters``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bot.core import machine_images
from bot.core.machine_images import Family, ImageRules, Place
from bot.core.machine_images.asked import ID, REGION, REGISTRY, Asked
from bot.core.machine_images.gone import (
    Described,
    Known,
    Unknown,
    family_named,
    from_description,
    from_family,
    from_siblings,
)
from bot.core.machine_images.operators import wild
from bot.core.model import Answer, Gallery, Image, Listing, Package, SkipReason, Unavailable
from bot.registries._amazon import CHECK_NETWORK, NOT_AWS, Account, Amazon, AmazonError, Reach, reach
from bot.registries._kept import moment
from bot.registries.base import Client, LookUpError

__all__ = ["Amazon", "Shelf", "image", "least_privilege", "look_up", "registry"]

IDS_A_CALL = 200
"""As many values as a filter of EC2 may have."""
PARAMETERS_A_CALL = 10
PAGE = 1000
MOST_PAGES = 20
"""A family has some hundred images; more than this many pages is a pattern that fits everything."""

_OWN = ("operator", "account")
"""The publishers that the operator's rules make (``operator:ACCOUNT``, ``account:ACCOUNT``)."""

K = TypeVar("K")
T = TypeVar("T")
_Key = tuple[str, str]
"""An image's region and id."""


class Shelf(Protocol):
    """Where descriptions are kept for good, by (region, id); the region "" stands for any."""

    def get_many(self, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Described]:
        """Those that are kept."""
        ...

    def put_many(self, images: Iterable[Image], now: datetime) -> None:
        """Keep them, as seen now."""
        ...


def look_up(
    packages: Collection[Package], amazon: Amazon, shelf: Shelf, rules: ImageRules, now: datetime
) -> dict[Package, Answer]:
    """What EC2 says of each image (packages that ``Asked`` made): a ``Gallery``, or why there is none.

    Nothing is raised for a failure of AWS: it costs the ids that it concerns. Raises what the shelf does.
    """
    asked = {package: _asked(package) for package in dict.fromkeys(packages)}
    questions = {package: one for package, one in asked.items() if isinstance(one, Asked)}
    if not questions:
        return {package: one for package, one in asked.items() if not isinstance(one, Asked)}
    accounts = reach(amazon)
    pool = ThreadPoolExecutor(max_workers=max(1, amazon.workers), thread_name_prefix="aws")
    try:
        answers = _LookUp(accounts, shelf, rules, now, pool).answers(set(questions.values()))
    finally:
        # After an interrupt what has not begun is not begun any more.
        pool.shutdown(cancel_futures=True)
        accounts.close()
    return {
        package: one if isinstance(one, Unavailable) else _to(package, answers[one]) for package, one in asked.items()
    }


def _asked(package: Package) -> Asked | Unavailable:
    """What a package asks for; what repositories say is not put into a host's name before it is looked at."""
    try:
        asked = Asked.of(package)
    except ValueError:
        return Unavailable(SkipReason.INVALID_NAME, f"{package.name[:60]!r} asks for no machine image")
    if not ID.fullmatch(asked.id):
        return Unavailable(SkipReason.INVALID_NAME, f"{asked.id[:60]!r} is no id of a machine image (ami-…)")
    if asked.region and not REGION.fullmatch(asked.region):
        return Unavailable(SkipReason.INVALID_NAME, f"{asked.region[:60]!r} is no region of AWS")
    return asked


def _to(package: Package, answer: Gallery | Unavailable) -> Answer:
    return replace(answer, package=package) if isinstance(answer, Gallery) else answer


# What EC2 describes


@dataclass(frozen=True, slots=True)
class _Found:
    """A description as EC2 gave it; ``source`` is what the image is a copy of, None for no copy."""

    image: Image
    source: _Key | None

    @property
    def key(self) -> _Key:
        return self.image.region, self.image.id


@dataclass(frozen=True, slots=True)
class _Region:
    """What a region says of some ids; ``trouble`` is why it did not say all, "" where it did."""

    found: tuple[_Found, ...]
    trouble: str


def image(described: Mapping[str, Any], region: str) -> Image:
    """The image that EC2 describes; raises ``ValueError`` for a description that can't be one.

    Source: EC2 API reference, data type ``Image``.
    """
    codes = described.get("ProductCodes") or ()
    tags = described.get("Tags") or ()
    deprecated = described.get("DeprecationTime")
    named = _text(described, "ImageId")
    if not ID.fullmatch(named):
        raise ValueError(f"{named[:60]!r} is no id of a machine image")
    return Image(
        id=named,
        name=_text(described, "Name", ""),
        owner=_text(described, "OwnerId"),
        region=region,
        architecture=_text(described, "Architecture"),
        virtualization=_text(described, "VirtualizationType", ""),
        root_device=_text(described, "RootDeviceType", ""),
        boot_mode=_text(described, "BootMode", ""),
        ena=described.get("EnaSupport") is True,
        platform=_text(described, "Platform", "").lower(),
        usage_operation=_text(described, "UsageOperation", ""),
        product_codes=tuple(sorted(_text(code, "ProductCodeId") for code in codes)),
        created=_time(described, "CreationDate"),
        deprecated=_time(described, "DeprecationTime") if deprecated else None,
        state=_text(described, "State"),
        public=described.get("Public") is True,
        tags=tuple(sorted((_text(tag, "Key"), _text(tag, "Value", "")) for tag in tags)),
    )


def _text(described: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = described.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (default is None and not value):
        raise ValueError(f"it has no {key}")
    return value


def _time(described: Mapping[str, Any], key: str) -> datetime:
    found = moment(described.get(key))
    if found is None:
        raise ValueError(f"its {key} is no time")
    return found


def _source(described: Mapping[str, Any], region: str) -> _Key | None:
    """The region and id of what an image is a copy of.

    An image that was built on an instance names the image below it as its source, too (EC2 User
    Guide, "Identify the source AMI"): its content is as young as itself.
    """
    source = described.get("SourceImageId")
    there = described.get("SourceImageRegion") or region
    if not isinstance(source, str) or described.get("SourceInstanceId"):
        return None
    return (there, source) if ID.fullmatch(source) and REGION.fullmatch(there) else None


def _describe(account: Account, region: str, **filters: Any) -> Iterator[_Found | ValueError]:
    """The images that a question gets, and what is wrong with those that can't be read; raises ``AmazonError``."""
    with account.asking("ec2:DescribeImages", region):
        pages = account.client("ec2", region).get_paginator("describe_images")
        asked = {"IncludeDeprecated": True, "IncludeDisabled": True, "PaginationConfig": {"PageSize": PAGE}}
        for number, page in enumerate(pages.paginate(**asked, **filters), 1):
            if number > MOST_PAGES:
                raise AmazonError(f"more than {PAGE * MOST_PAGES} images fit in {region}: name the family closer")
            # anything that is well-formed passes for an answer: a page to sign in must not make all images gone
            if "Images" not in page:
                raise AmazonError(f"{NOT_AWS} in {region}: {CHECK_NETWORK}")
            for one in page["Images"]:
                yield _read(one, region)


def _read(described: Mapping[str, Any], region: str) -> _Found | ValueError:
    try:
        return _Found(image(described, region), _source(described, region))
    except ValueError as error:
        return error


def _chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[at : at + size] for at in range(0, len(values), size))


# The look-up

_Wanted = tuple[str, Family, bool]
"""A region, a family, and whether those that come after it are wanted, too."""
_Listed = Mapping[_Wanted, tuple[Image, ...] | AmazonError]


@dataclass(frozen=True, slots=True)
class _LookUp:
    """One look-up of many images: the accounts that are asked, and in which threads."""

    reach: Reach
    shelf: Shelf
    rules: ImageRules
    now: datetime
    pool: ThreadPoolExecutor

    def answers(self, questions: Collection[Asked]) -> dict[Asked, Gallery | Unavailable]:
        """What is answered to each question."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for asked in questions:
            for region in self._regions(asked):
                wanted[region].add(asked.id)
        visits = self._each(wanted, lambda region: self._visit(region, sorted(wanted[region])))
        images = self._settled(found for visit in visits.values() for found in visit.found)
        troubles = {region: visit.trouble for region, visit in visits.items()}
        known: dict[Asked, Known] = {}
        answers: dict[Asked, Gallery | Unavailable] = {}
        gone: list[Asked] = []
        for asked in questions:
            stands = next((images[at, asked.id] for at in self._regions(asked) if (at, asked.id) in images), None)
            trouble = self._trouble(asked, troubles)
            if stands is not None:
                known[asked] = Known(stands)
            elif trouble:
                answers[asked] = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, f"{asked.id}: {trouble}")
            else:
                gone.append(asked)
        recalled = self._recalled(gone, known)
        known |= {asked: one for asked, one in recalled.items() if isinstance(one, Known)}
        answers |= {asked: one for asked, one in recalled.items() if isinstance(one, Unavailable)}
        return answers | self._galleries(known)

    def _regions(self, asked: Asked) -> tuple[str, ...]:
        if not asked.region:
            return self.reach.regions
        return (asked.region,) if asked.region in self.reach.known else ()

    def _trouble(self, asked: Asked, troubles: Mapping[str, str]) -> str:
        """Why an image that nobody described may be there nevertheless, "" where it is gone."""
        if not self.reach.accounts:
            return "; ".join(self.reach.troubles)
        if asked.region and asked.region not in self.reach.known:
            return f"{asked.region} is no region that this boto3 knows: correct it, or name it in [aws] regions"
        if not self._regions(asked):
            return "nothing says its region: name the regions in [aws] of freshline.toml"
        told = [troubles[region] for region in self._regions(asked) if troubles[region]]
        return "; ".join(dict.fromkeys((*told, *self.reach.troubles)))

    def _each(self, keys: Iterable[K], ask: Callable[[K], T]) -> dict[K, T]:
        """What is answered for each key, asked in parallel."""
        wanted = list(keys)
        return dict(zip(wanted, self.pool.map(ask, wanted), strict=True))

    def _visit(self, region: str, ids: Sequence[str]) -> _Region:
        """What a region says of some ids to any account; the next one is asked for what is left.

        A private image may show its tags to its own account only, so one without is asked for again.
        """
        found: dict[str, _Found] = {}
        troubles: list[str] = []
        for account in self.reach.accounts:
            left = [one for one in ids if one not in found or not (found[one].image.public or found[one].image.tags)]
            try:
                troubles += self._into(found, self._described(account, region, left), region)
            except AmazonError as error:
                troubles.append(error.detail)
        return _Region(tuple(found.values()), "; ".join(dict.fromkeys(troubles)))

    @staticmethod
    def _into(found: dict[str, _Found], described: Iterable[_Found | ValueError], region: str) -> list[str]:
        """Put descriptions to those that were found by id, and tell what is wrong with those that can't be read."""
        troubles = []
        for one in described:
            if isinstance(one, ValueError):
                troubles.append(f"EC2 describes an image of {region} in a way that can't be read: {one}")
            elif one.image.tags or one.image.id not in found:
                found[one.image.id] = one
        return troubles

    @staticmethod
    def _described(account: Account, region: str, ids: Sequence[str]) -> Iterator[_Found | ValueError]:
        # a filter, as one bad id would fail a call by ``ImageIds`` for all of them
        for some in _chunks(ids, IDS_A_CALL):
            yield from _describe(account, region, Filters=[{"Name": "image-id", "Values": list(some)}])

    # Copies, and what is kept

    def _settled(self, found: Iterable[_Found]) -> dict[_Key, Image]:
        """The images, each copy with the date of what it is a copy of; all are kept.

        One that is kept already has its date already.
        """
        own = {one.key: one for one in found}
        copies = {key: one.source for key, one in own.items() if one.source}
        kept = self.shelf.get_many(copies) if copies else {}
        dates: dict[_Key, datetime] = {key: described.image.created for key, described in kept.items()}
        sources = {source for key, source in copies.items() if key not in kept}
        known, unsure = self._sources(sources, own) if sources else ({}, frozenset[_Key]())
        dates |= {key: known[source] for key, source in copies.items() if source in known and key not in kept}
        images = {key: _dated(one.image, dates.get(key)) for key, one in own.items()}
        waits = {key for key, source in copies.items() if key not in kept and source in unsure}
        self.shelf.put_many([one for key, one in images.items() if key not in waits], self.now)
        return images

    def _sources(
        self, sources: Collection[_Key], own: Mapping[_Key, _Found]
    ) -> tuple[dict[_Key, datetime], frozenset[_Key]]:
        """When the sources were created, and those that might be described another time."""
        dates = {key: own[key].image.created for key in sources if key in own}
        shelved = self.shelf.get_many(key for key in sources if key not in dates)
        dates |= {key: described.image.created for key, described in shelved.items()}
        left: dict[str, list[str]] = defaultdict(list)
        for region, one in sorted(sources):
            if (region, one) not in dates:
                left[region].append(one)
        visits = self._each(left, lambda region: self._visit(region, left[region]))
        described = [found for visit in visits.values() for found in visit.found]
        # a copy of a copy is not kept: its own date is not known to be that of its source
        self.shelf.put_many([one.image for one in described if one.source is None], self.now)
        dates |= {one.key: one.image.created for one in described}
        unsure = ((region, one) for region, visit in visits.items() if visit.trouble for one in left[region])
        return dates, frozenset(key for key in unsure if key not in dates)

    # Images that are gone

    def _recalled(self, gone: Sequence[Asked], known: Mapping[Asked, Known]) -> dict[Asked, Known | Unavailable]:
        """What images that nobody describes were: by the shelf, by somebody's word, by what stands beside them."""
        if not gone:
            return {}
        kept = self.shelf.get_many((asked.region, asked.id) for asked in gone)
        found: dict[Asked, Known | Unknown | AmazonError] = {
            asked: from_description(kept[asked.region, asked.id]) for asked in gone if (asked.region, asked.id) in kept
        }
        found |= self._by_word([asked for asked in gone if asked.family and asked not in found])
        beside: dict[str, list[Image]] = defaultdict(list)
        for asked, one in (*known.items(), *found.items()):
            if isinstance(one, Known):
                beside[asked.beside].append(one.image)
        for asked in gone:
            if asked.beside and not isinstance(found.get(asked), (Known, AmazonError)):
                by_map = from_siblings(asked, beside[asked.beside], self.rules)
                found[asked] = by_map if isinstance(by_map, Known) else found.get(asked, by_map)
        return {asked: self._or_why(asked, found.get(asked)) for asked in gone}

    def _by_word(self, gone: Sequence[Asked]) -> dict[Asked, Known | Unknown | AmazonError]:
        """Images as the oldest of the family that somebody says they were of."""
        wanted: dict[Asked, _Wanted] = {}
        for asked in gone:
            named, regions = family_named(asked.family), self._regions(asked)
            if named is not None and len(regions) == 1:
                wanted[asked] = (regions[0], named, False)
        listed = self._listed(wanted.values())
        found: dict[Asked, Known | Unknown | AmazonError] = {}
        for asked in gone:
            if len(self._regions(asked)) > 1:
                found[asked] = Unknown(f"{asked.id} is gone, and nothing says its region")
                continue
            images = listed[wanted[asked]] if asked in wanted else ()
            found[asked] = images if isinstance(images, AmazonError) else from_family(asked, images, self.rules)
        return found

    def _or_why(self, asked: Asked, found: Known | Unknown | AmazonError | None) -> Known | Unavailable:
        if isinstance(found, Known):
            return found
        if isinstance(found, AmazonError):
            return Unavailable(SkipReason.REGISTRY_UNAVAILABLE, f"{asked.id}: {found.detail}")
        if asked.family and isinstance(found, Unknown):
            return Unavailable(SkipReason.FAMILY_UNKNOWN, found.detail)
        regions = self._regions(asked)
        accounts = self.reach.accounts
        # Whose they are is nothing for a pull request or a dashboard to tell.
        who = accounts[0].title if len(accounts) == 1 else f"any of {len(accounts)} accounts"
        detail = (
            f"no image {asked.id} is visible in {', '.join(regions)} to {who}: it was deregistered or is "
            "no longer shared; put in one that is there, or say which family it was "
            "(known, under [policy.machine_images])"
        )
        beside = f"; its region map does not tell: {found.detail}" if isinstance(found, Unknown) else ""
        return Unavailable(SkipReason.NOT_FOUND, detail + beside)

    # What could follow

    def _galleries(self, known: Mapping[Asked, Known]) -> dict[Asked, Gallery | Unavailable]:
        """Each image with the images of its family in its region, and the publisher's word on them."""
        families: dict[Asked, tuple[str, Family]] = {}
        majors: set[tuple[str, Family]] = set()
        for asked, one in known.items():
            where = machine_images.place(one.image, self.rules)
            if isinstance(where, Place):
                families[asked] = (one.image.region, where.family)
                majors |= {families[asked]} if asked.majors else set()
        wanted = {key: (*key, key in majors) for key in families.values()}
        listed = self._listed(wanted.values())
        recommended = self._recommended(
            [key for key, one in wanted.items() if not isinstance(listed[one], AmazonError)]
        )
        answers: dict[Asked, Gallery | Unavailable] = {}
        for asked, one in known.items():
            key = families.get(asked)
            images = listed[wanted[key]] if key else ()
            if isinstance(images, AmazonError):
                answers[asked] = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, f"{asked.id}: {images.detail}")
            else:
                word = recommended.get(key, "") if key else ""
                own = images if asked.majors or key is None else self._of_family(images, key[1])
                answers[asked] = Gallery(asked.package, one.image, own, word, one.said)
        return answers

    def _of_family(self, images: Iterable[Image], family: Family) -> tuple[Image, ...]:
        """Those that a family's own pattern fits: another question may have asked for its successors too."""
        return tuple(image for image in images if wild(image.name, family.pattern) is not None)

    def _listed(self, wanted: Iterable[_Wanted]) -> _Listed:
        """The images of each family in its region."""
        found = self._each(dict.fromkeys(wanted), self._list)
        images = self._settled(one for some in found.values() if not isinstance(some, AmazonError) for one in some)
        return {
            key: some if isinstance(some, AmazonError) else tuple(images[one.key] for one in some)
            for key, some in found.items()
        }

    def _list(self, wanted: _Wanted) -> tuple[_Found, ...] | AmazonError:
        """The images of a family that its owners have in a region; whose name alone fits is not asked for.

        What is public is the same to every account, so the first that can ask is enough; of the
        operator's own images each account may see others.
        """
        region, family, majors = wanted
        sellers, public = self._owners(family, region)
        if not sellers:
            return ()
        names = [
            _literal(one.pattern) for one in (family, *(machine_images.major_successors(family) if majors else ()))
        ]
        found: dict[_Key, _Found] = {}
        failure: AmazonError | None = None
        for account in self.reach.accounts:
            try:
                asked = {"Owners": list(sellers), "Filters": [{"Name": "name", "Values": names}]}
                # what can't be read can't be moved to, and is no reason to stay
                some = [one for one in _describe(account, region, **asked) if isinstance(one, _Found)]
            except AmazonError as error:
                failure = error
                continue
            found |= {one.key: one for one in some if one.image.tags or one.key not in found}
            if public:
                return tuple(found.values())
        if not public and self.reach.troubles:
            failure = failure or AmazonError("; ".join(self.reach.troubles))
        # Of private images half a list says nothing: what is newer, or their tags, may be what is missing.
        return failure or tuple(found.values())

    def _owners(self, family: Family, region: str) -> tuple[tuple[str, ...], bool]:
        """The accounts that a family is sought from, and whether their images are the same to everybody."""
        publisher, _, own = family.publisher.partition(":")
        trusted = [one for one in self.rules.trusted_owners if one.publisher in {publisher, ""}]
        if publisher in _OWN:
            allowed = {one.owner for one in self.rules.families} | {one.account for one in trusted}
            return ((own,) if own in allowed else ()), False
        added = [one.account for one in trusted if one.publisher]
        return tuple(dict.fromkeys((*machine_images.owners(publisher, region), *added))), not added

    def _recommended(self, families: Iterable[tuple[str, Family]]) -> dict[tuple[str, Family], str]:
        """The ids that publishers' public parameters name, by region and family; asked in that very region."""
        names: dict[str, dict[Family, str]] = defaultdict(dict)
        for region, family in families:
            parameter = machine_images.recommended_parameter(family)
            if parameter is not None:
                names[region][family] = parameter
        values = self._each(names, lambda region: self._parameters(region, sorted(set(names[region].values()))))
        return {
            (region, family): values[region][parameter]
            for region, wanted in names.items()
            for family, parameter in wanted.items()
            if parameter in values[region]
        }

    def _parameters(self, region: str, names: Sequence[str]) -> dict[str, str]:
        """The values of parameters by name; one that is missing or may not be read is not there."""
        found: dict[str, str] = {}
        for account in self.reach.accounts:
            left = [name for name in names if name not in found]
            try:
                for some in _chunks(left, PARAMETERS_A_CALL):
                    found |= _values(account, region, some)
            except AmazonError:
                continue  # without the publisher's word the family's own order stands
            break
        return found


def _values(account: Account, region: str, names: Sequence[str]) -> dict[str, str]:
    """The ids that parameters name, by the parameters' names; raises ``AmazonError``."""
    with account.asking("ssm:GetParameters", region):
        answer = account.client("ssm", region).get_parameters(Names=list(names))
        told = {str(one.get("Name")): str(one.get("Value")) for one in answer.get("Parameters", ())}
        return {name: value for name, value in told.items() if ID.fullmatch(value)}


def _dated(found: Image, source: datetime | None) -> Image:
    """A copy is as old as what it is a copy of."""
    return replace(found, created=min(found.created, source)) if source else found


def _literal(pattern: str) -> str:
    r"""The pattern as EC2's filters read it: ``*`` stands for anything, but ``?`` and ``\`` for themselves."""
    return pattern.replace("\\", "\\\\").replace("?", "\\?")


def least_privilege(roles: Sequence[str] = ()) -> dict[str, Any]:
    """The IAM policy that the bot needs, as the document's JSON object; ``roles`` are ARNs that it assumes."""
    statements: list[dict[str, Any]] = [
        {"Sid": "DescribeImages", "Effect": "Allow", "Action": "ec2:DescribeImages", "Resource": "*"},
        {
            "Sid": "ReadPublicParameters",
            "Effect": "Allow",
            "Action": ["ssm:GetParameters", "ssm:GetParametersByPath"],
            "Resource": "arn:*:ssm:*::parameter/aws/service/*",
        },
        {
            "Sid": "ListWhatAwsPublishes",
            "Effect": "Allow",
            "Action": [
                "eks:DescribeAddonVersions",
                "imagebuilder:ListImages",
                "imagebuilder:ListImageBuildVersions",
            ],
            "Resource": "*",
        },
    ]
    if roles:
        assume = {"Sid": "AssumeRoles", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": list(roles)}
        statements.append(assume)
    return {"Version": "2012-10-17", "Statement": statements}


@dataclass(frozen=True, slots=True)
class AwsAmi:
    """What stands for this registry among the others: it describes many images at once, and lists none alone."""

    name: str = REGISTRY
    scheme: str = "image_date"

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        """None: boto3 knows AWS's addresses."""
        del environ, home  # see above
        return ""

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """Never a listing; raises ``LookUpError``, as machine images are looked up by ``look_up``."""
        del base_url, client  # see above
        asked = _asked(package)
        if isinstance(asked, Unavailable):
            raise LookUpError(asked.reason, asked.detail)
        raise LookUpError(SkipReason.REGISTRY_UNAVAILABLE, f"{asked.id}: this look-up was not configured for AWS")


registry = AwsAmi()
