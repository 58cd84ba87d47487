"""Runs inside an oracle, under any Python from 2.7 on: how was it started?"""

import json
import sys

if __name__ == "__main__":
    answer = {
        "optimize": sys.flags.optimize,
        "dont_write_bytecode": sys.dont_write_bytecode,
        "pycache_prefix": getattr(sys, "pycache_prefix", None),
    }
    json.dump(answer, sys.stdout)
