"""Runs inside an oracle, under any Python from 2.7 on: compiles sources.

Reads a request as JSON from standard input: {"sources": [text, ...], "optimize": level}; returns
payloads as ``marshal`` writes them, in base64, None for what does not compile.
"""

import base64
import json
import marshal
import sys
import warnings


def payload_of(source):
    try:
        code = compile(source.encode("utf-8"), "a source", "exec", 0, True)
    except Exception:  # noqa: BLE001 - it does not compile here, whatever the reason
        return None
    return base64.b64encode(marshal.dumps(code)).decode("ascii")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(10000)
    request = json.load(sys.stdin)
    json.dump([payload_of(source) for source in request["sources"]], sys.stdout)
