"""Methods named on the command line are measured, whether the spec holds them or not; none is dropped in silence."""

from __future__ import annotations

import pytest

from bench.errors import SpecError
from bench.measure.image_set import ImageSet
from bench.plan.overrides import method_names
from bench.plan.spec import Spec
from bench.plan.spec_files import read_spec
from restoration.errors import UnknownMethodError

NAMES = ImageSet().names()


def kinds(spec: Spec, method: str) -> set[str]:
    """The kinds of case that a method has in a spec."""
    return {case.kind for case in spec.cases(NAMES) if case.method == method}


def test_methods_that_the_spec_lacks_are_measured_in_the_usual_ways_and_the_others_as_it_says() -> None:
    quick = read_spec("quick")
    chosen = read_spec("quick", methods=["dct", "nlm"])
    assert chosen.methods() == ("dct", "nlm")
    assert [case for case in chosen.cases(NAMES) if case.method == "dct"] == [
        case for case in quick.cases(NAMES) if case.method == "dct"
    ]
    assert kinds(chosen, "nlm") == {"cost", "time", "memory", "quality"}
    assert {case.image for case in chosen.cases(NAMES) if case.method == "nlm"} == {"", "camera", "coins"}


def test_a_method_with_random_weights_is_not_judged() -> None:
    assert kinds(read_spec("quick", methods=["rdn"]), "rdn") == {"cost", "time", "memory"}


def test_a_method_whose_group_has_no_other_left_is_measured_in_the_usual_ways() -> None:
    entries = [{"method": "dct", "size": 64}, {"method": "noisy", "size": 64}]
    spec = Spec.model_validate({"name": "x", "paired": [{"group": "g", "entry": entries}]})
    assert spec.only(["noisy"]).methods() == ()
    peers = read_spec("peers", methods=["lanczos"])
    assert peers.methods() == ("lanczos",)


def test_a_users_own_images_are_all_taken_even_where_one_is_called_as_a_bundled_one() -> None:
    names = {1: ["all.png", "camera.png", "mine.png"], 3: []}
    spec = read_spec("quick", methods=["nlm"], images=["all"]).on_images(names[1], given=False)
    assert {case.image for case in spec.cases(names) if case.kind == "quality"} == set(names[1])


def test_an_override_reaches_methods_that_were_added() -> None:
    spec = read_spec("quick", ["strength=[0.5,0.6]", "time.size=64"], methods=["nlm"])
    assert {case.variant for case in spec.cases(NAMES)} == {"strength=0.5", "strength=0.6"}
    assert {case.height for case in spec.cases(NAMES) if case.kind == "time"} == {64}


def test_a_wrong_override_is_named_with_its_place() -> None:
    with pytest.raises(SpecError, match=r"^--set time\.size=64x: time\.0\.size\.0: expected a size such as 512, or "):
        read_spec("quick", ["time.size=64x"])


def test_names_are_taken_once_and_an_empty_or_unknown_one_is_refused() -> None:
    assert method_names("") == ()
    assert method_names("dct, noisy,dct") == ("dct", "noisy")
    with pytest.raises(SpecError, match="--methods 'dct,,noisy' holds an empty name"):
        method_names("dct,,noisy")
    with pytest.raises(SpecError, match="holds an empty name"):
        method_names(" ")
    with pytest.raises(UnknownMethodError, match="unknown method 'nml'; did you mean nlm"):
        read_spec("quick", methods=["dct", "nml"])


def test_where_a_floor_has_to_hold_a_method_takes_the_place_of_the_specs_own() -> None:
    spec = read_spec("single-stream", methods=["bicubic"])
    assert [(one.method, one.scale, one.size) for one in spec.time] == [(("bicubic",), (2,), ((128, 128),))]
    assert [one.images for one in spec.quality] == [("astronaut", "chelsea", "coffee", "motorcycle_left")]
    assert not spec.cost


def test_a_baseline_stays_beside_the_methods_that_are_named() -> None:
    spec = read_spec("ntire-esr", methods=["nearest"])
    assert [one.method for one in (*spec.cost, *spec.time, *spec.quality)] == [
        ("span", "nearest"), ("span", "nearest"), ("nearest",)
    ]  # fmt: skip


def test_random_weights_are_timed_in_place_and_not_judged() -> None:
    spec = read_spec("ntire-esr", methods=["rdn"])
    assert [one.method for one in spec.time] == [("span", "rdn")]
    assert not spec.quality


def test_a_method_that_fits_no_section_is_measured_in_the_usual_ways() -> None:
    spec = read_spec("single-stream", methods=["span"])
    assert {one.scale for one in spec.time} == {(4,)}
