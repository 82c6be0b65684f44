"""Ways in: files, Python, Pyomo and family instances, all to a Problem or an instance."""
