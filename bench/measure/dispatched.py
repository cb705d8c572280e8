"""Every operator that torch calls, one by one: what counting operations and bytes by watching torch rests on.

Imports torch; import this module where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

Saw = Callable[[Any, Any, Any, Any], None]
"""Takes note of one operator: the operator, its arguments, those by name, and the result."""


class Dispatched(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves its `__init_subclass__` untyped
    """While active, `saw` is told of each operator after its call; composite ones are taken apart first."""

    def __init__(self, saw: Saw) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as above
        self._saw = saw

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Whether torch imports its compiler at the first operator, only to keep it away from this class.

        That takes seconds, and memory that would be counted as the method's.
        """
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        with self:  # in inference mode a composite operator arrives whole
            parts = func.decompose(*args, **kwargs)
        if parts is not NotImplemented:
            return parts
        result = func(*args, **kwargs)
        self._saw(func, args, kwargs, result)
        return result
