"""A part of a network as torch.fx traces it, and which of its nodes compiled code can stand for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeGuard

import torch
from torch import fx, nn
from torch.nn import functional

from restoration.shapes import expect_maps

IMAGE_AXES: Final = 4

_SUMS: Final = (operator.add, operator.iadd, torch.add, "add", "add_")
_PRODUCTS: Final = (operator.mul, torch.mul, "mul")
_JOINS: Final = (torch.cat, torch.concat)
_RELUS: Final = (torch.relu, functional.relu, "relu", "relu_")
_ACTIVATIONS: Final = (nn.ReLU, nn.LeakyReLU, nn.PReLU)


class NotTraceableError(Exception):
    """A part of a network that torch.fx cannot follow, or that writes into what is read elsewhere."""


def suits(module: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    """Whether it is a convolution of 3x3 or 5x5 that keeps the image's size and sees zeros around it."""
    return _keeps_size(module) and module.kernel_size in {(3, 3), (5, 5)} and module.padding_mode == "zeros"


def pointwise(module: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    """Whether it is a 1x1 convolution that keeps the image's size."""
    return _keeps_size(module) and module.kernel_size == (1, 1)


def _keeps_size(module: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    return (
        isinstance(module, nn.Conv2d)
        and type(module).forward is nn.Conv2d.forward
        and module.padding in {"same", tuple(side // 2 for side in module.kernel_size)}
        and module.stride == module.dilation == (1, 1)
        and module.groups == 1
    )


class Graph:
    """The nodes of a part of a network in the order in which they are computed."""

    def __init__(self, part: nn.Module) -> None:
        """Raises NotTraceableError."""
        if any(module._forward_hooks or module._forward_pre_hooks for module in part.modules()):  # noqa: SLF001 - no other way to tell
            raise NotTraceableError
        try:
            self._traced = _Tracer().trace(part)
        except Exception as error:
            raise NotTraceableError from error
        if sum(node.op == "placeholder" for node in self.nodes) != 1 or any(map(_writes, self.nodes)):
            raise NotTraceableError
        self.modules: dict[object, nn.Module] = dict(part.named_modules(remove_duplicate=False))
        """By the names that nodes call them by."""
        for module in part.modules():
            if getattr(module, "inplace", False):
                module.inplace = False  # type: ignore[assignment]  # what it would write into may be read by another step
        self._leave_out_identities()
        self._split()

    @property
    def nodes(self) -> list[fx.Node]:
        """From the input to the output."""
        return list(self._traced.nodes)

    def convolution(self, node: fx.Node) -> nn.Conv2d | None:
        """The convolution that is called there, where compiled code can stand for it."""
        module = self.modules[node.target] if node.op == "call_module" else None
        return module if suits(module) or pointwise(module) else None

    def activation(self, node: fx.Node) -> nn.Module | None:
        """The ReLU, LeakyReLU or PReLU that is called there."""
        if node.op == "call_module":
            module = self.modules[node.target]
            return module if type(module) in _ACTIVATIONS else None
        if _calls(node, _RELUS):
            return nn.ReLU()
        if _calls(node, (functional.leaky_relu,)):
            slope: Any = node.kwargs.get("negative_slope", node.args[1] if len(node.args) > 1 else 0.01)
            return nn.LeakyReLU(slope)
        return None

    def channels(self) -> dict[fx.Node, int]:
        """Of what compiled code may compute, and of what it reads from elsewhere."""
        found: dict[fx.Node, int] = {}
        for node in self.nodes:
            read = node.all_input_nodes[0] if node.all_input_nodes else node
            if module := self.convolution(node):
                found[read] = module.in_channels
                found[node] = module.out_channels
            elif read in found and (self.activation(node) or scaled(node) or same(addends(node) or (), found)):
                found[node] = found[read]
            elif (parts := joined(node)) and all(part in found for part in parts):
                found[node] = sum(found[part] for part in parts)
        return found

    def _leave_out_identities(self) -> None:
        """What a batch norm leaves behind that became part of its convolution stands between this and a ReLU."""
        for node in self.nodes:
            if node.op == "call_module" and type(self.modules[node.target]) is nn.Identity:
                node.replace_all_uses_with(node.all_input_nodes[0])
                self._traced.erase_node(node)

    def _split(self) -> None:
        """Makes sums of the 1x1 convolutions that alone read a join of wide maps.

        Each part is computed and added as soon as its maps are there: less memory is held, and stays in the caches.
        """
        channels = self.channels()
        for node in self.nodes:
            module = self.convolution(node)
            if not pointwise(module) or any(self.activation(user) for user in node.users):
                continue
            join = node.all_input_nodes[0]
            parts = joined(join) if join in channels and len(join.users) == 1 else []
            if parts and min(channels[part] for part in parts) >= module.out_channels:
                end, addend = _sum_after(node, channels)
                total = self._sum_of_parts(node, module, [(part, channels[part]) for part in parts], addend)
                channels[total] = module.out_channels
                end.replace_all_uses_with(total)
                for gone in dict.fromkeys((end, node, join)):
                    self._traced.erase_node(gone)

    def _sum_of_parts(
        self, node: fx.Node, whole: nn.Conv2d, parts: list[tuple[fx.Node, int]], addend: fx.Node | None
    ) -> fx.Node:
        """The sum of the addend and of one convolution for each of the joined maps, in the order in which they come."""
        place = {found: number for number, found in enumerate(self.nodes)}
        total = latest = addend
        for number in sorted(range(len(parts)), key=lambda number: place[parts[number][0]]):
            part, depth = parts[number]
            name = f"{node.target}.part{number}"
            first = sum(depth for _, depth in parts[:number])
            self.modules[name] = _part(whole, first, depth, bias=total is addend)
            after = part if latest is None or place[part] > place[latest] else total
            latest = part if after is part else latest
            with self._traced.inserting_after(after):
                product = self._traced.call_module(name, (part,))
            with self._traced.inserting_after(product):
                total = product if total is None else self._traced.call_function(operator.add, (total, product))
        return total or node


def addends(node: fx.Node) -> tuple[fx.Node, fx.Node] | None:
    """The two nodes that it is the sum of."""
    if _calls(node, _SUMS) and not node.kwargs and len(node.args) == 2:  # noqa: PLR2004 - a sum's
        left, right = node.args
        if isinstance(left, fx.Node) and isinstance(right, fx.Node):
            return left, right
    return None


def scaled(node: fx.Node) -> tuple[fx.Node, float] | None:
    """The node that it multiplies by a number, and the number."""
    if not _calls(node, _PRODUCTS) or node.kwargs or len(node.args) != 2:  # noqa: PLR2004 - a product's
        return None
    left, right = node.args
    if isinstance(left, (int, float)):
        left, right = right, left
    return (left, float(right)) if isinstance(left, fx.Node) and isinstance(right, (int, float)) else None


def joined(node: fx.Node) -> list[fx.Node]:
    """The nodes whose channels it puts behind each other; none where it does something else."""
    if not _calls(node, _JOINS) or [*node.args[1:], *node.kwargs.values()] not in ([1], [1 - IMAGE_AXES]):
        return []
    parts = node.args[0] if isinstance(node.args[0], (list, tuple)) else []
    found = [part for part in parts if isinstance(part, fx.Node)]
    return found if len(found) == len(parts) else []


class _Tracer(fx.Tracer):
    def __init__(self) -> None:
        super().__init__(autowrap_functions=(expect_maps,))


def same(nodes: Iterable[fx.Node], channels: Mapping[fx.Node, int]) -> bool:
    """Whether there are some, and all have the same known number of channels."""
    found = {channels.get(node) for node in nodes}
    return len(found) == 1 and None not in found


def _calls(node: fx.Node, targets: Iterable[Callable[..., Any] | str]) -> bool:
    return node.op in {"call_function", "call_method"} and node.target in targets


def _sum_after(node: fx.Node, channels: Mapping[fx.Node, int]) -> tuple[fx.Node, fx.Node | None]:
    """The sum that alone reads a node, and what it adds; otherwise the node."""
    user = next(iter(node.users), node)
    two = addends(user)
    if two and len(node.users) == 1 and same(two, channels) and two[0] is not two[1]:
        return user, two[1] if two[0] is node else two[0]
    return node, None


def _part(whole: nn.Conv2d, first: int, depth: int, *, bias: bool) -> nn.Conv2d:
    """The convolution of some of the channels."""
    part = nn.Conv2d(depth, whole.out_channels, 1, bias=False)
    part.weight = nn.Parameter(whole.weight[:, first : first + depth], requires_grad=False)
    part.bias = whole.bias if bias else None
    return part


def _writes(node: fx.Node) -> bool:
    """Whether it changes a value that another node reads."""
    if node.kwargs.get("out") is not None:
        return True
    name = str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", "")
    method = node.op == "call_method" and name.endswith("_") and not name.endswith("__")
    function = node.op == "call_function" and getattr(operator, name, None) is node.target and name.startswith("i")
    asked = bool(node.kwargs.get("inplace", False))
    changed = node.args[0] if node.args else None
    return (method or function or asked) and not (isinstance(changed, fx.Node) and len(changed.users) == 1)
