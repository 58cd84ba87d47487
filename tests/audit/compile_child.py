"""Compiles sources; runs under any Python from 2.7 on.

Reads ``{"sources": [text]}`` and prints for each the marshalled code, in hexadecimal, or
null where it does not compile.
"""

# ruff: noqa: BLE001 - it does run on 2.7, and reports whatever is raised
# mypy: ignore-errors

import binascii
import json
import marshal
import sys
import warnings


def compiled(text):
    try:
        code = compile(text, "program.py", "exec", dont_inherit=True)
    except Exception:
        return None
    return binascii.hexlify(marshal.dumps(code)).decode("ascii")


warnings.simplefilter("ignore")
request = json.loads(sys.stdin.read())
print(json.dumps([compiled(text) for text in request["sources"]]))
