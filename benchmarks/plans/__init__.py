"""Routes, schedules and rosters beside the best known answers and other solvers."""
