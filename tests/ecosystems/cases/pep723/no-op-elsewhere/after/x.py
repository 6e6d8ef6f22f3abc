TEXT = """
    # /// script
    # dependencies = ["a<2"]
    # ///
"""
# /// other
# dependencies = ["a<2"]
# ///
#/// script
# dependencies = ["a<2"]
# ///
