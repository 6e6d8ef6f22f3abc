resource "aws_instance" "web" {
  # freshline: ignore until the licence server moves
  ami = "ami-000000000000000a1"
}
resource "aws_instance" "job" {
  ami = "ami-000000000000000a2" // freshline: ignore
}
resource "aws_lambda_function" "f" {
  runtime = "python3.9" /* freshline: ignore */
}
