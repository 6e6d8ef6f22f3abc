variable "runtime" {
  default = "python3.8"
}
