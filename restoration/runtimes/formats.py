"""The formats of model files by suffix: which program runs each, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from restoration.runtimes import mnn, ncnn, onnxruntime, openvino, torch_files
from restoration.runtimes.program import Program


@dataclass(frozen=True)
class Format:
    """One kind of model file."""

    runtime: str
    """What runs it, as sentences write it."""
    package: str
    """The package that must be installed for it."""
    opened: Callable[[Path, int], Program]
    """Path and threads -> the model."""
    beside: str = ""
    """The suffix of a second file that belongs to it."""


_SCRIPT = Format("TorchScript", "torch", torch_files.opened_script)

FORMATS: Mapping[str, Format] = {
    ".onnx": Format("ONNX Runtime", "onnxruntime", onnxruntime.opened),
    ".xml": Format("OpenVINO", "openvino", openvino.opened, ".bin"),
    ".param": Format("ncnn", "ncnn", ncnn.opened, ".bin"),
    ".mnn": Format("MNN", "MNN", mnn.opened),
    ".pt2": Format("torch.export", "torch", torch_files.opened_exported),
    ".ts": _SCRIPT,
    ".pt": _SCRIPT,
}
