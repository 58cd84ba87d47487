"""What a file is recognised by, whatever it is called: digests of its content."""

from __future__ import annotations

import hashlib
import re

from pycinspect.cache import View
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, parse_header, read_code, tag_of

__all__ = ["content_digest", "masked_digest"]

#: Largest file, in bytes, of which there is a digest.
_LIMIT = 256 * 1024 * 1024
_FLAGS = slice(4, 8)
#: Type codes of strings with a length of one byte, FLAG_REF set or not (``Python/marshal.c``).
_SHORT = b"[zZ\xfa\xda]"


def content_digest(path: str, view: View) -> str | None:
    """Return the digest of a file; None of what is not a file, cannot be read, or is huge."""
    content = _content(path, view)
    return None if content is None else _sha256(content)


def masked_digest(path: str, view: View) -> str | None:
    """Return the digest of what stays the same when a tree is moved, or compiled elsewhere.

    Of a cache that can be read, the source's time and the paths in its code objects do not
    count; of every other file everything does. Dialects of plugins are not asked: what is
    recognised must not depend on what is installed.

    Args:
        path: the file.
        view: the file system that it is in.
    """
    content = _content(path, view)
    if content is None:
        return None
    try:
        header = parse_header(content, tag=tag_of(path))
        code = read_code(content, header).code
    except PycInspectError:  # not a cache, or a damaged one
        return _sha256(content)
    flags = content[_FLAGS] if header.flags is not None else b""
    return _sha256(content[:4] + flags + _masked(content[header.size :], code))


def _content(path: str, view: View) -> bytes | None:
    try:
        return view.read_all(path, _LIMIT)
    except (OSError, ValueError, PycInspectError):
        return None


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _masked(payload: bytes, code: Code) -> bytes:
    """Return marshalled data without the strings that are a code object's path."""
    for path in sorted({part.filename for part in code.walk()}):
        name = path.encode("utf-8", "surrogatepass")
        spelled = len(name).to_bytes(4, "little") + name
        pattern = b"(?s:." + re.escape(spelled) + b")"
        if len(name) < 256:
            pattern += b"|" + _SHORT + re.escape(bytes([len(name)]) + name)
        payload = re.sub(pattern, b"path", payload)
    return payload
