"""One of the bounders per file; the file's name is its name."""
