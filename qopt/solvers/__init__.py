"""Backends: samplers, proposers, repairers and bounders, one file each."""
