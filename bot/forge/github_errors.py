"""What PyGithub and the network raise, as errors that a person understands: what, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import requests
from github.GithubException import GithubException
from github.Requester import Requester

from bot.forge.base import ForgeError


class GitHubError(ForgeError):
    """GitHub refused or failed; ``status`` is HTTP's (GraphQL's errors get the nearest one), None for no answer.

    ``until`` is when a used-up rate limit is free again; ``said`` are GitHub's own words.
    """

    status: int | None = None
    until: datetime | None = None
    said: str = ""

    @property
    def passing(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self.status is None or self.status >= 500


def failure(what: str, where: str, what_next: str, status: int | None = 200) -> GitHubError:
    """An error with a status."""
    error = GitHubError(what, where, what_next)
    error.status = status
    return error


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what PyGithub and the network raise into ``GitHubError``; ``where`` is shown."""
    try:
        yield
    except GithubException as error:
        raise _refusal(error, where) from error
    except requests.RequestException as error:
        what_next = "See whether api_url is right and the network is up; the next run tries again"
        raise failure(f"GitHub does not answer ({type(error).__name__})", where, what_next, None) from None
    except (ValueError, RuntimeError, AssertionError, AttributeError) as error:
        # What PyGithub raises for an answer that is no JSON, and for a redirection to somewhere else.
        raise failure(
            f"GitHub's answer can't be used ({type(error).__name__})", where, "See whether api_url is right"
        ) from error


def _refusal(error: GithubException, where: str) -> GitHubError:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    status, said = _said(error)
    made = _limited(error, headers, said, where) or _worded(status, said, where)
    made.said = said
    return made


def _said(error: GithubException) -> tuple[int, str]:
    """The status and GitHub's words; a GraphQL error (PyGithub gives them 400) gets the status it stands for."""
    data = error.data if isinstance(error.data, dict) else {}
    problems = [one for one in data.get("errors") or () if isinstance(one, dict)]
    words = [str(one.get("message") or one.get("code") or "") for one in problems]
    text = "; ".join(dict.fromkeys(word for word in (str(data.get("message") or ""), *words) if word))
    if error.status != 400 or not problems or data.get("message"):
        return error.status, _flat(text)
    known = {
        "NOT_FOUND": 404,
        "FORBIDDEN": 403,
        "INSUFFICIENT_SCOPES": 403,
        "RATE_LIMITED": 429,
        "SERVICE_UNAVAILABLE": 503,
        "RESOURCE_LIMITS_EXCEEDED": 503,  # a smaller question may well be answered
    }
    status = known.get(str(problems[0].get("type")), 422)
    return (502 if text.startswith("Something went wrong while executing your query") else status), _flat(text)


def _flat(text: str) -> str:
    """Words from outside, on one line and not for ever."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 300 else f"{line[:299]}…"


def _limited(error: GithubException, headers: Mapping[str, str], said: str, where: str) -> GitHubError | None:
    """The error for a rate limit, with the time when it is free again; None for any other."""
    used_up = headers.get("x-ratelimit-remaining") == "0"
    wait = headers.get("retry-after", "")
    limited = Requester.isRateLimitError(said) or "rate limit" in said.lower()
    if error.status not in {200, 400, 403, 429} or not (used_up or wait or limited or error.status == 429):
        return None
    until = None
    if used_up and headers.get("x-ratelimit-reset", "").isdecimal():
        until = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
    moment = (
        f"after {until:%Y-%m-%d %H:%M} UTC"
        if until
        else f"in {wait} seconds"
        if wait.isdecimal()
        else "in some minutes"
    )
    kind = "rate limit" if used_up else "secondary rate limit"
    made = failure(f"GitHub's {kind} is used up", where, f"Run again {moment}", 429)
    made.until = until
    return made


def _worded(status: int, said: str, where: str) -> GitHubError:
    if status >= 500:
        return failure(
            f"GitHub failed (HTTP {status})", where, "The next run tries again; see GitHub's status page", status
        )
    what, what_next = _WORDS.get(status, (f"GitHub refused (HTTP {status})", "See what it says"))
    if status == 403 and "archived" in said.lower():
        what, what_next = "The repository is archived", "Un-archive it, or leave it out"
    if status == 403 and "suspended" in said.lower():
        what, what_next = "The App is suspended", "Un-suspend it in the account's settings"
    quoted = f"{where} ({said})" if said else where
    return failure(what, quoted, what_next, status)


_WORDS = {
    401: ("GitHub does not take the credentials", "Set a valid token, or the App's id and private key"),
    403: ("A permission is missing on GitHub", "Grant it to the App or the token, and accept it for the installation"),
    404: (
        "GitHub shows no such thing",
        "The App is not installed on this repository or the token can't see it, or it does not exist",
    ),
    409: ("GitHub can't do that to the repository as it is", "Is it empty? Commit something first"),
    410: ("GitHub has removed it", "See the repository's settings"),
    422: ("GitHub refused the request", "See what it says; a rule of the repository may forbid it"),
    451: ("GitHub may not show the repository for legal reasons", "Leave it out"),
}
