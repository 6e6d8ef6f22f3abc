resource "aws_eks_cluster" "main" {
  name    = "main"
  version = "1.33"
}

resource "aws_eks_node_group" "new" {
  cluster_name    = aws_eks_cluster.main.name
  release_version = "1.33.0-20250501"
}

resource "aws_eks_node_group" "latest" {
  cluster_name    = aws_eks_cluster.main.name
  release_version = nonsensitive(data.aws_ssm_parameter.release.value)
}

resource "aws_eks_addon" "cni" {
  cluster_name  = aws_eks_cluster.main.id
  addon_name    = "vpc-cni"
  addon_version = "v1.19.5-eksbuild.3"
}

resource "aws_eks_addon" "dns" {
  cluster_name  = "another"
  addon_name    = "coredns"
  addon_version = "v1.10.1-eksbuild.1" # freshline: ignore
}

resource "aws_eks_addon" "chosen" {
  cluster_name  = "another"
  addon_name    = each.key
  addon_version = each.value
}
