"""What is measured of the repository of a user that `conftest.theirs` makes."""

from __future__ import annotations

SPEC = """
name = "theirs"
[[quality]]
method = "theirmethod.m:restore"
images = "camera"
[[cost]]
method = "theirmethod.m:restore"
size = 32
"""
