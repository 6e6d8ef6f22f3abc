resource "aws_rds_cluster" "a" {
  engine         = "aurora-postgresql"
  engine_version = "15.4"
}
resource "aws_db_instance" "b" {
  engine         = "mysql"
  engine_version = "8.0.mysql_aurora.3"
}
resource "aws_db_instance" "c" {
  engine         = var.engine
  engine_version = "14"
}
resource "aws_db_instance" "d" {
  engine         = "postgres"
  engine_version = var.engine_version
}
resource "aws_db_instance" "e" {
  engine         = "oracle-ee"
  engine_version = "19"
}
resource "aws_db_instance" "f" {
  engine         = "mariadb"
  engine_version = 10.11
}
