from setuptools import setup
setup(install_requires="""
    a<2
    # b<2
    b<2 # and so
    c
""")
