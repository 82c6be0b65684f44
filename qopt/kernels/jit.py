"""How a kernel that makes no arrays is compiled: without counting references.

Numba counts an array each time it is taken out of a tuple, sliced or handed on, with atomic instructions: half to two
thirds of the time of a kernel whose state is a tuple of arrays. ``_nrt=False`` leaves the counting out. The caller
holds the arrays meanwhile; a kernel that makes an array of its own does not compile so.
"""

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}

bare = njit(**_OPTIONS)
