"""Why an item is left out, and what those that are selected add: told from exchanges that are really tried.

An item is added, with what it requires. Where that breaks a rule, it takes the place of every selected item in turn,
and it is forced in: those leave that lose least for the room they make, and whatever fits into the room left over comes
in. What a reason calls a price is the value lost by the better of these exchanges, which it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qopt.models.families._selection_board import Board, Exchange, Standing

MOST_EXCHANGES = 150
"""Items, best scores first, for which exchanges are tried; of the others only what adding them breaks is told."""


def left_out(board: Board, standing: Standing) -> list[dict[str, Any]]:
    """Code and reason of every item that is not selected, best scores first, with its exchange and price."""
    out = np.flatnonzero(~standing.chosen)
    order = out[np.argsort(-board.score[out], kind="stable")].tolist()
    return [_reason(board, standing, item, k < MOST_EXCHANGES) for k, item in enumerate(order)]


def _reason(board: Board, standing: Standing, item: int, exchanges: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"item": board.ids[item]}
    if board.never[item]:
        return told | {"code": "NEVER", "reason": "it is not to be selected"}
    coming = [k for k in board.closure([item]) if not standing.chosen[k]]
    barred = [board.ids[k] for k in coming if board.never[k]]
    if barred:
        return told | {"code": "REQUIRES", "reason": f"it requires {barred[0]}, which is not to be selected"}
    companions = [board.ids[k] for k in coming if k != item]
    along = f" (with {_listed(companions)}, which it requires)" if companions else ""
    against = standing.broken(coming)
    if against:
        needed = np.zeros(len(board.ids), dtype=bool)
        needed[board.closure(np.flatnonzero(board.must).tolist())] = True
        alone = Standing(board, needed).broken([k for k in coming if not needed[k]])
        if alone:
            words = f"{alone[0].words}{along}, even alone{' beside what must be selected' if needed.any() else ''}"
            return told | {"code": f"IMPOSSIBLE.{alone[0].code}", "reason": words}
        told |= {"code": against[0].code, "reason": f"{', '.join(rule.words for rule in against)}{along}"}
    else:
        told |= {
            "code": "SCORE",
            "reason": f"score too low ({board.score[item]:.6g}{_overlaps(board, standing, item)})",
        }
    found = [] if against else [Exchange(standing.gain(coming), [], [])]
    if exchanges:
        found += [one for one in (standing.swap(coming), standing.forced(coming)) if one is not None]
        told["reason"] += "" if found else "; no exchange makes room for it"
    return told if not found else _priced(board, told, companions, max(found, key=lambda exchange: exchange.gained))


def _priced(board: Board, told: dict[str, Any], companions: list[str], best: Exchange) -> dict[str, Any]:
    """A reason with the best exchange that was found, and its price."""
    gone, come = [board.ids[k] for k in best.gone], [board.ids[k] for k in best.come]
    deed = f"replace {gone[0]}" if len(gone) == 1 and not come else f"put {_listed(gone)} out" if gone else "be added"
    deed += f" and {_listed(come)} in" if come else ""
    told |= {"with": companions + come} if companions or come else {}
    told |= {"without": gone} if gone else {}
    told["price"] = _tidy(-best.gained)
    if best.gained > 1e-9:
        words = f"it could {deed} and gain {best.gained:.6g}: the search ended before this was tried"
        return told | {"code": "SEARCH_LIMIT", "reason": words}
    if best.gained >= -1e-9:
        code = "EQUAL" if told["code"] == "SCORE" else told["code"]
        return told | {"code": code, "reason": f"{told['reason']}; it could {deed} at no loss"}
    words = f"it would {deed} and lose" if gone or come else "adding it would lose"
    return told | {"reason": f"{told['reason']}; {words} {-best.gained:.6g}"}


def _overlaps(board: Board, standing: Standing, item: int) -> str:
    pull = board.pull[item]
    near = sorted((k for k in pull if standing.chosen[k] and pull[k] < 0), key=pull.__getitem__)[:3]
    return f", it overlaps with {_listed([board.ids[k] for k in near])}" if near else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def taken(board: Board, standing: Standing) -> list[dict[str, Any]]:
    """What every selected item adds, and what holds it in where that is not its value."""
    free = set(standing.free([]).tolist())
    out = []
    for item in np.flatnonzero(standing.chosen).tolist():
        told = {"item": board.ids[item], "adds": _tidy(standing.field[item])}
        needing = [board.ids[k] for k in np.flatnonzero(standing.chosen) if item in board.needs[k]]
        if board.must[item]:
            told |= {"code": "MUST", "reason": "it is to be selected"}
        elif needing:
            told |= {"code": "REQUIRED", "reason": f"{needing[0]} requires it"}
        elif item not in free:
            told |= {"code": "MINIMUM", "reason": f"{_minimum(board, standing, item)} would have too few without it"}
        out.append(told)
    return out


def _minimum(board: Board, standing: Standing, item: int) -> str:
    tight = (board.inside[:, item] == 1) & (standing.counted - 1 < board.least)
    return board.titles[int(np.argmax(tight))][1]


def _tidy(value: float) -> float:
    return round(float(value), 9) + 0.0
