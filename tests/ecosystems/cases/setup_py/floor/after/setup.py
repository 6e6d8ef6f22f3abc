from setuptools import setup

PYTHON = ">=3.14,<3.15"
setup(name="shop", python_requires=PYTHON, install_requires=["requests==2.32.5"])
setup(name="two", python_requires=PYTHON)
