"""How fast and how well the annealer searches plain QUBOs."""
