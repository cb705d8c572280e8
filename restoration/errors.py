"""The tree of exceptions: every error a caller may want to catch by kind.

All of them are `RestorationError`, so that a command line can turn any of them into one line. Each message says what
was given, what was expected and, where it helps, what to do next.
"""


class RestorationError(ValueError):
    """Root of all errors this package raises on purpose."""


class ShapeError(RestorationError):
    """A tensor or an image has a shape that the operation cannot take."""


class RangeError(RestorationError):
    """A number is outside the range in which it has a meaning."""


class ScaleError(RangeError):
    """An upscaling factor that the method or the checkpoint does not have."""


class ImageError(RestorationError):
    """An image file or array that cannot be used."""


class OptionError(RestorationError):
    """An option that the method does not have, or a value of the wrong kind."""


class UnknownNameError(RestorationError):
    """A name that nothing installed answers to, or that stands for something of another kind."""


class UnknownMethodError(UnknownNameError):
    """A name that stands for no method."""


class UnknownMetricError(UnknownNameError):
    """A name that stands for no metric."""


class UnknownDegradationError(UnknownNameError):
    """A name that stands for no degradation."""


class CheckpointError(RestorationError):
    """A checkpoint that is broken, unsafe to load, or of another network."""


class FormatError(RestorationError):
    """A network that a file's format or a runtime cannot hold; the message names the layer where it is one."""


class WeightsMissingError(CheckpointError):
    """Weights that are not on this machine; the message says how to get them."""


class PackageMissingError(RestorationError):
    """An optional package is not installed; the message names the extra that brings it."""


class ProgramError(RestorationError):
    """Another program that a method runs cannot be started, ended, or did not answer in time."""


class DivergedError(RestorationError):
    """An optimisation that diverged; the message carries its last loss."""
