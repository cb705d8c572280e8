"""Files of every kind, good and broken, and the bundled images."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from restoration.errors import ImageError
from restoration.images import (
    BUNDLED,
    MAX_PIXELS,
    bundled,
    bundled_image,
    image_paths,
    load_image,
    save_image,
)

RGB = np.random.RandomState(0).randint(0, 256, (9, 13, 3), np.uint8)


def written(path: Path, array: np.ndarray = RGB, mode: str | None = None, **named: object) -> Path:
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **named)
    return path


def test_bundled_images_are_what_the_table_says() -> None:
    for kind, channels in (("gray", 1), ("color", 3)):
        pictures = bundled(kind)  # type: ignore[arg-type]  # literals in a loop
        assert [picture.name for picture in pictures] == [Path(name).stem for name in BUNDLED[kind]]
        for picture in pictures:
            assert picture.pixels.shape[0] == channels
            assert picture.pixels.dtype == torch.float32
            assert 0 <= picture.pixels.min() < picture.pixels.max() <= 1
            assert picture.source.startswith("scikit-image")


def test_an_unknown_bundled_image_names_the_known() -> None:
    with pytest.raises(ImageError, match=r"lena.*astronaut"):
        bundled_image("lena")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".webp"])
def test_lossless_files_give_their_pixels(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"a{suffix}", **({"lossless": True} if suffix == ".webp" else {}))
    picture = load_image(path)
    assert (picture.name, picture.note) == ("a", "")
    assert torch.equal((picture.pixels * 255).round().to(torch.uint8), torch.from_numpy(RGB).movedim(-1, 0))


def test_gray_from_color_is_pillows(tmp_path: Path) -> None:
    picture = load_image(written(tmp_path / "a.png"), channels=1)
    expected = np.asarray(Image.fromarray(RGB).convert("L"))
    assert np.array_equal(np.rint(picture.pixels[0].numpy() * 255), expected)
    assert "grey" in picture.note


def test_color_from_gray_repeats_it(tmp_path: Path) -> None:
    picture = load_image(written(tmp_path / "a.png", RGB[..., 0]), channels=3)
    assert torch.equal(picture.pixels[0], picture.pixels[2])
    with pytest.raises(ImageError, match="channels=2"):
        load_image(tmp_path / "a.png", channels=2)


@pytest.mark.parametrize(
    ("name", "mode", "channels", "note"),
    [
        ("a.png", "P", 3, "palette"),
        ("a.png", "RGBA", 3, "opaque alpha channel dropped"),
        ("a.png", "LA", 1, "opaque alpha channel dropped"),
        ("a.png", "1", 1, "1-bit"),
        ("a.jpg", "CMYK", 3, "CMYK, converted to RGB"),
        ("a.tif", "CMYK", 3, "CMYK, converted to RGB"),
        ("a.tif", "LAB", 3, "LAB, converted to RGB"),
    ],
)
def test_other_modes_are_converted_and_said_so(tmp_path: Path, name: str, mode: str, channels: int, note: str) -> None:
    path = tmp_path / name
    if mode == "LAB":
        Image.frombytes("LAB", (13, 9), RGB.tobytes()).save(path)
    else:
        written(path, mode=mode)
    picture = load_image(path)
    assert picture.pixels.shape == (channels, 9, 13)
    assert note in picture.note


def test_transparent_pixels_lie_over_white(tmp_path: Path) -> None:
    clear = np.dstack([RGB, np.zeros((9, 13), np.uint8)])
    picture = load_image(written(tmp_path / "a.png", clear))
    assert picture.pixels.min() == 1
    assert "laid over white" in picture.note


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = load_image(written(tmp_path / "a.png", exif=exif))
    assert picture.pixels.shape == (3, 13, 9)
    assert "EXIF" in picture.note


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_kept(tmp_path: Path, suffix: str) -> None:
    levels = np.arange(117, dtype=np.uint16).reshape(9, 13) * 500
    picture = load_image(written(tmp_path / f"a{suffix}", levels))
    np.testing.assert_allclose(picture.pixels[0].numpy(), levels / 65535, atol=1e-7)
    assert picture.note == "16-bit, converted to float"


def test_sixteen_bit_color_is_kept_in_tiff_and_reduced_in_png(tmp_path: Path) -> None:
    levels = RGB.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", levels, photometric="rgb")
    (tmp_path / "a.png").write_bytes(png_of_16_bits(levels))
    for name, note in (("a.tif", "16-bit, converted"), ("a.png", "reduced to 8 bits")):
        picture = load_image(tmp_path / name)
        np.testing.assert_allclose(picture.pixels.movedim(0, -1).numpy(), RGB / 255, atol=1e-6)
        assert note in picture.note


def png_of_16_bits(levels: np.ndarray) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width, _ = levels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    data = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(data)


@pytest.mark.parametrize("shape", [(9, 13), (9, 13, 3), (3, 9, 13), (9, 13, 1), (1, 9, 13)])
def test_arrays_of_any_usual_layout(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.full(shape, 0.25))
    picture = load_image(tmp_path / "a.npy")
    assert picture.pixels.shape == (3 if 3 in shape else 1, 9, 13)
    assert (picture.pixels == 0.25).all()


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.full((4, 4), np.nan), "NaN"),
        (np.full((4, 4), np.inf), "NaN or infinite"),
        (np.full((4, 4), 2.0), r"expected \[0, 1\]"),
        (np.full((4, 4), -1), "expected 0 to 65535"),
        (np.zeros((2, 3, 4, 5)), r"expected \(H, W\)"),
        (np.zeros((0, 4)), r"expected \(H, W\)"),
        (np.zeros((4, 4), complex), "complex"),
        (np.array([["a", "b"], ["c", "d"]]), "expected 8 or 16-bit"),
        (np.array([{}, 1], dtype=object), "not a NumPy array of numbers"),
    ],
)
def test_arrays_that_are_no_image_are_refused(tmp_path: Path, array: np.ndarray, complaint: str) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ImageError, match=complaint):
        load_image(tmp_path / "a.npy")


def broken(tmp_path: Path) -> dict[str, Path]:
    whole = written(tmp_path / "whole.png", np.tile(RGB, (20, 20, 1))).read_bytes()
    contents = {
        "text.png": b"this is no image\n",
        "empty.png": b"",
        "truncated.png": whole[: len(whole) // 2],
        "damaged.png": whole[:60] + b"\xff" * 40 + whole[100:],
        "text.tif": b"II*\0nothing of the kind",
        "text.npy": b"1, 2, 3",
        "zip.jpg": b"PK\3\4",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in (*contents, "absent.png")}


@pytest.mark.parametrize(
    "name",
    ["text.png", "empty.png", "truncated.png", "damaged.png", "text.tif", "text.npy", "zip.jpg", "absent.png"],
)
def test_broken_files_are_one_line_that_names_them(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match=name) as caught:
        load_image(broken(tmp_path)[name])
    assert "\n" not in str(caught.value)


def test_a_decompression_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    for side in (13_000, 60_000):  # above our limit, above Pillow's own
        header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
        chunk = b"IHDR" + header
        path = tmp_path / f"{side}.png"
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + struct.pack(">I", 13)
            + chunk
            + struct.pack(">I", zlib.crc32(chunk))
            + b"\0\0\0\0IEND"
        )
        assert side**2 > MAX_PIXELS
        with pytest.raises(ImageError, match=f"{side}.png: .*(pixels|large)"):
            load_image(path)


def test_the_images_of_a_folder_come_in_order_and_other_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "a.bmp", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in image_paths(tmp_path)] == ["a.bmp", "a.png", "b.png"]


def test_a_folder_without_images_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no images in this folder"):
        image_paths(tmp_path)
    with pytest.raises(ImageError, match="no such image folder"):
        image_paths(tmp_path / "absent")


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_saved_is_loaded_again(tmp_path: Path, channels: int) -> None:
    image = torch.rand(channels, 7, 5)
    save_image(tmp_path / "a.png", image)
    loaded = load_image(tmp_path / "a.png").pixels
    assert (loaded - image).abs().max() <= 0.5 / 255 + 1e-6


def test_a_place_that_cannot_be_written_is_an_image_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot write"):
        save_image(tmp_path / "absent" / "a.png", torch.zeros(1, 4, 4))


@pytest.mark.parametrize("kind", ["int64", "uint16", "int16", "uint32"])
def test_integers_of_an_array_are_of_8_bits_where_none_is_above_255(tmp_path: Path, kind: str) -> None:
    np.save(tmp_path / "a.npy", np.array([[196, 214]] * 2, dtype=kind))
    picture = load_image(tmp_path / "a.npy")
    assert (255 * picture.pixels).flatten().tolist() == pytest.approx([196, 214] * 2)
    assert picture.note == f"{kind} of 196 to 214, taken as 8-bit"
    np.save(tmp_path / "a.npy", np.array([[196, 256]] * 2, dtype=kind))
    assert (65535 * load_image(tmp_path / "a.npy").pixels).flatten().tolist() == pytest.approx([196, 256] * 2)


def test_a_dark_16_bit_png_stays_one(tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 2), 200, np.uint16)).save(tmp_path / "a.png")
    assert (65535 * load_image(tmp_path / "a.png").pixels).max().item() == pytest.approx(200)


@pytest.mark.parametrize("shape", ["(True, 4)", "(4, True)", "(-1, 4)", "(2, -2)", "(4, False)", "(1e3, 4)"])
def test_an_array_of_a_strange_shape_is_refused_in_one_line(tmp_path: Path, shape: str) -> None:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".encode()
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + bytes(64))
    with pytest.raises(ImageError) as caught:
        load_image(tmp_path / "a.npy")
    assert "\n" not in str(caught.value)


def test_a_link_to_what_is_gone_is_an_image_that_fails_and_other_things_are_passed_over(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "whole.png")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    assert [path.name for path in image_paths(tmp_path)] == ["gone.png", "loop.png", "whole.png"]
    for name in ("gone.png", "loop.png"):
        with pytest.raises(ImageError, match=rf"{name}: a link to no file"):
            load_image(tmp_path / name)
