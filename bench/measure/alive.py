"""How many bytes of tensors are alive at once while torch works: memory known from shapes alone.

Imports torch; import this module where it is needed.
"""

from __future__ import annotations

import math
import weakref
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from bench.measure.dispatched import Dispatched

_LANES = 8  # oneDNN's blocked layouts round channels up to a vector


class Alive(Dispatched):  # type: ignore[no-untyped-call]  # torch leaves its `__init_subclass__` untyped
    """While active, `now` is the bytes of tensors made since and still alive, `peak` the most there were.

    `peak` includes the copies that a convolution makes for itself; memory that torch did not allocate is not seen.
    """

    def __init__(self) -> None:
        super().__init__(self._note_all)
        self.sizes: dict[int, int] = {}
        self.now = 0
        self.peak = 0

    def _note_all(self, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        given = (value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor))
        known = {tensor.untyped_storage()._cdata for tensor in given}  # noqa: SLF001 - a storage's identity has no other name
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._note(tensor.untyped_storage(), known)
        if func is torch.ops.aten.convolution.default:
            image, weight, *_, transposed, _, groups = args
            copies = reordered(image, weight, result, transposed=transposed, groups=groups)
            self.peak = max(self.peak, self.now + copies)

    def _note(self, storage: Any, known: set[int]) -> None:
        key = storage._cdata  # noqa: SLF001 - as above
        if key in known or key in self.sizes:
            return
        self.sizes[key] = storage.nbytes()
        self.now += self.sizes[key]
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self.now -= self.sizes.pop(key)


def reordered(image: Tensor, weight: Tensor, result: Tensor, *, transposed: bool, groups: int) -> int:
    """Bytes that oneDNN holds besides a convolution's operands: copies in its own layout (found by measuring).

    None for channels last or 1 x 1; the larger operand for a forward convolution; for a transposed one the image and
    the result with its channels rounded up to a vector, in place of the result. A strided view is copied first.
    """
    if image.device.type != "cpu" or not torch.backends.mkldnn.enabled or weight[0, 0].numel() == 1:
        return 0
    if image.shape[1] > 1 and image.is_contiguous(memory_format=torch.channels_last):
        return 0
    straightened = 0 if image.is_contiguous() else image.nbytes
    if not transposed:
        return straightened + max(image.nbytes, result.nbytes)
    if groups > 1:
        return straightened + 2 * result.nbytes
    channels = result.shape[1]
    return straightened + image.nbytes + result.nbytes * (math.ceil(channels / _LANES) * _LANES - channels) // channels
