"""OCI registries for tests: one of our own on loopback, with tokens and pages, and Debian's real one.

``with FakeOci() as registry`` serves until the block ends; ``push()`` publishes a tag. With
``tokens_from`` it wants a token and sends for it there (its own ``realm``, or another one's, as
Docker Hub does). ``real()`` starts the binary of Debian's package ``docker-registry`` in a folder.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LISTENING = re.compile(r"(?<=listening on )127\.0\.0\.1:[0-9]+(?=[^0-9])")


@dataclass(frozen=True)
class Asked:
    """A request; ``authorization`` is "" where none was sent."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    authorization: str
    accept: str


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def manifest(word: str) -> bytes:
    """A manifest unlike any other word's; an index without images, which needs no blobs."""
    told = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"word": word}}
    return json.dumps(told).encode()


class FakeOci:
    """A registry that keeps what is pushed, and gives tokens itself or sends for them elsewhere.

    ``page`` is the most tags that it gives at once. ``login`` (name, password) is whom it gives
    tokens to, anyone where it is None. ``script()`` makes a path answer otherwise.
    """

    def __init__(self, *, page: int = 1000, login: tuple[str, str] | None = None, lasts: int | None = None) -> None:
        self.page = page
        self.login = login
        self.lasts = lasts
        self.tokens_from: str | None = None
        self.scope: str | None = None
        self.says_digests = True
        self.requests: list[Asked] = []
        self.given: list[str] = []
        self._issued: dict[str, str] = {}
        self._tags: dict[str, dict[str, bytes]] = {}
        self._scripts: dict[str, Answer] = {}
        self._trusts: FakeOci = self
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def realm(self) -> str:
        return f"{self.url}/token"

    def wants_tokens(self, of: FakeOci | None = None, realm: str | None = None) -> None:
        """From now on a token is needed: of this registry itself, or of another one."""
        self._trusts = of or self
        self.tokens_from = realm or self._trusts.realm

    def push(self, name: str, *tags: str) -> None:
        for tag in tags:
            self._tags.setdefault(name, {})[tag] = manifest(f"{name}:{tag}")

    def move(self, name: str, tag: str, word: str) -> None:
        """The tag stands for another image from now on."""
        self._tags[name][tag] = manifest(word)

    def digest(self, name: str, tag: str) -> str:
        return f"sha256:{sha256(self._tags[name][tag]).hexdigest()}"

    def script(self, path: str, answer: Answer) -> None:
        self._scripts[path] = answer

    def asked(self, path: str) -> list[Asked]:
        return [one for one in self.requests if one.path == path]

    def answer(self, asked: Asked) -> Answer:
        """Answer one request (called in the server's threads)."""
        self.requests.append(asked)
        if asked.path in self._scripts:
            return self._scripts[asked.path]
        if asked.path == "/token":
            return self._token(asked)
        name, verb, what = self._parts(asked.path)
        refused = self._refused(asked, name)
        if refused or name not in self._tags:
            return refused or Answer(404, b'{"errors": [{"code": "NAME_UNKNOWN"}]}')
        return self._page(asked, name) if verb == "tags" else self._manifest(name, what)

    def _parts(self, path: str) -> tuple[str, str, str]:
        head, _, what = path.removeprefix("/v2/").rpartition("/")
        name, _, verb = head.rpartition("/")
        return name, verb, what

    def _token(self, asked: Asked) -> Answer:
        if self.login and asked.authorization not in {"", basic(*self.login)}:
            return Answer(401, b'{"details": "incorrect username or password"}')
        known = self.login is None or bool(asked.authorization)
        token = f"token-{len(self.given)}"
        self.given.append(asked.query.get("scope", [""])[0])
        self._issued[token] = self.given[-1] if known else ""
        life = {} if self.lasts is None else {"expires_in": self.lasts}
        return Answer(body=json.dumps({"token": token, **life}).encode())

    def _refused(self, asked: Asked, name: str) -> Answer | None:
        if self.tokens_from is None:
            return None
        scope = self.scope or f"repository:{name}:pull"
        issued = self._trusts._issued
        if issued.get(asked.authorization.removeprefix("Bearer ")) == scope.replace("pull,push", "pull"):
            return None
        challenge = f'Bearer realm="{self.tokens_from}",service="fake.example",scope="{scope}"'
        return Answer(401, b'{"errors": [{"code": "UNAUTHORIZED"}]}', {"WWW-Authenticate": challenge})

    def _page(self, asked: Asked, name: str) -> Answer:
        last, most = asked.query.get("last", [""])[0], int(asked.query.get("n", ["10000"])[0])
        left = sorted(tag for tag in self._tags[name] if tag > last)
        tags = left[: min(self.page, most)]
        query = urlencode({"last": tags[-1], "n": most}) if tags and len(left) > len(tags) else ""
        headers = {"Link": f'</v2/{name}/tags/list?{query}>; rel="next"'} if query else {}
        return Answer(body=json.dumps({"name": name, "tags": tags or None}).encode(), headers=headers)

    def _manifest(self, name: str, tag: str) -> Answer:
        body = self._tags[name].get(tag)
        if body is None:
            return Answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
        digest = {"Docker-Content-Digest": f"sha256:{sha256(body).hexdigest()}"} if self.says_digests else {}
        return Answer(body=body, headers={"Content-Type": INDEX, **digest})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(registry: FakeOci) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts, told = urlsplit(self.path), self.headers
            asked = Asked(
                self.command,
                parts.path,
                parse_qs(parts.query),
                told.get("Authorization", ""),
                told.get("Accept", ""),
            )
            answer = registry.answer(asked)
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(answer.body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
            """Say nothing: the requests are recorded."""

    return Handler


# --- Debian's own ----------------------------------------------------------------------------------


def why_not() -> str | None:
    """Why there is no real registry to test on, None when there is one."""
    return None if shutil.which("docker-registry") else "no docker-registry; install the package docker-registry"


@contextmanager
def real(folder: Path, auth: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The address of a real registry that keeps its images in the folder."""
    config = {
        "version": 0.1,
        "log": {"level": "info"},  # it says there which port it was given
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": "127.0.0.1:0"},
        **({"auth": auth} if auth else {}),
    }
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    with (folder / "registry.log").open("ab") as log:
        command = [str(shutil.which("docker-registry")), "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={})
    try:
        yield f"http://{_address(process, folder / 'registry.log')}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, as soon as it does."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        found = LISTENING.search(log.read_text())
        if found:
            return found[0]
        time.sleep(0.02)
    raise RuntimeError(f"docker-registry did not start: {log.read_text()[-2000:]}")


def push(url: str, name: str, *tags: str, token: str = "") -> dict[str, str]:
    """Push an image without files to a real registry; the digest of each tag (``spec.md``, "Push")."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    digests: dict[str, str] = {}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        for tag in tags:
            config = json.dumps({"tag": tag}).encode()
            blob = f"sha256:{sha256(config).hexdigest()}"
            upload = client.post(f"/v2/{name}/blobs/uploads/").raise_for_status().headers["Location"]
            octets = {"Content-Type": "application/octet-stream"}
            client.put(httpx.URL(upload).copy_merge_params({"digest": blob}), content=config, headers=octets)
            described = {"mediaType": CONFIG, "digest": blob, "size": len(config)}
            body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []})
            told = client.put(f"/v2/{name}/manifests/{tag}", content=body, headers={"Content-Type": MANIFEST})
            digests[tag] = told.raise_for_status().headers["Docker-Content-Digest"]
    return digests
