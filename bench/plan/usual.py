"""How a method is measured that a spec does not hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ValidationError

from bench.errors import SpecError
from bench.plan.case import Case, Kind
from bench.plan.mistakes import first_fault
from bench.plan.sections import QualitySection, Section, SizedSection
from bench.plan.spec import Spec
from restoration.catalog import get


def usual_case(kind: Kind, method: str, *, size: str, channels: int = 0, scale: int = 0, threads: int = 1) -> Case:
    """The case of one method with its default options; `channels` and `scale` 0 take the first it supports."""
    found = get(method)
    section = {
        "method": method,
        "size": int(size) if size.isdecimal() else size,
        "channels": channels or found.channels[0],
        "scale": scale or found.scales[0],
    }
    try:
        return next(SizedSection.model_validate(section).cases(kind, "cpu", threads))
    except ValidationError as error:
        raise SpecError(f"{method}: {first_fault(error)}") from error


def with_methods(spec: Spec, methods: Sequence[str], images: Sequence[str] = ()) -> Spec:
    """`spec` for `methods` alone; those that it does not hold are added as `usual_spec` measures them.

    To a spec of nothing but experiments only those are added that none of its experiments takes. In a spec with a floor
    or a baseline a method takes the place of its own in every section that it fits: all are measured alike.
    Raises `UnknownMethodError` for a name that nothing answers to.
    """
    for name in methods:
        get(name)
    chosen = _in_place(spec, methods) if spec.floor_db or spec.baseline else spec.only(methods)
    held = chosen.methods()
    if not spec.methods():
        held += tuple(name for section in chosen.experiment for name in str(section.options["methods"]).split(","))
    usual = usual_spec([name for name in methods if name not in held], images)
    kinds = ("time", "cost", "memory", "quality")
    return chosen.model_copy(update={kind: getattr(chosen, kind) + getattr(usual, kind) for kind in kinds})


def _in_place(spec: Spec, methods: Sequence[str]) -> Spec:
    """`spec` with `methods` in place of its own in each section, the baseline kept; sections left without any go."""

    def named(section: Section) -> dict[str, None]:
        kept = (name for name in section.method if name == spec.baseline)
        return dict.fromkeys([*kept, *(name for name in methods if _fits(name, section))])

    return spec.naming(named).model_copy(update={"paired": (), "experiment": ()})


def _fits(name: str, section: Section) -> bool:
    """Whether a method does what those of `section` do, in its channels and at its scales."""
    method, own = get(name), get(section.method[0])
    same = method.task == own.task and set(section.channels) <= {*method.channels}
    judged = not (method.random_weights and isinstance(section, QualitySection))
    return same and judged and set(section.scale) <= {*method.scales} and set(section.options) <= {*method.options}


def usual_spec(methods: Sequence[str], images: Sequence[str] = ()) -> Spec:
    """Time at two sizes, operations, memory, and quality on `images`, or on two bundled ones where none are named.

    Methods with random weights are not judged for quality.
    """

    def section(name: str, **more: object) -> dict[str, object]:
        method = get(name)
        channels = 1 if 1 in method.channels else method.channels[0]
        return {"method": name, "channels": channels, "scale": method.scales[0], **more}

    def size(name: str, pixels: int) -> int:
        scale = get(name).scales[0]
        return -(-pixels // scale) * scale

    def judged(name: str) -> list[str]:
        return list(images) or (["camera", "coins"] if 1 in get(name).channels else ["chelsea", "coffee"])

    return Spec.model_validate(
        {
            "name": "methods",
            "time": [section(name, size=[size(name, 256), size(name, 512)]) for name in methods],
            "cost": [section(name, size=size(name, 256)) for name in methods],
            "memory": [section(name, size=size(name, 512)) for name in methods],
            "quality": [section(name, images=judged(name)) for name in methods if not get(name).random_weights],
        }
    )


def profile_spec(method: str, *, size: str, channels: int = 0, scale: int = 0) -> Spec:
    """What `restobench profile` measures of one method: operations, layers and memory at one size."""
    case = usual_case("layers", method, size=size, channels=channels, scale=scale)
    section = {
        "method": method, "size": [f"{case.height}x{case.width}"], "channels": case.channels, "scale": case.scale,
    }  # fmt: skip
    name = "profile-" + re.sub(r"[^\w.-]+", "-", method)[:50]
    description = f"Where the time, the operations and the memory of {method} go."
    sections = {kind: [section] for kind in ("cost", "layers", "memory")}
    return Spec.model_validate({"name": name, "description": description, **sections})
