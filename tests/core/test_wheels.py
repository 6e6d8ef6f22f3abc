"""For which Pythons a release has compiled wheels."""

from __future__ import annotations

import pytest

from bot.core.wheels import serve, tags


@pytest.mark.parametrize(
    ("filename", "found"),
    [
        ("numpy-1.24.4-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", ("cp310",)),
        ("numpy-1.21.0-1-cp37-cp37m-win32.whl", ("cp37",)),
        ("x-1-cp27-cp27mu-manylinux1_x86_64.whl", ()),
        ("x-1-cp33-cp33mu-linux_x86_64.whl", ("cp33",)),
        ("cryptography-42.0-cp39-abi3-win_amd64.whl", ("abi3-cp39",)),
        ("bcrypt-4-cp36.cp37-abi3-win_amd64.whl", ("abi3-cp36", "abi3-cp37")),
        ("x-1-cp38.cp39-none-win_amd64.whl", ("cp38", "cp39")),
        ("numpy-2.2-cp313-cp313t-win_amd64.whl", ()),
        ("x-1-pp310-pypy310_pp73-win_amd64.whl", ()),
        ("x-1-cp3-none-any.whl", ()),
        ("ruff-0.9-py3-none-manylinux_2_17_x86_64.whl", ()),
        ("six-1.16-py2.py3-none-any.whl", ()),
        ("x-1-py310-none-any.whl", ()),
        ("x-1-py2-none-any.whl", ()),
        ("x-1.tar.gz", ()),
        ("x-1-cp310-cp310-linux.zip", ()),
        ("x.whl", ()),
        ("", ()),
    ],
)
def test_the_pythons_of_a_wheel(filename: str, found: tuple[str, ...]) -> None:
    assert tags([filename]) == found


def test_the_pythons_of_a_release_are_those_of_all_its_wheels() -> None:
    files = ["x-1-cp310-cp310-win32.whl", "x-1-cp39-cp39-win32.whl", "x-1-cp310-cp310-linux_x86_64.whl", "x-1.tar.gz"]
    assert tags(files) == ("cp310", "cp39")
    assert tags([*files, "x-1-py3-none-any.whl"]) == ()


@pytest.mark.parametrize(
    ("wheels", "python", "served"),
    [
        ((), (3, 99), True),
        (("cp310", "cp39"), (3, 10), True),
        (("cp310", "cp39"), (3, 11), False),
        (("cp310", "cp39"), (3, 8), False),
        (("abi3-cp39",), (3, 9), True),
        (("abi3-cp39",), (3, 14), True),
        (("abi3-cp39",), (3, 8), False),
        (("abi3-cp39", "cp38"), (3, 8), True),
    ],
)
def test_which_pythons_are_served(wheels: tuple[str, ...], python: tuple[int, int], served: bool) -> None:
    assert serve(wheels, python) is served
