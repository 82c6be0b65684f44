"""One of the repairers per file; the file's name is its name."""
