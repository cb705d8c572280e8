"""TOML -> `Spec`: the shipped specs, which lie in `bench/plan/specs/`, and a user's own, with overrides."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bench.errors import SpecError
from bench.plan.experiments import module_of
from bench.plan.mistakes import fault_with_line, first_fault
from bench.plan.overrides import assignment
from bench.plan.sections import ExperimentSection, QualitySection, SizedSection, TimeSection
from bench.plan.spec import SECTIONS, Spec
from bench.plan.toml_lines import line_of
from bench.plan.usual import with_methods
from restoration.catalog import get


def shipped() -> tuple[str, ...]:
    """The names of the specs that come with the package."""
    files = resources.files("bench.plan").joinpath("specs").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def read_spec(
    name: str, overrides: Sequence[str] = (), *, methods: Sequence[str] = (), images: Sequence[str] = ()
) -> Spec:
    """The shipped spec of that name, or the one in that TOML file, with `name=value` overrides; raises `SpecError`.

    With `methods`, for these alone: those that it does not hold are measured in the usual ways, their quality on
    `images` (see `bench.plan.usual`).
    """
    text, origin = text_of(name)
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError(f"{origin}: not TOML: {error}") from error
    try:
        spec = Spec.model_validate(raw)
    except ValidationError as error:
        raise SpecError(f"{origin}:{fault_with_line(error, text)}") from error
    if methods:
        spec = with_methods(spec, methods, images)
    return functools.reduce(_overridden, overrides, spec)


def faults(name: str, spec: Spec, pictures: Mapping[int, Sequence[str]]) -> list[str]:
    """What is wrong with the sections of a spec whose grammar is right, each with its line."""
    text, origin = text_of(name)
    found = []
    for kind in SECTIONS:
        for number, section in enumerate(getattr(spec, kind)):
            single = spec.model_copy(update=dict.fromkeys(SECTIONS, ()) | {kind: (section,)})
            try:
                single.cases(pictures)
            except SpecError as error:
                said = str(error).removeprefix(f"spec {spec.name}: ").removeprefix(f"{kind}.0: ")
                found.append(f"{origin}:{line_of(text, (kind, number))}: {kind}.{number}: {said}")
    return found


def _overridden(spec: Spec, text: str) -> Spec:
    """`spec` with one other value, of the whole spec, of every section that has it, or of an option.

    `seed=1`, `sigma_255=[15,25]`, `ratio=2.7`; `quality.sigma_255=25` means the sections of one kind, and
    `experiment.images=1` the experiments. Raises
    `SpecError` where nothing has it, or where it may not have that value.
    """
    raw = spec.model_dump(mode="json", exclude_unset=True)
    _override(raw, text)
    try:
        return Spec.model_validate(raw)
    except ValidationError as error:
        raise SpecError(f"--set {text[:80]}: {first_fault(error)}") from error


def _override(raw: dict[str, Any], text: str) -> None:
    name, value = assignment(text)
    first, _, rest = name.partition(".")
    kind, field = (first, rest) if first in SECTIONS and rest else ("", name)
    if not kind and field in Spec.model_fields and field not in SECTIONS:
        raw[field] = value
        return
    touched = [_set(section, model, field, value) for section, model in _sections(raw, kind)]
    if not any(touched):
        where = f"{kind} section" if kind else "section"
        raise SpecError(
            f"--set {name}: no {where} of spec {raw.get('name')}, nor a method there, has the option {field}"
        )


def _sections(raw: Mapping[str, Any], kind: str) -> Iterator[tuple[dict[str, Any], type[BaseModel]]]:
    """The sections as written, with the model that each will be checked by; those of one kind, or all.

    Experiments are among them only as a kind: their options mean something else than a section's of the same name.
    """
    models: Mapping[str, type[BaseModel]] = {
        "quality": QualitySection, "time": TimeSection, "experiment": ExperimentSection,
    }  # fmt: skip
    for name in (kind,) if kind else SECTIONS:
        written = raw.get(name, [])
        for section in written if isinstance(written, list) else []:
            if name == "paired":
                yield from ((entry, SizedSection) for entry in section.get("entry", []))
            elif kind or name != "experiment":
                yield section, models.get(name, SizedSection)


def _set(section: dict[str, Any], model: type[BaseModel], field: str, value: Any) -> bool:
    option = field.removeprefix("options.")
    if field in model.model_fields and field != "options":
        section[field] = value
        return True
    if model is ExperimentSection:
        known = set(module_of(str(section.get("name"))).DEFAULTS)
    else:
        names = section.get("method", ())
        known = {own for name in ((names,) if isinstance(names, str) else names) for own in get(str(name)).options}
    if option not in known:
        return False
    section.setdefault("options", {})[option] = value
    return True


def text_of(name: str) -> tuple[str, str]:
    """A spec's TOML, and where it is from; raises `SpecError`."""
    if name in shipped():
        return resources.files("bench.plan").joinpath("specs", f"{name}.toml").read_text(encoding="utf-8"), name
    path = Path(name)
    if path.suffix != ".toml":
        raise SpecError(f"unknown spec {name!r}; expected one of {', '.join(shipped())}, or the path of a .toml file")
    try:
        return path.read_text(encoding="utf-8"), name
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read spec {name!r}: {error}") from error
