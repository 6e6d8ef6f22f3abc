from setuptools import setup
other(install_requires=["a<2"])
install_requires = ["a<2"]
setup(name="x", install_requires=open("requirements.txt").read().split())
