"""A torch module, a class or a plain callable -> `Method`: its signature says all that is needed.

The first parameter takes the degraded batch. A second one without default, or any called `sigma`, takes the noise's
standard deviation in image units; parameters called `scale`, `channels`, `device`, `dtype` or `threads` take what the
`Setup` holds. Every other parameter with a default that TOML can write is an option. An attribute `scale` (a number or
several) makes an upscaler, as a parameter `scale` does; an attribute `channels` says which images can be taken.

A class is called once for each setup, with the parameters of its constructor; what it makes is then called with each
batch. A torch module is copied, moved to the setup's device and dtype, and put into evaluation mode; it has two options
more, `runtime` and `precision` (see `restoration.runtimes.choice`), unless it has one of these names itself.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter
from typing import TYPE_CHECKING, Any, cast

from restoration.errors import UnknownMethodError, UnknownNameError
from restoration.method import Method, Option, Restore, Setup, later

if TYPE_CHECKING:
    from torch import nn

FACTS = ("sigma", "scale", "channels", "device", "dtype", "threads")
"""Parameters of these names receive what the setup holds."""

IMAGE_CHANNELS = (1, 3)
"""Grey and RGB; an attribute `channels` that says anything else means something else: a network's width."""

_RUNTIME: Mapping[str, Option] = {"runtime": "plain", "precision": ""}
"""The options of every torch module: it runs as it is, in the images' dtype, where nothing else is chosen."""

_SCALES = (2, 3, 4)
"""What is offered to an upscaler that takes the scale as a parameter and does not say which."""


@dataclass(frozen=True)
class Needs:
    """What a callable takes in addition to the batch."""

    facts: Mapping[str, str]
    """Its parameters that take something of the setup, and what."""
    options: Mapping[str, Option]
    """Its parameters that are options, and their defaults."""

    def arguments(self, setup: Setup) -> dict[str, Any]:
        """The keyword arguments for `setup`."""
        facts = {parameter: getattr(setup, fact) for parameter, fact in self.facts.items()}
        if "dtype" in facts:
            facts["dtype"] = setup.torch_dtype
        return facts | {name: setup.options[name] for name in self.options}


def method_from(name: str, found: object) -> Method:
    """`found` as a method called `name`; raises `UnknownMethodError` for what cannot be one."""
    if not callable(found):
        raise UnknownMethodError(
            f"{name!r} is a {type(found).__name__}; expected a Method, a torch module or a callable"
        )
    making = needs(name, found, skip=0) if isinstance(found, type) else Needs({}, {})
    calling = needs(name, _called(name, found), skip=2 if isinstance(found, type) else 1, first="sigma")
    channels = tuple(number for number in _numbers(found, "channels") if number in IMAGE_CHANNELS)
    # An instance without a docstring shows its class's, which says something only if the class is the user's own.
    own = not type(found).__module__.startswith("torch.")
    scales = _numbers(found, "scale") or (_SCALES if "scale" in {**making.facts, **calling.facts} else ())
    return Method(
        name=name,
        task="upscale" if scales else "denoise",
        build=partial(_build, found, making, calling),
        summary=(inspect.getdoc(found) or "").partition("\n")[0] if own else "",
        options={**(_RUNTIME if _has_runtime(found, making, calling) else {}), **making.options, **calling.options},
        channels=channels or IMAGE_CHANNELS,
        scales=scales or (1,),
        lacking=later("restoration.runtimes.choice:lacking") if _has_runtime(found, making, calling) else None,
        thread_safe=getattr(found, "thread_safe", False) is True,
    )


def name_of(found: object) -> str:
    """What a callable is called: a function or a class by its own name, an instance by its class's."""
    inner = getattr(found, "func", found)  # of functools.partial
    return str(getattr(inner, "__name__", type(inner).__name__)).strip("<>")


def _build(found: Callable[..., Any], making: Needs, calling: Needs, setup: Setup) -> Restore:
    made = found(**making.arguments(setup)) if isinstance(found, type) else found
    if _is_module(made):
        made = copy.deepcopy(cast("nn.Module", made)).eval().requires_grad_(False).to(setup.device, setup.torch_dtype)
    arguments = calling.arguments(setup)
    if _has_runtime(found, making, calling) and (setup.options["runtime"], setup.precision) != ("plain", setup.dtype):
        from restoration.runtimes import choice
        from restoration.runtimes.torch import Bound

        network = cast("nn.Module", made)
        return choice.whole(Bound(network, arguments) if arguments else network, setup)
    return partial(made, **arguments) if arguments else made


def _has_runtime(found: Callable[..., Any], making: Needs, calling: Needs) -> bool:
    """Whether its options `runtime` and `precision` say how the layers of a module are executed."""
    return _is_module(found) and not {**making.options, **calling.options}.keys() & _RUNTIME.keys()


def needs(
    name: str,
    function: Callable[..., Any],
    *,
    skip: int,
    first: str = "",
    known: Sequence[str] = FACTS,
    error: type[UnknownNameError] = UnknownMethodError,
) -> Needs:
    """What `function` takes after its first `skip` parameters (itself, the batch), among them of the facts `known`.

    `first` is the fact that the first of them receives, whatever its name, where it has no default.
    Raises `error` for a parameter that could be given nothing.
    """
    facts: dict[str, str] = {}
    options: dict[str, Option] = {}
    for position, parameter in enumerate(list(_parameters(function))[skip:]):
        fact = _fact(parameter, known, "" if position else first)
        if parameter.kind is Parameter.POSITIONAL_ONLY and parameter.default is Parameter.empty:
            raise error(f"{name}: parameter {parameter.name!r} is positional only; let it be named")
        if fact:
            facts[parameter.name] = fact
        elif isinstance(parameter.default, bool | int | float | str):
            options[parameter.name] = parameter.default
        elif parameter.default is Parameter.empty:
            raise error(
                f"{name}: parameter {parameter.name!r} has no default; give it one (bool, int, float or str make it an "
                f"option), or name it {', '.join(known)}"
            )
    return Needs(facts, options)


def _fact(parameter: Parameter, known: Sequence[str], otherwise: str) -> str:
    if parameter.name in known:
        return parameter.name
    required = parameter.default is Parameter.empty and parameter.kind is not Parameter.KEYWORD_ONLY
    return otherwise if required else ""


def _parameters(function: Callable[..., Any]) -> Iterator[Parameter]:
    """The parameters that have a name; builtins written in C may not tell theirs, and then take the batch alone."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    for parameter in found:
        if parameter.kind not in {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}:
            yield parameter


def _called(name: str, found: Callable[..., Any]) -> Callable[..., Any]:
    """The function that gets the batch in the end."""
    if not isinstance(found, type):
        return getattr(found, "forward") if _is_module(found) else found  # noqa: B009 - typed as any callable
    attribute = "forward" if _is_module(found) else "__call__"
    function = next((vars(kind)[attribute] for kind in found.__mro__ if attribute in vars(kind)), None)
    if function is None:
        raise UnknownMethodError(
            f"{name}: objects of class {found.__name__} cannot be called; give it a __call__(noisy)"
        )
    return cast("Callable[..., Any]", function)


def _is_module(found: object) -> bool:
    """Whether `found` is a torch module or a class of them; where torch is not imported, there is none."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return issubclass(found, torch.nn.Module) if isinstance(found, type) else isinstance(found, torch.nn.Module)


def _numbers(found: object, attribute: str) -> tuple[int, ...]:
    """An attribute that is a number or several, as a tuple; empty where there is none."""
    value = getattr(found, attribute, ())
    values = value if isinstance(value, tuple | list) else (value,)
    return tuple(values) if all(type(number) is int and number > 0 for number in values) else ()
