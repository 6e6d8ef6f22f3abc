variable "runtime" {
  default = "python3.13"
}
