resource "random_id" "x" {
  byte_length = 8
  keepers     = { region = var.region }
}
