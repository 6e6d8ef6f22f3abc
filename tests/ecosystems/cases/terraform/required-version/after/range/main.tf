terraform {
  required_version = ">= 1.3.0, < 1.14.0, != 1.4.1"
}
