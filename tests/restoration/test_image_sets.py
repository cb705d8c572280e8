"""Whatever a user's images are called and wherever they lie, each is found once, under a name of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restoration.errors import ImageError
from restoration.image_sets import find_degraded, find_images


def made(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 6), np.uint8)).save(path)


def test_a_folder_a_pattern_a_list_and_a_file(tmp_path: Path) -> None:
    made(tmp_path / "b.png", tmp_path / "a.png", tmp_path / "c.jpg", tmp_path / "deep" / "d.png")
    (tmp_path / "notes.md").write_text("no image")
    (tmp_path / "list.txt").write_text("# mine\nb.png\n\ndeep/d.png\ngone.png\n")
    assert list(find_images(tmp_path)) == ["a.png", "b.png", "c.jpg"]
    assert list(find_images(str(tmp_path / "*.png"))) == ["a.png", "b.png"]
    assert list(find_images(str(tmp_path / "**" / "*.png"))) == ["a.png", "b.png", "d.png"]
    assert list(find_images(tmp_path / "list.txt")) == ["b.png", "d.png", "gone.png"]
    assert list(find_images(tmp_path / "c.jpg")) == ["c.jpg"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    made(tmp_path / "one" / "a.png", tmp_path / "two" / "a.png")
    assert list(find_images(str(tmp_path / "*" / "a.png"))) == ["one/a.png", "two/a.png"]


@pytest.mark.parametrize("folder", ["Set5", "set5", "SET5/HR", "set5/original"])
def test_a_standard_set_is_found_by_name_below_the_data_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("RESTOBENCH_DATA", str(tmp_path))
    made(tmp_path / folder / "baby.png")
    assert list(find_images("Set5")) == ["baby.png"]
    with pytest.raises(ImageError, match=rf"Set12: no such.*sets here: {folder.partition('/')[0]}"):
        find_images("Set12")


@pytest.mark.parametrize("source", ["", "no/such", "*.nothing", "../../etc/passwd/x", "a\0b"])
def test_what_is_not_there_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError) as caught:
        find_images(source)
    assert "\n" not in str(caught.value)


def references(*names: str) -> dict[str, Path]:
    return {name: Path("references", name) for name in names}


def test_degraded_files_are_paired_by_stem_and_marks_are_passed_over(tmp_path: Path) -> None:
    made(*(tmp_path / name for name in ("babyx2.png", "bird_LR_x2.png", "head.jpg", "headless.png")))
    found = find_degraded(tmp_path, references("baby.png", "bird.png", "head.png", "woman.png"))
    assert {name: path.name for name, path in found.items()} == {
        "baby.png": "babyx2.png", "bird.png": "bird_LR_x2.png", "head.png": "head.jpg"
    }  # fmt: skip
    with pytest.raises(ImageError, match=r"no file is named like any reference, as zebra\.png is"):
        find_degraded(tmp_path, references("zebra.png"))


@pytest.mark.parametrize("files", [("babyx2.png", "babyx3.png"), ("baby.png", "baby-noisy.png")])
def test_a_reference_with_two_degraded_files_is_refused_and_both_are_named(
    tmp_path: Path, files: tuple[str, str]
) -> None:
    made(*(tmp_path / name for name in files))
    with pytest.raises(ImageError, match=r"both look like baby\.png degraded; take one away") as caught:
        find_degraded(tmp_path, references("baby.png"))
    assert all(name in str(caught.value) for name in files)


def test_a_degraded_file_of_two_references_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "baby.png")
    with pytest.raises(ImageError, match=r"baby\.png looks like baby\.jpg degraded, and like baby\.png; rename one"):
        find_degraded(tmp_path, references("baby.jpg", "baby.png"))


def test_a_reference_whose_name_looks_marked_keeps_its_own_file(tmp_path: Path) -> None:
    made(tmp_path / "baby.png", tmp_path / "baby-noisy.png")
    found = find_degraded(tmp_path, references("baby.png", "baby-noisy.png"))
    assert [path.name for path in found.values()] == ["baby.png", "baby-noisy.png"]


def test_references_in_the_same_folder_are_no_degraded_files(tmp_path: Path) -> None:
    made(tmp_path / "baby.png", tmp_path / "baby-noisy.png")
    found = find_degraded(tmp_path, {"baby.png": tmp_path / "baby.png"})
    assert [path.name for path in found.values()] == ["baby-noisy.png"]
