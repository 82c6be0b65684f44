"""The nouns and the seams. Imports numpy and the standard library, nothing else."""
