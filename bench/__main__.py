"""The program, started as `restobench` or with `python -m bench`: Ctrl-C is seen to before anything heavy is there."""

from __future__ import annotations

import sys

from bench import interrupts


def main() -> None:
    """Runs the command line and ends with the status it says."""
    if getattr(sys.modules["__main__"], "main", None) is main:  # not called by another program, a test perhaps
        interrupts.take_over()
    status = 1
    try:
        from bench.commands.command_line import obey

        obey()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
    finally:
        interrupts.leave(status)


if __name__ == "__main__":
    main()
