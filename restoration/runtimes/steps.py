"""A part of a network as a list of steps on maps whose channels lie last in memory.

Its convolutions, with what follows them, its sums and its concatenations are computed by `restoration.compiled`; each
of the rest is torch's. Maps that will be put behind each other are written there in the first place, and memory that no
later step reads is used again.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_arg

from restoration.compiled import layers
from restoration.compiled.layers import Layer, Maps
from restoration.runtimes.graph import IMAGE_AXES, Graph, addends, joined, pointwise, same, scaled

_KEPT: Final = 64 * 2**20
"""Bytes of maps at most that a program keeps for its next image: fresh memory takes longer to come than to fill."""


@dataclass
class Step:
    """One node's value, which torch computes."""

    node: fx.Node
    reads: list[fx.Node]
    dies: list[fx.Node] = field(default_factory=list)
    """What no later step reads."""


@dataclass
class Convolution(Step):
    """A convolution and what follows it."""

    layer: Layer = field(kw_only=True)


@dataclass
class Sum(Step):
    """Of maps and a factor times others."""

    factor: float = 1.0


@dataclass
class Join(Step):
    """Maps behind each other."""

    copied: list[tuple[fx.Node, int]] = field(default_factory=list)
    """What lies elsewhere and is copied, and the channel at which it belongs."""


class Program:
    """What a part of a network computes: maps (N, C, H, W) -> whatever the part gives.

    Raises NotTraceableError where torch.fx cannot follow it, or it writes into what is read elsewhere.
    """

    def __init__(self, part: nn.Module, threads: int) -> None:
        self.threads = threads
        self._directly = part.forward
        self.graph = Graph(part)
        self.widths = self.graph.channels()
        self.steps = list(self._planned())
        self.made = {step.node for step in self.steps if type(step) is not Step}
        """What compiled code computes."""
        self._places: dict[fx.Node, tuple[fx.Node, int]] = {}
        self._find_places()
        self._find_ends()
        self._kept: list[Maps] = []

    def __call__(self, maps: Tensor) -> Any:
        """By torch where the maps are not a batch of float32 images of the size expected."""
        kept, self._kept = self._kept, []  # another thread that comes now finds none
        run = _Run(self, kept)
        try:
            found = run.result(maps)
        except _SurpriseError:
            return self._directly(maps)
        self._kept = _at_most(_KEPT, reversed(run.free))  # the last ones fit the next image, if it is of this size
        return found

    def root(self, node: fx.Node) -> tuple[fx.Node, int]:
        """The node that holds all that lies in a node's memory, and the node's first channel there."""
        return self._places.get(node, (node, 0))

    def _planned(self) -> Iterator[Step]:
        """The steps in order; what is computed with another node stands where the last of them does."""
        nodes, graph = self.graph.nodes, self.graph
        ends = {self._end(node): node for node in nodes if graph.convolution(node)}
        sums = {node: found for node in nodes if node not in ends and (found := self._sum(node))}
        within = {start for end, start in ends.items() if end is not start}
        within |= {read for node, found in sums.items() for read in node.all_input_nodes if read not in found}
        for node in nodes:
            start, parts = ends.get(node), joined(node)
            if node in within:
                continue
            if start and (module := graph.convolution(start)):
                others = [read for read in node.all_input_nodes if start not in {node, read}]
                layer = Layer.of(module, graph.activation(node) or nn.Identity())
                yield Convolution(node, [start.all_input_nodes[0], *others], layer=layer)
            elif node in sums:
                left, right, factor = sums[node]
                yield Sum(node, [left, right], factor=factor)
            elif parts and all(part in self.widths for part in parts):
                yield Join(node, parts)
            else:
                yield Step(node, node.all_input_nodes)

    def _sum(self, node: fx.Node) -> tuple[fx.Node, fx.Node, float] | None:
        """The maps that it adds and what the second ones are multiplied by, where these are known."""
        two = self._known_addends(node)
        if not two:
            return None
        for one, other in (two, two[::-1]):
            product = scaled(other)
            if product and one is not other and len(other.users) == 1 and product[0] in self.widths:
                return one, *product
        return *two, 1.0

    def _known_addends(self, node: fx.Node) -> tuple[fx.Node, fx.Node] | None:
        two = addends(node)
        return two if two and same(two, self.widths) else None

    def _end(self, node: fx.Node) -> fx.Node:
        """The activation that alone reads a convolution, or the sum that alone reads one of 1x1, or itself."""
        user = next(iter(node.users), node)
        if len(node.users) != 1 or self.graph.activation(user):
            return user if len(node.users) == 1 else node
        two = self._known_addends(user)
        if not two or not pointwise(self.graph.convolution(node)) or two[0] is two[1]:
            return node
        # Of a sum of two convolutions, the later one takes the first.
        nodes = self.graph.nodes
        return user if nodes.index(node) == max(map(nodes.index, two)) else node

    def _find_places(self) -> None:
        """Lets what is joined be computed in its place: the last join first, since it holds those before it."""
        for step in reversed(self.steps):
            if isinstance(step, Join):
                root, first = self.root(step.node)
                for read in step.reads:
                    if read in self.made and read not in self._places:
                        self._places[read] = root, first
                    else:
                        step.copied.append((read, first))
                    first += self.widths[read]

    def _find_ends(self) -> None:
        last: dict[fx.Node, Step] = {}
        for step in self.steps:
            last |= dict.fromkeys([step.node, *step.reads], step)
        for node, step in last.items():
            step.dies.append(node)


class _SurpriseError(Exception):
    """Maps of another kind or size than the steps were made for."""


class _Run:
    """One pass through a program's steps."""

    def __init__(self, program: Program, free: list[Maps]) -> None:
        self._program = program
        self.free = free
        """Maps that nobody reads any more."""
        self._values: dict[fx.Node, Any] = {}
        self._memory: dict[fx.Node, Maps] = {}
        """By the node that holds all that lies in it."""
        self._living: Counter[fx.Node] = Counter()
        self._seen: set[fx.Node] = set()
        """Whose memory torch has read: it may look at it still."""

    def result(self, maps: Tensor) -> Any:
        """What the part gives; raises _SurpriseError where anything is not as the steps expect."""
        found = None
        for step in self._program.steps:
            found = self._by_torch(step.node, maps) if type(step) is Step else self._compiled(step)
            self._values[step.node] = found
            for node in step.dies:
                self._end(node)
        return found

    def _compiled(self, step: Step) -> Maps:
        threads = self._program.threads
        sources = [self._maps(read) for read in step.reads]
        if any(source.size != sources[0].size for source in sources):
            raise _SurpriseError
        into = self._room(step.node, sources[0].size)
        if isinstance(step, Convolution):
            step.layer.convolve(sources[0], into, threads, *sources[1:])
        elif isinstance(step, Join):
            whole = self._memory[self._program.root(step.node)[0]]
            for node, first in step.copied:
                layers.copy(self._maps(node), whole.part(first, self._program.widths[node]), threads)
        else:
            layers.add(sources[0], sources[1], into, threads, step.factor if isinstance(step, Sum) else 1.0)
        return into

    def _room(self, node: fx.Node, size: tuple[int, ...]) -> Maps:
        """Where a node's maps are written."""
        root, first = self._program.root(node)
        shape = (*size, self._program.widths[root])
        if root not in self._memory:
            spare = next((index for index, maps in enumerate(self.free) if maps.values.shape == shape), None)
            self._memory[root] = Maps.empty(shape) if spare is None else self.free.pop(spare)
        if self._memory[root].values.shape != shape:
            raise _SurpriseError
        self._living[root] += 1
        return self._memory[root].part(first, self._program.widths[node])

    def _maps(self, node: fx.Node) -> Maps:
        value = self._values[node]
        if isinstance(value, Tensor) and value.dtype == torch.float32 and value.ndim == IMAGE_AXES and value.numel():
            self._values[node] = value = Maps.of(value)  # which may copy: once for all that read it
        if not isinstance(value, Maps) or value.channels != self._program.widths[node]:
            raise _SurpriseError
        return value

    def _by_torch(self, node: fx.Node, maps: Tensor) -> Any:
        modules = self._program.graph.modules
        if node.op == "placeholder":
            return maps
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(modules[""])
        arguments: Any = map_arg(node.args, self._seen_by_torch)
        named: Any = map_arg(node.kwargs, self._seen_by_torch)
        if node.op == "output":
            return arguments[0]
        if node.op == "call_method":
            return getattr(arguments[0], str(node.target))(*arguments[1:], **named)
        called: Any = modules[node.target] if node.op == "call_module" else node.target
        return called(*arguments, **named)

    def _seen_by_torch(self, node: fx.Node) -> Any:
        value = self._values[node]
        if not isinstance(value, Maps):
            return value
        self._seen.add(self._program.root(node)[0])
        return value.tensor()

    def _end(self, node: fx.Node) -> None:
        """Lets go of a value, and of its memory if it was the last in it."""
        del self._values[node]
        if node in self._program.made:
            root, _ = self._program.root(node)
            self._living[root] -= 1
            if not self._living[root] and root not in self._seen:
                self.free.append(self._memory.pop(root))


def _at_most(room: int, maps: Iterable[Maps]) -> list[Maps]:
    """As many of them as have room in so many bytes."""
    kept = []
    for some in maps:
        if some.values.nbytes <= room:
            room -= some.values.nbytes
            kept.append(some)
    return kept
