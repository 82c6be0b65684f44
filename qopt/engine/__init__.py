"""The joints: the only place that sees models, compilers, solvers and evaluate together."""
