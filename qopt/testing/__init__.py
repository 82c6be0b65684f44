"""Conformance suites for every seam, shipped to authors of plug-ins."""
