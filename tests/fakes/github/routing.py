"""Routes of the REST API: templates as GitHub's description writes them, and what a handler is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from tests.fakes.github import auth
from tests.fakes.github.auth import Caller
from tests.fakes.github.errors import not_found, unprocessable
from tests.fakes.github.limits import Limits
from tests.fakes.github.records import Actor, Issue, Json, Pull, Repository
from tests.fakes.github.world import World

# Parameters that GitHub takes with slashes in them.
LONG = frozenset({"ref", "path", "branch", "basehead", "tree_sha", "tag", "base_head", "sha"})


@dataclass
class Answer:
    """``body`` is what JSON is made of; None sends none."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One request, as its handler sees it."""

    w: World
    limits: Limits
    caller: Caller
    params: dict[str, str]
    query: Mapping[str, str]
    json: Json
    url: str
    needs: tuple[str, ...] = ()
    _repository: Repository | None = None

    @property
    def repo(self) -> Repository:
        """The repository of the path, seen and permitted; raises 404 and 403."""
        if self._repository is None:
            found = self.w.repository(f"{self.params['owner']}/{self.params['repo']}")
            auth.demand(self.w, self.caller, found, self.needs)
            self._repository = found
        return self._repository

    @property
    def actor(self) -> Actor:
        return self.caller.actor()

    @property
    def issue(self) -> Issue:
        found = self.repo.issues.get(self.number("issue_number"))
        if found is None:
            raise not_found()
        return found

    @property
    def pull(self) -> Pull:
        found = self.repo.pull(self.number("pull_number"))
        if found is None:
            raise not_found()
        return found

    def number(self, name: str) -> int:
        """A parameter that is a number; raises 404."""
        if not self.params[name].isdigit():
            raise not_found()
        return int(self.params[name])

    def want(self, *names: str) -> None:
        """Raises 422 for what the body lacks."""
        lacking = [f'"{name}" wasn\'t supplied.' for name in names if self.json.get(name) is None]
        if lacking:
            raise unprocessable("Invalid request.\n\n" + "\n".join(lacking))

    def page(self, items: Iterable[Any], shape: Callable[[Any], Any]) -> Answer:
        """One page of a list, with ``Link``."""
        found, headers = self.cut(items)
        return Answer(200, [shape(one) for one in found], headers)

    def wrapped(self, name: str, items: Iterable[Any], shape: Callable[[Any], Any]) -> Answer:
        """One page of a list inside an object that counts it."""
        whole = list(items)
        found, headers = self.cut(whole)
        return Answer(200, {"total_count": len(whole), name: [shape(one) for one in found]}, headers)

    def cut(self, items: Iterable[Any]) -> tuple[list[Any], dict[str, str]]:
        whole = list(items)
        size = max(1, min(self._count("per_page", 30), self.w.settings.page_limit))
        page = max(1, self._count("page", 1))
        last = max(1, -(-len(whole) // size))
        links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        if page >= last:
            links.pop("next")
            links.pop("last")
        if page == 1:
            links.pop("prev")
            links.pop("first")
        told = ", ".join(f'<{self._page_url(number)}>; rel="{rel}"' for rel, number in links.items())
        return whole[(page - 1) * size : page * size], {"link": told} if told else {}

    def _count(self, name: str, default: int) -> int:
        text = self.query.get(name, "")
        return int(text) if text.isdigit() else default

    def _page_url(self, number: int) -> str:
        return f"{self.url}?{urlencode({**self.query, 'page': number})}"


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """``needs``: any one of these permissions; ``repository``: it is about one, whose rights are checked first."""

    method: str
    template: str
    handler: Handler
    needs: tuple[str, ...]
    pattern: re.Pattern[str]

    @property
    def repository(self) -> bool:
        return self.template.startswith("/repos/{owner}/{repo}")

    def match(self, path: str) -> dict[str, str] | None:
        found = self.pattern.fullmatch(path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None

    def canonical(self, params: Mapping[str, str]) -> str:
        """The path with each parameter in one segment, as the description has it."""
        return re.sub(r"\{(\w+)\}", lambda m: quote(params[m[1]], safe=""), self.template)


class Router:
    """All routes, found by method and path."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._by_method: dict[tuple[str, str], list[Route]] = {}

    def route(self, method: str, template: str, *needs: str) -> Callable[[Handler], Handler]:
        """Register a handler."""

        def register(handler: Handler) -> Handler:
            route = Route(method, template, handler, needs, _compile(template))
            self.routes.append(route)
            self._by_method.setdefault((method, _key(template)), []).append(route)
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for key in dict.fromkeys((_key(path), "")):
            for route in self._by_method.get((method, key), ()):
                params = route.match(path)
                if params is not None:
                    return route, params
        return None


def _key(path: str) -> str:
    """The word that tells routes apart: the first below a repository, else the first of all."""
    parts = path.split("/")
    word = parts[4] if parts[1] == "repos" and len(parts) > 4 else parts[1]
    return "" if "{" in word else word


def _compile(template: str) -> re.Pattern[str]:
    def part(found: re.Match[str]) -> str:
        name = found[1]
        return f"(?P<{name}>.+)" if name in LONG and not template.endswith("/pulls") else f"(?P<{name}>[^/]+)"

    return re.compile(re.sub(r"\{(\w+)\}", part, template))


router = Router()
route = router.route
