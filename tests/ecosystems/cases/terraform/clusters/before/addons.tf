resource "aws_eks_addon" "cni" {
  cluster_name  = aws_eks_cluster.main.name
  addon_name    = "vpc-cni"
  addon_version = "v1.18.1-eksbuild.3"
}

resource "aws_eks_addon" "dns" {
  cluster_name  = var.cluster_name
  addon_name    = "coredns"
  addon_version = "v1.11.1-eksbuild.9"
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
      addon_version = "v1.35.0-eksbuild.1"
    }
    proxy = {
      name          = "kube-proxy"
      addon_version = "v1.31.2-eksbuild.3"
    }
    coredns = {
      most_recent = true
    }
  }
}
