"""The sweep: every chunk of inputs evaluated and judged, on all cores, resumable."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import numpy as np

from nonlin.certification.inputs import Inputs
from nonlin.certification.judging import Judge, Law
from nonlin.certification.raising import evaluate_around
from nonlin.certification.reference import Reference
from nonlin.certification.state import State
from nonlin.certification.tally import Tally
from nonlin.certification.target import Target
from nonlin.certification.ulp import Format

# Inputs in a call of the target, and in a block of the judge: both stay in the caches.
CALL, BLOCK = 1 << 18, 1 << 15
_SAVE_SECONDS = 1.0

_F32 = Format("float32")
Advance = Callable[[int], None]


@dataclass
class Sweep:
    """A target on its way through its inputs.

    Attributes:
        target: what is judged.
        reference: the true results.
        law: what the results are held to.
        inputs: which inputs are tried.
        threads: chunks that are worked on at a time.
        state: where progress is kept; None for nowhere.
    """

    target: Target
    reference: Reference
    law: Law
    inputs: Inputs
    threads: int = 1
    state: State | None = None
    raised: list[str] = field(default_factory=list)

    def run(self, advance: Advance = lambda count: None) -> Tally:
        """Judge all inputs that are not judged yet.

        Args:
            advance: told of inputs that are done.

        Returns:
            The tally of all inputs, those judged in an earlier run included.
        """
        form, inputs = self.target.form, self.inputs
        whole = Tally(form.binades)
        done = np.zeros(inputs.chunks, dtype=bool)
        edges = np.zeros((inputs.chunks, 2), dtype=form.bits)
        kept = self.state.load() if self.state else None
        if kept is not None:
            whole, done, edges = Tally.from_arrays(kept), kept["done"], kept["edges"]
            self.raised += kept["raised"].tolist()
            advance(sum(inputs.size(int(k)) for k in np.flatnonzero(done)))
        saved = time.monotonic()
        with self.target.framework.threads(1), ThreadPoolExecutor(self.threads) as pool:
            stop = threading.Event()
            left = [int(k) for k in np.flatnonzero(~done)]
            waiting = {pool.submit(self._chunk, k, stop, advance): k for k in left}
            try:
                for future in as_completed(waiting):
                    tally, ends = future.result()
                    whole.merge(tally)
                    done[waiting[future]], edges[waiting[future]] = True, ends
                    if self.state and time.monotonic() - saved > _SAVE_SECONDS:
                        self._save(whole, done, edges)
                        saved = time.monotonic()
            except BaseException:
                stop.set()
                for future in waiting:
                    future.cancel()
                if self.state:
                    self._save(whole, done, edges)
                raise
        if self.state:
            self._save(whole, done, edges)
        self._check_borders(whole, edges)
        return whole

    def _save(self, tally: Tally, done: np.ndarray, edges: np.ndarray) -> None:
        assert self.state is not None
        raised = np.array(self.raised, dtype="U500")
        self.state.save({**tally.arrays(), "done": done, "edges": edges, "raised": raised})

    def _chunk(
        self, index: int, stop: threading.Event, advance: Advance
    ) -> tuple[Tally, tuple[int, int]]:
        """Judge a chunk; returns its tally, and its first and last result."""
        tally = Tally(self.target.form.binades)
        judge = Judge(self.law, BLOCK)
        size = self.inputs.size(index)
        scratch = [np.empty(BLOCK) for _ in range(3)]
        first = last = 0
        with self.target.framework.session(), np.errstate(all="ignore"):
            for low in range(0, size, CALL):
                if stop.is_set():
                    break
                patterns = self.inputs.part(index, low, min(low + CALL, size))
                results, refused = evaluate_around(self.target, patterns, tally, self.raised)
                first = int(results[0]) if low == 0 else first
                last = int(results[-1])
                self._judge(judge, tally, patterns, results, refused, scratch)
                advance(len(patterns))
        return tally, (first, last)

    def _judge(
        self,
        judge: Judge,
        tally: Tally,
        patterns: np.ndarray,
        results: np.ndarray,
        refused: np.ndarray | None,
        scratch: list[np.ndarray],
    ) -> None:
        form = self.target.form
        x = form.numbers(patterns)
        keep = self._kept(x, refused)
        if keep is not None:
            patterns, results, x = patterns[keep], results[keep], x[keep]
        slots = patterns >> form.bits.type(form.shift)
        borders = [0, len(patterns)]
        if len(patterns) and slots[0] != slots[-1]:
            borders = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(patterns)]
        for start, end in itertools.pairwise(borders):
            for low in range(start, end, BLOCK):
                part = slice(low, min(low + BLOCK, end))
                self._block(judge, tally, patterns[part], x[part], results[part], scratch)

    def _kept(self, x: np.ndarray, refused: np.ndarray | None) -> np.ndarray | None:
        """Which inputs are judged; None for all."""
        keep = None if refused is None else ~refused
        if self.reference.order and self.reference.record.kinks:
            # At a kink there is no derivative to be held to; see `probing`.
            kinks = [kink.at for kink in self.reference.record.kinks]
            low, high = x.min(), x.max()
            if any(low <= kink <= high for kink in kinks):
                smooth = ~np.isin(x, np.array(kinks, dtype=x.dtype))
                smooth |= ~np.isin(x.astype(np.float64), kinks)
                keep = smooth if keep is None else keep & smooth
        return keep

    def _block(
        self,
        judge: Judge,
        tally: Tally,
        patterns: np.ndarray,
        x: np.ndarray,
        results: np.ndarray,
        scratch: list[np.ndarray],
    ) -> None:
        wide, true, more = (buffer[: len(x)] for buffer in scratch)
        np.copyto(wide, x)
        if self.target.form.width == 64:
            high, rest = self.reference.doubled(patterns, wide)
            judge.judge(tally, patterns, wide, results, high, rest)
            return
        self.reference.fill(self._as_float32(patterns, x), wide, true, more)
        judge.judge(tally, patterns, wide, results, true)

    def _as_float32(self, patterns: np.ndarray, x: np.ndarray) -> np.ndarray:
        return patterns if self.target.form.name == "float32" else x.view(np.uint32)

    def _check_borders(self, tally: Tally, edges: np.ndarray) -> None:
        """Order of results across the borders of chunks."""
        inputs, form = self.inputs, self.target.form
        if not self.law.monotone:
            return
        for k in range(inputs.chunks - 1):
            here = inputs.part(k, inputs.size(k) - 1, inputs.size(k))
            there = inputs.part(k + 1, 0, 1)
            x = form.numbers(np.concatenate([here, there])).astype(np.float64)
            y = form.numbers(np.array([edges[k][1], edges[k + 1][0]], dtype=form.bits))
            if (here[0] ^ there[0]) & form.bits.type(form.sign):
                continue
            if (y[1] - y[0]) * (x[1] - x[0]) < 0:
                tally.fail("not_monotone", x[1:])
