resource "aws_db_instance" "a" {
  engine         = "postgres"
  engine_version = "14"
}
resource "aws_rds_cluster" "b" {
  engine         = "mysql"
  engine_version = "8.0"
}
module "c" {
  source         = "terraform-aws-modules/rds/aws"
  engine         = "mariadb"
  engine_version = "10.11"
}
