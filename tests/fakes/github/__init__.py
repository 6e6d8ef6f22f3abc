"""A stateful GitHub on loopback, backed by real git repositories; see ``FakeGitHub``."""

from __future__ import annotations

from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.world import Special, link_to, submodule

__all__ = ["Clock", "FakeGitHub", "Special", "link_to", "submodule"]
