"""Image references (https://github.com/distribution/reference): registry, repository, tag, digest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.model import Span

DEFAULT_REGISTRY = "docker.io"
"""The registry of a reference that names none (https://docs.docker.com/reference/cli/docker/image/tag/)."""

_OFFICIAL = "library/"
_OTHER_NAME = "index.docker.io"
_MAX_REPOSITORY = 255
_MAX_REFERENCE = 1024
"""Longer texts are not read: 255 characters of name, 128 of tag and a digest do not come near."""

_LABEL = r"[a-zA-Z0-9]++(?:-++[a-zA-Z0-9]++)*+"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*+|\[[a-fA-F0-9:]{{2,45}}\])"
_REGISTRY = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?")
_COMPONENT = r"[a-z0-9]++(?:(?:\.|__?|-++)[a-z0-9]++)*+"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*+")
_TAIL = re.compile(r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]+))?")
_SIZES = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image, its defaults filled in: ``python:3.11`` is docker.io, library/python, 3.11.

    ``tag`` and ``digest`` (with its algorithm: ``sha256:…``) are None where nothing is stated.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Registry and repository, in full: ``docker.io/library/python``."""
        return f"{self.registry}/{self.repository}"

    @property
    def short_name(self) -> str:
        """The name without the defaults, as people write it: ``python``, ``bitnami/kafka``, ``ghcr.io/a/b``."""
        if self.registry != DEFAULT_REGISTRY:
            return self.name
        bare = self.repository.removeprefix(_OFFICIAL)
        short = self.repository if "/" in bare else bare
        return short if parse(short) == ImageReference(self.registry, self.repository) else self.name

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}{f'@{self.digest}' if self.digest else ''}"


@dataclass(frozen=True, slots=True)
class LocatedReference:
    """A reference and where its parts stand in the text; ``name`` covers registry and repository."""

    reference: ImageReference
    name: Span
    tag: Span | None
    digest: Span | None


def parse(text: str) -> ImageReference | None:
    """The reference that the text is, None for text that is none."""
    found = locate(text)
    return None if found is None else found.reference


def locate(text: str) -> LocatedReference | None:
    """The reference and the spans of its parts (offsets into ``text``), None for text that is none.

    As Docker reads it: what stands before the first slash is a registry when it has a dot, a
    colon or a capital letter, or is ``localhost``; a repository has at most 255 characters; 64
    hexadecimal digits alone are an image's ID; a digest is one of sha256, sha384 and sha512.
    """
    if len(text) > _MAX_REFERENCE:
        return None
    registry, at = _registry(text)
    repository = _REPOSITORY.match(text, at)
    tail = _TAIL.fullmatch(text, repository.end()) if repository else None
    if registry is None or repository is None or tail is None or not _sound(text, repository, tail):
        return None
    path = repository[0]
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = _OFFICIAL + path
    if len(path) > _MAX_REPOSITORY:
        return None
    found = ImageReference(registry, path, tail["tag"], tail["digest"])
    return LocatedReference(found, Span(0, repository.end()), _span(tail, "tag"), _span(tail, "digest"))


def _registry(text: str) -> tuple[str | None, int]:
    """The registry (None for one that can't be) and where the repository begins."""
    first, slash, _ = text.partition("/")
    if not slash or not (first == "localhost" or re.search(r"[.:]", first) or first != first.lower()):
        return DEFAULT_REGISTRY, 0
    if not _REGISTRY.fullmatch(first):
        return None, 0
    return DEFAULT_REGISTRY if first == _OTHER_NAME else first, len(first) + 1


def _sound(text: str, repository: re.Match[str], tail: re.Match[str]) -> bool:
    """Whether it is no image's ID, and the digest as long as its algorithm makes it."""
    if repository.end() == len(text) == 64 and re.fullmatch("[0-9a-f]{64}", text):
        return False
    algorithm, _, hexadecimal = (tail["digest"] or "").partition(":")
    return not algorithm or _SIZES.get(algorithm) == len(hexadecimal)


def _span(tail: re.Match[str], group: str) -> Span | None:
    return None if tail[group] is None else Span(*tail.span(group))
