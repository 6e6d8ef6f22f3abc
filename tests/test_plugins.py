"""Other distributions bring ecosystems and registries; a child process has one installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot import plugins

MODULE = """
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts

extra = Ecosystem("extra", ("extra.txt",), 1, lambda path, text: FileFacts(path, "extra", ()))
twice = Ecosystem("npm", ("extra.txt",), 1, lambda path, text: FileFacts(path, "npm", ()))

class Shelf:
    name = "shelf"
    scheme = "loose"
    def default_url(self, environ, home): return "https://index.example"
    def fetch(self, package, base_url, client): raise NotImplementedError

shelf = Shelf()
nothing = object()
"""


def listed(folder: Path, group: str, value: str, ask: str) -> subprocess.CompletedProcess[str]:
    (folder / "extra_plugin.py").write_text(MODULE)
    info = folder / "extra_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\nextra = {value}\n")
    code = f"from bot import plugins\ntry:\n    print({ask})\nexcept plugins.PluginError as e:\n    print('ERROR', e)"
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)


NAMES = "[e.name for e in plugins.ecosystems()]"


def test_without_plugins_there_are_the_built_in_ones() -> None:
    assert {"npm", "pyproject"} <= {one.name for one in plugins.ecosystems()}
    assert {"npm", "pypi"} <= plugins.registries().keys()


def test_a_distribution_brings_an_ecosystem(tmp_path: Path) -> None:
    assert "'extra'" in listed(tmp_path, plugins.ECOSYSTEMS, "extra_plugin:extra", NAMES).stdout


def test_a_distribution_brings_a_registry(tmp_path: Path) -> None:
    assert "'shelf'" in listed(tmp_path, plugins.REGISTRIES, "extra_plugin:shelf", "list(plugins.registries())").stdout


@pytest.mark.parametrize(
    ("group", "value", "ask", "problem"),
    [
        (plugins.ECOSYSTEMS, "extra_plugin:nothing", NAMES, "it is no Ecosystem"),
        (plugins.ECOSYSTEMS, "extra_plugin:twice", NAMES, "there is an ecosystem npm already"),
        (plugins.ECOSYSTEMS, "extra_plugin:absent", NAMES, "it can't be loaded"),
        (plugins.ECOSYSTEMS, "no_such_module:x", NAMES, "it can't be loaded"),
        (plugins.REGISTRIES, "extra_plugin:nothing", "plugins.registries()", "it is no Registry"),
    ],
)
def test_a_plugin_that_cannot_be_used_says_whose_it_is(
    tmp_path: Path, group: str, value: str, ask: str, problem: str
) -> None:
    out = listed(tmp_path, group, value, ask).stdout
    assert out.startswith("ERROR the plugin extra of extra-plugin can't be used")
    assert problem in out
    assert "uninstall extra-plugin" in out
