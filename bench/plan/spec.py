"""TOML -> `Spec` -> list of `Case`.

A spec says which methods are measured, how, and on what. Every list in a section is a grid: all combinations are
measured. The shipped specs lie in `bench/plan/specs/`.
"""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from bench.errors import SpecError
from bench.machine.threads import usable_cores
from bench.plan.case import Case, Kind, options_text
from bench.plan.experiments import check_known
from bench.plan.overrides import assignment
from bench.plan.toml_lines import line_of
from restoration.catalog import get
from restoration.errors import RestorationError
from restoration.method import Method, Option, Setup, variant_of


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


MOST_CASES = 1_000_000
"""In one spec; the process that is started holds all of them and their rows."""

SECTIONS = ("cost", "time", "paired", "memory", "layers", "quality", "experiment")
"""The arrays of tables in a spec."""


class _OneOrMany(BeforeValidator):
    """Takes one value for a tuple of one, and tells editors so."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


_MANY = _OneOrMany(_as_tuple)


def _as_size(value: object) -> object:
    """`512` and `"480x640"` -> (height, width)."""
    if isinstance(value, int):
        return (value, value)
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)x(\d+)", value)):
        return (int(found[1]), int(found[2]))
    return value


_SIZE_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\d+x\d+$"}]}

Size = Annotated[
    tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]],
    BeforeValidator(_as_size),
    WithJsonSchema(_SIZE_SCHEMA, mode="validation"),
]
Names = Annotated[tuple[str, ...], _MANY]
Channels = Annotated[tuple[Literal[1, 3], ...], _MANY]
Scales = Annotated[tuple[Annotated[int, Field(ge=1, le=16)], ...], _MANY]
Sigmas = Annotated[tuple[Annotated[float, Field(ge=0, le=255)], ...], _MANY]
Sizes = Annotated[tuple[Size, ...], _MANY]
Dtypes = Annotated[tuple[Literal["float32", "float64", "bfloat16", "float16"], ...], _MANY]
Seeds = Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], _MANY]
Grid = dict[str, Annotated[tuple[Option, ...], _MANY]]


_S = TypeVar("_S", bound="Section")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Strict):
    """What all sections have: methods and the grid of their options."""

    method: Names
    options: Grid = {}
    channels: Channels = (1,)
    scale: Scales = (1,)
    dtype: Dtypes = ("float32",)

    def choices(self, kind: Kind, device: str, threads: int) -> Iterator[tuple[Method, Case]]:
        """Each combination of method, channels, scale, dtype and options, as a case still without size or image."""
        options = [dict(zip(self.options, values, strict=True)) for values in itertools.product(*self.options.values())]
        for name, channels, scale, dtype, chosen in itertools.product(
            self.method, self.channels, self.scale, self.dtype, options
        ):
            method = get(name)
            checked = method.checked(Setup(channels=channels, scale=scale, options=chosen)).options
            chosen_checked = {option: checked[option] for option in chosen}
            yield (
                method,
                Case(
                    kind=kind,
                    method=name,
                    variant=variant_of(chosen_checked),
                    options=options_text(chosen_checked),
                    task=method.task,
                    channels=channels,
                    scale=scale,
                    dtype=dtype,
                    device=device,
                    threads=threads,
                ),
            )


class SizedSection(Section):
    """Sections that measure on a size, not on an image. Sizes are those of the output."""

    size: Sizes = ((256, 256),)
    sigma_255: Sigmas = (25.0,)

    def cases(self, kind: Kind, device: str, threads: int) -> Iterator[Case]:
        """Every combination with every size."""
        for method, case in self.choices(kind, device, threads):
            sigmas = self.sigma_255 if method.task == "denoise" else (0.0,)
            for (height, width), sigma_255 in itertools.product(self.size, sigmas):
                if height % case.scale or width % case.scale:
                    raise SpecError(f"size {height}x{width} of {case.method} is no multiple of its scale {case.scale}")
                yield replace(case, height=height, width=width, sigma_255=sigma_255)


class TimeSection(SizedSection):
    """Sized cases that are timed, each on `threads` threads too where it is given."""

    threads: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], _MANY] = ()
    """Numbers of threads; those above the cores that the run may use are left out. None: the run's own number."""

    def cases(self, kind: Kind, device: str, threads: int) -> Iterator[Case]:
        """Every combination with every size and number of threads."""
        counts = [count for count in self.threads if count <= threads] or [threads]
        for case in super().cases(kind, device, threads):
            yield from (replace(case, threads=count) for count in counts)


class PairedSection(_Strict):
    """Methods timed in turn, block by block, in random order; ratios are to the first of them."""

    group: str
    entry: tuple[SizedSection, ...]
    blocks: Annotated[int, Field(ge=2, le=10_000)] = 20

    def cases(self, device: str, threads: int) -> Iterator[Case]:
        """Every entry's cases, in the order written."""
        return itertools.chain(*(entry.cases("paired", device, threads) for entry in self.entry))


class QualitySection(Section):
    """Methods judged on images. Denoisers run over `sigma_255` and `seed`, upscalers over `degradation`."""

    images: Names = ("all",)
    """Names of images, or `all`."""
    sigma_255: Sigmas = (25.0,)
    degradation: Names = ()
    seed: Seeds = (0,)
    pictures: bool = False
    """Whether the report shows crops of this section's results."""

    def cases(self, device: str, threads: int, pictures: Mapping[int, Sequence[str]]) -> Iterator[Case]:
        """Every combination with every image; `pictures` holds the names of the images by channels."""
        for method, case in self.choices("quality", device, threads):
            if method.random_weights:
                raise SpecError(f"{method.name} has random weights: its quality means nothing; measure cost or time")
            known = pictures[case.channels]
            images: Sequence[str] = known if self.images == ("all",) else self.images
            if unknown := sorted(set(images) - set(known)):
                raise SpecError(f"no image {unknown[0]!r} in {case.channels} channels; there are: {', '.join(known)}")
            denoise = method.task == "denoise"
            degradations = self.degradation or ("awgn" if denoise else "bicubic",)
            for image, sigma, degradation, seed in itertools.product(
                images, self.sigma_255 if denoise else (0.0,), degradations, self.seed if denoise else (0,)
            ):
                yield replace(case, image=image, sigma_255=sigma, degradation=degradation, seed=seed)


class ExperimentSection(_Strict):
    """One of the named experiments, with options of its own."""

    name: str
    options: dict[str, Option] = {}

    def case(self, device: str, threads: int, seed: int) -> Case:
        """The case that stands for the whole experiment."""
        check_known(self.name)
        return Case(
            kind="experiment",
            method=self.name,
            variant=variant_of(self.options),
            options=options_text(self.options),
            device=device,
            threads=threads,
            seed=seed,
        )


class Tolerance(_Strict):
    """How much a revision may lose before `compare` calls it a change: time and memory relative, others absolute."""

    time: Annotated[float, Field(gt=0, le=1)] = 0.03
    psnr_db: Annotated[float, Field(ge=0, le=100)] = 0.01
    macs_per_pixel: Annotated[float, Field(ge=0)] = 0.0
    memory: Annotated[float, Field(ge=0, le=1)] = 0.05


class Spec(_Strict):
    """A whole run: what to measure, on how many threads, with which seed."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
    description: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    device: Literal["cpu", "cuda"] = "cpu"
    threads: Annotated[int, Field(ge=0, le=4096)] = 0
    """Host threads of timed calls; 0 takes every core this process may use."""
    round_seconds: Annotated[float, Field(gt=0, le=3600)] = 0.5
    """How long each timed case is repeated at least (and at least five times)."""
    tolerance: Tolerance = Tolerance()
    cost: tuple[SizedSection, ...] = ()
    time: tuple[TimeSection, ...] = ()
    paired: tuple[PairedSection, ...] = ()
    memory: tuple[SizedSection, ...] = ()
    layers: tuple[SizedSection, ...] = ()
    quality: tuple[QualitySection, ...] = ()
    experiment: tuple[ExperimentSection, ...] = ()

    def thread_count(self) -> int:
        """`threads`, or the number of cores this process may use."""
        return self.threads or usable_cores()

    def on(self, device: str) -> Spec:
        """The same spec on another device; raises `SpecError` for one it does not know."""
        if device not in {"cpu", "cuda"}:
            raise SpecError(f"unknown device {device!r}; expected cpu or cuda")
        return self.model_copy(update={"device": device})

    def on_images(self, names: Collection[str], *, given: bool) -> Spec:
        """The same spec for a user's own images called `names`; a file's stem will do where it is unique.

        Sections that name bundled images take all of them: those of a shipped spec. Where images are `given`
        degraded, every quality section restores them as they are.
        """
        changed: dict[str, object] = {"degradation": ("given",), "seed": (0,)} if given else {}
        stems = Counter(Path(name).stem for name in names)
        known = {stem: name for name in names if stems[stem := Path(name).stem] == 1} | {name: name for name in names}

        def own(section: QualitySection) -> QualitySection:
            images = tuple(known.get(name, name) for name in section.images)
            bundled = not set(images).intersection(names) and set(images) <= _bundled()
            return section.model_copy(update={"images": ("all",) if bundled else images, **changed})

        return self.model_copy(update={"quality": tuple(own(section) for section in self.quality)})

    def only(self, methods: Sequence[str]) -> Spec:
        """The same spec for these methods alone (each must exist); sections left without a method are dropped."""
        for name in methods:
            get(name)

        def kept(sections: Sequence[_S]) -> tuple[_S, ...]:
            chosen = ((section, tuple(name for name in section.method if name in methods)) for section in sections)
            return tuple(section.model_copy(update={"method": names}) for section, names in chosen if names)

        paired = (section.model_copy(update={"entry": kept(section.entry)}) for section in self.paired)
        return self.model_copy(
            update={
                **{kind: kept(getattr(self, kind)) for kind in ("cost", "time", "memory", "layers", "quality")},
                "paired": tuple(section for section in paired if len(section.entry) > 1),
                "experiment": (),
            }
        )

    def cases(self, pictures: Mapping[int, Sequence[str]]) -> list[Case]:
        """Every case in running order, each once; `pictures` holds image names by channels (1 and 3)."""
        threads = self.thread_count()
        if (most := self._combinations(pictures)) > MOST_CASES:
            raise SpecError(f"spec {self.name}: up to {most:,} cases, at most {MOST_CASES:,} in one run: cut its grids")
        found = itertools.chain(
            *(section.cases("cost", self.device, threads) for section in self.cost),
            *(section.cases("time", self.device, threads) for section in self.time),
            *(section.cases(self.device, threads) for section in self.paired),
            *(section.cases("memory", self.device, threads) for section in self.memory),
            *(section.cases("layers", self.device, threads) for section in self.layers),
            *(section.cases(self.device, 1, pictures) for section in self.quality),
            (section.case(self.device, threads, self.seed) for section in self.experiment),
        )
        try:
            return list(dict.fromkeys(found))
        except RestorationError as error:
            raise SpecError(f"spec {self.name}: {error}") from error

    def _combinations(self, pictures: Mapping[int, Sequence[str]]) -> int:
        """How many cases the grids have at most; counted, not expanded."""
        grids = [section for kind in SECTIONS for section in getattr(self, kind) if isinstance(section, Section)]
        grids += [entry for section in self.paired for entry in section.entry]
        images = max(map(len, pictures.values()), default=0)
        return sum(_size(grid) * (max(images, 1) if isinstance(grid, QualitySection) else 1) for grid in grids)


def _bundled() -> set[str]:
    from restoration.images import BUNDLED

    return {"all", *(Path(file).stem for files in BUNDLED.values() for file in files)}


def _size(grid: Section) -> int:
    """Of the product of a section's lists; `images` stands for one."""
    lists = [value for name, value in vars(grid).items() if isinstance(value, tuple) and name != "images"]
    return math.prod(len(values) or 1 for values in [*lists, *grid.options.values()])


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
        raise SpecError(f"{method}: {_first(error)}") from error


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


def shipped() -> tuple[str, ...]:
    """The names of the specs that come with the package."""
    files = resources.files("bench.plan").joinpath("specs").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def read_spec(name: str, overrides: Sequence[str] = ()) -> Spec:
    """The shipped spec of that name, or the one in that TOML file, with `name=value` overrides; raises `SpecError`."""
    text, origin = text_of(name)
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError(f"{origin}: not TOML: {error}") from error
    for override in overrides:
        _override(raw, override)
    try:
        return Spec.model_validate(raw)
    except ValidationError as error:
        place = error.errors(include_url=False)[0]["loc"]
        raise SpecError(f"{origin}:{line_of(text, place)}: {_first(error)}") from error


def faults(name: str, spec: Spec, pictures: Mapping[int, Sequence[str]]) -> list[str]:
    """What is wrong with the sections of a spec whose grammar is right, each with its line."""
    text, origin = text_of(name)
    found = []
    for kind in SECTIONS:
        for number, section in enumerate(getattr(spec, kind)):
            alone = spec.model_copy(update=dict.fromkeys(SECTIONS, ()) | {kind: (section,)})
            try:
                alone.cases(pictures)
            except (SpecError, RestorationError) as error:
                said = str(error).removeprefix(f"spec {spec.name}: ")
                found.append(f"{origin}:{line_of(text, (kind, number))}: {kind}.{number}: {said}")
    return found


def _override(raw: dict[str, Any], text: str) -> None:
    """Sets one value, of the whole spec, of every section that has it, or of an option.

    `seed=1`, `sigma_255=[15,25]`, `ratio=2.7`; `quality.sigma_255=25` means the sections of one kind. Raises
    `SpecError` where nothing has it.
    """
    name, value = assignment(text)
    first, _, rest = name.partition(".")
    kind, field = (first, rest) if first in SECTIONS and rest else ("", name)
    if not kind and field in Spec.model_fields and field not in SECTIONS:
        raw[field] = value
        return
    touched = [_set(section, model, field, value) for section, model in _sections(raw, kind)]
    if not any(touched):
        raise SpecError(f"--set {name}: no section of this spec has it, and no method of its an option of that name")


def _sections(raw: Mapping[str, Any], kind: str) -> Iterator[tuple[dict[str, Any], type[BaseModel]]]:
    """The sections as written, with the model that each will be checked by; those of one kind, or all."""
    models: Mapping[str, type[Section]] = {"quality": QualitySection, "time": TimeSection}
    for name in (kind,) if kind else SECTIONS:
        written = raw.get(name, [])
        for section in written if isinstance(written, list) else []:
            if name == "paired":
                yield from ((entry, SizedSection) for entry in section.get("entry", []))
            elif name != "experiment":
                yield section, models.get(name, SizedSection)


def _set(section: dict[str, Any], model: type[BaseModel], field: str, value: Any) -> bool:
    option = field.removeprefix("options.")
    if field in model.model_fields and field != "options":
        section[field] = value
        return True
    names = section.get("method", ())
    methods = (names,) if isinstance(names, str) else names
    if not any(option in get(str(name)).options for name in methods):
        return False
    section.setdefault("options", {})[option] = value
    return True


def _first(error: ValidationError) -> str:
    """Where the first of pydantic's complaints is, what it says, and what was given."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "top level"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place}: {first['msg']}, got {str(first['input'])[:60]!r}{more}"


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
