"""What every registry module gives, and what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from bot.core.model import Listing, Package, SkipReason

Distil = Callable[[bytes], bytes]


class LookUpError(Exception):
    """A look-up that gave no listing: ``reason`` is ``not_found`` or ``registry_unavailable``."""

    def __init__(self, reason: SkipReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Client(Protocol):
    """The part of ``http.Http`` that a registry uses."""

    def fetch(self, url: str, *, headers: Mapping[str, str], distil: Distil) -> bytes:
        """What ``distil`` made of the answer's body, from the cache while it is fresh.

        Raises ``LookUpError`` for every answer that is not a 200 with a body that ``distil``
        accepts (it raises ``ValueError`` for one it does not).
        """
        ...


class Registry(Protocol):
    """Where releases are listed."""

    name: str
    scheme: str

    def default_url(self) -> str:
        """The address that the registry's paths start from, without a slash at its end."""
        ...

    def fetch(self, package: Package, base_url: str, client: Client) -> Listing:
        """The releases of a package, newest first; raises ``LookUpError``."""
        ...
