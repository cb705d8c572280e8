"""A spec says what is measured: every shipped one expands, and a wrong one is told where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from bench.errors import SpecError
from bench.measure.image_set import ImageSet
from bench.plan.experiments import seconds_of
from bench.plan.forecast import forecast
from bench.plan.sections import QualitySection, SizedSection, TimeSection
from bench.plan.spec import Spec
from bench.plan.spec_files import read_spec, shipped
from restoration.dct.learn import TRAINING
from restoration.errors import RestorationError

PICTURES = {1: ["camera", "coins"], 3: ["chelsea"]}


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_spec_expands_without_duplicates(name: str) -> None:
    spec = read_spec(name)
    assert spec.name == name
    assert spec.description
    cases = spec.cases(ImageSet().names())
    assert len(cases) == len(set(cases)) > 0


def test_full_scores_all_denoisers_on_the_same_images_and_on_none_that_a_method_was_learnt_on() -> None:
    cases = [case for case in read_spec("full").cases(ImageSet().names()) if case.kind == "quality"]
    denoised = [case for case in cases if case.task == "denoise" and case.sigma_255 == 25]
    images = {
        method: {case.image for case in denoised if case.method == method} for method in {c.method for c in denoised}
    }
    assert len(set(map(frozenset, images.values()))) == 1, images
    assert not images["dct"] & set(TRAINING)
    assert len(images["dct"]) == 6


@given(
    sizes=st.lists(st.sampled_from([64, "64x64", "32x48", 96]), min_size=1, max_size=4),
    block_sizes=st.lists(st.integers(2, 32), min_size=1, max_size=4),
)
def test_a_grid_holds_every_combination_once(sizes: list[object], block_sizes: list[int]) -> None:
    section = {"method": "dct", "size": sizes, "options": {"block_size": block_sizes}}
    spec = Spec.model_validate({"name": "x", "time": [section]})
    different = {(64, 64) if size in (64, "64x64") else (32, 48) if size == "32x48" else (96, 96) for size in sizes}
    assert len(spec.cases(PICTURES)) == len(different) * len(set(block_sizes))


def test_quality_runs_denoisers_over_sigma_and_upscalers_over_degradation() -> None:
    noisy = QualitySection.model_validate({"method": "noisy", "sigma_255": [15, 25], "seed": [0, 1]})
    assert {(c.sigma_255, c.seed, c.image) for c in noisy.cases("cpu", 1, PICTURES)} == {
        (sigma, seed, image) for sigma in (15.0, 25.0) for seed in (0, 1) for image in PICTURES[1]
    }
    larger = QualitySection.model_validate(
        {"method": "bicubic", "channels": 3, "scale": 2, "degradation": ["bicubic", "decimate"]}
    )
    assert {(c.degradation, c.sigma_255) for c in larger.cases("cpu", 1, PICTURES)} == {
        ("bicubic", 0.0), ("decimate", 0.0)
    }  # fmt: skip


def test_random_weights_are_refused_a_quality_figure() -> None:
    section = QualitySection.model_validate({"method": "rdn", "channels": 3, "scale": 2})
    with pytest.raises(SpecError, match="random weights"):
        list(section.cases("cpu", 1, PICTURES))


def test_a_size_that_the_scale_does_not_divide_is_refused() -> None:
    section = SizedSection.model_validate({"method": "bicubic", "scale": 3, "size": 64})
    with pytest.raises(SpecError, match="bicubic: size 64x64 is not a multiple of scale 3"):
        list(section.cases("time", "cpu", 1))


@pytest.mark.parametrize(("cores", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4])])
def test_timed_cases_run_on_the_numbers_of_threads_that_the_run_may_use(cores: int, counts: list[int]) -> None:
    section = TimeSection.model_validate({"method": "noisy", "threads": [1, 2, 4, 8]})
    assert [case.threads for case in section.cases("time", "cpu", cores)] == counts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not TOML"),
        ("nome = 'x'", ":1: nome: Extra inputs are not permitted, got 'x'; did you mean name?"),
        ("seed = 1", "name: Field required"),
        ("name = 'x'\n[[quality]]\nmethod = 'dct'\nscale = -1\nsigma_255 = -1\nsede = 1", "(and 2 more)"),
        ("name = 'x'\nthreads = -1", "threads: Input should be greater"),
        (
            "name = 'x'\n[[time]]\nmethod = 'dct'\nsize = '8by8'",
            'time.0.size.0: expected a size such as 512, or "480x640" ',
        ),
        ("name = 'x'\n[[cost]]\nmethod = 'dct'\nsize = '64x'", ":4: cost.0.size.0: expected a size such as 512"),
        (
            "name = 'x'\n[[quality]]\nmethod = 'dct'\n\ndegradation = ['awgn', 'blurr']",
            ":5: quality.0.degradation.1: unkn",
        ),
        ("name = 'x'\n[[time]]\nmethod = 'dct'\nsizes = 8", "sizes: Extra inputs"),
        ("name = '../x'", "name: String should match"),
    ],
)
def test_a_wrong_spec_names_the_file_and_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_spec(str(path))
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["standrad", "no/such.toml", ""])
def test_an_unknown_spec_is_refused(name: str) -> None:
    with pytest.raises(SpecError):
        read_spec(name)


@pytest.mark.parametrize(
    "section",
    [
        {"method": "no-such"},
        {"method": "dct", "options": {"blok_size": 8}},
        {"method": "dct", "options": {"block_size": "eight"}},
        {"method": "bicubic", "scale": 16},
        {"method": "dct", "dtype": "bfloat16"},
    ],
)
def test_a_wrong_method_option_scale_or_dtype_is_found_before_the_run(section: dict[str, object]) -> None:
    spec = Spec.model_validate({"name": "x", "time": [{"method": "noisy"}, section]})
    with pytest.raises(SpecError, match=r"spec x: time\.1: "):
        spec.cases(PICTURES)


def test_an_option_that_an_experiment_does_not_have_is_found_before_the_run() -> None:
    spec = Spec.model_validate({"name": "x", "experiment": [{"name": "ratio-sweep", "options": {"block": 8}}]})
    with pytest.raises(SpecError, match=r"^spec x: experiment\.0: experiment ratio-sweep: no option 'block'; its opt"):
        spec.cases(PICTURES)


def test_noise_alone_is_refused_where_a_method_upscales() -> None:
    section = {"method": "bicubic", "scale": 2, "degradation": ["awgn"]}
    spec = Spec.model_validate({"name": "x", "quality": [section]})
    with pytest.raises(SpecError, match=r"quality\.0: bicubic upscales, and awgn leaves images as large as they are"):
        spec.cases(PICTURES)


def test_only_keeps_the_sections_of_the_methods_asked_for() -> None:
    spec = read_spec("quick").only(["ffdnet"])
    assert {case.method for case in spec.cases(ImageSet().names())} == {"ffdnet"}
    with pytest.raises(RestorationError, match="unknown method"):
        read_spec("quick", methods=["fdnet"])


def test_an_image_that_is_not_there_is_named_and_a_users_folder_takes_all_of_its_own() -> None:
    spec = Spec.model_validate({"name": "x", "quality": [{"method": "noisy", "images": ["camra"]}]})
    with pytest.raises(SpecError, match="no image 'camra' in 1 channel; there are: camera, coins"):
        spec.cases(PICTURES)
    with pytest.raises(SpecError, match="no image 'camra'"):
        spec.on_images(PICTURES[1], given=False).cases(PICTURES)
    shipped = Spec.model_validate({"name": "x", "quality": [{"method": "noisy", "images": ["moon", "brick"]}]})
    assert {case.image for case in shipped.on_images(PICTURES[1], given=False).cases(PICTURES)} == {"camera", "coins"}


def test_a_users_image_may_be_named_by_its_stem() -> None:
    names = {1: ["a.png", "b.png", "b.tif"], 3: []}
    spec = Spec.model_validate({"name": "x", "quality": [{"method": "noisy", "images": ["a"]}]})
    assert {case.image for case in spec.on_images(names[1], given=False).cases(names)} == {"a.png"}
    twice = Spec.model_validate({"name": "x", "quality": [{"method": "noisy", "images": ["b"]}]})
    with pytest.raises(SpecError, match=r"no image 'b' in 1 channel; there are: a\.png, b\.png, b\.tif"):
        twice.on_images(names[1], given=False).cases(names)


def test_experiments_are_estimated_as_they_were_measured() -> None:
    spec = Spec.model_validate({"name": "x", "experiment": [{"name": "thresholds"}, {"name": "learn-dct"}]})
    (found,) = forecast(spec, spec.cases({1: [], 3: []}), lambda _: 0)
    assert found.seconds == seconds_of("thresholds") + seconds_of("learn-dct")


def test_given_images_are_restored_once_for_a_sigma_that_is_named() -> None:
    section = {"method": ["noisy", "bicubic"], "seed": [1, 2], "sigma_255": [15, 25]}
    spec = Spec.model_validate({"name": "pairs", "quality": [section]})
    with pytest.raises(SpecError, match=r"told sigma 15, 25, but given images have one noise.*--set sigma_255=15"):
        spec.on_images(["a.png"], given=True)
    named = Spec.model_validate({"name": "pairs", "quality": [section | {"sigma_255": 15}]})
    (case,) = named.only(["noisy"]).on_images(["a.png"], given=True).cases({1: ["a.png"], 3: []})
    assert (case.degradation, case.sigma_255, case.seed) == ("given", 15.0, 0)
    upscalers = Spec.model_validate({"name": "pairs", "quality": [section | {"method": "bicubic", "scale": 2}]})
    assert upscalers.on_images(["a.png"], given=True).quality[0].degradation == ("given",)


def test_every_batch_of_a_time_section_is_a_case_of_its_own() -> None:
    section = {"method": "noisy", "size": 64, "batch": [1, 4, 16], "threads": [1, 2]}
    spec = Spec.model_validate({"name": "x", "threads": 2, "time": [section]})
    cases = spec.cases({1: [], 3: []})
    assert [(case.threads, case.batch) for case in cases] == [(1, 1), (1, 4), (1, 16), (2, 1), (2, 4), (2, 16)]
    assert len({case.timed_name for case in cases}) == 3


@pytest.mark.parametrize("batch", [0, 5000, 1.5])
def test_a_batch_that_is_no_number_of_images_is_refused(batch: float) -> None:
    with pytest.raises(ValidationError, match="batch"):
        Spec.model_validate({"name": "x", "time": [{"method": "noisy", "batch": batch}]})
