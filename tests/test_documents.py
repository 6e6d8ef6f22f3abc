"""What the documents say is so: settings, commands, examples, tables."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
import pytest
from packageurl.contrib import purl2url
from pip._internal.models import index as pip_index
from pydantic import BaseModel
from typer.main import get_command
from typer.testing import CliRunner

from bot import ecosystems, faults, policy_file
from bot.cli import cli
from bot.config import Config, load
from bot.core import rules
from bot.core.select import selector

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "config" / "freshline.toml"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("FRESHLINE_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


# config/freshline.toml


def uncommented(text: str) -> str:
    """The file with every example in it switched on."""
    return re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)


def test_the_configuration_file_states_the_defaults() -> None:
    stated, defaults = load(CONFIG), load(None)
    assert stated.policy == defaults.policy == rules.DEFAULTS
    assert {**stated.config.model_dump(), "policy": {}} == defaults.config.model_dump()
    assert set(tomllib.loads(CONFIG.read_text(encoding="utf-8"))) >= set(Config.model_fields) - {"registries"}


def test_the_configuration_file_is_accepted() -> None:
    done = CliRunner().invoke(cli, ["config", "check", "--config", str(CONFIG)])
    assert (done.exit_code, done.stdout) == (0, f"{CONFIG}: sound\n")


def test_its_examples_are_accepted_too(tmp_path: Path) -> None:
    text = uncommented(CONFIG.read_text(encoding="utf-8"))
    whole = tmp_path / "freshline.toml"
    whole.write_text(text)
    read = load(whole)
    assert set(read.config.registries) == {"pypi", "acme"}
    assert read.policy.rules
    assert read.policy.ignore
    assert read.policy.pipelines


def test_it_names_every_setting() -> None:
    whole = tomllib.loads(uncommented(CONFIG.read_text(encoding="utf-8")))
    wanted = {*settings_of(Config), *(f"policy.{name}" for name in fields_of(rules.Policy))}
    missing = {name for name in wanted if not found_at(whole, name.split("."))}
    also = re.findall(r"match = .*# also: (.+)$", CONFIG.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {name.removeprefix("policy.rules.*.match.") for name in missing} <= set(also[0].split(", "))


def settings_of(model: type[BaseModel], before: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = next((a for a in (field.annotation, *get_args(field.annotation)) if is_model(a)), None)
        any_key = "*." if get_args(field.annotation) else ""
        yield f"{before}{name}"
        if inner is not None:
            yield from settings_of(inner, f"{before}{name}.{any_key}")


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def fields_of(struct: Any, before: str = "") -> Iterator[str]:
    """The names in a policy, with * for what a person names and for a list's members."""
    for field in msgspec.structs.fields(struct):
        yield f"{before}{field.name}"
        many = "*." if get_origin(field.type) in {tuple, dict} else ""
        for inner in inside(field.type):
            yield from fields_of(inner, f"{before}{field.name}.{many}")


def inside(kind: Any) -> list[Any]:
    known = [kind, *get_args(kind)]
    return [one for one in known if isinstance(one, type) and issubclass(one, msgspec.Struct)]


def found_at(value: Any, path: list[str]) -> bool:
    if not path:
        return True
    if path[0] == "*":
        return any(found_at(one, path[1:]) for one in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, dict) and path[0] in value and found_at(value[path[0]], path[1:])


# README


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert found
    return found


def is_policy(block: str) -> bool:
    return not block.startswith('"')  # one is a line of a pyproject.toml


def test_the_policy_examples_are_accepted() -> None:
    examples = [block for block in blocks("toml") if is_policy(block)]
    assert examples
    for block in examples:
        policy = policy_file.parse(block.encode())
        assert policy != rules.Policy()
        assert rules.combine(rules.DEFAULTS, policy).rules == policy.rules


def test_every_toml_block_is_sound() -> None:
    for block in blocks("toml"):
        tomllib.loads(block if is_policy(block) else f"dependencies = [\n{block}]\n")


def test_the_schema_describes_what_the_examples_use() -> None:
    described = policy_file.schema()
    assert described["$ref"].startswith("#/$defs/")
    definitions = described["$defs"]
    known = {name for one in definitions.values() for name in one.get("properties", {})}
    used = {key for block in blocks("toml") if is_policy(block) for key in tomllib.loads(block)}
    assert used
    assert used <= known
    assert {name.rpartition(".")[2] for name in fields_of(rules.Policy)} - OPERATORS <= known
    assert all(one["additionalProperties"] is False for one in definitions.values() if "properties" in one)


OPERATORS = {"forks", "machine_images", "trusted", "families", "known", "owner", "names", "order", "approved"}
"""What only an operator may say: whether forks are looked after, and of machine images."""


def file_names() -> list[str]:
    """The file names in the first column of the table of what is read."""
    table = README.partition("## What it reads")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row) if not name.startswith("#")]


def test_the_table_names_what_every_ecosystem_reads() -> None:
    names = file_names()
    for ecosystem in ecosystems.built_in():
        plain = {pattern for pattern in ecosystem.patterns if "*" not in pattern}
        assert plain <= {*names, "npm-shrinkwrap.json"}, ecosystem.name
    chosen = selector(ecosystems.built_in(), ())
    places = {name: (f"requirements/{name.replace('*', 'x')}", name.replace("*", "x")) for name in names}
    read = {name: {e.name for path in places[name] for e in chosen.ecosystems(path)} for name in names}
    assert [name for name, found in read.items() if not found] == []
    assert {one for found in read.values() for one in found} == {e.name for e in ecosystems.built_in()}


def commands() -> list[list[str]]:
    """Every command line of freshline in the README, by words."""
    code = [
        *re.findall(r"`(freshline [^`\n]+)`", README),
        *re.findall(r"^(?:\$ )?(freshline .+)$", README, re.MULTILINE),
    ]
    return [line.partition("   ")[0].split()[1:] for line in code]


def test_every_command_and_option_in_it_exists() -> None:
    lines = commands()
    assert len(lines) >= 8
    for words in lines:
        command: Any = get_command(cli)
        for word in words:
            if not hasattr(command, "commands") or word.startswith("-"):
                break
            assert word in command.commands, words
            command = command.commands[word]
        options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= options, words


def test_every_command_is_in_it() -> None:
    told = {words[0] for words in commands() if words}
    assert told >= set(get_command(cli).commands)  # type: ignore[attr-defined]  # typer types a group as a command


def test_the_table_of_exit_codes_is_what_happens(tmp_path: Path) -> None:
    table = dict(re.findall(r"^\| (\d) \| (.+) \|$", README.partition("## Exit codes")[2], flags=re.MULTILINE))
    assert set(table) == {"0", "1", "2", "3"}
    assert str(faults.EXPECTED) in table
    assert "you can mend" in table[str(faults.EXPECTED)]
    assert "fault of ours" in table[str(faults.UNEXPECTED)]
    assert CliRunner().invoke(cli, ["--version"]).exit_code == 0
    assert "not understood" in table[str(CliRunner().invoke(cli, ["no-such-command"]).exit_code)]


def test_what_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link.partition("#")[0]).exists()] == []


def test_every_make_target_in_it_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets


# The tree


def registry_hosts() -> set[str]:
    """The hosts of the public registries, as libraries know them."""
    ends = [pip_index.PyPI, pip_index.TestPyPI]
    hosts = {host for end in ends for host in (end.netloc, end.file_storage_domain)}
    purls = ("pkg:pypi/a@1", "pkg:npm/a@1", "pkg:deb/debian/a@1", "pkg:deb/ubuntu/a@1")
    tell: list[Callable[[str], str | None]] = [purl2url.get_repo_url, purl2url.get_download_url]
    urls = [url for purl in purls for one in tell if (url := one(purl))]
    return hosts | {str(urlsplit(url).hostname) for url in urls}


def tree() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0")[:-1]
    return [path for name in names if (path := ROOT / name).is_file()]


def test_no_file_names_a_host_of_a_registry() -> None:
    hosts = registry_hosts()
    assert len(hosts) >= 5
    found = tree() or pytest.skip("this is no git repository")
    assert len(found) > 100
    texts = {path: path.read_bytes().lower() for path in found}
    assert {
        str(path.relative_to(ROOT)) for path, text in texts.items() if any(h.encode() in text for h in hosts)
    } == set()
