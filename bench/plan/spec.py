"""`Spec`: which methods are measured, how, and on what, as a list of `Case`s."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from bench.errors import SpecError
from bench.machine.threads import usable_cores
from bench.plan.case import GIVEN, Case, Kind
from bench.plan.experiments import of_methods
from bench.plan.sections import (
    ExperimentSection,
    PairedSection,
    QualitySection,
    Section,
    SizedSection,
    Strict,
    TimeSection,
    combinations,
)
from reports.derive.verdict_words import Tolerances
from restoration.catalog import get
from restoration.errors import RestorationError

MOST_CASES = 1_000_000
"""In one spec; the process that is started holds all of them and their rows."""

SECTIONS: tuple[Kind, ...] = ("cost", "time", "paired", "memory", "layers", "quality", "experiment")
"""The arrays of tables in a spec."""

_S = TypeVar("_S", bound=Section)


_USUAL = Tolerances()

Floors = dict[Literal["denoise", "upscale"], Annotated[float, Field(gt=0, le=100)]]


class Tolerance(Strict):
    """How much a revision may lose before `compare` calls it a change: time and memory relative, others absolute."""

    time: Annotated[float, Field(gt=0, le=1)] = _USUAL.time
    psnr_db: Annotated[float, Field(ge=0, le=100)] = _USUAL.psnr_db
    macs_per_pixel: Annotated[float, Field(ge=0)] = _USUAL.macs_per_pixel
    memory: Annotated[float, Field(ge=0, le=1)] = _USUAL.memory


class Spec(Strict):
    """A whole run: what to measure, on how many threads, with which seed."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
    description: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    device: Literal["cpu", "cuda"] = "cpu"
    threads: Annotated[int, Field(ge=0, le=4096)] = 0
    """Host threads of timed calls; 0 takes every core this process may use."""
    round_seconds: Annotated[float, Field(gt=0, le=3600)] = 0.5
    """How long each timed case is repeated at least (and at least five times)."""
    queries: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Calls of each timed case at least, every one timed by itself, for percentiles; 0: as many as `round_seconds` asks
    for, the shortest calls timed together."""
    cold_starts: Annotated[int, Field(ge=0, le=1000)] = 0
    """Fresh processes of each timed case that are timed from their start to the first restored image."""
    floor_db: Floors = Field(default_factory=dict)
    """By task, the mean PSNR that a method must reach for its latency to be a result; below it is refused."""
    baseline: str = ""
    """The method by whose time, operations and parameters efficient upscalers are scored; none where empty."""
    tolerance: Tolerance = Tolerance()
    undecided: Literal["pass", "fail"] = "fail"
    """Whether `compare` passes a case that it could not measure well enough to exclude a slow-down of the tolerance."""
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
        degraded, every quality section restores them as they are, once: raises `SpecError` where denoisers would be
        told more than one sigma, since a given image has but one.
        """
        if given and len(sigmas := sorted(self._told_sigmas())) > 1:
            raise SpecError(
                f"spec {self.name}: its denoisers are told sigma {', '.join(f'{sigma:g}' for sigma in sigmas)}, but "
                f"given images have one noise: name what they are told, --set sigma_255={sigmas[0]:g}"
            )
        changed: dict[str, object] = {"degradation": (GIVEN,), "degradation_options": {}, "seed": (0,)} if given else {}
        stems = Counter(Path(name).stem for name in names)
        known = {stem: name for name in names if stems[stem := Path(name).stem] == 1} | {name: name for name in names}
        known["all"] = "all"

        def own(section: QualitySection) -> QualitySection:
            images = tuple(known.get(name, name) for name in section.images)
            bundled = not set(images).intersection(names) and set(images) <= _bundled()
            return section.model_copy(update={"images": ("all",) if bundled else images, **changed})

        return self.model_copy(update={"quality": tuple(own(section) for section in self.quality)})

    def _told_sigmas(self) -> set[float]:
        """The sigmas of all quality sections with a denoiser."""
        denoising = (one for one in self.quality if any(get(name).task == "denoise" for name in one.method))
        return {sigma for section in denoising for sigma in section.sigma_255}

    def naming(self, names: Callable[[Section], Iterable[str]]) -> Spec:
        """The same spec with those methods in each section; sections left without a method are dropped."""
        kinds = ("cost", "time", "memory", "layers", "quality")
        return self.model_copy(update={kind: _naming(names, getattr(self, kind)) for kind in kinds})

    def only(self, methods: Sequence[str]) -> Spec:
        """The same spec for these methods alone; sections left without a method are dropped.

        So are experiments, unless they take methods.
        """

        def held(section: Section) -> Iterator[str]:
            return (name for name in section.method if name in methods)

        paired = (section.model_copy(update={"entry": _naming(held, section.entry)}) for section in self.paired)
        chosen = ((section, of_methods(section.name, section.options, methods)) for section in self.experiment)
        return self.naming(held).model_copy(
            update={
                "paired": tuple(section for section in paired if len(section.entry) > 1),
                "experiment": tuple(one.model_copy(update={"options": own}) for one, own in chosen if own),
            }
        )

    def cases(self, pictures: Mapping[int, Sequence[str]]) -> list[Case]:
        """Every case in running order, each once; `pictures` holds image names by channels (1 and 3)."""
        if (most := self._combinations(pictures)) > MOST_CASES:
            raise SpecError(f"spec {self.name}: up to {most:,} cases, at most {MOST_CASES:,} in one run: cut its grids")
        found: dict[Case, None] = {}
        for kind in SECTIONS:
            for number, section in enumerate(getattr(self, kind)):
                try:
                    found.update(dict.fromkeys(self._cases_of(kind, section, pictures)))
                except (SpecError, RestorationError) as error:
                    raise SpecError(f"spec {self.name}: {kind}.{number}: {error}") from error
        return list(found)

    def methods(self) -> tuple[str, ...]:
        """The names of the methods that its sections hold, each once; those of experiments are not among them."""
        return tuple(dict.fromkeys(name for grid in self._grids() for name in grid.method))

    def _cases_of(self, kind: Kind, section: Strict, pictures: Mapping[int, Sequence[str]]) -> Iterable[Case]:
        """The cases of one section; quality is measured with one thread."""
        threads = self.thread_count()
        match section:
            case SizedSection():
                return section.cases(kind, self.device, threads)
            case PairedSection():
                return section.cases(self.device, threads)
            case QualitySection():
                return section.cases(self.device, 1, pictures)
            case ExperimentSection():
                return (section.case(self.device, threads, self.seed),)
        raise TypeError(section)

    def _grids(self) -> list[Section]:
        """Every section that holds methods, the entries of groups among them."""
        sections = [section for kind in SECTIONS for section in getattr(self, kind) if isinstance(section, Section)]
        return [*sections, *(entry for section in self.paired for entry in section.entry)]

    def _combinations(self, pictures: Mapping[int, Sequence[str]]) -> int:
        """How many cases the grids have at most; counted, not expanded."""
        images = max(map(len, pictures.values()), default=0)
        return sum(
            combinations(grid) * (max(images, 1) if isinstance(grid, QualitySection) else 1) for grid in self._grids()
        )


def _naming(names: Callable[[Section], Iterable[str]], sections: Sequence[_S]) -> tuple[_S, ...]:
    """The sections with the methods that `names` has for each; those without any are left out."""
    chosen = ((section, tuple(names(section))) for section in sections)
    return tuple(section.model_copy(update={"method": own}) for section, own in chosen if own)


def _bundled() -> set[str]:
    from restoration.images import BUNDLED

    return {"all", *(Path(file).stem for files in BUNDLED.values() for file in files)}
