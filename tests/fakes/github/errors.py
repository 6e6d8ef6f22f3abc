"""What GitHub answers when it will not, in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCS = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer other than success; ``kind`` is the error type that GraphQL names."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        kind: str = "UNPROCESSABLE",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})
        self.kind = kind

    def body(self) -> dict[str, Any]:
        told: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            told["errors"] = self.errors
        return {**told, "documentation_url": DOCS, "status": str(self.status)}


def not_found() -> ApiError:
    return ApiError(404, "Not Found", kind="NOT_FOUND")


def bad_credentials() -> ApiError:
    return ApiError(401, "Bad credentials")


def forbidden(message: str = "Resource not accessible by integration") -> ApiError:
    return ApiError(403, message, kind="FORBIDDEN")


def conflict(message: str) -> ApiError:
    return ApiError(409, message)


def not_allowed(message: str) -> ApiError:
    return ApiError(405, message)


def unprocessable(message: str, *errors: Any) -> ApiError:
    return ApiError(422, message, errors=list(errors) or None)


def invalid(resource: str, message: str, *, field: str | None = None, code: str = "custom") -> ApiError:
    """422 ``Validation Failed`` with one error about a resource."""
    error: dict[str, Any] = {"resource": resource, "code": code}
    if field is not None:
        error["field"] = field
    return unprocessable("Validation Failed", {**error, "message": message})
