"""The sections of a spec: what each kind of measurement says in TOML, and the cases that it stands for.

Every list in a section is a grid: all combinations are measured.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from bench.errors import SpecError
from bench.plan.case import Case, Kind, metrics_text, options_text
from bench.plan.damage import check_degradation, check_metrics, expanded, reduces, told_sigmas, usual
from bench.plan.experiments import check_options
from bench.talk import counted
from restoration.catalog import get
from restoration.method import Method, Option, Setup, variant_of


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


class _OneOrMany(BeforeValidator):
    """Takes one value for a tuple of one, and tells editors so."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


_MANY = _OneOrMany(_as_tuple)


def _as_size(value: object) -> object:
    """`512` and `"480x640"` -> (height, width); raises ValueError for what is no size."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)x(\d+)", value)):
        return (int(found[1]), int(found[2]))
    if isinstance(value, list | tuple) and len(value) == 2:  # noqa: PLR2004 - height and width
        return value
    raise ValueError('expected a size such as 512, or "480x640" for height x width')


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
Degradations = Annotated[tuple[Annotated[str, AfterValidator(check_degradation)], ...], _MANY]
Metrics = Annotated[tuple[str, ...], _MANY, AfterValidator(check_metrics)]
Grid = dict[str, Annotated[tuple[Option, ...], _MANY]]


class Strict(BaseModel):
    """A table that holds no unknown key and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(Strict):
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
            if dtype not in method.dtypes:
                raise SpecError(f"{name}: takes dtype {' or '.join(method.dtypes)}, got {dtype}")
            checked = method.checked(Setup(channels=channels, scale=scale, options=chosen)).options
            taken = {option: checked[option] for option in chosen}
            case = Case(kind, name, variant_of(taken), options_text(taken), method.task, channels, scale=scale)
            yield method, replace(case, dtype=dtype, device=device, threads=threads)


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
                    raise SpecError(f"{case.method}: size {height}x{width} is not a multiple of scale {case.scale}")
                yield replace(case, height=height, width=width, sigma_255=sigma_255)


class TimeSection(SizedSection):
    """Sized cases that are timed, each with every number of `threads` and every `batch`."""

    threads: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], _MANY] = ()
    """Numbers of threads; those above the cores that the run may use are left out. None: the run's own number."""
    batch: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], _MANY] = (1,)
    """Numbers of images in one call."""

    def cases(self, kind: Kind, device: str, threads: int) -> Iterator[Case]:
        """Every combination with every size, number of threads and batch."""
        counts = [count for count in self.threads if count <= threads] or [threads]
        for case in super().cases(kind, device, threads):
            for count, batch in itertools.product(counts, self.batch):
                yield replace(case, threads=count, batch=batch)


class PairedSection(Strict):
    """Methods timed in turn, block by block, in random order; ratios are to the first of them."""

    group: str
    entry: tuple[SizedSection, ...]
    blocks: Annotated[int, Field(ge=2, le=10_000)] = 20

    def cases(self, device: str, threads: int) -> Iterator[Case]:
        """Every entry's cases, in the order written."""
        return itertools.chain(*(entry.cases("paired", device, threads) for entry in self.entry))


class QualitySection(Section):
    """Methods judged on degraded images: over `degradation`, and for denoisers `sigma_255` and `seed`, too."""

    images: Names = ("all",)
    """Names of images, or `all`."""
    sigma_255: Sigmas = (25.0,)
    """Of white noise its deviation; of any other degradation what denoisers are told of it, if that is to be named."""
    degradation: Degradations = ()
    degradation_options: Grid = {}
    """Options of every degradation of the section."""
    metrics: Metrics = ()
    """What the results are judged by; none named: the usual ones."""
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
                raise SpecError(
                    f"no image {unknown[0]!r} in {counted(case.channels, 'channel')}; there are: {', '.join(known)}"
                )
            denoise = method.task == "denoise"
            degradations = self.degradation or (usual(method.task),)
            seen = tuple(self._inputs(method, degradations))
            for image, (sigma, degradation), seed in itertools.product(images, seen, self.seed if denoise else (0,)):
                judged = replace(case, image=image, metrics=metrics_text(self.metrics), seed=seed)
                yield replace(judged, sigma_255=sigma, degradation=degradation)

    def _inputs(self, method: Method, degradations: Sequence[str]) -> Iterator[tuple[float, str]]:
        """What a denoiser is told and the degradation, for each of them; upscalers are told nothing."""
        named, every = "sigma_255" in self.model_fields_set, tuple(expanded(degradations, self.degradation_options))
        if method.task != "denoise":
            if stays := [text for text in every if not reduces(text)]:
                raise SpecError(
                    f"{method.name} upscales, and {stays[0]} leaves images as large as they are: expected bicubic"
                )
            yield from ((0.0, text) for text in every)
            return
        told = {text: told_sigmas(text, self.sigma_255, named=named) for text in every}
        yield from sorted(
            ((sigma, text) for text in every for sigma in told[text]), key=lambda pair: told[pair[1]].index(pair[0])
        )


class ExperimentSection(Strict):
    """One of the named experiments, with options of its own."""

    name: str
    options: dict[str, Option] = {}

    def case(self, device: str, threads: int, seed: int) -> Case:
        """The case that stands for the whole experiment."""
        check_options(self.name, self.options)
        case = Case("experiment", self.name, variant_of(self.options), options_text(self.options))
        return replace(case, device=device, threads=threads, seed=seed)


def combinations(grid: Section) -> int:
    """How many there are of a section's lists, at most; `images` count as one."""
    once = ("images", "metrics")
    lists = [value for name, value in vars(grid).items() if isinstance(value, tuple) and name not in once]
    damage = grid.degradation_options if isinstance(grid, QualitySection) else {}
    return math.prod(len(values) or 1 for values in [*lists, *grid.options.values(), *damage.values()])
