"""How small, how exact and how fast compiles are, beside other compilers."""
