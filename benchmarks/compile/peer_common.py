"""What every peer's driver does the same way. Runs in the peers' environment: standard library only.

A driver reads ``{"models": [documents], "brute_bits": 18}`` from standard input and writes one JSON document: versions,
and for every model and every setting the size of the QUBO, the seconds of building and compiling, and the QUBO itself
where it is small enough to try every bit string.
"""

import json
import resource
import sys
import time
from fractions import Fraction
from math import gcd, lcm, log2


def span(model):
    """The range of the objective: its absolute coefficients added up."""
    return sum(abs(v) for v in model["linear"])


def slack_top(columns, values, sense, side):
    """Most that an inequality's slack can be."""
    ends = sum(min(v, 0) for v in values), sum(max(v, 0) for v in values)
    return side - ends[0] if sense == "<=" else ends[1] - side


def precision(coefficients):
    """log2(max / gcd + 1) over the coefficients, as exact fractions; 0 when there are none."""
    exact = [Fraction(c).limit_denominator(10**6) for c in coefficients if c]
    if not exact:
        return 0.0, 0.0
    scale = lcm(*(f.denominator for f in exact))
    whole = [abs(int(f * scale)) for f in exact]
    return float(max(abs(c) for c in coefficients)), log2(max(whole) / gcd(*whole) + 1)


def measured(qubo, columns, seconds, brute_bits):
    """The row of one compile. ``qubo``: (bits, {(i, j): value}, offset) with i <= j, squares being linear terms."""
    bits, terms, offset = qubo
    largest, digits = precision(terms.values())
    small = bits <= brute_bits
    return {
        "bits": bits,
        "couplings": sum(1 for (i, j), v in terms.items() if i != j and v),
        "largest": largest,
        "precision": digits,
        "seconds": seconds,
        "columns": columns if small else None,
        "terms": [[i, j, v] for (i, j), v in terms.items()] if small else None,
        "offset": offset,
    }


def of_bqm(bqm, names):
    """(bits, terms, offset) and the bit of every column from a dimod BQM; None where a column has no bit."""
    order = {v: k for k, v in enumerate(bqm.variables)}
    terms = {(k, k): bqm.linear[v] for v, k in order.items()}
    for (u, v), value in bqm.quadratic.items():
        i, j = sorted((order[u], order[v]))
        terms[i, j] = value
    return (len(order), terms, bqm.offset), [order.get(name) for name in names]


def serve(versions, settings):
    """Answer the request on standard input.

    ``settings``: name -> function of a document that builds and compiles it and returns a function without arguments
    that gives ``(qubo, columns)``, so that reading the result is not timed.
    """
    request = json.load(sys.stdin)
    models, out = request["models"], {}
    first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, compile_one in settings.items():
        rows = out[name] = []
        compile_one(models[0])
        for model in models:
            began = time.perf_counter()
            try:
                finish = compile_one(model)
            except Exception as error:  # noqa: BLE001  a peer's refusal is a result
                rows.append({"refused": f"{type(error).__name__}: {error}"})
                continue
            seconds = time.perf_counter() - began
            rows.append(measured(*finish(), seconds, request["brute_bits"]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first
    json.dump({"versions": versions, "settings": out, "peak_kib": peak}, sys.stdout)
