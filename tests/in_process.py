"""Calls the program in this process."""

from __future__ import annotations

import sys

import pytest

from bench.__main__ import main


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of `restobench` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["restobench", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)
