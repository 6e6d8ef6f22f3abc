"""Where repositories and pull requests live. I/O."""
