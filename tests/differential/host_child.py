"""Runs pycinspect itself inside an oracle, without anything installed: what it says of files.

Reads {"root": the repository, "files": [paths]}, answers with the objects of ``show --json``
that need only the decoder.
"""

import json
import sys

request = json.load(sys.stdin)
sys.path.insert(0, request["root"])

from pycinspect.errors import PycInspectError  # noqa: E402 - where it is was said just now
from pycinspect.pyc import read_pyc  # noqa: E402
from pycinspect.report.code import code_objects  # noqa: E402


def answer(path):
    try:
        file = read_pyc(path)
    except PycInspectError as error:
        return error.slug
    if file.dialect.bytecode is None:
        return len(list(file.code.walk()))
    return code_objects(file.code, file.dialect)


json.dump([answer(path) for path in request["files"]], sys.stdout)
