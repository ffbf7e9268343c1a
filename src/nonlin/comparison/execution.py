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
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, cast

import numpy as np
import torch

from nonlin.activation import Activation
from nonlin.comparison.data.dataset import Dataset
from nonlin.comparison.randomness import fixed_randomness
from nonlin.comparison.settings import Settings
from nonlin.comparison.training import RunKey, RunResult, train
from nonlin.errors import NonlinError

Finish = Callable[[RunResult], list[RunKey]]

# A run whose process died this often is not tried again.
_DEATHS = 2
_CANNOT_START = (
    "--workers: a worker process could not start (its error stands above); in a script, call "
    "compare under `if __name__ == '__main__':`; functions must be in a module it can import"
)
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
    waiting, deaths = list(keys), Counter[RunKey]()
    staff: list[_Worker] = []
    try:
        while waiting or any(worker.key for worker in staff):
            busy = sum(worker.key is not None for worker in staff)
            staff += [_Worker(start) for _ in range(len(staff), min(workers, busy + len(waiting)))]
            for worker in staff:
                if waiting and worker.is_idle:
                    worker.give(waiting.pop(0))
            for worker in _ready(staff):
                key, result = worker.take()
                if result is None:
                    deaths[key] += 1
                    worker.start()
                    if deaths[key] < _DEATHS:
                        waiting.insert(0, key)
                        continue
                    result = RunResult(key, "failed", error=_WORKER_DIED)
                if waiting and worker.is_idle:
                    # Before the result is written, so that the worker is not idle meanwhile.
                    worker.give(waiting.pop(0))
                waiting += finish(result)
    finally:
        for worker in staff:
            worker.stop()


class _Worker:
    """A process that trains one network at a time.

    concurrent.futures does not tell which task killed a process, and hangs when one dies
    while another starts; a pipe to each process does neither.
    """

    def __init__(self, start: tuple[bytes, bytes]) -> None:
        self._start = start
        self.start()

    def start(self) -> None:
        # "spawn" everywhere: a forked child of a process that has used PyTorch's threads may
        # hang.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        # Nothing large among the arguments: a child that dies before it has read them leaves
        # its parent waiting for ever.
        self.process = context.Process(target=_serve, args=(theirs,))
        with _deaf_to_interrupts():
            self.process.start()
        theirs.close()
        self.key: RunKey | None = None
        self._is_up = False

    @property
    def is_idle(self) -> bool:
        return self._is_up and self.key is None

    def give(self, key: RunKey) -> None:
        """Hand over a run; that the process is dead shows when its result is taken."""
        self.key = key
        with contextlib.suppress(OSError):
            self.pipe.send(key)

    def take(self) -> tuple[RunKey, RunResult | None]:
        """The run that ended and its result, or None if the process died."""
        key, self.key = self.key, None
        assert key is not None
        try:
            return key, self.pipe.recv()
        except (EOFError, OSError):
            self.stop()
            return key, None

    def comes_up(self) -> bool:
        """Whether what is to be heard belongs to the start: the data asked for, then taken in."""
        if self._is_up:
            return False
        try:
            self._is_up = self.pipe.recv() == "ready"
            if not self._is_up:
                self.pipe.send(self._start)
        except (EOFError, OSError):
            raise NonlinError(_CANNOT_START) from None
        return True

    def stop(self) -> None:
        self.process.terminate()
        self.pipe.close()
        self.process.join(timeout=5)
        self.process.kill()
        self.process.join()


def _ready(staff: list[_Worker]) -> list[_Worker]:
    """The workers whose run has ended, or whose process has; waits until one is heard."""
    expected = {worker.pipe: worker for worker in staff if not worker.is_idle}
    heard = [expected[cast(Connection, pipe)] for pipe in wait(list(expected))]
    return [worker for worker in heard if not worker.comes_up()]


def _serve(pipe: Connection) -> None:
    """A worker's life: take a run, train, send the result, until the pipe closes."""
    threading.Thread(target=_follow_parent, daemon=True).start()
    torch.set_num_threads(1)
    pipe.send("data, please")
    settings, arrays = pipe.recv()
    fields: dict[str, Any] = {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in pickle.loads(arrays).items()
    }
    asked, dataset = pickle.loads(settings), Dataset(**fields)
    del arrays, fields
    pipe.send("ready")
    # A pipe closed at the other end before this end's result was read is a reset connection.
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            pipe.send(run(asked, dataset, pipe.recv()))


def _follow_parent() -> None:
    """End with the parent: a killed one cannot tell its workers to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def run(settings: Settings, dataset: Dataset, key: RunKey) -> RunResult:
    """Train one network; an exception in it, most likely the user's, becomes its result."""
    try:
        with fixed_randomness(key.seed):
            return train(settings, dataset, _activation(settings, key), key)
    except (Exception, SystemExit):
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


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal: children started here ignore it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
