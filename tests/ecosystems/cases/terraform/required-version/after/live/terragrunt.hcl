terraform_version_constraint = "~> 1.13.4"
terragrunt_version_constraint = "~> 0.50"
