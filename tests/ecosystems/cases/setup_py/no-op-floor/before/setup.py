from setuptools import setup
OLDEST = "3.9"
setup(python_requires=f">={OLDEST}", name="x")
