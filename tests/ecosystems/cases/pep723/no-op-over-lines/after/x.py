# /// script
# dependencies = ["""a>=0,
# <2""", "b<2"]
# [tool.uv.sources]
# b = { path = "../b" }
# ///
