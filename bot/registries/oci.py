"""OCI registries: the tags of container images, and the digests that they stand for.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md; tokens as in
https://distribution.github.io/distribution/spec/auth/token/. A registry attests no time at which
a tag was pushed or moved, so no release is dated: its age runs from when it was first seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from bot.core import images
from bot.core.images import ImageReference
from bot.core.model import Listing, Package, Release, Releases, SkipReason
from bot.core.versions import scheme
from bot.http import Distil, FetchError, Tokens, host_of, origin_of
from bot.registries._kept import LONGEST_VERSION, decoded
from bot.registries.base import Client, LookUpError

DOCKER_HUB = "https://registry-1.docker.io"
"""Where Docker Hub's images are, whose references say ``docker.io``."""
PARTNERS = {DOCKER_HUB: "https://auth.docker.io"}
"""Who gives a public registry's tokens where it is not itself: both belong to the same company."""
PUBLIC = frozenset({"ghcr.io", "public.ecr.aws", "quay.io"})
"""Registries besides Docker Hub that may be asked though the operator does not name them."""

ACCEPT = "application/json"
MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""What a tag may stand for; indexes first, because a digest has to serve every architecture."""
LANGUAGE = "the OCI distribution API"

PAGE = 1000
"""Tags asked for at once; a registry may give fewer."""
MOST_TAGS = 10_000
MOST_PAGES = 200
"""Quay gives at most 100 tags a page, and many of them may be signatures."""
LONGEST_LINK = 8192
LONGEST_CHALLENGE = 4096
LONGEST_TOKEN = 16_384
USUAL_LIFE = 60.0
"""Seconds that a token lasts of which nothing is said, by the specification."""
LONGEST_LIFE = 3600.0
SPARE = 5.0
"""Seconds before its end that a token is not used any more."""

TAG = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST_VERSION - 1}}}")
ABOUT_ANOTHER = re.compile(r"sha256-[0-9a-f]{64}(?:\..*)?")
"""Signatures and the like of an image, kept under its digest ("referrers tag schema", cosign)."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LINK = re.compile(r"<([^<>]*)>([^<>]*)")
NEXT = re.compile(r";\s*rel\s*=\s*\"?next\"?\s*(?:[;,]|$)", re.IGNORECASE)
BEARER = re.compile(r"(?:^|,)\s*bearer\s+", re.IGNORECASE)
PARAMETER = re.compile(r'\s*+([A-Za-z_]++)\s*+=\s*+(?:"([^"\\]*+)"|([^\s",]++))\s*+(?:,|$)')


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: Any = None


class _Page(msgspec.Struct, array_like=True):
    """What is kept of a page: its tags, and the query that the next one is asked with."""

    tags: list[str]
    following: str


_tags_decoder = msgspec.json.Decoder(_Tags)
_token_decoder = msgspec.json.Decoder(_Token)
_page_decoder = msgspec.msgpack.Decoder(_Page)


@dataclass(frozen=True, slots=True)
class Oci:
    """The ``oci`` registries; a package's name is an image's full one: ``docker.io/library/python``."""

    name: str = "oci"
    scheme: str = "docker"
    through_client: bool = True

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:  # noqa: ARG002 - Docker Hub is where an image is whose name does not say it; no tool's file moves that
        """Docker Hub's address."""
        return DOCKER_HUB

    def host(self, package: Package) -> str | None:
        """The host (and port) that the package's name says has it, None for Docker Hub and for no name at all."""
        found = images.parse(package.name)
        return None if found is None or found.registry == images.DEFAULT_REGISTRY else _named(found)

    def public_url(self, host: str) -> str | None:
        """The address of a public registry, None for a host that only the operator can allow."""
        return f"https://{host}" if host in PUBLIC else None

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """Every tag of an image: versions newest first, then what is none.

        ``notice`` says where the registry has more than are read. No release has a date. Raises
        ``LookUpError`` (also ``unknown_registry``) and ``http.FetchError``.
        """
        image, root = _image(package), _root(package, base_url)
        path = f"{root}/v2/{image.repository}/tags/list"
        tags, whole = _tags(path, Pull(image.repository), client)
        kept = sorted(dict.fromkeys(tags[:MOST_TAGS]))
        notice = "" if whole and len(tags) <= MOST_TAGS else f"only the first {len(kept)} tags were read; it has more"
        return Listing(package, _releases(kept), notice=notice)

    def digest(self, package: Package, tag: str, base_url: str, client: Client) -> str:
        """What a tag stands for now (``sha256:…``, of the index where there is one).

        Raises ``LookUpError`` and ``http.FetchError``. Asked with HEAD, which Docker Hub does not
        count as a pull; where the registry does not say it there, it is counted from the manifest.
        """
        image, root = _image(package), _root(package, base_url)
        if not TAG.fullmatch(tag):
            raise LookUpError(SkipReason.NOT_FOUND, "no image has such a tag; correct the manifest")
        url, tokens = f"{root}/v2/{image.repository}/manifests/{tag}", Pull(image.repository)
        told = Distil("oci-digest-1", told_digest, fields=("docker-content-digest",), method="HEAD", tokens=tokens)
        found = _asked(client, url, MANIFESTS, told)
        if not found:
            found = _asked(client, url, MANIFESTS, Distil("oci-manifest-1", counted_digest, tokens=tokens))
        return found.decode()


@dataclass(frozen=True, slots=True)
class Pull:
    """How to come by a token that lets a repository be read."""

    repository: str

    @property
    def purpose(self) -> str:
        """The scope of the specification."""
        return f"repository:{self.repository}:pull"

    def address(self, challenge: str, origin: str) -> str | None:
        """Where the token is to be had, None where the challenge names no address.

        Raises ``ValueError`` for one that is neither https nor the registry's own (of a registry on
        this machine: nor on this machine either).
        """
        told = parameters(challenge)
        try:
            parts, issuer = urlsplit(told.get("realm", "")), origin_of(told.get("realm", ""))
        except ValueError:
            return None
        local = _loopback(issuer) and _loopback(origin)
        if not (issuer.startswith("https:") or issuer == origin or local):
            raise ValueError("it is given at an address without https; correct the registry's configuration")
        if parts.username is not None or parts.password is not None:
            raise ValueError("its address has a name or password in it; correct the registry's configuration")
        asked = {"service": told["service"]} if "service" in told else {}
        query = urlencode({**asked, "scope": _reading(told.get("scope") or self.purpose)})
        return urlunsplit((parts.scheme, parts.netloc, parts.path, f"{parts.query}&{query}".lstrip("&"), ""))

    def partners(self, origin: str, issuer: str) -> bool:
        """Whether it is the known giver of a public registry's tokens."""
        return PARTNERS.get(origin) == issuer

    def read(self, body: bytes) -> tuple[str, float]:
        """The token and the seconds that it lasts; raises ``ValueError`` where the body is none."""
        told = decoded(_token_decoder, body, "the token protocol of OCI registries")
        token = told.token or told.access_token
        if not 0 < len(token) <= LONGEST_TOKEN:
            raise ValueError("an answer without a token, or with an endless one; check the address")
        life = told.expires_in
        stated = min(life, LONGEST_LIFE) if isinstance(life, int | float) else USUAL_LIFE
        return token, max(0.0, stated - SPARE)


def _image(package: Package) -> ImageReference:
    found = images.parse(package.name)
    if found is None or found.name != package.name:
        raise LookUpError(SkipReason.INVALID_NAME, "not the full name of an image; correct the manifest")
    return found


def _named(image: ImageReference) -> str:
    """The host as addresses write it (in small letters, without https's port), or what can't be one."""
    return _host(f"https://{image.registry}") or image.registry


def _root(package: Package, base_url: str) -> str:
    """What the API's paths stand behind; the word of a repository's file is not enough to be sent anywhere."""
    host = registry.host(package)
    if host is None or host == _host(base_url):
        return base_url.rstrip("/")
    public = registry.public_url(host)
    if public is None:
        detail = f"it comes from {host}, which is not configured; add it to [registries] in freshline.toml"
        raise LookUpError(SkipReason.UNKNOWN_REGISTRY, detail)
    return public


def _host(url: str) -> str | None:
    try:
        return host_of(url)
    except ValueError:
        return None


def _tags(path: str, tokens: Tokens, client: Client) -> tuple[list[str], bool]:
    """The tags in the registry's order, and whether they are all."""
    distil = Distil("oci-tags-1", distil_tags, fields=("link",), tokens=tokens)
    query, found = f"n={PAGE}", list[str]()
    for _ in range(MOST_PAGES):
        page = _page_decoder.decode(_asked(client, f"{path}?{query}", ACCEPT, distil))
        found += page.tags
        if not page.following or len(found) > MOST_TAGS:
            return found, not page.following
        query = page.following
    return found, False


def _asked(client: Client, url: str, accept: str, distil: Distil) -> bytes:
    try:
        return client.fetch(url, headers={"Accept": accept}, distil=distil)
    except FetchError as error:
        why = _refused(error)
        if why is None:
            raise
        raise LookUpError(SkipReason.REGISTRY_UNAVAILABLE, why) from error


def _refused(error: FetchError) -> str | None:
    """What a refusal means here, None for any other error."""
    if error.status in (401, 403):
        words = "such an image is not there, or not for everybody"
        other = "where another host gives its tokens, name that one too, with the same credential"
        return f"{words}: {error.detail} ({other})"
    if error.status == 429:
        return f"its limit is used up: {error.detail}; a name and password in the configuration raise it"
    return None


def distil_tags(answer: bytes) -> bytes:
    """A page's tags and where the next one is; raises ``ValueError`` where it is not one."""
    link, _, body = answer.partition(b"\n")
    tags = decoded(_tags_decoder, body, LANGUAGE).tags or []
    sound = [tag for tag in tags if TAG.fullmatch(tag) and not ABOUT_ANOTHER.fullmatch(tag)]
    return msgspec.msgpack.encode(_Page(sound[: MOST_TAGS + 1], following(link.decode())))


def following(link: str) -> str:
    """The query of the next page, "" where this is the last (RFC 8288).

    Only the query: the address itself stays the one that was asked, whatever the registry or a
    proxy before it writes there.
    """
    for target, rest in LINK.findall(link[:LONGEST_LINK]):
        if NEXT.search(rest):
            return _query(target)
    return ""


def _query(target: str) -> str:
    try:
        query = urlsplit(target).query
    except ValueError as exc:
        raise ValueError("a link to its next page that is no address") from exc
    if not query or any(not "!" <= c <= "~" for c in query):
        raise ValueError("a link to its next page that is no address")
    return query


def told_digest(answer: bytes) -> bytes:
    """The digest in the header, b"" where there is none; raises ``ValueError`` for another algorithm's."""
    digest = answer.partition(b"\n")[0].decode().strip()
    if digest and not DIGEST.fullmatch(digest):
        raise ValueError("a digest that is no sha256")
    return digest.encode()


def counted_digest(body: bytes) -> bytes:
    """The digest of a manifest; raises ``ValueError`` where it is not one."""
    if decoded(_manifest_decoder, body, LANGUAGE).schema_version != 2:
        raise ValueError("a manifest of another version than 2")
    return f"sha256:{sha256(body).hexdigest()}".encode()


class _Manifest(msgspec.Struct, rename="camel"):
    schema_version: int


_manifest_decoder = msgspec.json.Decoder(_Manifest)


def parameters(challenge: str) -> dict[str, str]:
    """The parameters of a ``Bearer`` challenge (RFC 9110, 11.6.1), empty where there is none."""
    challenge = challenge[:LONGEST_CHALLENGE]
    start = BEARER.search(challenge)
    told: dict[str, str] = {}
    found = PARAMETER.match(challenge, start.end()) if start else None
    while found:
        told.setdefault(found[1].lower(), found[2] if found[2] is not None else found[3])
        found = PARAMETER.match(challenge, found.end())
    return told


def _reading(scope: str) -> str:
    """The scope, of repositories no more than reading; what has another form (``aws``) stays as it is."""
    return " ".join(_pull_only(one) for one in scope.split())


def _pull_only(scope: str) -> str:
    return f"{scope.rpartition(':')[0]}:pull" if scope.startswith("repository") and scope.count(":") >= 2 else scope


def _loopback(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _releases(tags: Sequence[str]) -> Releases:
    key = scheme("docker").key
    keyed = [(key(tag), tag) for tag in tags]
    newest = sorted(((k, tag) for k, tag in keyed if k is not None), reverse=True)
    ordered = [tag for _, tag in newest] + [tag for k, tag in keyed if k is None]
    return Releases(ordered, [None] * len(ordered), lambda n: Release(ordered[n], None))


registry = Oci()
