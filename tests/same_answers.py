"""Are the answers the same as before? For changes that move walls and nothing else.

    python -m tests.same_answers REVISION [--library DIR]

Every command is run with the code of a revision and with that of the working tree: on all samples,
on damaged files, and on a standard library. What they print, and their exit codes, are compared;
seconds and versions of pycinspect do not count. Exits with 1 where something differs.
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

from pycinspect.auditing import PROFILES
from pycinspect.report.formats import REPORTERS
from tests.samples import ENTRIES, SAMPLES

ROOT = Path(__file__).parent.parent
FUZZ = ROOT / "fixtures" / "fuzz"

#: What two runs of the same code differ in.
_VARYING = (
    (re.compile(r"\b\d+(?:\.\d+)?(?:e-\d+)? (?:ms|s|seconds)\b"), "TIME"),
    (re.compile(r"[\d,]+ files/s\b"), "RATE"),
    (re.compile(r'("\w*(?:seconds|per_second)": )[\d.e-]+'), r"\1TIME"),
    (re.compile(r'\b(time(?:stamp)?)="[^"]*"'), r"\1=TIME"),
    (re.compile(r"\b(?:start|end)TimeUtc\b[^,]*"), "TIME"),
)
#: Of the pairs of samples, each so manieth is compared.
_STEP = 9
#: Lines that are shown of a difference.
_MOST_LINES = 20


def commands(library: str) -> Iterator[list[str]]:
    """Yield the command lines that are compared."""
    samples = [str(SAMPLES / entry["file"]) for entry in ENTRIES]
    damaged = sorted(str(path) for path in FUZZ.iterdir() if path.is_file())
    yield ["--help"]
    for name in ("audit", "check", "diff", "rules", "show"):
        yield [name, "--help"]
    yield ["rules", "--json"]
    yield ["rules", "PYC"]
    for files in (samples, damaged):
        for options in ([], ["--json"], ["--header"], ["--canonical"], ["--raw"]):
            yield ["show", *options, *files]
        yield ["check", "--json", *files]
        yield ["check", *files]
    for name in REPORTERS:
        yield ["audit", str(ROOT / "fixtures"), "--no-config", "--format", name]
    for name in ("text", "json"):
        yield ["audit", library, "--no-config", "--format", name]
    for profile in sorted(PROFILES):
        yield ["audit", str(ROOT / "fixtures"), "--no-config", "--json", "--profile", profile]
    for old, new in islice(pairwise(samples), 0, None, _STEP):
        for options in ([], ["--json"], ["--level", "exact"], ["--format", "markdown"], ["--raw"]):
            yield ["diff", *options, old, new]
    caches = os.path.join(library, "__pycache__")
    yield ["diff", "--json", "--stat", caches, library]


def said(code: Path, command: Sequence[str]) -> tuple[int, str, str]:
    """Run a command with the code in a directory; return what it says, without what varies."""
    run = subprocess.run(
        [sys.executable, "-P", "-c", "from pycinspect.cli import main; main()", *command],
        env={**os.environ, "PYTHONPATH": str(code), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        errors="surrogateescape",
    )
    return run.returncode, _steady(run.stdout), _steady(run.stderr)


def _steady(text: str) -> str:
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def differences(before: str, after: str) -> list[str]:
    """Return the first lines of a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "before", "after", "", "", 0
    )
    return [line[:300] for line in islice(lines, _MOST_LINES)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision")
    parser.add_argument("--library", default=os.path.dirname(os.__file__))
    options = parser.parse_args()
    archive = subprocess.run(
        ["git", "archive", options.revision, "pycinspect"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    count = differing = 0
    with tempfile.TemporaryDirectory() as directory:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(directory, filter="data")
        for command in commands(options.library):
            count += 1
            before, after = said(Path(directory), command), said(ROOT, command)
            if before == after:
                continue
            differing += 1
            print(f"pycinspect {' '.join(command)[:120]}: exit {before[0]} -> {after[0]}")
            for old, new in zip(before[1:], after[1:], strict=True):
                print("\n".join(differences(old, new)))
    print(f"{count} commands, {differing} answer otherwise than at {options.revision}")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
