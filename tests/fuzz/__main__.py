"""Many more damaged files than the suite has, and a search for new ones.

    python -m tests.fuzz --mutants 10000 [--seed N]
    python -m tests.fuzz --atheris SECONDS      (pip install atheris)

The first says how long the slowest file took and by how much the process grew, and ends
with 1 if a file raised anything but PycInspectError. The second looks for bytes that reach
new code (libFuzzer), starting from the samples.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.fuzz.mutants import examine, mutants, seeds

_SLOW = 0.05


def _resident() -> float:
    """Return the memory that the process has now, in MiB; 0 where nobody says."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0.0
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def run(count: int, seed: int) -> int:
    """Examine so many mutants and print what they cost; return the exit code."""
    read = slow = wrong = 0
    slowest = 0.0
    at_tenth = 0.0
    for number, data in enumerate(mutants(seeds(), count, seed)):
        if number == count // 10:
            at_tenth = _resident()
        began = time.process_time()
        try:
            read += examine(data) is not None
        except Exception:  # noqa: BLE001 - any other exception is what this looks for
            wrong += 1
            path = Path(tempfile.gettempdir(), f"mutant-{seed}-{number}.pyc")
            path.write_bytes(data)
            print(f"{path}:\n{traceback.format_exc()}")
        spent = time.process_time() - began
        slow += spent > _SLOW
        slowest = max(slowest, spent)
    print(
        f"{count} mutants, seed {seed}: {read} could still be read, {wrong} raised another"
        f" exception; the slowest took {slowest * 1000:.0f} ms, {slow} more than"
        f" {_SLOW * 1000:.0f} ms; memory {at_tenth:.1f} MiB after a tenth, {_resident():.1f} at the end"
    )
    return int(wrong > 0)


def search(seconds: int) -> None:
    """Let libFuzzer look for bytes that reach new code; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["pycinspect"]):
        for name in [name for name in sys.modules if name.startswith("pycinspect")]:
            del sys.modules[name]
        sys.modules.pop("tests.fuzz.mutants")
        from tests.fuzz.mutants import examine
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds()):
            Path(folder, str(number)).write_bytes(data)
        options = [
            f"-max_total_time={seconds}",
            "-max_len=20000",
            "-timeout=5",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, folder], lambda data: examine(bytes(data)) and None)
        atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", type=int, default=0, metavar="SECONDS")
    options = parser.parse_args()
    if options.atheris:
        search(options.atheris)
    sys.exit(run(options.mutants, options.seed))


if __name__ == "__main__":
    main()
