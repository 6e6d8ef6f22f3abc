"""One file a syntax: from text to values with their exact spans. Pure."""
