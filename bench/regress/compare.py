"""Two revisions of a repository -> a `Comparison`: what changed in speed and in quality, and how sure that is.

The code under test is imported from a worktree of each revision, everything else from the one installed environment.
"""

from __future__ import annotations

import sys
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
from bench.regress.side import REHEARSAL, SESSION, STEADY_HEAP, Side, import_from, import_paths
from bench.regress.stopping_rule import MOST_PAIRS, Rule
from bench.regress.trail import Touched
from bench.talk import Progress
from reports.derive.verdict_words import Word
from restoration.catalog import get
from restoration.errors import RestorationError
from restoration.method import Method
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
    images: Path | None = None
    build: str = ""
    """A command run in each worktree first."""
    most_pairs: int = MOST_PAIRS
    measure_all: bool = False
    """Whether what has the same code on both sides is measured, too."""


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

    def start(self, checkout: Checkout, variables: Mapping[str, str] | None = None, *, target: str = SESSION) -> Side:
        """A fresh process with the code of one checkout; environment variables of the user override `variables`."""
        return Side(checkout, import_paths(self.repository, checkout.folder), variables, target=target)


def compare(question: Question, *, progress: Progress, say: Callable[[str], None]) -> Comparison:
    """Measures both revisions and judges them.

    Raises `BenchError` for what cannot be compared at all (unknown revision, no method of this repository, another
    comparison running), `NoVerdictError` where a side does not build, run, or runs in another environment.
    """
    clock, started = clock_for("cpu"), now()
    begin = clock()
    repository = Repository.around(question.folder)
    import_from(repository)
    spec = _spec(question)
    with (
        comparison_lock(cache_folder().parent, " ".join(["restobench", *sys.argv[1:]])),
        comparison_lock(repository.git / "restobench", " ".join(["restobench", *sys.argv[1:]])),
        checkouts(repository, question.base, question.head, build=question.build) as (base, head),
    ):
        bench = Bench(repository, base, head, spec, ImageSet(question.images), say, progress)
        comparison = _compared(bench, question, started)
    return replace(comparison, seconds=clock() - begin)


def spec_for(methods: Sequence[str]) -> Spec:
    """How methods that the spec lacks are measured: time at two sizes, operations, memory, quality of two images."""

    def section(name: str, **more: object) -> dict[str, object]:
        method = get(name)
        channels = 1 if 1 in method.channels else method.channels[0]
        return {"method": name, "channels": channels, "scale": method.scales[0], **more}

    def size(name: str, pixels: int) -> int:
        scale = get(name).scales[0]
        return -(-pixels // scale) * scale

    judged = [name for name in methods if not get(name).random_weights]
    return Spec.model_validate(
        {
            "name": "methods",
            "time": [section(name, size=[size(name, 256), size(name, 512)]) for name in methods],
            "cost": [section(name, size=size(name, 256)) for name in methods],
            "memory": [section(name, size=size(name, 512)) for name in methods],
            "quality": [section(name, images=_images(get(name))) for name in judged],
        }
    )


def _images(method: Method) -> list[str]:
    return ["camera", "coins"] if 1 in method.channels else ["chelsea", "coffee"]


def _spec(question: Question) -> Spec:
    spec = read_spec(question.spec)
    if not question.methods:
        return spec
    known = {case.method for case in spec.cases(ImageSet(question.images).names())}
    chosen = spec.only(question.methods)
    if strange := [name for name in question.methods if name not in known]:
        usual = spec_for(strange)
        parts = {kind: getattr(chosen, kind) + getattr(usual, kind) for kind in ("time", "cost", "memory", "quality")}
        chosen = chosen.model_copy(update=parts)
    return chosen


def _compared(bench: Bench, question: Question, started: str) -> Comparison:
    with bench.start(bench.base, target=REHEARSAL) as base, bench.start(bench.head, target=REHEARSAL) as head:
        sides = Sides(base, head)
        cases = [case for case in bench.spec.cases(bench.images.names()) if case.kind not in {"experiment", "layers"}]
        _obtain_weights(bench, cases)
        answers = _touched(bench, sides, cases, rehearse=not question.measure_all)
        cases, notices = _of_this_repository(bench, cases, answers)
        same, reasons = ([], []) if question.measure_all else _same(bench, answers, cases)
        for notice in (notices := [*notices, *reasons]):
            bench.say(notice)
        measured = [case for case in cases if case.method not in same]
        findings = [*unchanged([case for case in cases if case.method in same]), *_exact(bench, sides, measured)]
        timed, failed = _prepared(sides, _timed_cases(measured))
        environment = _environment(bench, sides)
    rule = Rule(tolerance=bench.spec.tolerance.time, most=question.most_pairs, least=max(2, question.most_pairs // 2))
    pairs = _pairs(bench, rule)
    findings += [*pairs.run(timed), *failed]
    return Comparison(
        bench.base, bench.head, bench.spec.name, tuple(findings), environment.stable, environment.fingerprint, started,
        seconds=0.0, pairs=pairs.measured, controls=tuple(pairs.control_findings()),
        notices=(*notices, *not_measured(findings)), undecided=bench.spec.undecided,
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
            f"{bench.repository.root}; name your own with --methods package.module:OBJECT, or in a spec"
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


def _pairs(bench: Bench, rule: Rule) -> Pairs:
    threads = bench.spec.thread_count()
    controls = tuple(Case("time", name, height=256, width=256, threads=threads) for name in CONTROLS)
    sides: Mapping[str, Checkout] = {"base": bench.base, "head": bench.head}
    generator = np.random.default_rng(bench.spec.seed)
    fresh = FreshPairs(lambda side: bench.start(sides[side], STEADY_HEAP), _image, generator)
    return Pairs(fresh, rule, controls, seed=bench.spec.seed, progress=bench.progress)
