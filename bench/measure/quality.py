"""The quality of restored images: one group of cases that look at the same degraded image, which is made once.

Within a group, cases that differ only in an option over which their method shares work (the DCT's `ratio`: one forward
transform serves all) are restored together. Every group is measured with one thread, so that no result depends on how
many cores there are.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine.clock import clock_for
from bench.machine.threads import fixed_threads
from bench.measure.image_set import ImageSet
from bench.measure.inputs import degraded
from bench.measure.scores import scores
from bench.plan.case import GIVEN, Case, Reading, options_text
from bench.record.attempt import MEASURED, attempt, failed
from bench.record.pictures import save_picture
from bench.record.rows import Row
from restoration.catalog import get

if TYPE_CHECKING:
    import torch

    from restoration.method import Restore

Group = tuple[Case, ...]
"""Cases that look at the same degraded image."""


def grouped(cases: Iterable[Case]) -> list[Group]:
    """The cases by degraded image, in order of first appearance."""
    groups: dict[tuple[object, ...], list[Case]] = defaultdict(list)
    for case in cases:
        groups[seen(case)].append(case)
    return [tuple(members) for members in groups.values()]


def seen(case: Case) -> tuple[object, ...]:
    """What decides the degraded image that a case looks at; the same for all of a group and for its pictures."""
    noise = (case.sigma_255, case.degradation, case.seed)
    return (case.image, case.channels, case.task, case.scale, *noise, case.device)


def measure_group(run: str, group: Group, images: ImageSet, directory: Path, *, pictured: frozenset[Case]) -> list[Row]:
    """The rows of one group; an image that cannot be used is an error in each of its cases."""
    import torch

    with fixed_threads(1), torch.inference_mode():
        try:
            clean = images.get(group[0].image, group[0].channels)
            given = group[0].degradation == GIVEN
            noisy = images.given(group[0], clean) if given else degraded(group[0], clean)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the image, its cases say so
            return failed(run, group, error)
        rows = []
        for sharing in _sharing(group):
            for case, restore in zip(sharing, _restorers(sharing, noisy), strict=True):
                read = functools.partial(_readings, case, restore, clean, directory if case in pictured else None)
                rows.extend(attempt(run, case, read))
        if pictured:
            scene = replace(group[0], method="", variant="", options="{}")
            parts = {"clean": clean, "degraded": noisy}
            rows.extend(Row(run, scene, save_picture(directory, scene, part, parts[part])) for part in parts)
        return rows


def _readings(
    case: Case, restore: Callable[[], torch.Tensor], clean: torch.Tensor, directory: Path | None
) -> Iterator[Reading]:
    clock = clock_for("cpu")
    begin = clock()
    restored = restore()
    yield from scores(case, restored, clean)
    yield Reading(MEASURED, clock() - begin, "s")
    if directory:
        yield save_picture(directory, case, "restored", restored)


def _sharing(group: Group) -> list[Group]:
    """The group's cases, those together that differ in nothing but the option their method shares work over."""
    together: dict[Case, list[Case]] = defaultdict(list)
    for case in group:
        shared = get(case.method).shared
        options = {name: value for name, value in case.option_values().items() if shared and name != shared.option}
        together[replace(case, variant="", options=options_text(options)) if shared else case].append(case)
    return [tuple(cases) for cases in together.values()]


def _restorers(cases: Group, noisy: torch.Tensor) -> list[Callable[[], torch.Tensor]]:
    """For each case a function that returns its restored image (C, H, W); they share what they can."""
    batch = noisy[None]
    if len(cases) == 1:
        return [functools.partial(_restored, cases[0], batch)]
    shared = get(cases[0].method).shared
    assert shared is not None  # noqa: S101 - `_sharing` puts cases together for no other reason
    setups = [get(case.method).checked(case.setup()) for case in cases]

    @functools.cache
    def restored() -> list[torch.Tensor]:
        values = tuple(setup.options[shared.option] for setup in setups)
        return [output[0].cpu() for output in shared.build(setups[0], values)(batch)]

    return [functools.partial(lambda index: restored()[index], index) for index in range(len(cases))]


def _restored(case: Case, batch: torch.Tensor) -> torch.Tensor:
    what_is_built = replace(case, image="", seed=0, degradation="", variant="", height=0, width=0)
    return _built(what_is_built)(batch)[0].cpu()


@functools.lru_cache(maxsize=8)
def _built(case: Case) -> Restore:
    method = get(case.method)
    return method.build(method.checked(case.setup()))
