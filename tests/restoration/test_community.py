"""A checkpoint's path is a method: FFDNet and RDN need nothing more, every other network needs spandrel.

The checkpoints are tiny, random, and made here.
"""

from __future__ import annotations

import importlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from restoration import ffdnet, get, rdn
from restoration.errors import CheckpointError, PackageMissingError
from restoration.method import Method, Setup

IMAGE = torch.rand(2, 1, 21, 18)

SMALL_FFDNET = ffdnet.Architecture(channels=1, features=8, depth=3, form="kair")
SMALL_RDN = rdn.Architecture(blocks=2, layers=2, growth=4, features=4, scale=3)


def spandrel_or_skip() -> Any:
    try:
        return importlib.import_module("spandrel")
    except Exception as error:  # noqa: BLE001 - torchvision fails in its own ways beside another torch
        pytest.skip(f"spandrel cannot be imported here ({type(error).__name__}); `nox -s community` has it")


def random_state(network: nn.Module, rename: Callable[[str], str] = str) -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        rename(key): torch.rand_like(value) / 100 if value.is_floating_point() else value
        for key, value in network.state_dict().items()
    }


def restored(method: Method, image: Tensor = IMAGE, *, sigma: float = 0.1) -> Tensor:
    setup = method.checked(Setup(channels=method.channels[0], scale=method.scales[0], sigma=sigma))
    with torch.inference_mode():
        return method.build(setup)(image)


def kair_state() -> dict[str, Tensor]:
    return random_state(ffdnet.FFDNet(SMALL_FFDNET), lambda key: key.replace("layers.", "model."))


def save_plain(state: dict[str, Tensor], path: Path) -> None:
    torch.save(state, path)


def save_wrapped(state: dict[str, Tensor], path: Path) -> None:
    torch.save({"params": {f"module.{key}": value for key, value in state.items()}, "epoch": 3}, path)


def save_safe(state: dict[str, Tensor], path: Path) -> None:
    save_file(state, path)


@pytest.mark.parametrize(
    ("save", "name"),
    [(save_plain, "a.pth"), (save_wrapped, "b.ckpt"), (save_plain, "c.pt"), (save_safe, "d.safetensors")],
)
def test_an_ffdnet_by_path_is_told_from_its_keys(
    tmp_path: Path, save: Callable[[dict[str, Tensor], Path], None], name: str
) -> None:
    path = tmp_path / name
    save(kair_state(), path)
    method = get(str(path))
    assert (method.task, method.channels, method.scales) == ("denoise", (1,), (1,))
    setup = Setup(sigma=0.1, options={"checkpoint": str(path)})
    expected = get("ffdnet").build(get("ffdnet").checked(setup))(IMAGE)
    assert torch.equal(restored(method), expected)
    assert method.macs_per_pixel is not None
    assert method.macs_per_pixel(method.checked(setup)) == SMALL_FFDNET.macs_per_pixel


@pytest.mark.parametrize("prefix", ["", "generator."])
def test_an_rdn_by_path_brings_its_scale(tmp_path: Path, prefix: str) -> None:
    """In mmagic's files `generator.` stands before every key, and what training needed beside them."""
    path = tmp_path / "rdn.pth"
    state = random_state(rdn.RDN(SMALL_RDN), lambda key: prefix + key)
    torch.save(
        {"meta": {"epoch": 1}, "state_dict": state | ({"step_counter": torch.tensor(1)} if prefix else {})}, path
    )
    method = get(str(path))
    assert (method.task, method.channels, method.scales) == ("upscale", (3,), (3,))
    assert restored(method, torch.rand(1, 3, 8, 9)).shape == (1, 3, 24, 27)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save(kair_state(), path)
    assert get(str(path)).task == "denoise"
    torch.save(random_state(rdn.RDN(SMALL_RDN)), path)
    assert get(str(path)).task == "upscale"


class Command:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {MARK}",)


MARK = Path("/tmp") / f"restobench-test-{os.getpid()}"  # noqa: S108 - a name; nothing must ever write it


@pytest.mark.parametrize("wrap", [lambda bad: bad, lambda bad: {"state_dict": bad}, lambda bad: {"a": [bad, 1]}])
def test_a_pickle_that_would_run_code_is_refused_with_what_it_would_call(tmp_path: Path, wrap: Any) -> None:
    path = tmp_path / "bad.pth"
    torch.save(wrap(Command()), path)
    with pytest.raises(CheckpointError, match=r"refused: it would call posix.system") as caught:
        get(str(path))
    assert "\n" not in str(caught.value)
    assert not MARK.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_bare_pickle_of_any_protocol_runs_nothing(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "bad.pt"
    path.write_bytes(pickle.dumps(Command(), protocol=protocol))
    with pytest.raises(CheckpointError, match="tensors only"):
        get(str(path))
    assert not MARK.exists()


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02}q\x00.", b"\xff" * 64])
def test_a_broken_file_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        get(str(path))


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    torch.save(nn.Conv2d(1, 1, 1), path)
    with pytest.raises(CheckpointError, match=r"refused: it would call torch\.nn\.modules\.conv\.Conv2d"):
        get(str(path))


def test_a_network_of_others_needs_spandrel_or_is_told_unknown(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"stem.weight": torch.rand(3, 3)}, path)
    with pytest.raises((CheckpointError, PackageMissingError), match=r"stem.weight \(3, 3\)"):
        get(str(path))


def dncnn() -> Any:
    return importlib.import_module("spandrel.architectures.DnCNN").DnCNN(in_nc=1, out_nc=1, nc=4, nb=9, act_mode="R")


def fdncnn() -> Any:
    made = importlib.import_module("spandrel.architectures.DnCNN").DnCNN
    return made(in_nc=2, out_nc=1, nc=4, nb=9, act_mode="R", mode="FDnCNN")


def drunet() -> Any:
    made = importlib.import_module("spandrel.architectures.DRUNet").DRUNet
    return made(in_nc=2, out_nc=1, nc=[4, 4, 8, 8], nb=2, act_mode="R", upsample_mode="convtranspose")


def nafnet() -> Any:
    made = importlib.import_module("spandrel.architectures.NAFNet").NAFNet
    return made(img_channel=3, width=4, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1])


def compact() -> Any:
    made = importlib.import_module("spandrel.architectures.Compact").Compact
    return made(num_in_ch=3, num_out_ch=3, num_feat=4, num_conv=2, upscale=4)


def esrgan() -> Any:
    made = importlib.import_module("spandrel.architectures.ESRGAN").ESRGAN
    return made(in_nc=3, out_nc=3, num_filters=4, num_blocks=1, scale=2)


@pytest.mark.parametrize(
    ("make", "task", "channels", "scale"),
    [
        (dncnn, "denoise", 1, 1),
        (fdncnn, "denoise", 1, 1),
        (drunet, "denoise", 1, 1),
        (nafnet, "denoise", 3, 1),
        (compact, "upscale", 3, 4),
        (esrgan, "upscale", 3, 2),
    ],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_spandrel_recognises_keeps_the_contract(  # noqa: PLR0917 - pytest passes parameters by name
    tmp_path: Path, make: Callable[[], Any], task: str, channels: int, scale: int, suffix: str
) -> None:
    spandrel_or_skip()
    check = importlib.import_module("bench.checks.contract").check
    path = tmp_path / f"{make.__name__}{suffix}"
    (save_safe if suffix == ".safetensors" else save_plain)(random_state(make()), path)
    method = get(str(path))
    assert (method.task, method.channels, method.scales) == (task, (channels,), (scale,))
    failed = [finding for finding in check(str(path)) if finding.verdict == "fail"]
    assert [finding for finding in failed if finding.check != "range"] == []  # random weights restore nothing


@pytest.mark.parametrize("make", [fdncnn, drunet])
def test_a_network_that_takes_sigma_is_told_the_case_s(tmp_path: Path, make: Callable[[], Any]) -> None:
    spandrel_or_skip()
    path = tmp_path / "told.pth"
    torch.save(random_state(make()), path)
    network = make()
    network.load_state_dict(torch.load(path, weights_only=True))
    image = torch.rand(1, 1, 16, 24)
    for sigma in (0.05, 0.2):
        with torch.inference_mode():
            expected = network.eval()(torch.cat((image, torch.full_like(image, sigma)), 1))
        torch.testing.assert_close(restored(get(str(path)), image, sigma=sigma), expected)


def test_a_known_network_with_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    spandrel_or_skip()
    path = tmp_path / "bent.pth"
    state = random_state(dncnn())
    torch.save(state | {"model.4.weight": torch.rand(2, 2, 3, 3)}, path)
    with pytest.raises(CheckpointError, match="looks like a known network"):
        get(str(path))
