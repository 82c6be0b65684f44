"""The judges: feasibility, objective, ranking, metrics."""
