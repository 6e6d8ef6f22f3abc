# /// script
# dependencies = [
#     "a<2",
# ]
# [tool.x]
# embedded = """
# ///
# """
# [tool.uv]
# constraint-dependencies = ["b<2"]
# ///
# not part of it: a<2
