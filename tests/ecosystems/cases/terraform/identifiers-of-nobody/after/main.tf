variable "runtime" {
  default = "python3.9"
}
variable "engine" {
  default = "python3.9"
}
resource "google_cloudfunctions_function" "f" {
  runtime = "nodejs18"
}
resource "aws_lambda_function" "image" {
  package_type = "Image"
}
resource "aws_lambda_function" "own" {
  runtime = "provided.al2023"
}
resource "aws_lambda_function" "other" {
  runtime = var.unknown
}
