"""A set file names the very pixels: whatever is missing, changed or no set file at all is refused in one line."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restoration.errors import ImageError
from restoration.image_sets import find_images, read_set, set_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, the name of one of which TOML has to quote."""
    (tmp_path / "photos").mkdir()
    for level, name in enumerate(("a.png", 'b "é".png')):
        Image.fromarray(np.full((8, 8), level, np.uint8)).save(tmp_path / "photos" / name)
    return tmp_path


def written(folder: Path, name: str = "set.toml") -> Path:
    path = folder / name
    path.write_text(set_text("my photos", sorted((folder / "photos").glob("*.png")), path.parent), encoding="utf-8")
    return path


def test_what_is_written_is_read_back_with_every_hash(folder: Path) -> None:
    path = written(folder)
    found = read_set(path)
    assert found.name == "my photos"
    assert list(found.files) == ["a.png", 'b "é".png']
    assert find_images(path) == found.files
    for entry in tomllib.loads(path.read_text())["image"]:
        assert entry["sha256"] == hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest()


def test_the_hash_of_a_set_is_that_of_its_lines_whatever_their_order_and_place(folder: Path) -> None:
    first = read_set(written(folder))
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in first.files.items()}
    lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    assert first.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    (folder / "deep").mkdir()
    assert read_set(written(folder, "deep/other.toml")).sha256 == first.sha256


def test_an_image_that_is_listed_twice_is_in_the_set_once(folder: Path) -> None:
    once = read_set(written(folder))
    twice = folder / "twice.toml"
    text = (folder / "set.toml").read_text(encoding="utf-8")
    twice.write_text(text + text[text.index("[[image]]") :], encoding="utf-8")
    assert read_set(twice) == once


def test_a_file_that_changed_or_is_missing_is_named(folder: Path) -> None:
    path = written(folder)
    image = folder / "photos/a.png"
    find_images(path)
    Image.fromarray(np.full((8, 8), 99, np.uint8)).save(image)
    with pytest.raises(ImageError, match=r"set\.toml: photos/a\.png is another file now: SHA-256 .* restore it"):
        find_images(path)
    image.unlink()
    with pytest.raises(ImageError, match=r"set\.toml: photos/a\.png is missing"):
        find_images(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not a set of images"),
        ('name = "x"', "no 'image'"),
        ('name = "x"\nimage = []', "without an image"),
        ('name = "x"\nimage = 3', "not a set of images"),
        ('[[image]]\nfile = "photos/a.png"\nsha256 = "0"', "no 'name'"),
        ('name = "x"\n[[image]]\nfile = "photos/a.png"', "no 'sha256'"),
        ('name = "x"\n[[image]]\nfile = "photos/a.png"\nsha256 = "12"', "expected 64 hexadecimal digits"),
    ],
)
def test_what_is_no_set_file_is_one_line(text: str, said: str, folder: Path) -> None:
    path = folder / "odd.toml"
    path.write_text(text)
    with pytest.raises(ImageError, match=re.escape(said)) as raised:
        find_images(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_name_that_is_no_utf8_cannot_stand_in_a_set(folder: Path) -> None:
    with pytest.raises(ImageError, match="rename it"):
        set_text("x", [folder / "\udcff.png"], folder)
