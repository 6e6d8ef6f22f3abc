terraform {
  required_version = "1.13.4"
}
