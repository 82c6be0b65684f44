"""PyQUBO: rows and slack written by the user (``LogEncInteger``), weight 1 + range of the objective."""

from importlib.metadata import version

from peer_common import of_bqm, serve, slack_top, span
from pyqubo import Binary, Constraint, LogEncInteger, Placeholder


def compiled(model):
    names = [f"x{c}" for c in range(model["n"])]
    x = [Binary(name) for name in names]
    sign = -1 if model["maximize"] else 1
    energy = sum(sign * v * b for v, b in zip(model["linear"], x))
    for k, (columns, values, sense, side) in enumerate(model["rows"]):
        gap = sum(v * x[c] for c, v in zip(columns, values)) - side
        if sense != "==":
            top = slack_top(columns, values, sense, side)
            if top > 0:
                slack = LogEncInteger(f"s{k}", (0, top))
                gap = gap + slack if sense == "<=" else gap - slack
        energy += Placeholder("A") * Constraint(gap**2, f"row{k}")
    bqm = energy.compile().to_bqm(feed_dict={"A": 1.0 + span(model)})
    return lambda: of_bqm(bqm, names)


if __name__ == "__main__":
    serve({"pyqubo": version("pyqubo")}, {"pyqubo, 1 + range": compiled})
