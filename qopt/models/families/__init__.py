"""One family of problems per file."""
