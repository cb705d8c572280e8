"""An object is a method by name for as long as it is offered, here and in the processes started here."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from bench.plan.case import Case
from bench.record.case_hash import case_hash
from restoration import objects
from restoration.catalog import get, names
from restoration.errors import UnknownMethodError
from restoration.method import Method, Setup
from restoration.objects import offered

CHILD = """
import torch
from restoration.catalog import get
from restoration.method import Setup
method = get("mine")
print(method.build(method.checked(Setup(sigma=0.5)))(torch.ones(1, 1, 2, 2)).sum().item())
"""


def made(code: str, name: str) -> object:
    """What a notebook defines: code that no module holds."""
    cell: dict[str, object] = {"__name__": "__main__"}
    exec(code, cell)  # noqa: S102 - the test's own code
    return cell[name]


def asked_in_a_child(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, "-P", "-c", CHILD], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_cells_function_is_a_method_here_and_in_a_child_and_gone_afterwards(tmp_path: Path) -> None:
    function = made("gain = 3\ndef mine(noisy, sigma):\n    return gain * sigma * noisy\n", "mine")
    with offered({"mine": function}):
        file = Path(objects._files()["mine"])
        assert get("mine").build(Setup(sigma=0.5))(torch.ones(1)).item() == 1.5
        assert asked_in_a_child(tmp_path).stdout.split() == ["6.0"]
    assert objects.VARIABLE not in os.environ
    assert not file.exists()
    with pytest.raises(UnknownMethodError, match="unknown method 'mine'"):
        get("mine")


def test_what_a_module_of_the_current_folder_defines_is_found_by_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside_it.py").write_text("def mine(noisy):\n    return 2 * noisy\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])  # as where Python is started without a script
    from beside_it import mine  # type: ignore[import-not-found]  # written above

    with offered({"mine": mine}):
        assert objects.source("mine") == tmp_path / "beside_it.py"
        monkeypatch.setattr(sys, "path", sys.path[1:])
        assert asked_in_a_child(tmp_path).stdout.split() == ["8.0"]
    del sys.modules["beside_it"]


def test_a_method_record_keeps_what_it_states() -> None:
    record = Method("mine", "denoise", lambda _: lambda noisy: noisy, macs_per_pixel=lambda _: 7.0)
    with offered({"mine": record}):
        found = get("mine").macs_per_pixel
        assert found
        assert found(Setup()) == 7.0


def test_what_cannot_be_pickled_says_what_to_do() -> None:
    lock = threading.Lock()
    with pytest.raises(UnknownMethodError, match=r"'mine' cannot be handed .*lock.*path/to/file.py:OBJECT"):
        offered({"mine": lambda noisy: (lock, noisy)}).__enter__()
    assert objects.VARIABLE not in os.environ


def test_a_file_that_was_changed_is_not_loaded() -> None:
    with offered({"mine": made("def mine(noisy):\n    return noisy\n", "mine")}):
        Path(objects._files()["mine"]).write_bytes(b"something else")
        with pytest.raises(UnknownMethodError, match="has changed since it was written"):
            get("mine")


def test_another_object_of_the_same_name_is_another_case() -> None:
    hashes = []
    for gain in (1, 2, 2):
        with offered({"mine": made(f"def mine(noisy):\n    return {gain} * noisy\n", "mine")}):
            hashes.append(case_hash(Case("time", "mine", height=8, width=8)))
    assert hashes[0] != hashes[1] == hashes[2]


def test_objects_are_not_listed_with_what_is_installed() -> None:
    with offered({"mine": made("def mine(noisy):\n    return noisy\n", "mine")}):
        assert "mine" not in names()
