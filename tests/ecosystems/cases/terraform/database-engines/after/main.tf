resource "aws_db_instance" "a" {
  engine         = "postgres"
  engine_version = "17"
}
resource "aws_rds_cluster" "b" {
  engine         = "mysql"
  engine_version = "8.4"
}
module "c" {
  source         = "terraform-aws-modules/rds/aws"
  engine         = "mariadb"
  engine_version = "11.8"
}
