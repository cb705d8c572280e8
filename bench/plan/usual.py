"""How a method is measured that no spec mentions."""

from __future__ import annotations

import re

from pydantic import ValidationError

from bench.errors import SpecError
from bench.plan.case import Case, Kind
from bench.plan.sections import SizedSection
from bench.plan.spec import Spec
from bench.plan.spec_files import first_fault
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
