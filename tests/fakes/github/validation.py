"""Requests and answers, held against GitHub's own OpenAPI description with openapi-core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.fakes.github import specs
from tests.fakes.github.records import Json

HOST = "https://api.github.com"


class SpecRequest:
    """A request in the form that openapi-core reads."""

    def __init__(self, method: str, path: str, query: Mapping[str, str], body: bytes | None, media: str) -> None:
        self.host_url = HOST
        self.path = path
        self.method = method.lower()
        self.body = body
        self.content_type = media
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(query), header=Headers(), cookie=ImmutableMultiDict(), path={}
        )


class SpecResponse:
    """An answer in the form that openapi-core reads."""

    def __init__(self, status: int, data: bytes, media: str) -> None:
        self.status_code = status
        self.data = data
        self.content_type = media
        self.headers: Mapping[str, Any] = {}


@cache
def description(template: str) -> OpenAPI:
    """What GitHub says of one path; references are followed when they are met.

    One path alone, because openapi-core looks through all 800 for each request, which is half of the time it takes.
    """
    whole = specs.openapi()
    return OpenAPI.from_dict(
        {**whole, "paths": {template: whole["paths"][template]}}, config=Config(spec_validator_cls=None)
    )


def wrong_request(template: str, request: SpecRequest) -> list[str]:
    """Why a request is not one that GitHub describes; empty when it is."""
    return _reasons(description(template).iter_request_errors(request))


def wrong_response(template: str, request: SpecRequest, response: SpecResponse) -> list[str]:
    """Why an answer is not one that GitHub describes."""
    return _reasons(description(template).iter_response_errors(request, response))


def _reasons(errors: Iterable[Exception]) -> list[str]:
    return [_reason(error) for error in errors]


def _reason(error: Exception) -> str:
    """The first few of what is wrong below, since a schema's own text is long."""
    inner: Any = getattr(error, "__cause__", None)
    details = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in getattr(inner, "schema_errors", ())]
    return f"{type(error).__name__}: {str(error)[:80]}: {'; '.join(details[:5]) or str(inner)[:300]}"


def known_paths() -> Mapping[str, Json]:
    """Every path template of GitHub's, with what can be done there."""
    found: Mapping[str, Json] = specs.openapi()["paths"]
    return found
