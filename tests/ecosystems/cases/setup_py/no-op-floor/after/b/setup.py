from setuptools import setup
setup(python_requires=oldest())
