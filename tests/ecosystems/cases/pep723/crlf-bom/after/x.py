# /// script
# dependencies = ["a<3", "b==2.1"]
# ///