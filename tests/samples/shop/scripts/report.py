# /// script
# requires-python = ">=3.11"
# dependencies = ["rich==13.5.0", "httpx<0.28"]
# ///
"""Print how many orders came in today."""
