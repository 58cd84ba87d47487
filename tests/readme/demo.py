"""The small world in which the README's commands run."""

from __future__ import annotations

import os
from pathlib import Path

from pycinspect import DIALECTS, source_hash

from .pages import files

LIBRARY = Path("lib/python3.12/site-packages")
RELEASED = 1_730_000_000  # 2024-10-27
COMPILED = RELEASED + 3_600

CPYTHON_312 = DIALECTS["cpython-3.12"]

TOTAL = b"""\
def total(prices, tax=0.2):
    return sum(prices) * (1 + tax)
"""
#: What CPython 3.12.1 makes of it.
TOTAL_312 = """
    630000000000000000000000000200000000000000f30c00000097006403640184015a0079022904e79a999999
    9999c93f630200000000000000000000000300000003000000f3240000009700740100000000000000007c00ab
    0100000000000064017c017a0000007a050000530029024ee9010000002901da0373756d2902da067072696365
    73da0374617873020000002020fa0c6170702f746f74616c2e7079da05746f74616c7208000000010000007315
    0000008000dc0b0e88768b3b982198639927d10b22d00422f3000000004e2901720100000029017208000000a9
    0072090000007207000000fa083c6d6f64756c653e720b00000001000000730a000000f003010101f402010123
    7209000000
"""
#: What it makes of ``name = 1``.
NAME_312 = """
    e30000000000000000000000000100000000000000f308000000970064005a0079012902e9010000004e2901da
    046e616d65a900f300000000fa063c73686f703efa083c6d6f64756c653e720700000001000000730a000000f0
    03010101d8070881047205000000
"""


def payload_of(text: str) -> bytes:
    return bytes.fromhex("".join(text.split()))


def write(path: Path, data: bytes, mtime: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)
    os.utime(path, (mtime, mtime))
    return path


def cache_of(source: Path, tag: str = "cpython-312") -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"


def compile_by_time(source: Path, payload: str = NAME_312) -> None:
    status = source.stat()
    words = (0, int(status.st_mtime), status.st_size)
    header = CPYTHON_312.magic + b"".join(word.to_bytes(4, "little") for word in words)
    write(cache_of(source), header + payload_of(payload), COMPILED)


def compile_by_hash(source: Path, content: bytes, flags: int) -> None:
    header = CPYTHON_312.magic + flags.to_bytes(4, "little") + source_hash(content, CPYTHON_312)
    write(cache_of(source), header + payload_of(NAME_312), COMPILED)


def build(root: Path) -> None:
    """A program, and a library of one package with something wrong with most of its caches."""
    compile_by_time(write(root / "app" / "total.py", TOTAL, RELEASED), TOTAL_312)
    for path, code in files().items():
        write(root / path, code.encode(), RELEASED)
    shop = root / LIBRARY / "shop"
    for name in ("__init__", "cart", "stock", "tax"):
        compile_by_time(write(shop / f"{name}.py", f"name = {name!r}\n".encode(), RELEASED))
    os.utime(shop / "stock.py", (RELEASED + 86_400, RELEASED + 86_400))
    price = write(shop / "price.py", b"price = 11\n", RELEASED)
    compile_by_hash(price, b"price = 10\n", flags=1)
    write(cache_of(shop / "gone.py"), cache_of(shop / "cart.py").read_bytes(), COMPILED)
    write(shop / "app.py", b"print('hello')\n", RELEASED)
    header = cache_of(shop / "tax.py").read_bytes()[:16]
    write(cache_of(shop / "tax.py"), header, COMPILED)  # the disk was full
