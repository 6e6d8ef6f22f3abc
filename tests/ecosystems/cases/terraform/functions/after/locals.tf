locals {
  jobs = {
    one = { engine = "python3.13" }
    two = { engine = "provided.al2023" }
  }
}
