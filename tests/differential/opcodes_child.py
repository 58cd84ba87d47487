"""Runs inside an oracle: the table of its opcodes, by tests/capture_opcodes.py.

Reads texts of tables as JSON from standard input, and is like each of them in turn; the
script's folder is on PYTHONPATH.
"""

import json
import sys

from capture_opcodes import Capture, like

captures = [Capture(like([text])) for text in json.load(sys.stdin)]
answer = [{"text": capture.text(), "complaints": capture.complaints} for capture in captures]
json.dump(answer, sys.stdout)
