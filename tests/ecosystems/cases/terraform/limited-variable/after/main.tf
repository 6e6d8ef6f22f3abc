variable "runtime" {
  default = "python3.9"
  validation {
    condition     = contains(["python3.9", "python3.10"], var.runtime)
    error_message = "Not supported."
  }
}
resource "aws_lambda_function" "f" {
  runtime = var.runtime
}
