"""Files stay whole: what cannot be written leaves the old content, and torn lines go."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.interrupts import raising
from bench.record.files import append_whole, drop_torn_line, remove_drafts, write_whole


def full(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_cannot_be_written_keeps_its_old_content_and_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.txt"
    write_whole(path, [b"old\n"])
    monkeypatch.setattr("bench.record.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, [b"new\n"])
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_append_that_fails_takes_back_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows"
    with path.open("ab", buffering=0) as file:
        append_whole(file, b"one\n")
        monkeypatch.setattr("bench.record.files.os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            append_whole(file, b"two\n")
    assert path.read_bytes() == b"one\n"


@pytest.mark.parametrize(
    ("before", "after"), [(b"", b""), (b"whole\n", b"whole\n"), (b"whole\ntorn", b"whole\n"), (b"torn", b"")]
)
def test_a_torn_last_line_is_cut_off(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "rows"
    path.write_bytes(before)
    drop_torn_line(path)
    assert path.read_bytes() == after


def test_a_file_that_is_not_there_is_left_so(tmp_path: Path) -> None:
    drop_torn_line(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_interrupted_write_leaves_no_draft(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "kept.txt", parts())
    assert not list(tmp_path.iterdir())


def test_ctrl_c_waits_until_a_line_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("bench.record.files.os.fsync", interrupted)
    with (tmp_path / "rows").open("ab", buffering=0) as file, pytest.raises(KeyboardInterrupt), raising():
        append_whole(file, b"one\n")
    assert (tmp_path / "rows").read_bytes() == b"one\n"


def test_drafts_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("run.json.new", "images/a.png.new", "run.json"):
        (tmp_path / name).write_text("half")
    remove_drafts(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["run.json"]
