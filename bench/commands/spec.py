"""The commands `restobench spec`: show, check, example and schema."""

from __future__ import annotations

import json
from importlib import resources
from typing import Annotated

import typer

from bench.commands.options import Overrides
from bench.errors import SpecError
from bench.talk import say

Name = Annotated[str, typer.Argument(help="A shipped spec's name, or the path of a TOML file.")]
Images = Annotated[str | None, typer.Option("--images", help="A folder, pattern, list file or set of your own.")]

app = typer.Typer(help="Show, check and write specs.", no_args_is_help=True)


@app.command()
def show(name: Name, overrides: Overrides = None, images: Images = None) -> None:
    """Print a spec as it will be run, its cases and about how long they take."""
    from bench.measure.image_set import ImageSet
    from bench.plan.forecast import forecast, in_words
    from bench.plan.spec_files import read_spec

    spec = read_spec(name, overrides or ())
    given = ImageSet(images)
    known = given.names()
    if images:
        spec = spec.on_images({*known[1], *known[3]}, given=False)
    print(spec.model_dump_json(indent=2, exclude_defaults=True))
    say(in_words(forecast(spec, spec.cases(known), given.pixels)))


@app.command()
def check(name: Name, overrides: Overrides = None) -> None:
    """Check a spec without running it: grammar, methods, options, scales; status 2 where something is wrong."""
    from bench.measure.image_set import ImageSet
    from bench.plan.forecast import forecast, in_words
    from bench.plan.spec_files import faults, read_spec

    spec = read_spec(name, overrides or ())
    images = ImageSet()
    known = images.names()
    found = faults(name, spec, known)
    for fault in found[:-1]:
        say(fault)
    if found:
        raise SpecError(found[-1])
    print(f"{name}: fine; {in_words(forecast(spec, spec.cases(known), images.pixels))}")


@app.command()
def example() -> None:
    """Print a spec that has every kind of section, to start from."""
    print(resources.files("bench.plan").joinpath("example.toml").read_text(encoding="utf-8"), end="")


@app.command()
def schema() -> None:
    """Print the JSON schema of specs, for editors."""
    from bench.plan.spec import Spec

    described = Spec.model_json_schema(mode="validation")
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | described, indent=1))
