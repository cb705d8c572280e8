"""Exceptions of showing. The command line prints any of them as one line and ends with the status it carries."""


class ReportError(Exception):
    """Root: bad use or broken input."""

    status = 2


class RunMissingError(ReportError):
    """The directory is not there, or is no run directory."""


class RunSchemaError(ReportError):
    """The run was written in a format that this version cannot read."""


class FormatError(ReportError):
    """An output format that reports do not have."""


class ReportWriteError(ReportError):
    """The report cannot be written where it was asked for."""


class HistoryError(ReportError):
    """A history file that cannot be read."""


class QuestionError(ReportError):
    """A question about methods that cannot be understood, or that the run cannot answer."""
