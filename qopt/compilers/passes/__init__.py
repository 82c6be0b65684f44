"""Passes: pure functions from problem to problem, or from lowered to lowered."""
