"""One of the proposers per file; the file's name is its name."""
