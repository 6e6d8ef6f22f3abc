#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Ünïcode: django<3"""
import setuptools

TESTS = ["pytest<10", 'mock']
EXTRAS = dict(docs=["sphinx<9"], tests=TESTS)

setuptools.setup(
    name="demo", url="https://demo.example",
    python_requires=">=3.8",
    install_requires=[
        "é is no name", "requests>=2,<4",  # ünï requests<3
        r'attrs==25.1',
        """click<10""",
    ] + TESTS,
    extras_require=EXTRAS,
    setup_requires="wheel<2",
)
