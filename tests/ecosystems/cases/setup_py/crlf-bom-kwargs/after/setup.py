from setuptools import setup
options = {"name": "x", "install_requires": ("a<3",), "extras_require": {"b": ["b<3"], "c": "c"}}
setup(**options)