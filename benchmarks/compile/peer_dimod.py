"""dimod: ``cqm_to_bqm`` with its default weight, and with 1 + range of the objective, given by hand."""

import dimod
from peer_common import of_bqm, serve, span


def compiled(model, weight):
    names = [f"x{c}" for c in range(model["n"])]
    sign = -1 if model["maximize"] else 1
    cqm = dimod.ConstrainedQuadraticModel()
    cqm.set_objective(dimod.BQM({n: sign * v for n, v in zip(names, model["linear"])}, {}, 0.0, "BINARY"))
    for columns, values, sense, side in model["rows"]:
        cqm.add_constraint_from_iterable([(names[c], v) for c, v in zip(columns, values)], sense, rhs=side)
    bqm, _ = dimod.cqm_to_bqm(cqm, lagrange_multiplier=weight)
    return lambda: of_bqm(bqm, names)


if __name__ == "__main__":
    settings = {
        "dimod": lambda model: compiled(model, None),
        "dimod, 1 + range": lambda model: compiled(model, 1 + span(model)),
    }
    serve({"dimod": dimod.__version__}, settings)
