"""Expected returns and their covariance, from whatever a document gives them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Floats

if TYPE_CHECKING:
    from qopt.models.families._portfolio_document import PortfolioInstance


def gains(instance: PortfolioInstance) -> Floats:
    """Expected return of every asset, shape (assets,): as given, else the mean of the history."""
    past = _returns(instance)
    means = np.zeros(len(instance.assets)) if past is None else past.mean(axis=0) * instance.risk.periods
    given = [mean if asset.gain is None else asset.gain for asset, mean in zip(instance.assets, means.tolist())]
    return np.array(given, dtype=np.float64)


def covariance(instance: PortfolioInstance) -> Floats:
    """Covariance of the returns, shape (assets, assets)."""
    ids, risk, past = [str(asset.id) for asset in instance.assets], instance.risk, _returns(instance)
    if past is not None:
        away = past - past.mean(axis=0)
        found: Floats = np.einsum("ta,tb->ab", away, away) / (len(past) - 1) * risk.periods
        return found
    if risk.factors is not None:
        factors = list(risk.factors)
        exposed = np.array([[risk.exposures.get(name, {}).get(f, 0.0) for f in factors] for name in ids])
        between = _square(risk.factors, factors)
        common: Floats = np.einsum("af,fg,bg->ab", exposed, between, exposed)
        return common + np.diag([asset.specific for asset in instance.assets])
    given = risk.covariance
    return _square(given, ids) if isinstance(given, dict) else np.array(given, dtype=np.float64)


def _returns(instance: PortfolioInstance) -> Floats | None:
    """Past returns, shape (periods, assets)."""
    if instance.risk.history is None:
        return None
    ids = [str(asset.id) for asset in instance.assets]
    past: Floats = np.array([[line[name] for name in ids] for line in instance.risk.history], dtype=np.float64)
    return past[1:] / past[:-1] - 1 if instance.risk.prices else past


def _square(given: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> Floats:
    """A matrix by name and name; of two mirrored entries one is enough."""
    found = [[given.get(a, {}).get(b, given.get(b, {}).get(a, 0.0)) for b in names] for a in names]
    return np.array(found, dtype=np.float64)
