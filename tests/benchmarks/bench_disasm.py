"""How fast is our disassembler? Ratios in one run, against dis and against xdis.

    python -m tests.benchmarks.bench_disasm [--rounds N] [--files N]

Compiles the standard library of the running interpreter and lists every instruction with
its value, text, target and line. The best time of each file counts, which leaves out most
of what else the machine does. xdis is compared if it is installed; nothing else needs it.
Then reads and lists everything once more, in a child that holds one file at a time, and
says how much memory that took.
"""

from __future__ import annotations

import argparse
import dis
import marshal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType

from pycinspect.dialects import DIALECTS
from pycinspect.disasm import instructions
from pycinspect.pyc import Code, unmarshal
from tests.benchmarks.bench_unmarshal import payloads

RUNNING = DIALECTS.running()
_MEMORY = """
import sys
from pathlib import Path
from pycinspect.disasm import instructions
from pycinspect.pyc import read_pyc
def peak():  # of this process alone, which ru_maxrss is not
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
start = peak()
count = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    file = read_pyc(path)
    for code in file.code.walk():
        count += len(instructions(code, file.dialect))
print(f"memory: {peak():.1f} MiB for {count} instructions, {start:.1f} before the first file")
"""


def _live(root: CodeType) -> Iterator[CodeType]:
    waiting = [root]
    while waiting:
        code = waiting.pop()
        yield code
        waiting.extend(part for part in code.co_consts if isinstance(part, CodeType))


def _ours(root: Code) -> int:
    return sum(len(instructions(code, RUNNING)) for code in root.walk())


def _dis(root: CodeType) -> int:
    return sum(len(list(dis.get_instructions(code))) for code in _live(root))


def _xdis() -> Callable[[CodeType], int] | None:
    """Return xdis's disassembler, None where it is not installed."""
    try:
        from xdis.bytecode import Bytecode
        from xdis.op_imports import get_opcode_module
        from xdis.version_info import PythonImplementation
    except ImportError:
        return None
    opcodes = get_opcode_module(sys.version_info[:2], PythonImplementation.CPython)
    return lambda root: sum(len(list(Bytecode(code, opcodes))) for code in _live(root))


def _best(run: Callable[[object], object], subjects: list[object], rounds: int) -> float:
    """Return seconds for all subjects, the best round of each."""
    best = [float("inf")] * len(subjects)
    for _ in range(rounds):
        for index, subject in enumerate(subjects):
            began = time.perf_counter()
            run(subject)
            best[index] = min(best[index], time.perf_counter() - began)
    return sum(best)


def _memory(files: list[bytes]) -> str:
    header = RUNNING.magic + bytes(12)
    with tempfile.TemporaryDirectory() as folder:
        for number, payload in enumerate(files):
            Path(folder, f"{number}.pyc").write_bytes(header + payload)
        command = [sys.executable, "-c", _MEMORY, folder]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=0, help="a sample of so many; 0: all")
    options = parser.parse_args()
    files = payloads(options.files)
    live: list[object] = [marshal.loads(payload) for payload in files]
    times = {
        "pycinspect": _best(
            _ours, [unmarshal(payload, RUNNING).value for payload in files], options.rounds
        ),
        "dis": _best(_dis, live, options.rounds),
    }
    xdis = _xdis()
    if xdis is None:
        print("xdis is not installed: no comparison with it")
    else:
        times["xdis"] = _best(xdis, live, min(options.rounds, 2))
    print(f"{RUNNING.name}: {len(files)} files, {sum(map(_dis, live))} instructions")
    for name, seconds in times.items():
        print(f"{name:12} {seconds:8.3f} s  {seconds / times['pycinspect']:7.1f} x")
    print(_memory(files), end="")


if __name__ == "__main__":
    main()
