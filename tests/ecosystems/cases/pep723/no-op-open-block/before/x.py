# /// script
# dependencies = ["a<2"]

# ///
