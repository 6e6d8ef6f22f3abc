import nox
PYTHONS = ["3.9", "3.10"]
A, B = "3.13", "3.14"

@nox.session(python=PYTHONS)
def tests(session): ...

@session(venv_backend="uv", python=("pypy3.10", "3.12", VERSION))
def more(session): ...

@nox.session(python="3.8")
def old(session): ...

@nox.session(python=VERSIONS)
def unknown(session): ...

@parametrize()("x")
def other(): ...
