"""One rule for penalty weights per file."""
