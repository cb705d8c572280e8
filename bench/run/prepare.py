"""Spec -> `Plan`: checks all that can be checked before the first measurement, and leaves out what cannot run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.errors import BenchError, SpecError
from bench.interrupts import held_back, last_words, raising
from bench.machine.environment import environment
from bench.measure.image_set import ImageSet, image_facts, served
from bench.measure.inputs import try_degradations
from bench.plan.case import GIVEN, Case, metric_names
from bench.plan.spec import Spec
from bench.record.manifest import describe, how_to_go_on
from bench.run.needs import emulated_notices, metric_notices, notices as lacks, obtained, parted
from bench.run.plan import Plan, takes_time
from bench.run.resume import resumed
from bench.run.run_lock import lock_run
from bench.talk import Say
from restoration.metrics import get as metric


def prepare(
    spec: Spec,
    *,
    images: ImageSet,
    out: Path,
    command: str,
    named: Collection[str] = (),
    resume: bool = False,
    say: Say = print,
) -> Plan:
    """Checks everything that can be checked before the first measurement; obtains weights; makes the run directory.

    Cases that lack weights or an optional package are skipped, unless the user has `named` their method: then they
    fail. A resumed run tries them again.
    """
    spec, cases, said = _checked(spec, images)
    if resume:
        left, skipped = parted(cases, obtained(cases, say)[1], named)
        plan = resumed(spec, images, out, left, skipped)
    else:
        plan = _begun(spec, images, out, cases, command)
    last_words(f"interrupted; every finished case is kept; {how_to_go_on(plan.directory)}")
    if plan.manifest.images:  # resumed, and learned when it was begun
        return plan
    plan = _learned(plan, cases, named, said, say)
    plan.manifest.write(plan.directory)
    return plan


def _checked(spec: Spec, images: ImageSet) -> tuple[Spec, list[Case], list[str]]:
    """The spec for these images, its cases, and notices.

    Raises `SpecError` where there are no cases, or some that cannot be measured.
    """
    if images.degraded is not None and images.source is None:
        raise SpecError("--degraded needs --images: the references to compare with")
    known = images.names()
    if images.source is not None:
        spec = spec.on_images({*known[1], *known[3]}, given=images.degraded is not None)
    cases = spec.cases(known)
    if images.degraded is None:
        _check_references(spec, images, cases)
    try_degradations(cases)
    cases, said = served(images, cases)
    if not cases:
        raise SpecError(
            f"spec {spec.name} has no case for these methods and images; name them in a spec of your own, see "
            "`restobench spec example`"
        )
    return spec, cases, said


def _check_references(spec: Spec, images: ImageSet, cases: Iterable[Case]) -> None:
    """Raises `SpecError` where images that come degraded and alone are to be judged against a reference."""
    alone = [case for case in cases if case.degradation == GIVEN]
    if alone and images.source is None:
        raise SpecError(
            f"spec {spec.name}: degradation {GIVEN!r} is of images that come degraded, and none are named: name them "
            "by --images, with metrics that need no reference, or the references by --images and them by --degraded"
        )
    if needing := [name for name in metric_names(alone) if metric(name).needs_reference]:
        verb = "need" if len(needing) > 1 else "needs"
        raise SpecError(
            f"spec {spec.name}: {', '.join(needing)} {verb} a reference, and {images.source} comes without: name the "
            "references by --images and these images by --degraded, or name metrics that need none"
        )


def _begun(spec: Spec, images: ImageSet, out: Path, cases: Sequence[Case], command: str) -> Plan:
    """The plan of a new run, whose directory and manifest are there from now on, so that it can be resumed."""
    methods = dict.fromkeys(case.method for case in cases if case.kind != "experiment")
    described = describe(
        spec, methods, cases, image_folder=str(images.source or ""), environment=environment(spec.thread_count()),
        command=command,
    )  # fmt: skip
    manifest = replace(described, image_set=images.identity())
    with held_back():
        directory = _made(out / manifest.run)
        manifest.write(directory)
    lock_run(directory)
    return Plan(spec, manifest, directory, images, tuple(cases))


def _learned(plan: Plan, cases: Sequence[Case], named: Collection[str], said: Sequence[str], say: Say) -> Plan:
    """The plan with what takes a while to find out: the images, the weights, the machine's fitness."""
    facts, notices = image_facts(plan.images, cases)
    with raising():
        weights, lacking = obtained(cases, say)
    left, skipped = parted(plan.cases, lacking, named)
    notices = [*notices, *said, *lacks(cases, lacking, named), *metric_notices(cases), *emulated_notices(left)]
    for notice in notices:
        say(notice)
    manifest = replace(
        plan.manifest, images=tuple(facts), weights=tuple(weights), notices=tuple(notices),
        doctor=_symptoms(plan.spec, left),
    )  # fmt: skip
    return replace(plan, manifest=manifest, cases=tuple(left), skipped=(*plan.skipped, *skipped))


def _symptoms(spec: Spec, cases: Iterable[Case]) -> tuple[dict[str, str], ...]:
    """What may spoil this run's times, by a shorter look than `restobench doctor`; empty where nothing is timed."""
    if not any(map(takes_time, cases)):
        return ()
    from bench.machine.doctor import glance

    return glance(spec.thread_count())


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True)
        (directory / "images").mkdir()
    except OSError as error:
        raise BenchError(f"cannot write results to {directory}: {error}; choose another folder with --out") from error
    return directory
