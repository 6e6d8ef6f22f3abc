#!/usr/bin/env -S uv run
"""A script: requests<3."""
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",  # the client
#   'rich==13.0.0',
#
#   "plain",
# ]
# ///
import requests  # requests<3
