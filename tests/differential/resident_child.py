"""Which of these modules does the interpreter have neither built in nor frozen in?"""

import json
import sys

try:
    import _imp as imp
except ImportError:  # Python 2
    import imp

names = json.loads(sys.stdin.read())
neither = [
    name for name in names if name not in sys.builtin_module_names and not imp.is_frozen(str(name))
]
print(json.dumps({"neither": neither}))
