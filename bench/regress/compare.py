"""Two revisions of a repository -> a `Comparison`: what changed in speed and in quality, and how sure that is.

The code under test is imported from a worktree of each revision, everything else from the one installed environment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError, NoVerdictError
from bench.interrupts import raising
from bench.machine.clock import clock_for
from bench.machine.environment import Environment
from bench.machine.fresh_process import Failure
from bench.measure.image_set import ImageSet
from bench.measure.inputs import batch_for
from bench.plan.case import Case
from bench.plan.spec import Spec
from bench.plan.spec_files import read_spec
from bench.record.manifest import now
from bench.regress.checkouts import Checkout, Repository, checkouts
from bench.regress.comparison_lock import comparison_lock
from bench.regress.exact import Sides, both, memory, operations, quality
from bench.regress.findings import Comparison, Finding, not_measured
from bench.regress.pairs import FreshPairs, Pairs
from bench.regress.same_code import Worktrees, rehearsed, unchanged
from bench.regress.session import CONTROLS
from bench.regress.side import PATIENCE, REHEARSAL, SESSION, STEADY_HEAP, Side, import_from, import_paths
from bench.regress.stopping_rule import BUDGET_MINUTES, DETECT_MINUTES, WHOLE_MINUTES, Rule
from bench.regress.trail import Touched
from bench.talk import Progress
from reports.derive.verdict_words import Word
from restoration import source_files
from restoration.catalog import get
from restoration.errors import RestorationError
from restoration.weights import TABLE, cache_folder, fetch, find

SMALL = 96
"""Pixels along an axis of what a method is tried on where no size is asked for: its operations, its quality."""


@dataclass(frozen=True)
class Question:
    """What is to be compared."""

    base: str
    head: str | None = None
    """None: the working tree."""
    spec: str = "quick"
    methods: tuple[str, ...] = ()
    """Only these; methods that the spec does not hold are measured in the usual ways."""
    folder: Path = field(default_factory=Path.cwd)
    images: Path | str | None = None
    """A folder, pattern, list file or standard set; None: the bundled images."""
    build: str = ""
    """A command run in each worktree first."""
    budget: float | None = None
    """Minutes that the whole may take; None: the usual ones. A pair that has begun is finished."""
    detect: float | None = None
    """The relative change of time to decide about; None: the spec's tolerance."""
    measure_all: bool = False
    """Whether what has the same code on both sides is measured, too."""
    timeout: float = PATIENCE
    """Seconds that a side may take for one answer about one case."""
    threads: int = 0
    """Of timed calls; 0: as the spec says, or one."""

    @property
    def seconds(self) -> float:
        """What the whole may take."""
        usual = DETECT_MINUTES if self.detect else WHOLE_MINUTES if self.measure_all else BUDGET_MINUTES
        return 60 * (usual if self.budget is None else self.budget)


@dataclass(frozen=True)
class Bench:
    """Both sides, ready to be measured."""

    repository: Repository
    base: Checkout
    head: Checkout
    spec: Spec
    images: ImageSet
    say: Callable[[str], None]
    progress: Progress
    timeout: float
    left: Callable[[], float]
    """Seconds that are left of the budget."""

    def start(self, checkout: Checkout, variables: Mapping[str, str] | None = None, *, target: str = SESSION) -> Side:
        """A fresh process with the code of one checkout; environment variables of the user override `variables`."""
        paths = import_paths(self.repository, checkout.folder)
        return Side(checkout, paths, variables, target=target, patience=self.timeout)


class ComparisonInterruptedError(KeyboardInterrupt):
    """An interrupted comparison, with what it had found."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__()
        self.comparison = comparison


def compare(question: Question, *, progress: Progress, say: Callable[[str], None]) -> Comparison:
    """Measures both revisions and judges them.

    Raises `BenchError` for what cannot be compared at all (unknown revision, no method of this repository, another
    comparison running), `NoVerdictError` where a side does not build, run, or runs in another environment, and
    `ComparisonInterruptedError` where it is interrupted after it has found something.
    """
    clock, started = clock_for("cpu"), now()
    begin = clock()
    repository = Repository.around(question.folder)
    import_from(repository)
    images = ImageSet(question.images)
    names = tuple(_from_root(name, repository.root) for name in question.methods)
    spec = _spec(replace(question, methods=names), images)
    with (
        raising(),
        comparison_lock(cache_folder().parent),
        comparison_lock(repository.git / "restobench"),
        checkouts(repository, question.base, question.head, build=question.build) as (base, head),
    ):
        until = begin + question.seconds
        bench = Bench(repository, base, head, spec, images, say, progress, question.timeout, lambda: until - clock())
        found = _Found()
        try:
            _find(found, bench, question)
        except KeyboardInterrupt:
            if not found.findings:
                raise
            found.stop()
            raise ComparisonInterruptedError(_comparison(found, bench, started, clock() - begin)) from None
        return _comparison(found, bench, started, clock() - begin)


def _from_root(name: str, root: Path) -> str:
    """A method in a file of the repository by the file's path from its root: each side looks from its own root."""
    place, _, attribute = name.rpartition(":")
    file = source_files.found(place) if source_files.is_path(place) else None
    return f"{file.relative_to(root)}:{attribute}" if file and file.is_relative_to(root) else name


def _spec(question: Question, images: ImageSet) -> Spec:
    spec = read_spec(question.spec, methods=question.methods, images=("all",) if question.images else ())
    spec = spec.model_copy(update={"threads": question.threads or spec.threads or 1})
    known = images.names()
    return spec.on_images({*known[1], *known[3]}, given=False) if question.images else spec


@dataclass
class _Found:
    """What a comparison has found so far."""

    findings: list[Finding] = field(default_factory=list)
    timed: Sequence[Case] = ()
    """The cases whose times `pairs` is to find."""
    pairs: Pairs | None = None
    environment: Environment | None = None
    notices: Sequence[str] = ()
    interrupted: bool = False

    def stop(self) -> None:
        """Adds what is known of the times, which is less than was to be found."""
        self.interrupted = True
        if self.pairs:
            self.findings += self.pairs.unfinished(self.timed)


def _find(found: _Found, bench: Bench, question: Question) -> None:
    """Finds all that is to be found, one after the other."""
    with bench.start(bench.base, target=REHEARSAL) as base, bench.start(bench.head, target=REHEARSAL) as head:
        sides = Sides(base, head)
        cases = [case for case in bench.spec.cases(bench.images.names()) if case.kind not in {"experiment", "layers"}]
        _obtain_weights(bench, cases)
        answers = _touched(bench, sides, cases, rehearse=not question.measure_all)
        cases, notices = _of_this_repository(bench, cases, answers)
        same, reasons = ([], []) if question.measure_all else _same(bench, answers, cases)
        found.notices = [*notices, *reasons]
        for notice in found.notices:
            bench.say(notice)
        measured = [case for case in cases if case.method not in same]
        found.findings += unchanged([case for case in cases if case.method in same])
        for finding in _exact(bench, sides, measured):
            found.findings.append(finding)
        found.timed, failed = _prepared(sides, _timed_cases(measured))
        found.findings += failed
        found.environment = _environment(bench, sides)
    found.pairs = _pairs(bench, question.detect or bench.spec.tolerance.time)
    found.findings += found.pairs.run(found.timed)


def _comparison(found: _Found, bench: Bench, started: str, seconds: float) -> Comparison:
    known, pairs = found.environment, found.pairs
    return Comparison(
        bench.base, bench.head, bench.spec.name, tuple(found.findings),
        known.stable if known else {}, known.fingerprint if known else "unknown", started, seconds,
        pairs=pairs.measured if pairs else 0, controls=tuple(pairs.control_findings()) if pairs else (),
        notices=(*found.notices, *not_measured(found.findings)), undecided=bench.spec.undecided,
        interrupted=found.interrupted,
    )  # fmt: skip


def _obtain_weights(bench: Bench, cases: Sequence[Case]) -> None:
    """Fetches the weights that cases need, so that no side does while it is followed; what is missing, they report."""
    needed: dict[str, None] = {}
    for case in {(case.method, case.options, case.channels): case for case in cases}.values():
        with suppress(RestorationError):
            method = get(case.method)
            needed.update(dict.fromkeys(method.weights(method.checked(case.setup())) if method.weights else ()))
    for name in needed:
        if name in TABLE and find(name) is None:
            bench.say(f"obtaining weights {name}")
            with suppress(RestorationError):
                fetch(name)


def _touched(bench: Bench, sides: Sides, cases: Sequence[Case], *, rehearse: bool) -> dict[str, tuple[Any, Any]]:
    """What each method touches on both sides, or how it fails there; without `rehearse` only where it comes from."""
    methods = list(dict.fromkeys(case.method for case in cases))
    answers = {}
    for done, method in enumerate(methods):
        bench.progress("what each method touches", done, len(methods))
        tried = rehearsed([case for case in cases if case.method == method]) if rehearse else []
        shown = [(case, _image(_with_size(case))) for case in tried]
        answers[method] = sides.both("touched", method, shown)
    return answers


def _with_size(case: Case) -> Case:
    """The case with its size where it is measured at that size, else with a small one."""
    side = -(-SMALL // case.scale) * case.scale
    return replace(case, image="", height=side, width=side) if case.kind in {"cost", "quality"} else case


def _same(bench: Bench, answers: Mapping[str, tuple[Any, Any]], cases: Sequence[Case]) -> tuple[list[str], list[str]]:
    """The methods whose code is the same on both sides, and a notice of why each of the others is measured."""
    trees = Worktrees.of(bench.base, bench.head, import_paths(bench.repository, bench.base.folder))
    reasons: dict[str, list[str]] = defaultdict(list)
    for method in dict.fromkeys(case.method for case in cases):
        base, head = answers[method]
        options = {str(value) for case in cases if case.method == method for value in case.option_values().values()}
        failed = isinstance(base, Failure) or isinstance(head, Failure)
        why = "it fails" if failed else trees.why_measured(base, head, frozenset(options))
        reasons[why].append(method)
    same = reasons.pop("", [])
    return same, [f"measured: {', '.join(methods)}, because {why}" for why, methods in reasons.items()]


def _of_this_repository(
    bench: Bench, cases: Sequence[Case], answers: Mapping[str, tuple[Any, Any]]
) -> tuple[list[Case], list[str]]:
    """The cases whose method one of the revisions holds, and a notice for each method that neither does."""
    foreign = []
    for method, found in answers.items():
        if both(*found) != found:
            continue  # absent from one revision: its cases report that
        places = zip((bench.base.folder, bench.head.folder), found, strict=True)
        if not any(isinstance(side, Touched) and Path(side.origin).is_relative_to(folder) for folder, side in places):
            foreign.append(method)
    kept = [case for case in cases if case.method not in foreign]
    if not kept:
        raise BenchError(
            f"spec {bench.spec.name}: none of its methods ({', '.join(foreign) or 'it has none'}) lies in "
            f"{bench.repository.root}; name your own with --methods path/to/file.py:OBJECT, or in a spec"
        )
    return kept, [f"{name} is not part of this repository and is left out" for name in foreign]


def _exact(bench: Bench, sides: Sides, cases: Sequence[Case]) -> Iterator[Finding]:
    """The findings of quality, operations and memory."""
    of = {kind: [case for case in cases if case.kind == kind] for kind in ("quality", "cost", "memory")}
    total, done = sum(map(len, of.values())), 0

    def tick() -> None:
        nonlocal done
        done += 1
        bench.progress("quality, operations, memory", done, total)

    yield from quality(sides, of["quality"], bench.images, bench.spec.tolerance, tick)
    yield from operations(sides, of["cost"], bench.spec.tolerance, tick)
    yield from memory(sides, of["memory"], bench.spec.tolerance, tick)


def _timed_cases(cases: Sequence[Case]) -> list[Case]:
    """Every case that is timed, once, whether the spec times it by itself or with its peers."""
    return list(dict.fromkeys(replace(case, kind="time") for case in cases if case.kind in {"time", "paired"}))


def _prepared(sides: Sides, cases: Sequence[Case]) -> tuple[list[Case], list[Finding]]:
    """The cases that both sides can run, now compiled and cached; a finding for each of the others."""
    ready, failed = [], []
    for case in cases:
        answer = sides.ask("ready", case, _image(case))
        if isinstance(answer, str):
            failed.append(Finding(case, "seconds", Word.NO_VERDICT, reason=answer))
        else:
            ready.append(case)
    return ready, failed


def _environment(bench: Bench, sides: Sides) -> Environment:
    """What both sides ran in; raises `NoVerdictError` where it is not the same."""
    answer = sides.ask("environment", bench.spec.thread_count())
    if isinstance(answer, str):
        raise NoVerdictError(answer)
    base, head = (Environment(stable=facts, state={}) for facts in answer)
    if differing := base.differences(head):
        pairs = (f"{key}: {base.stable.get(key)!r} / {head.stable.get(key)!r}" for key in differing)
        raise NoVerdictError(f"base and head run in different environments: {'; '.join(pairs)}")
    return base


@lru_cache(maxsize=64)
def _image(case: Case) -> NDArray[np.float32]:
    """The image (1, C, h, w) that a case is timed on; the control kernels have their own input."""
    if case.method in CONTROLS:
        return np.empty(0, dtype=np.float32)
    return batch_for(replace(case, dtype="float32", device="cpu")).numpy()


def _pairs(bench: Bench, tolerance: float) -> Pairs:
    threads = bench.spec.thread_count()
    controls = tuple(Case("time", name, height=256, width=256, threads=threads) for name in CONTROLS)
    sides: Mapping[str, Checkout] = {"base": bench.base, "head": bench.head}
    generator = np.random.default_rng(bench.spec.seed)
    fresh = FreshPairs(lambda side: bench.start(sides[side], STEADY_HEAP), _image, generator, controls)
    return Pairs(
        fresh, Rule(tolerance), controls, left=bench.left, now=clock_for("cpu"), say=bench.say, progress=bench.progress
    )
