"""A small client for tests of the fake itself: every answer is held against GitHub's description."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.records import Installation, Json

FILES = {
    "README.md": "# Shop\n",
    "pyproject.toml": '[project]\ndependencies = ["django==4.2"]\n',
    "src/shop.py": "print('shop')\n",
}
SHOP = "acme/shop"


class Probe:
    """The fake with one repository, ``acme/shop``, and the App installed on it."""

    def __init__(self, github: FakeGitHub) -> None:
        self.github = github
        github.create_repository(SHOP, FILES, private=True)
        self.installation: Installation = github.install("acme")
        self.token = github.installation_token(self.installation)
        self.http = httpx.Client(base_url=github.api_url, trust_env=False)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A request with the installation's token; a path without a leading slash is below the repository."""
        target = path if path.startswith("/") else f"/repos/{SHOP}{'/' if path else ''}{path}"
        sent = {"authorization": f"Bearer {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return (
            self.http.request(method, target, json=body, headers=sent)
            if body is not None
            else self._bare(method, target, sent)
        )

    def _bare(self, method: str, target: str, headers: dict[str, str]) -> httpx.Response:
        return self.http.request(method, target, headers=headers)

    def get(self, path: str, status: int = 200, **headers: str) -> Any:
        return _body(self.ask("GET", path, **headers), status)

    def post(self, path: str, body: object = None, status: int = 201) -> Any:
        return _body(self.ask("POST", path, {} if body is None else body), status)

    def patch(self, path: str, body: object, status: int = 200) -> Any:
        return _body(self.ask("PATCH", path, body), status)

    def put(self, path: str, body: object, status: int = 200) -> Any:
        return _body(self.ask("PUT", path, body), status)

    def delete(self, path: str, status: int = 204, body: object = None) -> Any:
        return _body(self.ask("DELETE", path, body), status)

    def app(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A request with the App's JSON Web Token."""
        return self.http.request(method, path, json=body, headers={"authorization": f"Bearer {self.github.jwt()}"})

    def graphql(self, query: str, **variables: object) -> Json:
        answer = self.ask("POST", "/graphql", {"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    def branch(self, name: str, files: dict[str, str], message: str = "feat: change") -> str:
        """A branch with one commit, made as the bot makes it: blobs in a tree, a commit, a ref."""
        base = self.github.head(SHOP)
        entries = [{"path": p, "mode": "100644", "type": "blob", "content": text} for p, text in files.items()]
        tree = self.post("git/trees", {"base_tree": base, "tree": entries})["sha"]
        commit: str = self.post("git/commits", {"message": message, "tree": tree, "parents": [base]})["sha"]
        self.post("git/refs", {"ref": f"refs/heads/{name}", "sha": commit})
        return commit

    def pull(self, name: str = "freshline/pypi/django", text: str = "django==5.0") -> Json:
        """A pull request of the bot's own."""
        self.branch(name, {"pyproject.toml": f'[project]\ndependencies = ["{text}"]\n'})
        told: Json = self.post("pulls", {"title": "Bump", "head": name, "base": "main", "body": "why"})
        return told


def _body(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


@contextmanager
def probing(*, violations: bool = False, clock: Clock | None = None) -> Iterator[Probe]:
    """A probe; afterwards nothing was asked (but for ``violations``) or answered that GitHub does not describe."""
    need("github specs", specs.why_not())
    with FakeGitHub(validate_answers=True, clock=clock) as github:
        probe = Probe(github)
        with probe.http:
            yield probe
        assert not github.wrong_answers, "\n".join(github.wrong_answers)
        assert violations or not github.violations, "\n".join(github.violations)
