"""The sections of the page in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reports.sections import (
    conventions,
    denoising,
    doctor,
    environment,
    experiments,
    failures,
    images,
    layers,
    memory,
    methods,
    notices,
    peers,
    ratio,
    roofline,
    scaling,
    stride,
    summary,
    times,
    tradeoff,
    upscaling,
    weights,
)
from reports.sections.section import Material, Section

BEFORE_EXPERIMENTS: tuple[Callable[[Material], Section], ...] = (
    summary.section,
    methods.section,
    ratio.section,
    stride.section,
    times.section,
    denoising.section,
    upscaling.section,
    tradeoff.section,
    peers.section,
    layers.section,
    roofline.section,
    memory.section,
    scaling.section,
)
AFTER_EXPERIMENTS: tuple[Callable[[Material], Section], ...] = (
    doctor.section,
    conventions.section,
    environment.section,
    weights.section,
    images.section,
    notices.section,
    failures.section,
)


def all_sections(material: Material) -> tuple[Section, ...]:
    """Every section, in the page's order; one that the run has nothing for names the command that fills it."""
    sections = (
        *(section(material) for section in BEFORE_EXPERIMENTS),
        *experiments.sections(material),
        *(section(material) for section in AFTER_EXPERIMENTS),
    )
    return tuple(replace(section, command=section.makes) if section.empty else section for section in sections)
