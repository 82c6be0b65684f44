"""One of the samplers per file; the file's name is its name."""
