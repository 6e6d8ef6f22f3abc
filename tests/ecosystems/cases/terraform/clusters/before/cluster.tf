resource "aws_eks_cluster" "main" {
  name     = "main"
  version  = "1.29" # AWS supports it until 2025
  role_arn = aws_iam_role.cluster.arn
}

resource "aws_eks_node_group" "workers" {
  cluster_name    = aws_eks_cluster.main.name
  release_version = "1.29.0-20240110"
}

resource "aws_eks_node_group" "arm" {
  cluster_name    = aws_eks_cluster.main.name
  ami_type        = "AL2023_ARM_64_STANDARD"
  release_version = "1.31.0-20241109"
}

resource "aws_eks_node_group" "any" {
  cluster_name    = aws_eks_cluster.main.name
  ami_type        = var.ami_type
  release_version = "1.31.0-20241109"
}
