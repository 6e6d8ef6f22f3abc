# /// script
# dependencies = [
#     "a<3",
# ]
# [tool.x]
# embedded = """
# ///
# """
# [tool.uv]
# constraint-dependencies = ["b<3"]
# ///
# not part of it: a<2
