"""Learning the numbers of the DCT denoiser, and the file that holds them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from restoration import dct_denoise
from restoration.dct import learnt
from restoration.dct.learn import Schedule, learn_steps, learn_thresholds
from restoration.dct.learnt import SHIPPED, Learnt, learnt_for, load_learnt, save_learnt
from restoration.dct.steps import Steps
from restoration.errors import CheckpointError, DivergedError, RangeError, ShapeError

SIGMA = 25 / 255
QUICK = Schedule(steps=12, crops=2, crop_size=32, rate=0.15)


def scene(seed: int) -> torch.Tensor:
    """Smooth across, rough down: whose vertical frequencies want lower thresholds than a flat image's. (1, 96, 96)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.rand(96, 1, generator=generator).expand(96, 96)
    return rows[None].contiguous()


def tables(block_size: int, sigma_255: float, value: float) -> Learnt:
    """Tables of one value."""
    filled = torch.full((block_size, block_size), value)
    filled[0, 0] = 0
    return Learnt(sigma_255, filled, Steps(filled, filled, filled, filled), ("somewhere",))


def test_flat_images_teach_higher_thresholds_than_rough_ones() -> None:
    flat = learn_thresholds([torch.full((1, 96, 96), 0.5)], SIGMA, schedule=QUICK)
    rough = learn_thresholds([scene(0)], SIGMA, schedule=QUICK)
    assert flat[0, 0] == 0
    assert flat[0, 1:].mean() > rough[0, 1:].mean() + 0.3
    torch.testing.assert_close(flat, flat.mT)


def test_learning_lowers_the_loss_of_both_steps() -> None:
    losses: list[float] = []
    steps = learn_steps([scene(1)], SIGMA, schedule=QUICK, progress=lambda _, loss: losses.append(loss))
    assert len(losses) == QUICK.steps + QUICK.steps // 2
    assert sum(losses[-3:]) < sum(losses[:3])
    assert all(table.shape == (8, 8) and (table >= 0).all() for table in steps.tables())


def test_the_seed_decides_what_is_learnt() -> None:
    first, again, other = (
        learn_thresholds([scene(0)], SIGMA, block_size=4, schedule=replace(QUICK, seed=seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_learning_that_runs_away_is_reported_with_its_loss() -> None:
    broken = scene(0).clone()
    broken[0, 40:60, 40:60] = float("nan")
    with pytest.raises(DivergedError, match=r"diverged at step \d+: loss nan"):
        learn_thresholds([broken], SIGMA, schedule=replace(QUICK, crop_size=80))


def test_bad_input_is_named() -> None:
    with pytest.raises(RangeError, match=r"sigma must be positive.*got 0"):
        learn_thresholds([scene(0)], 0, schedule=QUICK)
    with pytest.raises(RangeError, match=r"2\.\.32, got 40"):
        learn_thresholds([scene(0)], SIGMA, block_size=40, schedule=QUICK)
    with pytest.raises(ShapeError, match="crops of 100 x 100"):
        learn_thresholds([scene(0)], SIGMA, schedule=replace(QUICK, crop_size=100))


def test_saved_tables_are_loaded_and_used(tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    save_learnt(path, [tables(8, 25, 2.5), replace(tables(4, 25, 3.0), steps=None)])
    small, large = load_learnt(path)[1], load_learnt(path)[0]
    assert (small.block_size, small.steps, large.block_size) == (4, None, 8)
    assert large.trained_on == ("somewhere",)
    torch.testing.assert_close(large.thresholds, tables(8, 25, 2.5).thresholds)
    noisy = torch.rand(1, 20, 20, generator=torch.Generator().manual_seed(0))
    from_file = dct_denoise(noisy, SIGMA, thresholds=path, engine="dense")
    torch.testing.assert_close(from_file, dct_denoise(noisy, SIGMA, ratio=2.5, engine="dense"))


def test_tables_are_interpolated_between_sigmas_and_held_beyond(tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    save_learnt(path, [tables(8, 50, 3.0), tables(8, 10, 2.0)])
    for sigma_255, expected in ((5, 2.0), (10, 2.0), (20, 2.25), (50, 3.0), (90, 3.0)):
        found = learnt_for(path, sigma_255 / 255, block_size=8)
        assert found.thresholds[3, 4].item() == pytest.approx(expected)
        assert found.steps is not None
        assert found.steps.noise[3, 4].item() == pytest.approx(expected)


def test_a_file_of_another_block_size_is_refused_naming_both(tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    save_learnt(path, [tables(16, 25, 2.5)])
    with pytest.raises(ShapeError, match=r"block_size is 8, but .*learnt\.json was learnt for blocks of 16"):
        dct_denoise(torch.zeros(1, 20, 20), SIGMA, thresholds=path)


ENTRY = '{"format": "restoration.dct.learnt 1", "learnt": [{"sigma_255": 25, "trained_on": []%s}]}'


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        '{"format": "other 7", "learnt": []}',
        ENTRY % "",
        ENTRY % ', "thresholds": [[1], 2]',
        ENTRY % ', "thresholds": [[1, 2]]',
        ENTRY % ', "thresholds": [[-1]]',
    ],
)
def test_a_broken_file_is_refused_naming_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(CheckpointError, match=r"broken\.json"):
        load_learnt(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.json: cannot read"):
        dct_denoise(torch.zeros(1, 20, 20), SIGMA, thresholds=tmp_path / "nowhere.json")


def test_the_shipped_tables_serve_both_block_sizes_at_any_sigma() -> None:
    assert json.loads(SHIPPED.read_text())["format"]
    for block_size in (8, 16):
        for sigma_255 in (5, 20, 80):
            found = learnt_for(SHIPPED, sigma_255 / 255, block_size=block_size)
            assert found.steps is not None
            assert 1.5 < found.thresholds[0, 1:].mean() < 4.5


def test_a_file_is_read_once_and_again_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "learnt.json"
    save_learnt(path, [tables(8, 25, 2.5)])
    read: list[Path] = []
    monkeypatch.setattr(learnt, "load_learnt", lambda file: [read.append(file), load_learnt(file)][1])
    noisy = torch.rand(1, 16, 16, generator=torch.Generator().manual_seed(0))
    first, again = (dct_denoise(noisy, SIGMA, thresholds=path) for _ in range(2))
    assert read == [path]
    assert torch.equal(first, again)
    save_learnt(path, [tables(8, 25, 2.75)])
    assert torch.equal(dct_denoise(noisy, SIGMA, thresholds=path), dct_denoise(noisy, SIGMA, ratio=2.75))
    assert read == [path, path]


def test_what_is_kept_is_not_what_is_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    save_learnt(path, [tables(8, 25, 2.5)])
    handed = learnt_for(path, SIGMA, block_size=8)
    handed.thresholds.zero_()
    assert handed.steps is not None
    handed.steps.noise.zero_()
    assert learnt_for(path, SIGMA, block_size=8).thresholds[0, 1] == 2.5
    again = learnt_for(path, SIGMA, block_size=8).steps
    assert again is not None
    assert again.noise[0, 1] == 2.5
