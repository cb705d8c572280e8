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
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bench.machine.clock import clock_for
from bench.machine.settings import put_back
from bench.machine.threads import fixed_threads
from bench.measure.image_set import ImageSet
from bench.measure.inputs import degraded, told
from bench.measure.outputs import changed, checked, in_range, input_written
from bench.measure.scores import scores
from bench.plan.case import GIVEN, Case, FailedReading, Reading, options_text
from bench.record.attempt import MEASURED, attempt, failed, settings_changed
from bench.record.pictures import save_picture
from bench.record.rows import Row
from restoration.catalog import get

if TYPE_CHECKING:
    from restoration.method import Restore

Group = tuple[Case, ...]
"""Cases that look at the same degraded image."""


def grouped(cases: Iterable[Case]) -> list[Group]:
    """The cases by degraded image, in order of first appearance."""
    groups: dict[tuple[object, ...], list[Case]] = defaultdict(list)
    for case in cases:
        groups[seen(case)].append(case)
    return [tuple(members) for members in groups.values()]


def in_order(group: Group) -> Group:
    """The same group in the order in which its cases are measured."""
    return tuple(chain.from_iterable(_sharing(group)))


def seen(case: Case) -> tuple[object, ...]:
    """What decides the degraded image that a case looks at; the same for all of a group and for its pictures."""
    noise = (case.sigma_255, case.degradation, case.seed)
    return (case.image, case.channels, case.task, case.scale, *noise, case.device)


def measure_group(
    run: str, group: Group, images: ImageSet, directory: Path, *, pictured: frozenset[Case]
) -> Iterator[list[Row]]:
    """The rows of one group: of its pictures, then case by case.

    An image that cannot be used is an error in each of its cases.
    """
    with fixed_threads(1), torch.inference_mode():
        try:
            noisy, clean = _shown(group[0], images)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the image, its cases say so
            yield failed(run, group, error)
            return
        if pictured:
            scene = replace(group[0], method="", variant="", options="{}")
            parts = {"degraded": noisy} if clean is None else {"clean": clean, "degraded": noisy}
            yield [Row(run, scene, save_picture(directory, scene, part, parts[part])) for part in parts]
        yield from _imported(run, group)
        for sharing in _sharing(group):
            for case, restore in zip(sharing, _restorers(sharing, noisy[None]), strict=True):
                read = functools.partial(_readings, case, restore, clean, directory if case in pictured else None)
                yield attempt(run, case, read)


def _imported(run: str, group: Group) -> Iterator[list[Row]]:
    """Imports the methods; a row for each that changes settings of the process in doing so."""
    for case in {case.method: case for case in group}.values():
        with put_back() as changed:
            get(case.method)
        if readings := settings_changed(changed):
            yield [Row(run, case, reading) for reading in readings]


def _shown(case: Case, images: ImageSet) -> tuple[torch.Tensor, torch.Tensor | None]:
    """What the method is shown, and the reference; None where the images come without."""
    image = images.get(case.image, case.channels)
    if case.degradation != GIVEN:
        return degraded(case, image), image
    if images.degraded is not None:
        return images.given(case, image), image
    return image.to(device=case.device, dtype=case.setup().torch_dtype), None


def _readings(
    case: Case, restore: Callable[[], tuple[torch.Tensor, bool]], clean: torch.Tensor | None, directory: Path | None
) -> Iterator[Reading | FailedReading]:
    clock = clock_for("cpu")
    begin = clock()
    restored, written = restore()
    yield from scores(case, restored, clean)
    yield from told(case)
    yield Reading(MEASURED, clock() - begin, "s")
    if written:
        yield input_written()
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


def _restorers(cases: Group, batch: torch.Tensor) -> list[Callable[[], tuple[torch.Tensor, bool]]]:
    """For each case a function that returns its restored image (C, H, W), and whether the method wrote into its input.

    They share what they can. The method is shown a copy of `batch`.
    """

    @functools.cache
    def all_restored() -> tuple[list[torch.Tensor], bool]:
        shown = batch.clone()
        outputs = _outputs(cases, shown)
        return outputs, changed(shown, batch)

    def restored(index: int) -> tuple[torch.Tensor, bool]:
        outputs, written = all_restored()
        method = cases[index].method
        output = checked(method, outputs[index], batch, scale=cases[index].scale)
        return in_range(method, output, batch)[0].cpu(), written

    return [functools.partial(restored, index) for index in range(len(cases))]


def _outputs(cases: Group, shown: torch.Tensor) -> list[torch.Tensor]:
    """What the method returns for each case; more than one case share their work."""
    if len(cases) == 1:
        case = cases[0]
        what_is_built = replace(case, image="", seed=0, degradation="", metrics="", variant="", height=0, width=0)
        return [_built(what_is_built)(shown)]
    shared = get(cases[0].method).shared
    assert shared is not None  # noqa: S101 - `_sharing` puts cases together for no other reason
    setups = [get(case.method).checked(case.setup()) for case in cases]
    values = tuple(setup.options[shared.option] for setup in setups)
    return list(shared.build(setups[0], values)(shown))


@functools.lru_cache(maxsize=8)
def _built(case: Case) -> Restore:
    method = get(case.method)
    return method.build(method.checked(case.setup()))
