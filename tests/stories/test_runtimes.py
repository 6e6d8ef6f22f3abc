"""A language runtime that a repository states in many places."""

from __future__ import annotations

import pytest

from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.oci import FakeOci
from tests.stories.conftest import Desk

PYTHON = {
    "3.14": {"begins": "2024-10-07", "ends": "2099-10-31", "latest": "3.14.7", "published": "2025-08-05"},
    "3.9": {"begins": "2020-10-05", "ends": "2025-10-31", "latest": "3.9.25", "published": "2025-10-31"},
}
PLACES = {
    ".python-version": "3.9\n",
    ".tool-versions": "# tools\npython 3.9.18 3.8.1 # main\nkubectl 1.27.0\n",
    "mise.toml": '[tools]\npython = "3.9"\n',
    "runtime.txt": "python-3.9.18",
}
MOVED = {
    ".python-version": "3.14\n",
    ".tool-versions": "# tools\npython 3.14.7 3.8.1 # main\nkubectl 1.27.0\n",
    "mise.toml": '[tools]\npython = "3.14"\n',
    "runtime.txt": "python-3.14.7",
}


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.registry.endoflife("python", PYTHON)
    desk.write(PLACES)
    return desk


def test_every_place_moves_in_one_branch(shop: Desk) -> None:
    shop.run()
    (branch,) = shop.branches()
    assert {path: shop.show(branch, path) for path in PLACES} == MOVED
    assert shop.git("rev-list", "--count", f"main..{branch}").strip() == "1"


def test_one_pull_request_tells_the_end_of_life(desk: Desk) -> None:
    need("github specs", specs.why_not())
    desk.registry.endoflife("python", PYTHON)
    with FakeGitHub(clock=Clock.real()) as github:
        github.create_repository("acme/shop", PLACES)
        login = {"API_URL": github.api_url, "TOKEN": github.personal_token()}
        environ = {f"FRESHLINE_GITHUB__{name}": value for name, value in login.items()}
        answer = desk.freshline("run", "acme/shop", **environ)
        assert answer.code == 0, answer
        (pull,) = github.pulls("acme/shop", "open")
        assert pull.issue.title == "Bump python from 3.9 to 3.14.7"
        body = pull.issue.body or ""
        assert "3.9 has had no security fixes since 2025-10-31" in body.replace("\\", "")
        assert all(path in body for path in PLACES)


def test_after_the_change_there_is_nothing_to_do(shop: Desk) -> None:
    shop.run()
    (branch,) = shop.branches()
    shop.git("merge", "-q", "--no-edit", branch)
    shop.run()
    assert shop.branches() == {}
    skips = [dependency["skip"]["reason"] for dependency in shop.scan()["dependencies"]]
    assert skips == ["up_to_date", "up_to_date", "ignored", "up_to_date", "up_to_date"]


def test_one_place_that_cannot_follow_keeps_all_and_is_named(shop: Desk) -> None:
    shop.write({"svc/.python-version": "pypy3.9-7.3.12\n"})
    shop.run()
    assert shop.branches() == {}
    skips = {dependency["path"]: dependency["skip"] for dependency in shop.scan()["dependencies"]}
    assert skips["svc/.python-version"]["reason"] == "unsupported_constraint"
    assert skips["runtime.txt"]["reason"] == "blocked_site"
    assert "svc/.python-version:1" in skips["runtime.txt"]["detail"]


DOCKERFILE = "ARG PYTHON_VERSION=3.9\nFROM python:${PYTHON_VERSION}-slim AS base\nRUN python3.9 -m venv /venv\n"


def test_an_image_and_a_file_move_together(desk: Desk) -> None:
    desk.registry.endoflife("python", PYTHON)
    desk.write({".python-version": "3.9\n", "Dockerfile": DOCKERFILE})
    with FakeOci() as images:
        images.push("library/python", "3.9-slim", "3.14-slim", "3.14", "latest")
        desk.run(FRESHLINE_REGISTRIES__OCI__URL=images.url)
    (branch,) = desk.branches()
    assert desk.show(branch, "Dockerfile") == DOCKERFILE.replace("=3.9", "=3.14")
    assert desk.show(branch, ".python-version") == "3.14\n"


def test_a_tag_that_is_not_there_holds_the_image_and_the_file(desk: Desk) -> None:
    desk.registry.endoflife("python", PYTHON)
    desk.write({".python-version": "3.9\n", "Dockerfile": DOCKERFILE})
    with FakeOci() as images:
        images.push("library/python", "3.9-slim", "3.14")
        environ = {"FRESHLINE_REGISTRIES__OCI__URL": images.url}
        desk.run(**environ)
        assert desk.branches() == {}
        skips = {one["path"]: one["skip"] for one in desk.scan(**environ)["dependencies"]}
    assert {skip["reason"] for skip in skips.values()} == {"blocked_site"}
    assert "Dockerfile:2: there is no docker.io/library/python 3.14-slim" in skips[".python-version"]["detail"]
