"""Read a repository's policy file into the types of ``core/rules.py``, and describe them to editors."""

from __future__ import annotations

import tomllib
from typing import Any

import msgspec

from bot.core.errors import ExpectedError
from bot.core.rules import Policy

PATH = ".github/freshline.toml"
MAX_BYTES = 256 * 1024


class PolicyError(ExpectedError):
    """A policy file that can't be used: what is wrong, where, and what to do."""


def parse(raw: bytes, path: str = PATH) -> Policy:
    """The policy that this file states; raises ``PolicyError``."""
    if len(raw) > MAX_BYTES:
        raise PolicyError(f"{path}: larger than {MAX_BYTES // 1024} KiB; shorten it")
    try:
        found = msgspec.convert(tomllib.loads(raw.decode()), Policy)
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: is not in UTF-8; save it again as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path}: {error}; mend it, or check it with: freshline config check {path}") from None
    except RecursionError:
        raise PolicyError(f"{path}: is nested too deeply; a policy needs no more than four levels") from None
    except msgspec.ValidationError as error:
        raise PolicyError(f"{path}: {error}; every key is described by: freshline config schema") from None
    if found.forks is not None:
        raise PolicyError(f"{path}: forks are looked after or not by whoever runs Freshline; remove “forks”")
    if found.machine_images is not None:
        words = "whose machine images are trusted is for whoever runs Freshline to say; remove “machine_images”"
        raise PolicyError(f"{path}: {words}")
    return found


def schema() -> dict[str, Any]:
    """The JSON Schema of a policy file (https://json-schema.org/draft/2020-12), for editors."""
    described = msgspec.json.schema(Policy)
    for reserved in ("forks", "machine_images"):  # see ``parse``
        del described["$defs"]["Policy"]["properties"][reserved]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Freshline policy", **described}


def plain(policy: Policy) -> dict[str, Any]:
    """The policy as plain values, for printing."""
    said: dict[str, Any] = msgspec.to_builtins(policy)
    return said
