"""A selection and its rules as arrays: what an exchange of items breaks, and what it adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bools

if TYPE_CHECKING:
    from qopt.models.families._selection_document import SelectionInstance

_TOLERANCE = 1e-6


class Broken(NamedTuple):
    """A rule that adding something would break: its code, and what to say of it."""

    code: str
    words: str


class Exchange(NamedTuple):
    """The value gained when others come, who leaves for them, and who else comes."""

    gained: float
    gone: list[int]
    come: list[int]


class Board:
    """The rules of an instance as arrays.

    Parameters
    ----------
    uses, room
        What items take of each budget, shape (budgets, items), and how much there is.
    inside, least, most
        Sets that are counted: membership, shape (sets, items), and limits.
    pull
        What a pair of items adds or takes away, by item and item.
    """

    def __init__(self, instance: SelectionInstance) -> None:
        self.ids = instance.ids
        place = {name: k for k, name in enumerate(self.ids)}
        n = len(place)
        self.score = np.array(instance.values(), dtype=np.float64)
        self.names, sizes = instance.budgets()
        self.uses = np.array(instance.costs(), dtype=np.float64).reshape(n, len(sizes)).T
        self.room = np.array(sizes, dtype=np.float64)
        self.slack = np.where(
            (self.uses == np.rint(self.uses)).all(axis=1), 0.0, _TOLERANCE * np.maximum(1.0, self.room)
        )
        self.pull: list[dict[int, float]] = [{} for _ in range(n)]
        for pairs, sign in ((instance.helps(), 1.0), (instance.overlaps(), -1.0)):
            for (i, j), value in pairs.items():
                for a, b in ((i, j), (j, i)):
                    self.pull[a][b] = self.pull[a].get(b, 0.0) + sign * value
        self.titles: list[tuple[str, str]] = []
        lines: list[tuple[Sequence[int], float, float]] = []
        count = instance.count
        if count.min or count.max is not None:
            lines.append((range(n), count.min, np.inf if count.max is None else count.max))
            self.titles.append(("COUNT", "the selection"))
        for grouping, group, limit, members in instance.grouped():
            if limit.min or limit.max is not None:
                lines.append((members, limit.min, np.inf if limit.max is None else limit.max))
                self.titles.append(("GROUP", f"{grouping} {group}"))
        for several in instance.incompatible:
            lines.append(([place[str(name)] for name in several], 0, 1))
            self.titles.append(("INCOMPATIBLE", ""))
        self.inside = np.zeros((len(lines), n), dtype=np.int64)
        for k, (counted, _, _) in enumerate(lines):
            self.inside[k, list(counted)] = 1
        self.least = np.array([low for _, low, _ in lines], dtype=np.float64)
        self.most = np.array([high for _, _, high in lines], dtype=np.float64)
        self.needs: list[list[int]] = [[] for _ in range(n)]
        for first, second in instance.requires:
            self.needs[place[str(first)]].append(place[str(second)])
        self.must = np.zeros(n, dtype=bool)
        self.must[[place[str(name)] for name in instance.must]] = True
        self.never = np.zeros(n, dtype=bool)
        self.never[[place[str(name)] for name in instance.never]] = True

    def closure(self, items: Sequence[int]) -> list[int]:
        """Items with everything that they require."""
        found = dict.fromkeys(items)
        waiting = list(items)
        while waiting:
            new = [b for b in self.needs[waiting.pop()] if b not in found]
            found |= dict.fromkeys(new)
            waiting += new
        return list(found)


class Standing:
    """A selection on a board: what it uses, and what every item adds to it."""

    def __init__(self, board: Board, chosen: Bools) -> None:
        self.board, self.chosen = board, chosen.copy()
        self.used = board.uses @ self.chosen
        self.counted = board.inside @ self.chosen
        self.field = board.score.copy()
        for k in np.flatnonzero(self.chosen).tolist():
            for other, value in board.pull[k].items():
                self.field[other] += value

    def put(self, item: int, inside: bool) -> None:
        """Add an item, or take it out."""
        sign = 1 if inside else -1
        self.chosen[item] = inside
        self.used = self.used + sign * self.board.uses[:, item]
        self.counted = self.counted + sign * self.board.inside[:, item]
        for other, value in self.board.pull[item].items():
            self.field[other] += sign * value

    def copy(self) -> Standing:
        """The same selection, to be changed."""
        other = Standing.__new__(Standing)
        other.board, other.chosen, other.field = self.board, self.chosen.copy(), self.field.copy()
        other.used, other.counted = self.used, self.counted
        return other

    def gain(self, items: Sequence[int]) -> float:
        """What adding items, none of which is in, adds to the value."""
        pull = self.board.pull
        between = sum(pull[a].get(b, 0.0) for k, a in enumerate(items) for b in items[:k])
        return float(self.field[list(items)].sum()) + between

    def broken(self, items: Sequence[int]) -> list[Broken]:
        """The upper limits that adding items breaks."""
        board = self.board
        out = []
        over = self.used + board.uses[:, items].sum(axis=1) - board.room
        lacking = np.flatnonzero(over > board.slack)
        if len(lacking):
            worst = lacking[np.argmax(over[lacking] / np.where(board.room > 0, board.room, 1.0)[lacking])]
            names = ["of the budget" if name == "budget" else name for name in board.names]
            more = " and ".join(f"{over[d]:g} more {names[d]}" for d in lacking)
            out.append(Broken(f"BUDGET.{board.names[worst]}", f"over budget: adding it needs {more}"))
        counts = self.counted + board.inside[:, items].sum(axis=1)
        for k in np.flatnonzero(counts > board.most).tolist():
            code, name = board.titles[k]
            inside = [board.ids[i] for i in np.flatnonzero(self.chosen & (board.inside[k] == 1))]
            if code == "INCOMPATIBLE":
                out.append(Broken(code, f"incompatible with {' and '.join(inside) or 'what it requires'}"))
            else:
                full = "is full" if self.counted[k] >= board.most[k] else "has not room enough"
                out.append(Broken(f"{code}_FULL", f"{name} {full} ({self.counted[k]} of {board.most[k]:g})"))
        return out

    def free(self, coming: Sequence[int]) -> NDArray[np.int64]:
        """Selected items that no rule holds when others come: neither a must, nor required, nor wanted by a minimum."""
        board = self.board
        held = board.must | ~self.chosen
        for k in (*np.flatnonzero(self.chosen).tolist(), *coming):
            held[board.needs[k]] = True
        held[list(coming)] = True
        counts = self.counted + board.inside[:, [k for k in coming if not self.chosen[k]]].sum(axis=1)
        tight = counts - 1 < board.least
        held |= (board.inside[tight] == 1).any(axis=0)
        return np.flatnonzero(~held)

    def swap(self, coming: Sequence[int]) -> Exchange | None:
        """Others for the best single item; None when no one makes room."""
        board, out = self.board, self.free(coming)
        over = self.used + board.uses[:, coming].sum(axis=1) - board.room - board.slack
        counts = self.counted + board.inside[:, coming].sum(axis=1) - board.most
        fits = (over[:, None] <= board.uses[:, out]).all(axis=0) & (counts[:, None] <= board.inside[:, out]).all(axis=0)
        out = out[fits]
        if not len(out):
            return None
        lost = self.field[out].copy()
        where = {int(i): k for k, i in enumerate(out)}
        for item in coming:
            for other, value in board.pull[item].items():
                if other in where:
                    lost[where[other]] += value
        best = int(np.argmin(lost))
        return Exchange(self.gain(coming) - float(lost[best]), [int(out[best])], [])

    def forced(self, coming: Sequence[int]) -> Exchange | None:
        """Others forced in: who loses least for the room it makes leaves first, and what fits into the room left over
        comes in; None when there is never enough."""
        board, trial = self.board, self.copy()
        gained = self.gain(coming)
        for item in coming:
            trial.put(item, True)
        while True:
            over, counts = trial.used - board.room - board.slack, trial.counted - board.most
            if (over <= 0).all() and (counts <= 0).all():
                break
            out = trial.free(coming)
            relief = np.minimum(board.uses[:, out], np.maximum(over, 0)[:, None])
            eased = (relief / np.where(board.room > 0, board.room, 1.0)[:, None]).sum(axis=0)
            eased += np.minimum(board.inside[:, out], np.maximum(counts, 0)[:, None]).sum(axis=0)
            out, eased = out[eased > 0], eased[eased > 0]
            if not len(out):
                return None
            lost = trial.field[out]
            item = int(out[np.argmin(np.where(lost > 0, lost / eased, lost * eased))])
            gained -= float(trial.field[item])
            trial.put(item, False)
        while (more := trial.next()) is not None:
            gained += float(trial.field[more])
            trial.put(more, True)
        gone, come = self.chosen & ~trial.chosen, trial.chosen & ~self.chosen
        come[list(coming)] = False
        return Exchange(gained, np.flatnonzero(gone).tolist(), np.flatnonzero(come).tolist())

    def next(self) -> int | None:
        """The item that adds most without breaking a rule; None when none adds anything."""
        board = self.board
        fits = (self.used[:, None] + board.uses <= (board.room + board.slack)[:, None]).all(axis=0)
        fits &= (self.counted[:, None] + board.inside <= board.most[:, None]).all(axis=0)
        fits &= ~self.chosen & ~board.never & (self.field > 1e-9)
        order = np.flatnonzero(fits)[np.argsort(-self.field[fits], kind="stable")].tolist()
        return next((k for k in order if self.chosen[board.needs[k]].all()), None)
