"""Whatever is wrong with a file, a name or a registry costs only itself, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.registry import Reply
from tests.stories.conftest import Desk, versions

GOOD = {"good/requirements.txt": "alpha==1.0\n"}
DEEP = 10_000


def alias_bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines) + "\ncatalog:\n  left-pad: 1.0.0\n"


BAD = {
    "broken.toml": ("broken/pyproject.toml", "[project\nname = 1", "unparsable"),
    "broken.json": ("broken/package.json", '{"dependencies": {"a": ', "unparsable"),
    "broken.yaml": ("broken/pnpm-workspace.yaml", "catalog:\n  a: [1\n b: }", "unparsable"),
    "broken.py": ("broken/setup.py", "setup(install_requires=[", "unparsable"),
    "undecodable": ("broken/requirements.txt", b"alpha==1.0\n\xff\xfe", "undecodable"),
    "huge": ("broken/package.json", b'{"a": "' + b"x" * 50_000_000 + b'"}', "too_large"),
    "deep.json": ("broken/package.json", '{"a":' * DEEP + "1" + "}" * DEEP, "unparsable"),
    "deep.toml": ("broken/pyproject.toml", "a = " + "[" * DEEP + "]" * DEEP, "unparsable"),
    "deep.yaml": ("broken/pnpm-workspace.yaml", "a: " + "[" * DEEP + "]" * DEEP, "unparsable"),
    "deep.py": ("broken/setup.py", "setup(x=" + "(" * DEEP + ")" * DEEP, "unparsable"),
    "nul": ("broken/package.json", '{"dependencies": {"a\0": "1"}}', "unparsable"),
}


@pytest.fixture
def world(desk: Desk) -> Desk:
    desk.registry.pypi("alpha", versions("1.0", "1.1"))
    desk.registry.npm("left-pad", versions("1.0.0", "1.3.0"))
    desk.write(GOOD)
    return desk


@pytest.mark.parametrize(("path", "content", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_costs_only_itself(world: Desk, path: str, content: str | bytes, reason: str) -> None:
    world.write({path: content})
    found = world.scan()
    assert [(s["path"], s["reason"]) for s in found["skipped_files"]] == [(path, reason)]
    assert found["skipped_files"][0]["detail"]
    assert [d["update"]["version"] for d in found["dependencies"]] == ["1.1"]
    assert "1 created" in world.run()


def test_an_alias_bomb_is_refused_without_expanding_it(world: Desk) -> None:
    world.write({"pnpm-workspace.yaml": alias_bomb()})
    found = world.scan()
    assert [(s["path"], s["reason"]) for s in found["skipped_files"]] == [("pnpm-workspace.yaml", "unparsable")]
    assert "aliases" in found["skipped_files"][0]["detail"]
    assert len(found["dependencies"]) == 1


def test_links_are_not_followed_and_said(world: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("alpha==0.1\n")
    (world.repository / "links").mkdir()
    (world.repository / "links" / "requirements.txt").symlink_to(tmp_path / "secret")
    (world.repository / "links" / "package.json").symlink_to("../../../../etc/passwd")
    world.write({})
    found = world.scan()
    assert [(s["path"], s["reason"]) for s in found["skipped_files"]] == [
        ("links/package.json", "symbolic_link"),
        ("links/requirements.txt", "symbolic_link"),
    ]
    assert len(found["dependencies"]) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("../../etc/passwd==1.0", "local"),
        ("nothing-of-the-kind==1.0", "not_found"),
        ("alpha==0.9", "not_found"),
        ("alpha==not.a.version", "unsupported_constraint"),
        ("alpha>=1,>=,<", "unsupported_constraint"),
    ],
)
def test_a_bad_line_costs_only_itself(world: Desk, line: str, reason: str) -> None:
    world.write({"requirements.txt": f"{line}\nalpha==1.0\n"})
    found = [d for d in world.scan()["dependencies"] if d["path"] == "requirements.txt"]
    skips = [d["skip"]["reason"] for d in found if d["skip"]]
    assert skips in ([reason], [])  # some lines are no requirement at all to pip either
    assert [d["update"]["version"] for d in found if d["update"]] == ["1.1"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"<html>please log in</html>", headers={"Content-Type": "text/html"}),
        Reply(body=b'{"name": "beta", "files": [', headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}),
        Reply(body=b'{"name": "beta"}' * 10, cut=40),
        Reply(body=b"x" * 1000, drip=0.05),
        Reply(503),
        Reply(200, body=b'["not", "what", "was", "asked"]'),
    ],
    ids=["html", "cut off json", "cut off", "never ends", "down", "other json"],
)
def test_a_bad_answer_costs_only_its_package(world: Desk, reply: Reply) -> None:
    world.registry.reply("/simple/beta/", reply)
    world.write({"requirements.txt": "beta==1.0\nalpha==1.0\n"})
    found = {d["name"]: d for d in world.scan(FRESHLINE_HTTP__DEADLINE="2")["dependencies"]}
    assert found["beta"]["skip"]["reason"] == "registry_unavailable"
    assert len(found["beta"]["skip"]["detail"]) > 20
    assert found["alpha"]["update"]["version"] == "1.1"
