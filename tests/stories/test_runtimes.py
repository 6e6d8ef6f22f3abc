"""A language runtime that a repository states in many places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import need
from tests.fakes import oci
from tests.fakes.github import specs
from tests.fakes.github.clock import Clock
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.oci import FakeOci
from tests.stories.conftest import Desk
from tests.stories.fleet_desk import SHOP, Fleet

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


PROJECT = """[project]
name = "shop"
requires-python = ">=3.9"
dependencies = ["numpy==1.24.4"]
"""


def publish(desk: Desk, *wheels: str) -> None:
    """A project with one release, and wheels for some Pythons only."""
    files = [
        {"filename": f"numpy-1.24.4-{one}-manylinux_2_17_x86_64.whl", "upload-time": "2023-06-26T00:00:00Z"}
        for one in wheels
    ]
    desk.registry.pypi("numpy", {}, files=files)


def test_the_floor_of_an_application_rises_in_the_same_branch(desk: Desk) -> None:
    desk.registry.endoflife("python", PYTHON)
    publish(desk, "cp39-cp39", "cp314-cp314")
    desk.write({".python-version": "3.9\n", "pyproject.toml": PROJECT, "tox.ini": "[tox]\nenvlist = py39\n"})
    desk.run()
    (branch,) = desk.branches()
    assert desk.show(branch, "pyproject.toml") == PROJECT.replace(">=3.9", ">=3.14")
    assert desk.show(branch, "tox.ini") == "[tox]\nenvlist = py39\n"


def test_a_locked_floor_stays(desk: Desk) -> None:
    desk.registry.endoflife("python", PYTHON)
    lock = 'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "shop"\nsource = { virtual = "." }\n'
    project = PROJECT.replace("numpy==1.24.4", "")
    desk.write({".python-version": "3.9\n", "pyproject.toml": project.replace('""', ""), "uv.lock": lock})
    desk.run()
    (branch,) = desk.branches()
    assert desk.show(branch, ".python-version") == "3.14\n"
    assert 'requires-python = ">=3.9"' in desk.show(branch, "pyproject.toml")


def test_a_library_without_a_wheel_for_the_new_line_holds_it_and_the_days_are_told(desk: Desk) -> None:
    desk.registry.endoflife("python", PYTHON)
    publish(desk, "cp39-cp39", "cp310-cp310")
    desk.write({".python-version": "3.9\n", "pyproject.toml": PROJECT})
    desk.run()
    assert desk.branches() == {}
    found = {one["path"]: one for one in desk.scan()["dependencies"] if one["kind"] == "runtime"}
    skip, support = found[".python-version"]["skip"], found[".python-version"]["support"]
    assert (skip["reason"], skip["candidate"]) == ("needs_wheels", "3.14.7")
    assert skip["detail"] == (
        "numpy 1.24.4 has no wheel for Python 3.14; 3.9 has had no security fixes since 2025-10-31"
    )
    assert (support["ends"], support["overdue"], support["days_left"] < 0) == ("2025-10-31", True, True)
    assert (found["pyproject.toml"]["skip"]["reason"], found["pyproject.toml"]["support"]) == ("in_range", None)


LOCK = """version = 1
requires-python = ">=3.9"

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [
    { name = "cryptography" },
]

[[package]]
name = "cryptography"
version = "44.0"
source = { registry = "https://index.example/simple" }
dependencies = [
    { name = "cffi", marker = "platform_python_implementation != 'PyPy'" },
    { name = "zstd", marker = "python_full_version < '3.13'" },
]
wheels = [
    { url = "https://index.example/cryptography-44.0-cp37-abi3-win_amd64.whl", hash = "sha256:00" },
]

[[package]]
name = "cffi"
version = "1.17.1"
source = { registry = "https://index.example/simple" }
wheels = [
    { url = "https://index.example/cffi-1.17.1-cp39-cp39-win_amd64.whl", hash = "sha256:00" },
    { url = "https://index.example/cffi-1.17.1-cp313-cp313-win_amd64.whl", hash = "sha256:00" },
]

[[package]]
name = "zstd"
version = "1.0"
source = { registry = "https://index.example/simple" }
wheels = [
    { url = "https://index.example/zstd-1.0-cp39-cp39-win_amd64.whl", hash = "sha256:00" },
]
"""


def test_what_only_a_lock_file_brings_in_takes_all_to_the_line_before(desk: Desk) -> None:
    middle = {"3.13": {"begins": "2024-01-07", "ends": "2098-10-31", "latest": "3.13.9", "published": "2025-08-04"}}
    desk.registry.endoflife("python", PYTHON | middle)
    desk.registry.pypi("cryptography", {"44.0": {}})
    project = PROJECT.replace("numpy==1.24.4", "cryptography>=44,<45")
    desk.write({".python-version": "3.9\n", "pyproject.toml": project, "uv.lock": LOCK})
    found = {one["path"]: one for one in desk.scan()["dependencies"] if one["kind"] == "runtime"}
    waits = "3.14.7 waits: cffi 1.17.1 has no wheel for Python 3.14"
    assert (found[".python-version"]["update"]["version"], found[".python-version"]["update"]["reasons"][-1]) == (
        "3.13",
        waits,
    )
    desk.run()
    (branch,) = desk.branches()
    assert desk.show(branch, ".python-version") == "3.13\n"
    assert desk.show(branch, "uv.lock") == LOCK
    assert waits in desk.freshline("status", str(desk.repository), "--show", branch).out.replace("\\", "")


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


# Digests


STALE = "sha256:" + "0" * 64
FIXED = "FROM python:3.9-slim@{} AS base\nCOPY --from=python:3.9-slim /usr/local /old\n"
IMAGE = "library/python"


def test_a_tag_and_its_digest_move_together(desk: Desk, tmp_path: Path) -> None:
    need("docker-registry", oci.why_not())
    desk.registry.endoflife("python", PYTHON)
    folder = tmp_path / "images"
    folder.mkdir()
    with oci.real(folder) as url:
        digests = oci.push(url, IMAGE, "3.9-slim", "3.14-slim", "3.14")
        desk.write({".python-version": "3.9\n", "Dockerfile": FIXED.format(digests["3.9-slim"])})
        out = desk.run(FRESHLINE_REGISTRIES__OCI__URL=url)
    (branch,) = desk.branches()
    assert desk.show(branch, "Dockerfile") == FIXED.format(digests["3.14-slim"]).replace("3.9", "3.14")
    assert desk.show(branch, ".python-version") == "3.14\n"
    assert desk.git("rev-list", "--count", f"main..{branch}").strip() == "1"
    assert "python" in out


def test_only_the_digest_that_is_needed_is_asked_for(desk: Desk) -> None:
    desk.registry.endoflife("python", PYTHON)
    desk.write({"Dockerfile": FIXED.format(STALE)})
    with FakeOci() as images:
        images.push(IMAGE, *(f"3.{n}-slim" for n in range(20)))
        desk.run(FRESHLINE_REGISTRIES__OCI__URL=images.url)
        (asked,) = [one for one in images.requests if "/manifests/" in one.path]
    assert (asked.method, asked.path) == ("HEAD", f"/v2/{IMAGE}/manifests/3.14-slim")


def test_a_digest_that_nobody_tells_holds_the_image_and_is_no_reason_for_an_older_one(desk: Desk) -> None:
    newer = {"3.13": {"begins": "2024-01-07", "ends": "2098-10-31", "latest": "3.13.9", "published": "2025-08-04"}}
    desk.registry.endoflife("python", PYTHON | newer)
    desk.write({"Dockerfile": FIXED.format(STALE)})
    with FakeOci() as images:
        images.push(IMAGE, "3.9-slim", "3.13-slim", "3.14-slim")
        images.script(f"/v2/{IMAGE}/manifests/3.14-slim", oci.Answer(403))
        environ = {"FRESHLINE_REGISTRIES__OCI__URL": images.url}
        desk.run(**environ)
        assert desk.branches() == {}
        first, _ = desk.scan(**environ)["dependencies"]
        assert first["skip"]["reason"] == "registry_unavailable"
        images.script(f"/v2/{IMAGE}/manifests/3.14-slim", oci.Answer(404))
        desk.run(**environ)
        digest = images.digest(IMAGE, "3.13-slim")
    (branch,) = desk.branches()
    assert desk.show(branch, "Dockerfile") == FIXED.format(digest).replace("3.9", "3.13")


def test_a_fleet_decides_as_a_visit_does(fleet: Fleet) -> None:
    fleet.desk.registry.endoflife("python", PYTHON)
    fleet.github.create_repository("acme/app", {"Dockerfile": FIXED.format(STALE)})
    branch = "freshline/runtime/python"
    with FakeOci() as images:
        images.push(IMAGE, "3.9-slim", "3.14-slim")
        environ = {"FRESHLINE_REGISTRIES__OCI__URL": images.url}
        for _ in range(3):
            fleet.run(**environ)
        assert fleet.file(branch, "Dockerfile", name="acme/app").count(images.digest(IMAGE, "3.14-slim")) == 1
        assert "acme: 2 repositories: 0 to visit, 2 as before" in fleet.run(**environ)
        images.move(IMAGE, "3.14-slim", "built anew")
        out = fleet.run(**environ)
        assert "acme/app (releases changed what is decided)" in out
        assert fleet.about(SHOP) == []
        assert images.digest(IMAGE, "3.14-slim") in fleet.file(branch, "Dockerfile", name="acme/app")


# Nine places

LAMBDA = {
    "python3.14": {"begins": "2025-11-18", "ends": "2030-06-30"},
    "python3.13": {"begins": "2024-11-13", "ends": "2029-06-30"},
    "python3.9": {"begins": "2021-08-16", "ends": "2025-12-15"},
}
NINE = {
    "Dockerfile": DOCKERFILE,
    "compose.yaml": "services:\n  worker:\n    image: python:3.9-slim\n    command: python -m worker\n",
    ".github/workflows/ci.yml": (
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n"
        '        python: ["3.9"]\n    steps:\n      - uses: actions/setup-python@v5\n        with:\n'
        "          python-version: ${{ matrix.python }}\n"
    ),
    ".python-version": "3.9\n",
    ".tool-versions": "python 3.9.18\nterraform 1.9.0\n",
    "template.yaml": (
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Api:\n    Type: AWS::Serverless::Function\n"
        "    Properties:\n      Runtime: python3.9\n      Handler: app.main\n"
    ),
    "infra/main.tf": (
        'resource "aws_lambda_function" "jobs" {\n  function_name = "jobs"\n  handler       = "jobs.main"\n'
        '  runtime       = "python3.9"\n}\n'
    ),
    "infra/stack.py": (
        "from aws_cdk import Stack, aws_lambda as lambda_\n\n\nclass Jobs(Stack):\n    def add(self) -> None:\n"
        '        lambda_.Function(self, "Jobs", runtime=lambda_.Runtime.PYTHON_3_9, handler="jobs.main")\n'
    ),
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = []\n',
}
AFTER = {
    "Dockerfile": DOCKERFILE.replace("=3.9", "=3.14"),
    ".github/workflows/ci.yml": NINE[".github/workflows/ci.yml"].replace('["3.9"]', '["3.9", "3.14"]'),
    ".tool-versions": "python 3.14.7\nterraform 1.9.0\n",
    "infra/stack.py": NINE["infra/stack.py"].replace("PYTHON_3_9", "PYTHON_3_14"),
    **{
        path: NINE[path].replace("3.9", "3.14")
        for path in ("compose.yaml", ".python-version", "template.yaml", "infra/main.tf", "pyproject.toml")
    },
}


@pytest.fixture
def lines(desk: Desk) -> Desk:
    desk.registry.endoflife("python", PYTHON)
    desk.registry.endoflife("aws-lambda", LAMBDA)
    desk.registry.endoflife(
        "terraform", {"1.9": {"begins": "2024-06-26", "latest": "1.9.0", "published": "2024-06-26"}}
    )
    return desk


def test_nine_places_become_one_pull_request(lines: Desk) -> None:
    need("github specs", specs.why_not())
    with FakeOci() as images, FakeGitHub(clock=Clock.real()) as github:
        images.push(IMAGE, "3.9-slim", "3.13-slim", "3.14-slim")
        github.create_repository("acme/shop", NINE)
        environ = {
            "FRESHLINE_REGISTRIES__OCI__URL": images.url,
            "FRESHLINE_GITHUB__API_URL": github.api_url,
            "FRESHLINE_GITHUB__TOKEN": github.personal_token(),
        }
        for _ in range(2):
            answer = lines.freshline("run", "acme/shop", **environ)
            assert answer.code == 0, answer
        (pull,) = github.pulls("acme/shop", "open")
        assert pull.issue.title == "Bump python from 3.9 to 3.14.7"
        assert {path: data.decode() for path, data in github.files("acme/shop", pull.head).items()} == AFTER
        body = (pull.issue.body or "").replace("\\", "")
        assert "3.9 has had no security fixes since 2025-10-31" in body
        assert all(f"`{path}`" in body for path in NINE)


def test_a_place_that_cannot_take_the_newest_takes_all_to_the_one_before(lines: Desk) -> None:
    lines.registry.endoflife("aws-lambda", {name: LAMBDA[name] for name in ("python3.13", "python3.9")})
    middle = {"3.13": {"begins": "2024-01-07", "ends": "2098-10-31", "latest": "3.13.9", "published": "2025-08-04"}}
    lines.registry.endoflife("python", PYTHON | middle)
    lines.write(NINE)
    with FakeOci() as images:
        images.push(IMAGE, "3.9-slim", "3.13-slim", "3.14-slim")
        lines.run(FRESHLINE_REGISTRIES__OCI__URL=images.url)
    (branch,) = lines.branches()
    assert {path: lines.show(branch, path) for path in AFTER} == {
        path: text.replace("3.14.7", "3.13.9").replace("3.14", "3.13").replace("3_14", "3_13")
        for path, text in AFTER.items()
    }


def test_a_function_with_layers_is_left_to_a_person(lines: Desk) -> None:
    text = NINE["template.yaml"] + "      Layers: [!Ref Numbers]\n"
    lines.write({"template.yaml": text})
    lines.run()
    (branch,) = lines.branches()
    assert lines.show(branch, "template.yaml") == text.replace("3.9", "3.14")
    said = lines.freshline("status", str(lines.repository), "--show", branch).out
    assert "layers" in said
    assert "a person merges this one" in said
