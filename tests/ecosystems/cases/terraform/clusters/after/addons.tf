resource "aws_eks_addon" "cni" {
  cluster_name  = aws_eks_cluster.main.name
  addon_name    = "vpc-cni"
  addon_version = "v1.19.5-eksbuild.3"
}

resource "aws_eks_addon" "dns" {
  cluster_name  = var.cluster_name
  addon_name    = "coredns"
  addon_version = "v1.11.4-eksbuild.10"
}

resource "aws_eks_addon" "metrics" {
  cluster_name  = "main"
  addon_name    = "metrics-server"
  addon_version = "newest"
}

module "eks" {
  source          = "terraform-aws-modules/eks/aws"
  cluster_version = "1.31"

  cluster_addons = {
    aws-ebs-csi-driver = {
      addon_version = "v1.43.0-eksbuild.1"
    }
    proxy = {
      name          = "kube-proxy"
      addon_version = "v1.31.7-eksbuild.7"
    }
    coredns = {
      most_recent = true
    }
  }
}
