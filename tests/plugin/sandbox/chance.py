"""Programs by chance: they change files and settings between imports, and are checked by testimony.

``python -m tests.plugin.sandbox.chance --programs 200 --seed 1``
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from pytest_pycinspect import Pycache

from .programs import MODULES, prepare
from .testimony import PRELUDE, deeds, wrong

__all__ = ["drawn", "errors_of"]

#: What a program can do; ``{m}`` is a module, ``{n}`` another, ``{k}`` a small number.
DEEDS = (
    "run('import {m}')",
    "run('import {m}, {n}')",
    "in_thread('import {m}')",
    "sys.modules.pop('{m}', None); run('import {m}')",
    "sys.modules.pop('{m}', None); in_thread('import {m}, {n}')",
    "run('importlib.reload(importlib.import_module(\"{m}\"))')",
    'run(\'load("{m}", home + "/{m}.py")\')',
    'run(\'load("x.{m}", os.path.relpath(home) + "/{m}.py")\')',
    'run(\'importlib.util.find_spec("{m}").loader.get_code("{m}")\')',
    "write('{m}', 'value = \"<{m}:{k}>\"\\n')",
    "write('{m}', 'value = \"<{m}:{k}>\" + str({k}) * 3\\n')",
    "write('{m}', 'value = (')",
    "os.path.exists(pyc('{m}')) and os.remove(pyc('{m}'))",
    "os.path.exists(pyc('{m}')) and os.utime(home + '/{m}.py', ({k}, {k}))",
    "os.path.exists(pyc('{m}')) and change(pyc('{m}'), {k})",
    "os.path.exists(pyc('{m}')) and os.chmod(pyc('{m}'), 0o400)",
    "os.chmod(home + '/{m}.py', 0o6{k}0 & 0o664)",
    "sys.dont_write_bytecode = {k} > 2",
    "sys.pycache_prefix = [None, home + '/../caches', 'caches'][{k} % 3]",
    "os.chdir([home, '/', home + '/..'][{k} % 3])",
    "os.umask([0o22, 0o77, 0][{k} % 3])",
    "_imp.check_hash_based_pycs = ['default', 'always', 'never'][{k} % 3]",
    "importlib.invalidate_caches()",
    "sys.path_importer_cache.clear()",
    "sys.settrace(None)",
)
START = """
import _imp, importlib.util, os, sys, threading
home = sys.path[0]
pyc = lambda name: importlib.util.cache_from_source(home + '/' + name + '.py')
def run(code):
    try: exec(code, globals())
    except (Exception, SystemExit): pass
def in_thread(code):
    thread = threading.Thread(target=run, args=(code,)); thread.start(); thread.join()
def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
def write(name, text):
    with open(home + '/' + name + '.py', 'w') as stream: stream.write(text)
def change(path, place):
    with open(path, 'r+b') as stream: stream.seek(place * 2); stream.write(b'\\7')
"""


def drawn(seed: int, number: int) -> str:
    """Return a program of some deeds, the same one for the same numbers."""
    random, lines = Random(f"{seed} {number}"), []
    for _ in range(random.randrange(3, 14)):
        m, n = random.sample(MODULES, 2)
        lines.append(random.choice(DEEDS).format(m=m, n=n, k=random.randrange(5)))
    return START + "\n".join(lines)


def errors_of(code: str, directory: Path) -> list[str]:
    """Return what events of a program are wrong, and which are not observed without need."""
    log = str(directory / "log")
    with Pycache(directory / "sandbox", seconds=60) as project:
        prepare(project)
        run = project.run(f"LOG = {log!r}\n{PRELUDE}\n{code}")
        found = [*wrong(run.history, deeds(log), project.root)]
    unseen = [event for event in run.history if event.not_observed]
    # What the program itself writes into a cache.
    found += [repr(event) for event in unseen if event.why.code != "no_witness"]
    return [*found, *([run.stderr] if run.returncode else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if an event is wrong, 0 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    failed = 0
    for number in range(options.programs):
        code = drawn(options.seed, number)
        with tempfile.TemporaryDirectory() as directory:
            try:
                errors = errors_of(code, Path(directory))
            except Exception as error:  # noqa: BLE001 - a disagreement, too, is one to be shown
                errors = [repr(error)]
        failed += bool(errors)
        if errors:
            print(number, *errors, code.removeprefix(START), sep="\n", end="\n\n")
    print(f"{options.programs} programs, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
