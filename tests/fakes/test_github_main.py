from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.conftest import need
from tests.fakes.github import specs
from tests.fakes.github.__main__ import main, read_folder
from tests.fakes.github.world import Special, link_to
from tests.fakes.registry import FakeRegistry, Reply

ROOT = Path(__file__).parents[2]


def test_it_runs_by_hand_and_says_how_to_use_it(tmp_path: Path) -> None:
    need("github specs", specs.why_not())
    (tmp_path / "a.txt").write_text("a\n")
    command = [sys.executable, "-m", "tests.fakes.github", "--repository", f"acme/demo={tmp_path}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        lines = [run.stdout.readline() for _ in range(5)]
        said = dict(re.findall(r"(FRESHLINE_GITHUB__\w+)=(\S+)", "".join(lines)))
        url, token = said["FRESHLINE_GITHUB__API_URL"], said["FRESHLINE_GITHUB__TOKEN"]
        answer = httpx.get(
            f"{url}/repos/acme/demo/contents/", headers={"authorization": f"token {token}"}, trust_env=False
        )
        assert [one["name"] for one in answer.json()] == ["a.txt"]
        key = Path(said["FRESHLINE_GITHUB__PRIVATE_KEY_FILE"])
        assert (key.stat().st_mode & 0o777, key.read_text().startswith("-----BEGIN RSA")) == (0o600, True)
        httpx.get(f"{url}/nothing", trust_env=False)
        run.send_signal(signal.SIGTERM)
        rest = run.stdout.read()
    assert run.returncode == 0
    assert rest == "not what GitHub describes: GET /nothing: GitHub describes no such operation\n"
    assert not key.exists()


def test_the_sample_is_served_when_nothing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    stop.set()
    assert main(["--webhook-url", "http://127.0.0.1:9/x"], stop=stop) == 0
    assert "A GitHub with acme/shop" in capsys.readouterr().out


@pytest.mark.parametrize("wanted", ["acme/x=/nowhere", "acme=x", "acme/x"])
def test_what_it_cannot_serve_is_said(wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--repository", wanted], stop=threading.Event()) == 1
    assert capsys.readouterr().err.startswith("github: ")


def test_folders_are_read_with_links_and_modes(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "link").symlink_to("run")
    assert read_folder(tmp_path) == {"run": Special(b"#!/bin/sh\n"), "link": link_to("run")}


def test_a_package_that_is_not_the_one_expected_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    source = specs.Source("@octokit/x", "1.0.0", "sha512-x", "a.json", "examples.json")
    with FakeRegistry() as registry:
        registry.reply("/@octokit/x/-/x-1.0.0.tgz", Reply(body=b"not it"))
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry.url)
        with pytest.raises(ValueError, match=r"@octokit/x 1\.0\.0: integrity is sha512-"):
            specs._fetch(source)


def test_the_description_is_trimmed_and_mended() -> None:
    whole = {
        "paths": {"/x": {"description": "prose", "example": 1, "properties": {"description": {"type": "string"}}}},
        "components": {
            "examples": {"big": 1},
            "schemas": {
                "either": {"allOf": [{"title": "Simple User"}, {"title": "Enterprise"}], "nullable": True},
                "both": {"allOf": [{"title": "Simple User"}, {"type": "object"}]},
                "reason": {"nullable": True, "enum": ["a"]},
                "list": {"oneOf": [{}], "discriminator": {"propertyName": "type"}},
                "label": {"properties": {name: {"type": "string"} for name in sorted(specs.LABEL)}},
            },
        },
    }
    told = json.loads(specs._trim(json.dumps(whole).encode()))
    assert told["paths"] == {"/x": {"properties": {"description": {"type": "string"}}}}
    found = told["components"]["schemas"]
    assert "examples" not in told["components"]
    assert found["either"] == {"nullable": True, "anyOf": [{"title": "Simple User"}, {"title": "Enterprise"}]}
    assert "allOf" in found["both"]
    assert found["reason"]["enum"] == ["a", None]
    assert found["list"] == {"oneOf": [{}]}
    assert found["label"]["properties"]["description"] == {"type": "string", "nullable": True}


def test_the_descriptions_are_kept_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert specs.cache_folder() == tmp_path / "freshline-tests"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert specs.cache_folder().parent == Path(os.path.expanduser("~/.cache"))  # noqa: PTH111 - another way to the same
