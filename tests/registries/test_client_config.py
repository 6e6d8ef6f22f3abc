from __future__ import annotations

from pathlib import Path

import pytest

from bot.registries import built_in
from bot.registries._client_config import ca_file, npm_registry, pypi_index

ONE, TWO, THREE = (f"https://{name}.index.example/simple" for name in ("one", "two", "three"))


def conf(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_pypi_from_the_environment(tmp_path: Path, variable: str) -> None:
    conf(tmp_path / "etc" / "pip.conf", f"[global]\nindex-url = {TWO}\n")
    assert pypi_index({variable: f" {ONE}/ "}, tmp_path, tmp_path / "etc") == ONE


@pytest.mark.parametrize(
    "path",
    [
        ".config/pip/pip.conf",
        ".pip/pip.conf",
        "Library/Application Support/pip/pip.conf",
        "etc/pip.conf",
        "etc/xdg/pip/pip.conf",
    ],
)
def test_pypi_from_the_usual_files(tmp_path: Path, path: str) -> None:
    conf(tmp_path / path, f"[global]\nindex-url = {ONE}/\n")
    assert pypi_index({}, tmp_path, tmp_path / "etc") == ONE


def test_the_files_of_pip_in_order(tmp_path: Path) -> None:
    named = conf(tmp_path / "named.conf", f"[global]\nindex_url = {ONE}\n")
    conf(tmp_path / "xdg" / "pip" / "pip.conf", f"[global]\nindex-url = {TWO}\n")
    conf(tmp_path / "etc" / "pip.conf", f"[global]\nindex-url = {THREE}\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert pypi_index({**environ, "PIP_CONFIG_FILE": str(named)}, tmp_path, tmp_path / "etc") == ONE
    assert pypi_index(environ, tmp_path, tmp_path / "etc") == TWO
    assert pypi_index({}, tmp_path, tmp_path / "etc") == THREE


def test_pip_configuration_can_be_switched_off(tmp_path: Path) -> None:
    conf(tmp_path / "etc" / "pip.conf", f"[global]\nindex-url = {ONE}\n")
    assert pypi_index({"PIP_CONFIG_FILE": "/dev/null"}, tmp_path, tmp_path / "etc") != ONE


@pytest.mark.parametrize(
    "text", ["", "[global]\n", "[global]\nindex-url = /srv/index\n", "index-url", "[install]\nx = 1\n"]
)
def test_what_names_no_index_is_passed_over(tmp_path: Path, text: str) -> None:
    conf(tmp_path / ".pip" / "pip.conf", text)
    conf(tmp_path / "etc" / "pip.conf", f"[global]\nindex-url = {ONE}\n")
    assert pypi_index({"PIP_INDEX_URL": "file:///srv"}, tmp_path, tmp_path / "etc") == ONE


@pytest.mark.parametrize("variable", ["NPM_CONFIG_REGISTRY", "npm_config_registry"])
def test_npm_from_the_environment(tmp_path: Path, variable: str) -> None:
    assert npm_registry({variable: "https://npm.example/"}, tmp_path, tmp_path) == "https://npm.example"


def test_npm_from_its_files(tmp_path: Path) -> None:
    conf(tmp_path / "etc" / "npmrc", "registry=https://three.example/\n")
    assert npm_registry({}, tmp_path, tmp_path / "etc") == "https://three.example"
    environ = {"NPM_CONFIG_GLOBALCONFIG": str(conf(tmp_path / "global", "registry = 'https://two.example'\n"))}
    assert npm_registry(environ, tmp_path, tmp_path / "etc") == "https://two.example"
    conf(
        tmp_path / ".npmrc",
        '; a comment\n@scope:registry=https://no.example\nregistry = "https://${HOST}.example/x/"\n',
    )
    assert npm_registry({**environ, "HOST": "one"}, tmp_path, tmp_path / "etc") == "https://one.example/x"
    named = conf(tmp_path / "named", "registry=https://four.example")
    assert npm_registry({"NPM_CONFIG_USERCONFIG": str(named)}, tmp_path, tmp_path / "etc") == "https://four.example"


def test_the_public_addresses_without_any_configuration(tmp_path: Path) -> None:
    pypi, npm = pypi_index({}, tmp_path, tmp_path), npm_registry({}, tmp_path, tmp_path)
    assert pypi.startswith("https://")
    assert pypi.endswith("/simple")
    assert npm.startswith("https://")
    assert npm.count("/") == 2


def test_the_registries_answer_with_their_own(tmp_path: Path) -> None:
    environ = {"PIP_INDEX_URL": ONE, "NPM_CONFIG_REGISTRY": "https://npm.example"}
    found = {name: registry.default_url(environ, tmp_path) for name, registry in built_in().items()}
    assert (found["pypi"], found["npm"]) == (ONE, "https://npm.example")


def test_a_file_that_cant_be_read_is_said(tmp_path: Path) -> None:
    path = conf(tmp_path / ".npmrc", "registry=https://npm.example")
    path.chmod(0)
    try:
        path.read_text()
    except PermissionError:
        with pytest.raises(PermissionError, match="npmrc"):
            npm_registry({}, tmp_path, tmp_path)
    else:
        assert npm_registry({}, tmp_path, tmp_path) == "https://npm.example", "root reads everything"


def test_certificates() -> None:
    assert ca_file({}) is None
    assert ca_file({"REQUESTS_CA_BUNDLE": "/ca.pem", "PIP_CERT": "/pip.pem"}) == "/ca.pem"
    assert ca_file({"PIP_CERT": "/pip.pem"}) == "/pip.pem"
    assert ca_file({"REQUESTS_CA_BUNDLE": "/ca.pem", "SSL_CERT_FILE": "/ssl.pem"}) is None
    assert ca_file({"REQUESTS_CA_BUNDLE": "/ca.pem", "SSL_CERT_DIR": "/certs"}) is None
