import pytest

from bot.core.model import DeclaredRuntime
from bot.ecosystems.runtime_files import extract


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (".python-version", "3.11\n", [("python", "pep440", "3.11")]),
        ("svc/.python-version", "# ours\r\n\r\n3.12.1  # main\r\n3.11\r\n", [("python", "pep440", "3.12.1")]),
        (".python-version", "\ufeffcpython-3.13.0rc1", [("python", "pep440", "3.13.0rc1")]),
        (".python-version", "pypy3.9-7.3.9\n", []),
        (".python-version", "system", []),
        (".python-version", "my-venv", []),
        (".python-version", "", []),
        ("runtime.txt", "python-3.11.4\n", [("python", "pep440", "3.11.4")]),
        ("runtime.txt", "a runtime is needed", []),
        (".nvmrc", "v20.1.0\n", [("node", "npm", "v20.1.0")]),
        (".nvmrc", "20", [("node", "npm", "20")]),
        (".nvmrc", "lts/*\n", []),
        (".nvmrc", "lts/iron\n", []),
        (".nvmrc", "node", []),
        (".node-version", "18.2", [("node", "npm", "18.2")]),
        (
            ".tool-versions",
            "# tools\nruby 3.2\npython 3.11.4 3.10.2 # both\nnodejs 20.1.0\nnode system\npython\n",
            [("python", "pep440", "3.11.4"), ("node", "npm", "20.1.0")],
        ),
    ],
)
def test_extract(path: str, text: str, found: list[tuple[str, str, str]]) -> None:
    facts = extract(path, text)
    assert facts.statements == ()
    assert facts.declarations == tuple(DeclaredRuntime(*runtime) for runtime in found)


def test_long_text_ends_soon() -> None:
    assert extract(".python-version", "3." * 200_000).declarations == ()
