"""One-flip tabu search that looks at every bit at every step, in passes free of branches.

Fields and weights are those of ``anneal_fields``, free bits only. A step flips the bit whose flip costs least among
those that are not tabu, at random where several cost the same, and forbids it for ``tenure`` steps and up to
``spread - 1`` more. With ``tenure`` of ``NEVER`` every bit is flipped once at most: that is how a path is walked.

    field, sign (n,)       as in ``anneal_fields``          until (n,) int32: a bit may be flipped from this step on
    low         (blocks,)  in the type of the fields: the cheapest flip of each run of ``BLOCK`` bits
    kept        (n,) int8  the best point of the run         random (1,) xorshift64*
    energy      (2,)       float64: NOW and BEST             at (3,) int64: STEP, IDLE, UNSAVED

``IDLE`` counts the steps since the last best. For a matrix the flip of one step and the survey of the next are one
pass: the row is added, the costs are masked by ``until`` and their minimum is taken, block by block; then only the
block that holds it is read again. Loops run over unsigned numbers, for which no index can mean "from the end": with
such a test inside, they would not become vector instructions. Ties of a block are broken by one random mask of places.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qopt.kernels.anneal_fields import turn
from qopt.kernels.rng import advance, below

BLOCK = 256
NEVER = 2**30
NOW, BEST = 0, 1
STEP, IDLE, UNSAVED = 0, 1, 2

_U = np.uint64
_FAR = np.int32(2**30)  # above every place in a block, and above every field


@njit(cache=True, nogil=True)
def survey(field, sign, until, step, low):
    """Write the cheapest allowed flip of each block to ``low``; ``_FAR`` where none is allowed."""
    number = field.dtype.type
    n = len(field)
    for b in range(len(low)):
        least = number(_FAR)
        for j in range(_U(b * BLOCK), _U(min(n, b * BLOCK + BLOCK))):
            cost = number(field[j] * sign[j]) if until[j] <= step else number(_FAR)
            least = min(least, cost)
        low[b] = least


@njit(cache=True, nogil=True)
def turn_and_survey(row, change, field, sign, until, step, low):
    """Add ``change`` times a row of the matrix to the fields, and ``survey``, in one pass."""
    number = field.dtype.type
    n = len(field)
    for b in range(len(low)):
        least = number(_FAR)
        for j in range(_U(b * BLOCK), _U(min(n, b * BLOCK + BLOCK))):
            here = number(field[j] + number(row[j]) * change)
            field[j] = here
            cost = number(here * sign[j]) if until[j] <= step else number(_FAR)
            least = min(least, cost)
        low[b] = least


@njit(cache=True, nogil=True)
def locate(least, field, sign, until, step, low, random):
    """A bit whose flip is allowed and costs ``least``, the minimum of ``low``."""
    n, blocks = len(field), len(low)
    drawn = advance(random)
    b: Any = np.int64((drawn >> _U(32)) * _U(blocks) >> _U(32))
    mask = np.int32(drawn & _U(BLOCK - 1))
    while low[b] != least:
        b = b + 1 if b + 1 < blocks else 0
    number = field.dtype.type
    first = b * BLOCK
    found = _FAR
    for j in range(_U(first), _U(min(n, first + BLOCK))):
        place = np.int32(np.int32(j - _U(first)) ^ mask)
        fits = (until[j] <= step) & (number(field[j] * sign[j]) == least)
        found = min(found, place if fits else _FAR)
    return first + np.int64(found ^ mask)


@njit(cache=True, nogil=True)
def save(sign, kept):
    """Write the point to ``kept``."""
    for j in range(len(sign)):
        kept[j] = sign[j] < 0


@njit(cache=True, nogil=True)
def move(units, indptr, col, weight, field, sign, bits):
    """Go to the point ``bits`` (n,) by flipping what differs, at most ``units`` bits; returns how many were flipped."""
    flips = 0
    for k in range(len(field)):
        if flips == units:
            break
        if (sign[k] < 0) != (bits[k] != 0):
            turn(indptr, col, weight, field, k, sign[k] > 0)
            sign[k] = -sign[k]
            flips += 1
    return flips


@njit(cache=True, nogil=True)
def search(units, patience, tenure, spread, indptr, col, weight, field, sign, until, low, kept, random, energy, at):
    """Take ``units`` steps from where the run stands; returns how many.

    Fewer means an end: ``patience`` steps have brought no new best, or no bit may be flipped. On return the fields,
    energies and ``kept`` are up to date.
    """
    number = field.dtype.type
    done = 0
    if done < units and at[IDLE] < patience:
        survey(field, sign, until, np.int32(at[STEP]), low)
    while done < units and at[IDLE] < patience:
        step = np.int32(at[STEP])
        least = number(_FAR)
        for b in range(len(low)):
            least = min(least, low[b])
        if least == number(_FAR):
            break
        k = locate(least, field, sign, until, step, low, random)
        if least >= 0 and at[UNSAVED]:
            save(sign, kept)
            at[UNSAVED] = 0
        change = sign[k]
        sign[k] = -change
        until[k] = step + 1 + tenure + below(random, spread)
        if weight.ndim == 2:
            turn_and_survey(weight[k], number(indptr[0] * change), field, sign, until, np.int32(step + 1), low)
        else:
            turn(indptr, col, weight, field, k, change > 0)
            survey(field, sign, until, np.int32(step + 1), low)
        done += 1
        at[STEP] += 1
        at[IDLE] += 1
        energy[NOW] += least
        if energy[NOW] < energy[BEST]:
            energy[BEST] = energy[NOW]
            at[IDLE] = 0
            at[UNSAVED] = 1
    if at[UNSAVED]:
        save(sign, kept)
        at[UNSAVED] = 0
    return done
