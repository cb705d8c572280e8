"""Coverage-guided fuzzing of every target by atheris, where it is installed: `python guided.py --seconds=60`."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    """Fuzzes each target in a process of its own; 1 where one of them broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--target", default="")
    chosen = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed here; nothing fuzzed")  # noqa: T201 - a script's output
        return 0
    if chosen.target:
        guide(chosen.target, chosen.seconds, chosen.seed)
    from targets import TARGETS

    arguments = [f"--seconds={chosen.seconds}", f"--seed={chosen.seed}"]
    failed = [
        name
        for name in TARGETS
        if subprocess.run([sys.executable, __file__, *arguments, f"--target={name}"], check=False).returncode
    ]
    print(f"broken: {', '.join(failed)}" if failed else f"{len(TARGETS)} targets, nothing broken")  # noqa: T201
    return bool(failed)


def guide(name: str, seconds: int, seed: int) -> None:
    """Hands one target to atheris, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["restoration", "bench"]):
        from targets import TARGETS, seeds
    warnings.simplefilter("ignore")
    corpus = Path(tempfile.mkdtemp())
    for index, content in enumerate(seeds(name)):
        (corpus / str(index)).write_bytes(content)
    flags = [f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"]
    flags.append(f"-artifact_prefix={corpus}/")  # what broke a promise is kept there
    atheris.Setup([sys.argv[0], *flags, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
