"""Watching from inside other libraries' training loops.

``hugging_face()`` makes a ``transformers.TrainerCallback``, ``lightning()`` a callback of
Lightning's ``Trainer``; ``log_to_tensorboard`` writes a diagnosis to a ``SummaryWriter``,
``log_to_mlflow`` to the active run.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from nonlin.diagnosis.result import Diagnosis
from nonlin.diagnosis.watching import watch
from nonlin.errors import NonlinError


def hugging_face(**options: Any) -> Any:
    """A callback for ``transformers.Trainer(callbacks=[...])``.

    Args:
        **options: as for :func:`nonlin.watch`, but for the model and the optimizer.

    Returns:
        A ``TrainerCallback`` whose ``diagnosis`` holds the findings after training.

    Raises:
        MissingExtraError: transformers is not installed.
    """
    from nonlin.errors import require

    transformers = require("transformers", "dev", "a callback for Hugging Face")

    class WatchCallback(transformers.TrainerCallback):
        def __init__(self) -> None:
            self._watcher: watch | None = None
            self.diagnosis: Diagnosis | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, model=None, **kwargs: Any):
            self._watcher = watch(model, **options).start()

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any):
            if self._watcher is not None:
                self.diagnosis = _ended(self._watcher)

    return WatchCallback()


def lightning(**options: Any) -> Any:
    """A callback for Lightning's ``Trainer(callbacks=[...])``, of either name of the package.

    Args:
        **options: as for :func:`nonlin.watch`, but for the model and the optimizer.

    Returns:
        A ``Callback`` whose ``diagnosis`` holds the findings after training, also after one that
        ended in an exception.

    Raises:
        MissingExtraError: neither lightning nor pytorch_lightning is installed.
    """
    from nonlin.errors import require

    name = "lightning.pytorch" if find_spec("lightning") else "pytorch_lightning"
    module = require(name, "dev", "a callback for Lightning")

    class WatchCallback(module.Callback):
        def __init__(self) -> None:
            self._watcher: watch | None = None
            self.diagnosis: Diagnosis | None = None

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            self._watcher = watch(pl_module, **options).start()

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            self._end()

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            self._end()

        def _end(self) -> None:
            if self._watcher is not None:
                self.diagnosis, self._watcher = _ended(self._watcher), None

    return WatchCallback()


def _ended(watcher: watch) -> Diagnosis:
    diagnosis = watcher.stop()
    if not watcher.quiet:
        from nonlin.report.terminal_diagnosis import show

        show(diagnosis)
    return diagnosis


def log_to_tensorboard(diagnosis: Diagnosis, writer: Any) -> None:
    """Write gradients, open gates and findings to a ``torch.utils.tensorboard.SummaryWriter``.

    Args:
        diagnosis: of a run.
        writer: has ``add_scalar`` and ``add_text``.
    """
    for name, steps, values in _scalars(diagnosis):
        for step, value in zip(steps, values, strict=True):
            writer.add_scalar(f"nonlin/{name}", value, step)
    for number, finding in enumerate(diagnosis.findings):
        text = f"**{finding.kind}** in `{finding.layer}` ({finding.cause}): {finding.summary}"
        writer.add_text(f"nonlin/finding {number + 1}", text, finding.since_step or 0)


def log_to_mlflow(diagnosis: Diagnosis) -> None:
    """Write gradients and open gates as metrics, and the findings as ``findings.json``.

    Raises:
        NonlinError: no MLflow run is active.
    """
    from nonlin.errors import require

    mlflow = require("mlflow", "dev", "logging to MLflow")
    if mlflow.active_run() is None:
        raise NonlinError("log_to_mlflow: no run is active; call it inside mlflow.start_run()")
    for name, steps, values in _scalars(diagnosis):
        for step, value in zip(steps, values, strict=True):
            mlflow.log_metric(f"nonlin/{name}".replace(":", "."), value, step=step)
    mlflow.log_dict(diagnosis.as_json(), "findings.json")


def _scalars(diagnosis: Diagnosis):
    run = diagnosis.run
    for site in run.sites.values():
        steps, table = site.series.table()
        yield f"open gates/{site.layer}", steps.tolist(), table["open"].tolist()
    for parameter in run.parameters.values():
        steps, table = parameter.series.table()
        yield f"gradient/{parameter.name}", steps.tolist(), table["gradient"].tolist()
