from setuptools import setup
V = "1"
setup(install_requires=["a" "<2", f"b<{V}", "c<" + V, "d<\x32", read('requirements.txt'), ("e<"
  "2")])
