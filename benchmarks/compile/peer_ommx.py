"""OMMX 2: ``to_qubo`` with its default weight 1, and with 1 + range of the objective and slack of any width."""

from importlib.metadata import version

from ommx.v1 import DecisionVariable, Instance
from peer_common import serve, slack_top, span


def compiled(model, weight, widest):
    x = [DecisionVariable.binary(c) for c in range(model["n"])]
    rows = []
    for columns, values, sense, side in model["rows"]:
        activity = sum(v * x[c] for c, v in zip(columns, values))
        rows.append(activity == side if sense == "==" else activity <= side if sense == "<=" else activity >= side)
    instance = Instance.from_components(
        decision_variables=x,
        objective=sum(v * b for v, b in zip(model["linear"], x)),
        constraints=rows,
        sense=Instance.MAXIMIZE if model["maximize"] else Instance.MINIMIZE,
    )
    options = {} if widest is None else {"inequality_integer_slack_max_range": widest}
    terms, offset = instance.to_qubo(uniform_penalty_weight=weight, **options)

    def finish():
        used = sorted({i for pair in terms for i in pair} | set(range(model["n"])))
        order = {i: k for k, i in enumerate(used)}
        merged = {}
        for pair, v in terms.items():
            i, j = sorted(order[c] for c in pair)
            merged[i, j] = merged.get((i, j), 0.0) + v
        return (len(used), merged, offset), [order[c] for c in range(model["n"])]

    return finish


def widest(model):
    return max((slack_top(*row) for row in model["rows"] if row[2] != "=="), default=1) + 1


if __name__ == "__main__":
    settings = {
        "ommx": lambda model: compiled(model, None, None),
        "ommx, 1 + range": lambda model: compiled(model, 1.0 + span(model), widest(model)),
    }
    serve({"ommx": version("ommx")}, settings)
