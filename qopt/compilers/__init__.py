"""Problem -> Compiled."""
