"""The commands `restobench spec`: show, check, example and schema."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.talk import say

Name = Annotated[str, typer.Argument(help="A shipped spec's name, or the path of a TOML file.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Override, as in sigma_255=[15,25]; may be repeated.")]
Images = Annotated[str | None, typer.Option("--images", help="A folder, pattern, list file or set of your own.")]

app = typer.Typer(help="Show, check and write specs.", no_args_is_help=True)

EXAMPLE = """\
# restobench run --spec mine.toml
# Every list is a grid: all combinations are measured.
name = "mine"
description = "One method beside what it competes with."
seed = 0
threads = 0              # of timed calls; 0: every core
round_seconds = 0.5      # each timed case is repeated at least this long

[[cost]]                 # operations per output pixel, by four counters
method = "dct"
size = 256               # of the output: 256 is 256x256; "480x640" is height x width
options = { block_size = [8, 16] }

[[time]]                 # seconds: build, first call, warm-up, measured calls
method = ["dct", "noisy"]
size = [256, "480x640"]
threads = [1, 2]         # leave out for the run's own number

[[paired]]               # timed in turn, in random order; ratios are to the first entry
group = "stride"
blocks = 20

[[paired.entry]]
method = "dct"
size = 256

[[paired.entry]]
method = "dct"
size = 256
options = { stride = 2 }

[[memory]]               # peak bytes of one call
method = "dct"
size = 256

[[quality]]              # PSNR, SSIM, residual on every image
method = ["noisy", "dct"]
sigma_255 = [15, 25, 50]
seed = [0, 1]
images = ["camera", "coins"]   # leave out for all
pictures = true                # the report shows crops

[[quality]]
method = "bicubic"
channels = 3
scale = [2, 3]
degradation = ["bicubic", "decimate"]
"""


@app.command()
def show(name: Name, overrides: Set = None, images: Images = None) -> None:
    """Print a spec as it will be run, its cases and about how long they take."""
    from bench.measure.image_set import ImageSet
    from bench.plan.forecast import forecast, in_words
    from bench.plan.spec_files import read_spec

    spec = read_spec(name, overrides or ())
    known = ImageSet(images).names()
    if images:
        spec = spec.on_images({*known[1], *known[3]}, given=False)
    print(spec.model_dump_json(indent=2, exclude_defaults=True))
    say(in_words(forecast(spec, spec.cases(known))))


@app.command()
def check(name: Name, overrides: Set = None) -> None:
    """Check a spec without running it: grammar, methods, options, scales; status 2 where something is wrong."""
    from bench.errors import SpecError
    from bench.measure.image_set import ImageSet
    from bench.plan.forecast import forecast, in_words
    from bench.plan.spec_files import faults, read_spec

    spec = read_spec(name, overrides or ())
    known = ImageSet().names()
    found = faults(name, spec, known)
    for fault in found[:-1]:
        say(fault)
    if found:
        raise SpecError(found[-1])
    print(f"{name}: fine; {in_words(forecast(spec, spec.cases(known)))}")


@app.command()
def example() -> None:
    """Print a spec that has every kind of section, to start from."""
    print(EXAMPLE, end="")


@app.command()
def schema() -> None:
    """Print the JSON schema of specs, for editors."""
    import json

    from bench.plan.spec import Spec

    described = Spec.model_json_schema(mode="validation")
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | described, indent=1))
