"""A method is found by its name, wherever it comes from; what cannot be found or used says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from restoration import get, names
from restoration.errors import CheckpointError, UnknownMethodError
from restoration.method import Setup

PLUG_IN = '''
import torch
from restoration import Method

def halved(noisy):
    """Half of it."""
    return noisy / 2

class Named:
    pass

NUMBER = 3
WHOLE = Method(name="whole", task="denoise", build=lambda setup: torch.clone)
class Space:
    inner = staticmethod(halved)
'''


@pytest.fixture
def plug_in(install: Callable[[dict[str, str], str], None]) -> str:
    """A module and its entry points, installed in a folder of its own."""
    install(
        {"plug_in_of_a_test": PLUG_IN, "plug_in_that_breaks": "raise SystemError('on import')"},
        "[restoration.methods]\nhalved = plug_in_of_a_test:halved\nbroken = plug_in_that_breaks:METHOD\n"
        "dct = plug_in_of_a_test:halved\n",
    )
    return "plug_in_of_a_test"


@pytest.mark.usefixtures("plug_in")
def test_an_installed_method_is_listed_and_found() -> None:
    assert {"halved", "broken"} <= set(names())
    assert len(names()) == len(set(names()))
    method = get("halved")
    assert (method.name, method.task, method.summary) == ("halved", "denoise", "Half of it.")
    assert torch.equal(method.build(Setup())(torch.ones(1, 1, 2, 2)), torch.full((1, 1, 2, 2), 0.5))


@pytest.mark.usefixtures("plug_in")
def test_no_plug_in_takes_the_name_of_a_built_in_method() -> None:
    assert get("dct").options["block_size"] == 8


@pytest.mark.usefixtures("plug_in")
def test_a_plug_in_that_cannot_be_imported_says_so_and_hides_no_other() -> None:
    with pytest.raises(
        UnknownMethodError, match=r"method 'broken' is installed as plug_in_that_breaks:METHOD.*on import"
    ):
        get("broken")


def test_a_method_is_found_by_reference(plug_in: str) -> None:
    assert get(f"{plug_in}:halved").name == f"{plug_in}:halved"
    assert get(f"{plug_in}:WHOLE").name == "whole"
    assert get(f"{plug_in}:Space.inner").summary == "Half of it."


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("{}:missing", "no attribute 'missing'"),
        ("{}:NUMBER", "is a int; expected a Method, a torch module or a callable"),
        ("{}:Named", "cannot be called; give it a __call__"),
        ("no_such_package.module:OBJECT", "No module named 'no_such_package'"),
        (":halved", "cannot import method"),
        ("{}:", "cannot import method"),
        ("..{}:halved", "cannot import method"),
    ],
)
def test_a_reference_that_names_no_method_says_why(plug_in: str, reference: str, said: str) -> None:
    with pytest.raises(UnknownMethodError, match=said):
        get(reference.format(plug_in))


def test_a_module_beside_the_user_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module_in_the_current_folder.py").write_text(PLUG_IN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/nowhere", *__import__("sys").path[1:]])
    assert get("module_in_the_current_folder:halved").task == "denoise"


def test_a_misspelt_name_is_told_the_nearest() -> None:
    with pytest.raises(UnknownMethodError, match=r"did you mean.*ffdnet"):
        get("fdnet")


def test_a_name_like_no_other_is_told_where_the_list_is() -> None:
    with pytest.raises(UnknownMethodError) as caught:
        get("qqqqqq")
    assert str(caught.value) == "unknown method 'qqqqqq'; `restobench methods` lists all"


def test_a_missing_checkpoint_is_no_method() -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        get("no/such/model.safetensors")
