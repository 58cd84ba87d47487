"""The small world in which the README's commands run."""

from __future__ import annotations

import os
from pathlib import Path

from pycinspect import DIALECTS, source_hash

LIBRARY = Path("lib/python3.12/site-packages")
RELEASED = 1_730_000_000  # 2024-10-27
COMPILED = RELEASED + 3_600

CPYTHON_312 = DIALECTS["cpython-3.12"]


def write(path: Path, data: bytes, mtime: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)
    os.utime(path, (mtime, mtime))
    return path


def cache_of(source: Path, tag: str = "cpython-312") -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"


def compile_by_time(source: Path, mtime: int | None = None) -> None:
    status = source.stat()
    words = (0, int(status.st_mtime) if mtime is None else mtime, status.st_size)
    header = CPYTHON_312.magic + b"".join(word.to_bytes(4, "little") for word in words)
    write(cache_of(source), header + b"\xe3", COMPILED)


def compile_by_hash(source: Path, content: bytes, flags: int) -> None:
    header = CPYTHON_312.magic + flags.to_bytes(4, "little") + source_hash(content, CPYTHON_312)
    write(cache_of(source), header + b"\xe3", COMPILED)


def build(root: Path) -> None:
    """A library of one package with something wrong with most of its caches."""
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
