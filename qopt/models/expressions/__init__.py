"""Arrays of decision variables and of expressions over them, with numpy's rules.

``terms`` holds the arithmetic on plain arrays, ``arrays`` the objects a user writes with, ``relations`` their
comparisons, ``labels`` the named axes, ``numpy_calls`` what numpy's own functions do with them, ``space`` the columns
declared so far, ``builder`` the way into the arrays of a Problem.
"""
