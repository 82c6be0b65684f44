"""Exact, reversible reduction of quadratic polynomials over bits; the way in is ``reduce.reduce_polynomial``."""
