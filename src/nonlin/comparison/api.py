"""`compare`: data and activations in, trained networks, verdicts and a report out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nonlin.activation import Activation
from nonlin.comparison import data as datasets
from nonlin.comparison import repeating
from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.execution import execute
from nonlin.comparison.explaining import explain
from nonlin.comparison.judging import judge
from nonlin.comparison.metrics import scoring_of
from nonlin.comparison.models import BUILT_IN, check_model, model_fingerprint
from nonlin.comparison.planning import (
    KEPT,
    Candidate,
    choose_rate,
    final_keys,
    run_count,
    tuning_keys,
)
from nonlin.comparison.progress import progress
from nonlin.comparison.results import Comparison
from nonlin.comparison.settings import DEFAULT_ACTIVATIONS, Settings, check_count
from nonlin.comparison.store import Store
from nonlin.comparison.training import RunKey, RunResult
from nonlin.curves import curves_of
from nonlin.errors import NonlinError, did_you_mean, require
from nonlin.naming import parse_activations

# Rows a network sees when the number of epochs is left open: enough for a small network to
# settle on small data, and never fewer than three passes.
_ROWS_SEEN = 100_000
_EPOCHS = (3, 50)
_FOLDER = "nonlin-results"
# Asked for before anything is trained: a missing one must not show when the report is due.
LAB = ("filelock", "jinja2", "pandas", "plotly", "sklearn")
_USUAL_MODEL = {"language": "transformer"}


def compare(
    data: Any,
    activations: str | Iterable[str | Activation] = DEFAULT_ACTIVATIONS,
    *,
    out: str | Path | None = None,
    workers: int = 1,
    quiet: bool = False,
    **settings: Any,
) -> Comparison:
    """Train networks that differ only in their activation, and say which is better.

    Every activation gets the same seeds, splits, initial draws and batches, and the same
    budget to choose its learning rate on validation rows. Test rows are looked at once per
    network. Each finished network is kept in `out`; the same call again resumes.

    Args:
        data: ``"digits"``, ``"mnist1d"``, ``"mnist"``, ``"text:FILE"``,
            ``"table:FILE.csv"``, ``"module:function"``, or a function that returns
            ``(train, test)`` pairs of arrays.
        activations: names separated by commas, or names and records, your own from
            :func:`nonlin.define` and :func:`nonlin.parse` included.
        out: folder of the results; by default one named after the settings.
        workers: processes that share the work.
        quiet: show no progress.
        **settings: any other field of :class:`Settings`, such as ``seeds=5``,
            ``model="cnn"``, ``baseline="relu"``.

    Returns:
        The comparison: ``.leaderboard``, ``.runs`` (DataFrame), ``.save_report()``.

    Raises:
        NonlinError: bad input, told in one line.

    Example:
        >>> import nonlin, tempfile
        >>> result = nonlin.compare(
        ...     "digits", "relu,tanh", seeds=2, epochs=2, learning_rates=(1e-3,),
        ...     out=tempfile.mkdtemp(), quiet=True,
        ... )
        >>> sorted(row.name for row in result.leaderboard)
        ['relu', 'tanh']
    """
    for module in LAB:
        require(module, "lab", "nonlin compare")
    asked = _settings(data, activations, settings)
    check_count("workers", workers)
    dataset = datasets.load(
        asked.data,
        target=asked.target,
        data_dir=asked.data_dir,
        task=asked.task,
        block=asked.block,
    )
    chosen = _complete(asked, dataset)
    check_model(chosen, dataset)
    identity = {
        **chosen.identity(),
        "data_fingerprint": dataset.fingerprint,
        "model_fingerprint": model_fingerprint(chosen, dataset),
    }
    folder = Path(out) if out is not None else _default_folder(chosen, identity)
    with Store(folder, identity) as store:
        rates = _run(chosen, dataset, store, workers, quiet)
        return _result(chosen, dataset, store, rates)


def open_results(folder: str | Path, table: str = "runs") -> Any:
    """Open the results of a comparison as a DataFrame, also while it is running.

    Args:
        folder: what was given as ``out``.
        table: ``runs``, ``epochs`` (validation curves) or ``layers`` (gradients and
            activations per layer).

    Raises:
        NonlinError: no results there, or not readable.
    """
    tables = ("runs", "epochs", "layers")
    if table not in tables:
        raise NonlinError(f"open_results: table {table!r}; allowed: {', '.join(tables)}")
    with Store(Path(folder)) as store:
        return store.table(table)


def _settings(data: Any, activations: Any, settings: Mapping[str, Any]) -> Settings:
    known = {item.name for item in dataclasses.fields(Settings)}
    for name in settings:
        if name not in known:
            hint = did_you_mean(name, known)
            raise NonlinError(
                f"compare: unknown setting {name!r}{hint} (known: {', '.join(sorted(known))})"
            )
    if isinstance(settings.get("baseline"), Activation):
        settings = {**settings, "baseline": repr(settings["baseline"])}
    return Settings(data=data, activations=parse_activations(activations), **settings)


def _complete(asked: Settings, dataset: Dataset) -> Settings:
    """Fill in what depends on the data."""
    rows = len(dataset.split(0)[0])
    low, high = _EPOCHS
    model = asked.model or _USUAL_MODEL.get(dataset.task, "mlp")
    return dataclasses.replace(
        asked,
        model=model,
        epochs=asked.epochs or min(high, max(low, round(_ROWS_SEEN / rows))),
        init=asked.init or ("matched" if model in BUILT_IN else "default"),
    )


def _default_folder(settings: Settings, identity: Mapping[str, Any]) -> Path:
    words = f"{settings.data_name}-{settings.model_name}"
    plain = "".join(letter if letter.isalnum() else "-" for letter in words)
    text = json.dumps(identity, sort_keys=True)
    return Path(_FOLDER) / f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _run(
    settings: Settings, dataset: Dataset, store: Store, workers: int, quiet: bool
) -> dict[str, float]:
    """Run what is missing and return the learning rate each activation chose."""
    kept = {key for key, status in store.statuses().items() if status in KEPT}
    tuning = tuning_keys(settings)
    higher = scoring_of(dataset).metric.higher_is_better
    rates: dict[str, float] = {}

    def choose(name: str) -> list[RunKey]:
        """The final runs of an activation, once its tuning runs have ended."""
        if name in rates or not {key for key in tuning if key.activation == name} <= ended:
            return []
        rate = _chosen_rate(settings, store, name, higher)
        if rate is None:
            return []
        rates[name] = rate
        return [key for key in final_keys(settings, {name: rate}) if key not in kept]

    versions = _versions()
    ended = set(kept)
    waiting = [key for key in tuning if key not in kept]
    for name in settings.names:
        waiting += choose(name)
    waiting.sort(key=_order)
    done = len({*tuning, *final_keys(settings, rates)} & kept)
    with progress(run_count(settings), done, quiet) as report:

        def finish(result: RunResult) -> list[RunKey]:
            store.add(result, versions)
            ended.add(result.key)
            report(result)
            return choose(result.key.activation) if result.key.phase == "tune" else []

        execute(settings, dataset, waiting, workers, finish)
    return rates


def _order(key: RunKey) -> tuple[bool, int]:
    return key.phase == "final", key.seed


def _chosen_rate(
    settings: Settings, store: Store, name: str, higher_is_better: bool
) -> float | None:
    if len(settings.learning_rates) == 1:
        return settings.learning_rates[0]
    runs = store.table("runs")
    tuned = runs[(runs["activation"] == name) & (runs["phase"] == "tune")]
    candidates = [
        Candidate(run.lr, run.status, run.validation_metric, run.validation_loss)
        for run in tuned.itertuples()
    ]
    return choose_rate(candidates, higher_is_better)


def _result(
    settings: Settings, dataset: Dataset, store: Store, rates: dict[str, float]
) -> Comparison:
    scoring = scoring_of(dataset, settings.margin)
    runs, epochs, layers = (
        _own(store.table(name), settings, rates) for name in ("runs", "epochs", "layers")
    )
    rows = judge(runs, layers, settings, scoring, rates)
    return Comparison(
        settings=settings.to_json(),
        metric=scoring.metric,
        margin=scoring.margin,
        leaderboard=explain(rows, settings.baseline or ""),
        runs=runs,
        epochs=epochs,
        layers=layers,
        curves=curves_of(settings.activations),
        folder=store.folder,
        notes=[*dataset.notes, *_notes(runs)],
        versions=_versions(),
        command=repeating.command(settings, store.folder),
        python=repeating.python(settings, store.folder),
        data_summary=_summary(dataset),
    )


def _own(table: Any, settings: Settings, rates: Mapping[str, float]) -> Any:
    """The rows that this comparison asks for; the folder may hold further seeds and activations."""
    is_final = table["phase"] == "final"
    is_judged = (table["seed"] < settings.seeds) & (table["lr"] == table["activation"].map(rates))
    is_named = table["activation"].isin(settings.names)
    return table[is_named & (~is_final | is_judged)].reset_index(drop=True)


def _notes(runs: Any) -> list[str]:
    """What deserves attention in how the results came about."""
    if runs["versions"].nunique() > 1:
        return ["The runs were made with several versions of Python, PyTorch or nonlin."]
    return []


def _summary(dataset: Dataset) -> str:
    training, validation = dataset.split(0)
    return (
        f"{dataset.name}: {dataset.task}, {dataset.layout} of shape "
        f"{tuple(dataset.x.shape[1:])}; {len(training):,} training, {len(validation):,} "
        f"validation and {len(dataset.x_test):,} test rows."
    )


def _versions() -> dict[str, str]:
    packages = ("nonlin", "torch", "numpy", "scipy", "scikit-learn")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
