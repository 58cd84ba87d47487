"""Imports sources that may not compile; runs on 2.7 to 3.15 and PyPy.

Reads ``{"sources": [hex]}`` and prints for each the type of what compiling it raised at its
import, or null. What its code raises when it runs does not count.
"""

# ruff: noqa: BLE001, UP031 - it does run on 2.7, and reports whatever is raised
# mypy: ignore-errors

import binascii
import json
import os
import shutil
import sys
import tempfile
import warnings


def imports(sources):
    folder = tempfile.mkdtemp()
    sys.path.insert(0, folder)
    try:
        return [raised(folder, "broken_%d" % n, source) for n, source in enumerate(sources)]
    finally:
        shutil.rmtree(folder)


def raised(folder, name, source):
    path = os.path.join(folder, name + ".py")
    with open(path, "wb") as stream:
        stream.write(binascii.unhexlify(source))
    sys.path_importer_cache.clear()
    try:
        __import__(name)
    except BaseException:
        kind, _, traceback = sys.exc_info()
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename.startswith(path):
                return None  # its code ran
            traceback = traceback.tb_next
        return kind.__name__
    return None


def main():
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    request = json.loads(sys.stdin.read())
    stdout, sys.stdout = sys.stdout, sys.stderr  # what the sources print
    answer = imports(request["sources"])
    stdout.write(json.dumps(answer))


main()
