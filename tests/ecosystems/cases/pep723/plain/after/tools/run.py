#!/usr/bin/env -S uv run
"""A script: requests<3."""
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<4",  # the client
#   'rich==14.1.0',
#
#   "plain",
# ]
# ///
import requests  # requests<3
