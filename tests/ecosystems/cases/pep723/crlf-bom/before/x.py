# /// script
# dependencies = ["a<2", "b==1"]
# ///