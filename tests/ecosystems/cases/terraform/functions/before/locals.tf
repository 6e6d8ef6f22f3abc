locals {
  jobs = {
    one = { engine = "python3.9" }
    two = { engine = "provided.al2023" }
  }
}
