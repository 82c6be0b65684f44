"""Structure detection and exact, reversible reduction of problems and polynomials."""
