from setuptools import setup
options = {"name": "x", "install_requires": ("a<2",), "extras_require": {"b": ["b<2"], "c": "c"}}
setup(**options)