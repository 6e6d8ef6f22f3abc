"""What every registry module gives, and what it is handed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from bot.core.model import Listing, Package, SkipReason, Source
from bot.http import Distil


class LookUpError(Exception):
    """A look-up that a registry refuses.

    ``reason`` is ``invalid_name``, ``not_found``, ``unknown_registry`` or ``registry_unavailable``.
    """

    def __init__(self, reason: SkipReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Client(Protocol):
    """The part of ``http.Http`` that a registry uses."""

    def fetch(self, url: str, *, headers: Mapping[str, str], distil: Distil) -> bytes:
        """What ``distil`` made of the answer's body, from the cache while it is fresh.

        Raises ``http.FetchError`` for every answer that is not a 200 with a body that ``distil``
        accepts.
        """
        ...


class Registry(Protocol):
    """Where releases are listed: a module's ``registry``.

    One whose ``fetch`` does all its asking through the client may say ``through_client = True``:
    then what is kept is read without a thread for each package.
    """

    name: str
    scheme: str

    def default_url(self, environ: Mapping[str, str], home: Path) -> str:
        """The address that the registry's paths start from, as this machine's own tools are configured.

        It has no slash at its end and may carry user information. Reads the tools' files below
        ``home`` and in ``/etc``; raises ``OSError`` for one that can't be read.
        """
        ...

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """The releases of a package, newest first; raises ``LookUpError`` and ``http.FetchError``."""
        ...


@runtime_checkable
class TellsSource(Protocol):
    """A registry that also says where a release comes from; asked only for what is about to be proposed."""

    scheme: str

    def source(self, package: Package, version: str, base_url: str, client: Client) -> Source:
        """Where a release's source is, as its publisher says; raises ``LookUpError`` and ``http.FetchError``."""
        ...


@runtime_checkable
class NamesHosts(Protocol):
    """A registry whose packages' names may say which host has them (``ghcr.io/acme/app``)."""

    def host(self, package: Package) -> str | None:
        """The host (and port) that the name says, None where it leaves that to the registry's own address."""
        ...

    def public_url(self, host: str) -> str | None:
        """The address of a public registry, None for a host that only the operator can allow."""
        ...


@runtime_checkable
class TellsDigest(Protocol):
    """A registry whose versions are names that move; asked only for what is about to be proposed."""

    def digest(self, package: Package, tag: str, base_url: str, client: Client) -> str:
        """What a tag stands for now (``sha256:…``); raises ``LookUpError`` and ``http.FetchError``."""
        ...
