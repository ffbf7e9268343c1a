"""Running what is missing: in this process, or shared among several."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_process
from typing import Any

import numpy as np
import torch

from nonlin.activation import Activation
from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.settings import Settings
from nonlin.comparison.training import RunKey, RunResult, train
from nonlin.errors import NonlinError

Finish = Callable[[RunResult], list[RunKey]]

_WORKER_DIED = "the worker process died (killed, or out of memory); try fewer --workers"


def execute(
    settings: Settings, dataset: Dataset, keys: list[RunKey], workers: int, finish: Finish
) -> None:
    """Run every key and hand each result to `finish`, which may return further keys.

    Every network is trained on one thread, whatever the number of workers, so that the
    results do not depend on it.

    Args:
        settings: with epochs and batch size filled in.
        dataset: the data, sent to each worker once.
        keys: what to run first.
        workers: number of processes; 1 runs in this one.
        finish: called in this process with each result as it comes.

    Raises:
        NonlinError: what the user gave cannot be sent to other processes.
    """
    if workers == 1:
        _execute_here(settings, dataset, keys, finish)
    else:
        _execute_shared(settings, dataset, keys, workers, finish)


def _execute_here(settings: Settings, dataset: Dataset, keys: list[RunKey], finish: Finish) -> None:
    waiting = list(keys)
    with _one_thread():
        while waiting:
            waiting += finish(run(settings, dataset, waiting.pop(0)))


def _execute_shared(
    settings: Settings, dataset: Dataset, keys: list[RunKey], workers: int, finish: Finish
) -> None:
    start = (_packed(settings), _packed(_arrays(dataset)))
    waiting = list(keys)

    def finish_alone(result: RunResult) -> list[RunKey]:
        waiting.extend(finish(result))
        return []

    while waiting:
        # If a worker dies, any run under way may have been the cause: alone, it shows.
        for suspect in _drain(workers, start, waiting, finish):
            if _drain(1, start, [suspect], finish_alone):
                finish_alone(RunResult(suspect, "failed", error=_WORKER_DIED))


def _drain(
    workers: int, start: tuple[bytes, bytes], waiting: list[RunKey], finish: Finish
) -> list[RunKey]:
    """Run what is waiting until nothing is left, or until a worker dies.

    Returns:
        The runs that were under way when a worker died; none when all is done.
    """
    running: dict[Future[RunResult], RunKey] = {}
    with _pool(workers, start) as pool:
        while running or waiting:
            # One run waits behind each that is under way, so that no worker is idle while
            # a result is written.
            try:
                while waiting and len(running) < 2 * workers:
                    running[pool.submit(_run_in_worker, waiting[0])] = waiting[0]
                    waiting.pop(0)
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    waiting += finish(future.result())
                    del running[future]
            except BrokenProcessPool:
                return list(running.values())
    return []


@contextlib.contextmanager
def _pool(workers: int, start: tuple[bytes, bytes]) -> Iterator[ProcessPoolExecutor]:
    # "spawn" everywhere: a forked child of a process that has used PyTorch's threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start_worker, start)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


_work: dict[str, Any] = {}


def _start_worker(settings: bytes, arrays: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    torch.set_num_threads(1)
    fields: dict[str, Any] = {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in pickle.loads(arrays).items()
    }
    _work.update(settings=pickle.loads(settings), dataset=Dataset(**fields))


def _follow_parent() -> None:
    """End with the parent: a killed one cannot tell its workers to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_process([parent.sentinel])
        os._exit(1)


def _run_in_worker(key: RunKey) -> RunResult:
    return run(_work["settings"], _work["dataset"], key)


def run(settings: Settings, dataset: Dataset, key: RunKey) -> RunResult:
    """Train one network; an exception in it, most likely the user's, becomes its result."""
    try:
        return train(settings, dataset, _activation(settings, key), key)
    except Exception:
        return RunResult(key, "failed", error=traceback.format_exc())


def _activation(settings: Settings, key: RunKey) -> Activation:
    return dict(zip(settings.names, settings.activations, strict=True))[key.activation]


def _arrays(dataset: Dataset) -> dict[str, Any]:
    """The fields of a dataset with arrays for tensors, which pickle by value."""
    fields = {item.name: getattr(dataset, item.name) for item in dataclasses.fields(dataset)}
    return {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in fields.items()}


def _packed(value: Any) -> bytes:
    try:
        return pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise NonlinError(
            f"--workers: what was given cannot be sent to other processes ({error}); use "
            "workers=1, or name the function as module:function"
        ) from None


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
