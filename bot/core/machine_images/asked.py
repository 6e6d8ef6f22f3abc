"""What a registry of machine images is asked for, as the name of a package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.model import Dependency, Package

REGISTRY = "aws_ami"
ID = re.compile(r"ami-(?:[0-9a-f]{17}|[0-9a-f]{8})")
REGION = re.compile(r"(?:us|eu|ap|sa|ca|me|af|il|mx|cn|eusc)(?:-(?:gov|iso[a-z]?))?(?:-[a-z]{2,12}){1,2}-[1-9]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One machine image that is to be described, with those that might follow it.

    ``region`` is "" where nothing tells it: then all of the operator's are asked. ``family``
    ("publisher/pattern") is somebody's word on what the image is, for one that is gone; ``beside``
    is the same for all entries of one region map, and for no others: where one is gone, its siblings
    tell, so that equal questions have equal answers whoever asks them. ``majors``
    tells that images of the families that come after are wanted too.
    """

    region: str
    id: str
    family: str = ""
    beside: str = ""
    majors: bool = False

    @property
    def package(self) -> Package:
        """The package to look up; equal for equal questions."""
        majors = "majors" if self.majors else ""
        return Package(REGISTRY, "|".join((self.region, self.id, self.beside, majors, self.family)))

    @classmethod
    def of(cls, package: Package) -> Asked:
        """What a package that ``package`` made asks for; raises ``ValueError`` for any other."""
        region, image, beside, majors, family = package.name.split("|", 4)
        return cls(region, image, family, beside, bool(majors))


def map_of(package: Package) -> str:
    """What tells the region map that a question is about; "" for none, and for what is no question."""
    return Asked.of(package).beside if package.registry == REGISTRY else ""


def known_as(subject: str, dependency: Dependency) -> Package:
    """What policy and history know a dependency as: for a machine image its family, where its decision tells it.

    ``subject`` is the decision's (``aws_ami/publisher/family``).
    """
    if dependency.package.registry != REGISTRY or subject == dependency.subject:
        return dependency.package
    return Package(REGISTRY, subject.split("/", 2)[2])


def beside(entries: Iterable[tuple[str, str]]) -> str:
    """What the entries (region, id) of one region map have in common: what they are, all of them; "" for none."""
    told = "\n".join(f"{region} {image}" for region, image in sorted(set(entries)))
    return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()[:32] if told else ""
