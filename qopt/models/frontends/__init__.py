"""One file format (or foreign model) per file."""
