from setuptools import setup
setup(install_requires="""
    a<3
    # b<2
    b<3 # and so
    c
""")
