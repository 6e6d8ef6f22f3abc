"""The addresses that this machine's own tools use, so that Freshline asks the same registries.

pip: https://pip.pypa.io/en/stable/topics/configuration/, uv: https://docs.astral.sh/uv/reference/environment/,
npm: the pages "config" and "npmrc" of its manual. Where none is configured the public address is
taken from the package URL library, so that it stands nowhere in Freshline itself.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

ETC = Path("/etc")
LARGEST_FILE = 1_000_000
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
PYPI_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
NPM_VARIABLES = ("NPM_CONFIG_REGISTRY", "npm_config_registry")


def pypi_index(environ: Mapping[str, str], home: Path, etc: Path = ETC) -> str:
    """The simple index that pip or uv would use; it may carry user information.

    Raises ``OSError`` for a configuration file that can't be read.
    """
    configured = (environ.get(name, "") for name in PYPI_VARIABLES)
    return _first(configured) or _first(_pip_files(environ, home, etc)) or _public_pypi()


def npm_registry(environ: Mapping[str, str], home: Path, etc: Path = ETC) -> str:
    """The registry that npm would use; raises ``OSError`` for a configuration file that can't be read."""
    configured = (environ.get(name, "") for name in NPM_VARIABLES)
    files = (environ.get("NPM_CONFIG_USERCONFIG") or home / ".npmrc", environ.get("NPM_CONFIG_GLOBALCONFIG"))
    read = (_npmrc(Path(path), environ) for path in (*files, etc / "npmrc") if path)
    return _first(configured) or _first(read) or _public_npm()


def ca_file(environ: Mapping[str, str]) -> str | None:
    """The certificate bundle that requests and pip are told to trust, where OpenSSL's own variables are not set."""
    if environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR"):
        return None
    return environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or environ.get("PIP_CERT") or None


def _first(addresses: Iterator[str]) -> str:
    """The first that is an http(s) address (a folder or a file:// one lists nothing with times)."""
    cleaned = (address.strip().rstrip("/") for address in addresses)
    return next((a for a in cleaned if a.startswith(("https://", "http://"))), "")


def _pip_files(environ: Mapping[str, str], home: Path, etc: Path) -> Iterator[str]:
    """``[global] index-url`` of pip's files, the strongest first."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named:
        yield _pip_conf(Path(named))
    if named == "/dev/null":
        return
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    mac = home / "Library" / "Application Support"
    for folder in (user / "pip", mac / "pip", home / ".pip", etc / "xdg" / "pip", etc):
        yield _pip_conf(folder / "pip.conf")


def _pip_conf(path: Path) -> str:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(path), str(path))
    except configparser.Error:
        # pip itself stops at such a file and says why; for Freshline it names no index.
        return ""
    return parser.get("global", "index-url", fallback="") or parser.get("global", "index_url", fallback="")


def _npmrc(path: Path, environ: Mapping[str, str]) -> str:
    found = ""
    for line in _text(path).splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == "registry":
            found = VARIABLE.sub(lambda m: environ.get(m[1], m[0]), value.strip().strip("\"'"))
    return found


def _text(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(LARGEST_FILE)


def _public_pypi() -> str:
    from packageurl.contrib.purl2url import get_repo_url  # noqa: PLC0415  # 30 ms that a configured machine saves

    page = get_repo_url("pkg:pypi/x")  # type: ignore[no-untyped-call]  # the library's decorator has no types
    return f"{_root(page)}/simple"


def _public_npm() -> str:
    from packageurl.contrib.purl2url import get_download_url  # noqa: PLC0415  # as above

    archive = get_download_url("pkg:npm/x@1")  # type: ignore[no-untyped-call]  # as above
    return _root(archive)


def _root(url: str | None) -> str:
    parts = urlsplit(url or "")
    if not parts.netloc:
        raise OSError("no address of the registry is known; set FRESHLINE_REGISTRIES__<NAME>__URL")
    return f"{parts.scheme}://{parts.netloc}"
