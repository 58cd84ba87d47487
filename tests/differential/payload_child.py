"""Imports caches that stand in the place of their sources; runs on 2.7 to 3.15 and PyPy.

Reads ``{"source": text}`` and prints the marshalled code of that source, or reads
``{"files": [hex]}`` and prints the type of what each import raises, or null.
"""

# ruff: noqa: BLE001, UP031 - it does run on 2.7, and reports whatever is raised
# mypy: ignore-errors

import binascii
import json
import marshal
import os
import shutil
import sys
import tempfile


def imports(files):
    folder = tempfile.mkdtemp()
    sys.path.insert(0, folder)
    raised = []
    try:
        for number, content in enumerate(files):
            name = "payload_%d" % number
            with open(os.path.join(folder, name + ".pyc"), "wb") as stream:
                stream.write(binascii.unhexlify(content))
            sys.path_importer_cache.clear()
            try:
                __import__(name)
            except Exception as error:
                raised.append(type(error).__name__)
            else:
                raised.append(None)
    finally:
        shutil.rmtree(folder)
    return raised


def main():
    request = json.loads(sys.stdin.read())
    if "source" in request:
        code = compile(request["source"], "m.py", "exec")
        answer = binascii.hexlify(marshal.dumps(code)).decode("ascii")
    else:
        answer = imports(request["files"])
    print(json.dumps(answer))


main()
