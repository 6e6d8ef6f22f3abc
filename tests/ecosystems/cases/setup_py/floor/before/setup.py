from setuptools import setup

PYTHON = ">=3.9,<3.13"
setup(name="shop", python_requires=PYTHON, install_requires=["requests==2.31.0"])
setup(name="two", python_requires=PYTHON)
