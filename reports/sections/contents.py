"""The sections of the page in their order."""

from __future__ import annotations

from dataclasses import replace

from reports.sections import (
    challenge,
    conventions,
    denoising,
    doctor,
    energy,
    environment,
    experiments,
    failures,
    images,
    latency,
    layers,
    memory,
    methods,
    notices,
    peers,
    ratio,
    roofline,
    scaling,
    stream,
    stride,
    summary,
    times,
    tradeoff,
    upscaling,
    weights,
)
from reports.sections.section import Material, Section

RESULTS = (
    summary, methods, ratio, stride, times, latency, stream, challenge, energy, denoising, upscaling, tradeoff, peers,
)  # fmt: skip
CAUSES = (layers, roofline, memory, scaling)
PROVENANCE = (doctor, conventions, environment, weights, images, notices, failures)


def all_sections(material: Material) -> tuple[Section, ...]:
    """Every section, in the page's order; one that the run has nothing for names the command that fills it."""
    sections: tuple[Section, ...] = (
        *(module.section(material) for module in RESULTS + CAUSES),
        *experiments.sections(material),
        *(module.section(material) for module in PROVENANCE),
    )
    return tuple(replace(section, command=section.makes) if section.empty else section for section in sections)
