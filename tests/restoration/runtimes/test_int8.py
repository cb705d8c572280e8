"""Networks in int8 and float16: near float32, the same in each program, refused in one line where not to be had."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from restoration import Setup, psnr
from restoration.errors import FormatError, OptionError
from restoration.ffdnet import Architecture, AtSigma, FFDNet
from restoration.images import BUNDLED, bundled_image
from restoration.rdn import RDN, Architecture as RDNArchitecture
from restoration.runtimes import calibration, choice, int8

ODD = bundled_image("coins").pixels[None, :, 100:149, 60:111]


def ffdnet() -> nn.Module:
    torch.manual_seed(5)
    return AtSigma(FFDNet(Architecture(1, 16, 4, "ipol")).eval(), 0.1)


def restored(network: nn.Module, image: torch.Tensor, **options: str) -> torch.Tensor:
    setup = Setup(channels=image.shape[1], sigma=0.1, options=options)
    return choice.whole(network, setup)(image)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_int8_is_near_float32_on_images_of_any_size_and_keeps_their_brightness(runtime: str) -> None:
    pytest.importorskip(runtime)
    plain = restored(ffdnet(), ODD, runtime="plain")
    narrow = restored(ffdnet(), ODD, runtime=runtime, precision="int8")
    assert narrow.shape == plain.shape
    assert narrow.dtype == torch.float32
    assert 30 < psnr(narrow, plain) < 80  # rounded, and hardly anything else
    assert abs(float((narrow - plain).mean())) < 2e-3


def test_int8_of_a_network_that_joins_maps_is_near_float32() -> None:
    pytest.importorskip("onnxruntime")
    torch.manual_seed(5)
    sizes = RDNArchitecture(scale=2, blocks=2, layers=2, growth=16, features=16, upsampling="nearest")
    network, low = RDN(sizes).eval(), torch.rand(1, 3, 20, 22)
    setup = Setup(channels=3, scale=2, options={"runtime": "onnxruntime", "precision": "int8"})
    found, plain = choice.whole(network, setup)(low), network(low).detach()
    assert 30 < psnr(found, plain) < 80


def test_kernels_have_seven_bits_and_the_mean_of_each_map_stays() -> None:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 1, 1))
    call = torch.rand(1, 1, 64, 64)
    found = int8.quantised(network, [[call]])
    assert set(found.layers) == {"2.weight", "3.weight"}  # the first convolution sees the image itself
    for layer in found.layers.values():
        assert layer.kernel.dtype == torch.int8
        assert int(layer.kernel.abs().max()) == 63
    difference = (found.network[:3](call) - network[:3](call)).mean((0, 2, 3))
    assert difference.abs().max() < 1e-4
    uncorrected = nn.functional.conv2d(network[:2](call), found.network[2].weight - network[2].weight).mean((0, 2, 3))
    assert uncorrected.abs().max() > 10 * difference.abs().max()


def test_no_picture_of_the_calibration_is_one_that_methods_are_tried_on() -> None:
    tried = {name for names in BUNDLED.values() for name in names}
    assert not {Path(file).name for file in calibration.CALIBRATION} & tried
    for setup in (Setup(sigma=0.1), Setup(channels=3, scale=3)):
        shown = calibration.pictures(setup)
        assert len(shown) == len(calibration.CALIBRATION)
        assert all(picture.shape[1] == setup.channels and picture.isfinite().all() for picture in shown)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"runtime": "torch", "precision": "int8"},
            "runtime torch: does not compute in int8; use onnxruntime or openvino",
        ),
        ({"runtime": "ncnn", "precision": "int8"}, "runtime ncnn: does not compute in int8"),
        ({"runtime": "auto", "precision": "int4"}, "precision must be float32, float16, bfloat16, int8, or empty"),
        ({"runtime": "onnxruntime", "precision": "bfloat16"}, "runs on the cpu in float32, float16 or int8, got cpu"),
        ({"runtime": "winograd", "precision": "float16"}, "runtime winograd: runs on the cpu in float32"),
    ],
)
def test_what_a_runtime_does_not_compute_in_is_one_line(options: dict[str, str], reason: str) -> None:
    with pytest.raises(OptionError, match=reason) as caught:
        restored(ffdnet(), ODD, **options)
    assert "\n" not in str(caught.value)


def test_a_network_without_a_second_convolution_is_refused() -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(FormatError, match="int8: Conv2d has no two convolutions"):
        restored(nn.Conv2d(1, 1, 3, padding=1), ODD, runtime="onnxruntime", precision="int8")


def test_openvino_is_not_let_compute_in_float32_where_another_precision_was_asked_for() -> None:
    openvino = pytest.importorskip("openvino")
    if "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        assert psnr(restored(ffdnet(), ODD, runtime="openvino", precision="bfloat16"), ODD) > 5
    else:
        with pytest.raises(
            OptionError, match="no instructions for bfloat16, so that OpenVINO would compute in float32"
        ):
            restored(ffdnet(), ODD, runtime="openvino", precision="bfloat16")


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime"])
def test_float16_takes_and_gives_float32(runtime: str) -> None:
    if runtime != "torch":
        pytest.importorskip(runtime)
    plain = restored(ffdnet(), ODD, runtime="plain")
    narrow = restored(ffdnet(), ODD, runtime=runtime, precision="float16")
    assert narrow.dtype == torch.float32
    assert 1e-6 < float((narrow - plain).abs().max()) < 5e-3
