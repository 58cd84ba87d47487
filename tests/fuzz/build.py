"""Write the files that are damaged and that no sample is: ``python -m tests.fuzz.build``.

Each source of ``fixtures/fuzz/sources``, compiled by every interpreter that is found and that
knows its syntax. The files are kept, so that a seed means the same everywhere.
"""

from __future__ import annotations

import base64

from pycinspect.dialects import DIALECTS
from tests.differential.noise import CHILD
from tests.fuzz.seeds import FOLDER
from tests.oracles import find_oracles
from tests.unit.headers import timestamp

#: Source to the first and the last version that it is for.
_SOURCES = {
    "print": ((2, 7), (2, 7)),
    "flow": ((2, 7), (3, 99)),
    "async": ((3, 6), (3, 99)),
    "walrus": ((3, 9), (3, 99)),
    "match": ((3, 10), (3, 99)),
    "groups": ((3, 11), (3, 99)),
    "types": ((3, 12), (3, 99)),
    "lazy": ((3, 14), (3, 99)),
}
_MTIME = 1_700_000_000


def build() -> None:
    for oracle in find_oracles().values():
        row = DIALECTS[oracle.dialect]
        names = [name for name, (first, last) in _SOURCES.items() if first <= row.python <= last]
        texts = [(FOLDER / "sources" / f"{name}.py").read_text("utf-8") for name in names]
        answers = oracle.run(CHILD, {"sources": texts}, directories=[CHILD.parent])
        assert isinstance(answers, list)
        for name, text, answer in zip(names, texts, answers, strict=True):
            if answer is None:
                print(f"{oracle.name} does not compile {name}.py")
                continue
            header = timestamp(row, _MTIME, len(text.encode()))
            path = FOLDER / f"{row.name}-{name}.pyc"
            path.write_bytes(header + base64.b64decode(answer))
            print(path.name, path.stat().st_size)


if __name__ == "__main__":
    build()
