terraform_version_constraint = "~> 1.9.0"
terragrunt_version_constraint = "~> 0.50"
