"""What lies between layers and activations: sums, products, normalisation, dead ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor

from nonlin.diagnosis.arguments import computed, drops, leaf_of
from nonlin.diagnosis.gates import CELLS
from nonlin.diagnosis.layers import When
from nonlin.diagnosis.losses import crossed, note_loss
from nonlin.diagnosis.naming import Names
from nonlin.diagnosis.operations import WITH_POLE, Effect
from nonlin.diagnosis.provenance import Origin, Origins
from nonlin.diagnosis.series import Series
from nonlin.diagnosis.severed import Severed
from nonlin.diagnosis.statistics import Blocker, Run, Site

# What makes an error of a difference.
_SIZES = ("pow", "square", "abs")
# What reads a tensor as a constant, of which back-propagation knows nothing.
_READS = ("item", "float", "tolist", "data", "detach")


class Seen(NamedTuple):
    """What a call is, found before it runs: afterwards its input may be overwritten."""

    effect: Effect
    name: str
    tensors: list[Tensor]
    site: Site | None = None
    origin: Origin | None = None
    grad: bool = True


class Difference(NamedTuple):
    """What may be an error: that depends on the next call."""

    result: Tensor
    output: Tensor
    target: Tensor
    origin: Origin


class Between:
    """Reads the calls that are neither layers nor activations into a run."""

    def __init__(self, run: Run, names: Names, origins: Origins) -> None:
        self.run, self.names, self.origins = run, names, origins
        self.severed = Severed(run, names)
        self._difference: Difference | None = None  # the call before

    def end_step(self) -> None:
        """A step that was looked at is over."""
        self._difference = None
        self.severed.end_pass()

    def note(
        self,
        seen: Seen,
        args: Any,
        kwargs: Mapping[str, Any],
        result: Any,
        when: When,
        path: str,
    ) -> None:
        """Write a call into the run, and where its result comes from.

        Args:
            seen: what the call is.
            args: its arguments.
            kwargs: its keyword arguments.
            result: what it returned.
            when: when it ran.
            path: of the module around it.
        """
        effect = seen.effect
        self._note_constant(seen)
        self._note_score(seen)
        self._note_dead_end(seen, when, path)
        self._note_difference(seen, result, when.step)
        if effect is Effect.DETACH and seen.grad:
            self.severed.detached(seen.tensors[0], result)
        elif effect in (Effect.VIEW, Effect.LINEAR):
            self.severed.pass_on(seen.tensors, result)
        elif seen.name in CELLS:
            self.severed.read(path, seen.tensors)
        if effect is Effect.MULTIPLY:
            self._multiplied(seen.tensors)
        elif effect is Effect.DROPOUT:
            origin = self.origins.of(seen.tensors[0])
            if origin is not None and origin.site is not None:
                origin.site.plain_dropout |= drops(args, kwargs)
        elif effect is Effect.BATCH_NORM:
            self.run.norms.add("batch")
        elif effect is Effect.NORM:
            self.run.norms.add("other")
        elif effect is Effect.ADD:
            self._added(seen.tensors)
        if seen.name == "broadcast_tensors":
            self.origins.pass_on(seen.tensors, result)
            return
        origin = self.origins.after(effect, seen.name, seen.tensors, result)
        if origin is not None:
            self.origins.note(result, origin)
            if origin.linear_from is None and seen.grad:
                self.used_elsewhere(seen.tensors)

    def note_edge(self, name: str, x: Tensor, step: int, path: str) -> None:
        """Keep how near an operation's input comes to 0, where it or its slope is infinite."""
        if name not in WITH_POLE or not x.requires_grad or not x.numel():
            return
        place = f"{name} in {path}" if path else name
        series = self.run.edges.setdefault(place, Series(("smallest",)))
        series.add(step, x.detach().abs().amin().reshape(1).float())

    def used_elsewhere(self, tensors: list[Tensor]) -> None:
        """What is not linear reads these: their layers serve more than a next layer."""
        for tensor in tensors:
            origin = self.origins.of(tensor)
            if origin is None or not tensor.requires_grad:
                continue
            # Through an activation too, unless nobody reads its result.
            layers = origin.site.serves if origin.site is not None else origin.linear_from
            self.run.branched |= layers or frozenset()

    def _added(self, tensors: list[Tensor]) -> None:
        moving = computed(tensors)
        if len(moving) > 1 and self.origins.read_the_same(moving):
            return  # Side by side they are one layer.
        if len(moving) > 1:
            self.run.residuals += 1
            self.used_elsewhere(tensors)
            return
        leaves = [leaf for t in tensors if (leaf := leaf_of(t)) is not None]
        biases = [leaf for leaf in leaves if leaf.requires_grad]
        if not biases:
            return
        for origin in map(self.origins.of, tensors):
            weight = self.run.weights.get((origin and origin.producer) or "")
            if weight is None:
                continue
            weight.has_bias = True
            if weight.outputs in (biases[0].numel(), *biases[0].shape[-1:]):
                weight.keep_bias(biases[0])

    def _multiplied(self, tensors: list[Tensor]) -> None:
        if len(tensors) < 2:
            return
        sites = [o.site for t in tensors if (o := self.origins.of(t)) and o.site and o.exact]
        for site in sites:
            facts = site.record.facts
            if facts.range.low >= 0 and facts.range.high <= 1:
                site.is_gate = True
            else:
                site.is_gated = True

    def _note_constant(self, seen: Seen) -> None:
        """A parameter read as a constant."""
        constant = seen.effect is Effect.DETACH and seen.name in _READS
        if constant and seen.grad and seen.tensors[0].is_leaf:
            name = self.names.parameter(seen.tensors[0])
            if name is not None:
                self.run.read_as_constants[name] = seen.name

    def _note_score(self, seen: Seen) -> None:
        """A sample's distance from a mean that learns, as its log-probability takes it."""
        if seen.effect is Effect.ADD and "sub" in seen.name:
            drawn = any(o.drawn for t in seen.tensors if (o := self.origins.of(t)))
            self.run.scores_samples |= drawn and any(t.requires_grad for t in seen.tensors)

    def _note_dead_end(self, seen: Seen, when: When, path: str) -> None:
        if not seen.grad:
            kind, name = "detach", "no_grad"
        elif seen.effect is Effect.STEP:
            kind, name = "step", seen.name
        elif seen.effect is Effect.DETACH:
            kind, name = "detach", seen.name
        else:
            return
        if not computed(seen.tensors):
            return
        # Where it was first met in a step decides, so that logging after the pass does not hide it.
        known = self.run.blockers.get((name, path))
        if known is None or known.step != when.step:
            self.run.blockers[name, path] = Blocker(name, path, when.order, kind, when.step)

    def _note_difference(self, seen: Seen, result: Any, step: int) -> None:
        """A difference from a constant of the same shape: a squared error written by hand."""
        waiting, self._difference = self._difference, None
        if waiting is not None and seen.name in _SIZES and seen.tensors[0] is waiting.result:
            tensors = [waiting.output, waiting.target]
            note_loss(self.run, step, "difference", tensors, waiting.origin, result)
        if seen.effect is not Effect.ADD or "sub" not in seen.name or len(seen.tensors) != 2:
            return
        output, target = seen.tensors
        if target.requires_grad:
            output, target = target, output
        origin = self.origins.of(output)
        if origin is None or target.requires_grad:
            return
        origin = origin.output()
        column = origin.producer is not None and crossed(tuple(output.shape), tuple(target.shape))
        if column and self.origins.of(target) is None:
            note_loss(self.run, step, "difference", [output, target], origin, result)
        if origin.site is None or not origin.exact:
            return
        for head in origin.heads:
            head.is_output = True
        if output.shape != target.shape:
            return
        given = self.origins.of(target)
        if given is None:
            note_loss(self.run, step, "difference", [output, target], origin, result)
        elif given.is_input and isinstance(result, Tensor):
            # What an autoencoder rebuilds, or what a network adds to: how it goes on tells.
            self._difference = Difference(result, output, target, origin)
