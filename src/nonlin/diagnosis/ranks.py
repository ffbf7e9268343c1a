"""Statistics of one training on several processes, put together."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import distributed

from nonlin.diagnosis.series import Series
from nonlin.diagnosis.statistics import Run, Site, UnitSample


def are_several() -> bool:
    """Whether this process is one of several that train together."""
    return (
        distributed.is_available()
        and distributed.is_initialized()
        and distributed.get_world_size() > 1
    )


def put_together(run: Run) -> None:
    """Add what the other ranks saw: every rank calls this, and every rank gets all.

    A unit is open where it was open on any rank; rows are added; slopes are averaged, weighted
    by rows. Gradients and weights are the same on all ranks after the reduction that the training
    does, and are left as they are; of those that FSDP has sharded the parts are put together.

    Args:
        run: of this rank, changed in place.
    """
    mine = {key: _packed(site) for key, site in run.sites.items()}
    gathered = _from_all(mine)
    this = distributed.get_rank()
    others = [part for rank, part in enumerate(gathered) if rank != this and part is not None]
    for key, site in run.sites.items():
        for other in others:
            if key in other:
                _add(site, other[key])
    sharded = {name: p.series for name, p in run.parameters.items() if p.sharded}
    parts = _from_all({name: series.table() for name, series in sharded.items()})
    for name, series in sharded.items():
        _join(series, [part[name] for part in parts if name in part])
    run.notes.append(f"units were judged on the rows of {len(gathered)} ranks")


def _from_all(mine: Any) -> list[Any]:
    gathered: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(gathered, mine)
    return gathered


def _join(series: Series, parts: list[tuple[np.ndarray, dict[str, np.ndarray]]]) -> None:
    """Figures of a whole parameter from those of its parts; steps that all ranks looked at."""
    steps = sorted(set.intersection(*(set(steps.tolist()) for steps, _ in parts)))
    columns = []
    for name in series.fields:
        values = np.array([table[name][np.searchsorted(at, steps)] for at, table in parts])
        if name in ("lost", "mean"):
            known = np.isfinite(values)
            joined = np.where(known, values, 0.0).sum(0) / np.where(
                known.any(0), known.sum(0), np.nan
            )
        elif name == "rows":
            joined = np.fmax.reduce(values, axis=0)
        else:
            joined = np.sqrt(np.square(values).sum(0))
        columns.append(joined)
    series.restore(steps, torch.from_numpy(np.stack(columns, axis=1)))


def _packed(site: Site) -> dict[str, Any]:
    last = site.last_open.cpu() if site.last_open is not None else None
    return {
        "last_open": last,
        "rows": list(site.rows),
        "first": _cpu(site.first),
        "recent": [_cpu(u) for u in site.recent],
    }


def _cpu(unit: UnitSample | None) -> UnitSample | None:
    if unit is None:
        return None
    moved: dict[str, Any] = {
        k: v.cpu() if isinstance(v, torch.Tensor) else v for k, v in vars(unit).items()
    }
    return UnitSample(**moved)


def _add(site: Site, other: dict[str, Any]) -> None:
    if site.last_open is not None and other["last_open"] is not None:
        site.last_open = torch.maximum(site.last_open, other["last_open"].to(site.last_open.device))
    rows = dict(other["rows"])
    site.rows = [(step, count + rows.get(step, 0)) for step, count in site.rows]
    theirs = {u.step: u for u in other["recent"]}
    for unit in site.recent:
        if unit.step in theirs:
            _merge(unit, theirs[unit.step])
    first, their_first = site.first, other["first"]
    apart = first is not None and all(unit is not first for unit in site.recent)
    if first is not None and apart and their_first is not None and first.step == their_first.step:
        _merge(first, their_first)


def _merge(unit: UnitSample, other: UnitSample) -> None:
    device = unit.slope_mean.device
    total = unit.rows + other.rows
    share = other.rows / total
    unit.slope_mean = torch.lerp(unit.slope_mean, other.slope_mean.to(device), share)
    unit.slope_low = torch.minimum(unit.slope_low, other.slope_low.to(device))
    unit.slope_high = torch.maximum(unit.slope_high, other.slope_high.to(device))
    unit.z_low = torch.minimum(unit.z_low, other.z_low.to(device))
    unit.z_high = torch.maximum(unit.z_high, other.z_high.to(device))
    unit.rows = total
