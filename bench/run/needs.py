"""What methods need besides this package, weights and optional packages: obtains it, or says what is lacking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec

from bench.machine.instructions import emulated, instruction_sets
from bench.plan.case import Case, metric_names
from bench.talk import Say
from restoration.catalog import get
from restoration.errors import RestorationError
from restoration.method import Method, Setup

Lacking = Mapping[Case, str]
"""The cases that cannot run here, and why not."""


def obtained(cases: Iterable[Case], say: Say) -> tuple[list[dict[str, object]], Lacking]:
    """Obtains the weights that the cases need: what is known of each, and which cases lack weights or packages."""
    weights: dict[str, str] = {}
    known: dict[tuple[object, ...], str] = {}
    lacking = {}
    for case in cases:
        if case.kind == "experiment":
            continue
        key = (case.method, case.options, case.channels, case.scale)
        if key not in known:
            known[key] = _lacking(get(case.method), case.setup(), weights, say)
        if known[key]:
            lacking[case] = known[key]
    return [_facts(name) for name in weights], lacking


def parted(
    cases: Sequence[Case], lacking: Lacking, named: Collection[str]
) -> tuple[list[Case], list[tuple[Case, str]]]:
    """The cases to measure, and those to skip with the reason; a method that is `named` fails instead."""
    skipped = [(case, lacking[case]) for case in cases if case in lacking and case.method not in named]
    left_out = {case for case, _ in skipped}
    return [case for case in cases if case not in left_out], skipped


def notices(cases: Iterable[Case], lacking: Lacking, named: Collection[str]) -> Iterator[str]:
    """Each method that lacks something, once with its reason: some of its variants alone, where others run."""
    runs = {case.method for case in cases if case not in lacking}
    variants: dict[tuple[str, str], dict[str, None]] = {}
    for case, reason in lacking.items():
        variants.setdefault((case.method, reason), {})[case.variant] = None
    for (method, reason), found in variants.items():
        which = f"{method} ({', '.join(found)})" if method in runs else method
        yield f"{which} {'cannot run' if method in named else 'is skipped'}: {reason}"


def emulated_notices(cases: Iterable[Case]) -> Iterator[str]:
    """Each method and precision that this processor has no instructions for; its times are of an emulation."""
    sets = instruction_sets()
    found = [(case.method, case.setup().precision, case.device) for case in cases if case.kind != "experiment"]
    for method, precision, device in dict.fromkeys(found):
        if emulated(precision, device, sets):
            yield (
                f"{method} in {precision}: the processor has no instructions for it and emulates it by float32, so "
                "that its time says nothing of processors that have them"
            )


def metric_notices(cases: Iterable[Case]) -> Iterator[str]:
    """Each metric that cannot be computed here, and why: the cases have their other scores."""
    from restoration.metrics import get as metric

    for name in metric_names(cases):
        if why := metric(name).missing():
            yield f"metric {name} is left out: {why}"


def _lacking(method: Method, setup: Setup, weights: dict[str, str], say: Say) -> str:
    """Why the method cannot be built here; empty where it can. `weights` is why each of them cannot be had."""
    checked = method.checked(setup)
    for package in method.requires:
        if find_spec(package.partition(".")[0]) is None:
            install = f"'restobench[{method.extra}]'" if method.extra else package
            return f"the package {package} is not installed: pip install {install}"
    if method.lacking and (reason := method.lacking(checked)):
        return reason
    needed = method.weights(checked) if method.weights else ()
    for name in needed:
        if name not in weights and (why := _fetched(name, say)) is not None:
            weights[name] = why
    return next(filter(None, map(weights.get, needed)), "")


def _fetched(name: str, say: Say) -> str | None:
    """Why the weights cannot be had, empty where they are here; None for a user's own file, by path."""
    from restoration.weights import TABLE, fetch, find

    if name not in TABLE:
        return None
    if find(name) is None:
        say(f"obtaining weights {name} ({TABLE[name].source.package})")
    try:
        fetch(name)
    except RestorationError as error:
        return str(error)
    return ""


def _facts(name: str) -> dict[str, object]:
    """What `run.json` holds of named weights."""
    from restoration.weights import TABLE, find

    entry = TABLE[name]
    return {
        "name": name, "sha256": entry.files[0].sha256, "licence": entry.source.licence,
        "source": f"{entry.source.package}, {entry.source.homepage}", "present": find(name) is not None,
    }  # fmt: skip
