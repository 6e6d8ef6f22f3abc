"""Read one large file in a process of its own, with limits: parsers can't be interrupted (DESIGN law 9).

``read_apart`` is the parent's side; ``python -m bot.worker ECOSYSTEM`` the child's, with the path,
a NUL and the file on standard input and the encoded facts, or an error's text, on standard output.
"""

from __future__ import annotations

import resource
import subprocess
import sys

from bot import plugins
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, ParseError
from bot.store.codec import decode, encode

SECONDS = 20
MEMORY = 2 * 1024**3
REFUSED = 4
"""The child's exit code for a file that it can't read."""


class TimedOutError(Exception):
    """A file whose reading took too long or too much memory."""


def read_apart(path: str, content: bytes, ecosystem: Ecosystem) -> FileFacts:
    """What ``ecosystem.extract`` says of the file, read by a child with 20 s and 2 GiB.

    Raises ``ParseError``, ``UnicodeDecodeError`` and ``TimedOutError``.
    """
    text = content.decode()
    command = [sys.executable, "-P", "-m", "bot.worker", ecosystem.name]
    given = path.encode("utf-8", "surrogateescape") + b"\0" + text.encode()  # a path may be too long for an argument
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS * 2, check=False)  # noqa: S603 - our own interpreter and module, arguments as a list
    except subprocess.TimeoutExpired:
        raise TimedOutError(f"reading it took more than {SECONDS} seconds") from None
    if done.returncode == REFUSED:
        raise ParseError(done.stdout.decode("utf-8", "replace"))
    facts = decode(done.stdout) if done.returncode == 0 else None
    if facts is None:
        raise TimedOutError(f"reading it took more than {SECONDS} seconds or {MEMORY // 1024**3} GiB")
    return facts


def _child(name: str) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    ecosystem = next(one for one in plugins.ecosystems() if one.name == name)
    path, _, content = sys.stdin.buffer.read().partition(b"\0")
    try:
        encoded = encode(ecosystem.extract(path.decode("utf-8", "surrogateescape"), content.decode()))
    except ParseError as error:
        sys.stdout.buffer.write(str(error).encode("utf-8", "replace"))
        return REFUSED
    sys.stdout.buffer.write(encoded or b"")
    return 0


if __name__ == "__main__":
    sys.exit(_child(sys.argv[1]))
