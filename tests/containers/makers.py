"""Archives of all formats, made by hand as their tools make them."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import marshal
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from tests.audit.kit import MTIME, RUNNING

__all__ = [
    "PROGRAM",
    "Layer",
    "bundle",
    "conda_1",
    "conda_2",
    "deb",
    "docker",
    "oci",
    "pyz",
    "rpm",
    "tar_of",
]

#: Path to content, to a link's target, or None for a directory.
Layer: TypeAlias = Mapping[str, "bytes | str | None"]

#: The start of an executable.
PROGRAM = b"\x7fELF" + bytes(200)


def tar_of(layer: Layer) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in layer.items():
            info = tarfile.TarInfo(name)
            info.mtime = MTIME
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return stream.getvalue()


def docker(*images: Sequence[Layer]) -> bytes:
    """Make what ``docker save`` writes."""
    files: dict[str, bytes | str | None] = {}
    manifest = []
    for number, layers in enumerate(images):
        names = []
        for place, layer in enumerate(layers):
            names.append(f"{number}{place}{'a' * 62}/layer.tar")
            files[names[-1]] = tar_of(layer)
        manifest.append({"Config": "c.json", "RepoTags": [f"app:{number}"], "Layers": names})
    return tar_of({**files, "manifest.json": json.dumps(manifest).encode()})


def oci(*images: Sequence[Layer], pack: Callable[[bytes], bytes] = gzip.compress) -> bytes:
    """Make an OCI layout."""
    blobs: dict[str, bytes | str | None] = {}

    def put(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return f"sha256:{digest}"

    def manifest(layers: Sequence[Layer]) -> str:
        kind = "application/vnd.oci.image.layer.v1.tar"
        rows = [{"mediaType": kind, "digest": put(pack(tar_of(layer)))} for layer in layers]
        return put(json.dumps({"layers": rows}).encode())

    told = {"layers": [{"mediaType": "application/vnd.in-toto+json", "digest": put(b"{}")}]}
    entries = [
        *({"digest": manifest(layers), "platform": {"os": "linux"}} for layers in images),
        {"digest": put(json.dumps(told).encode()), "platform": {"os": "unknown"}},
    ]
    inner = put(json.dumps({"manifests": entries}).encode())
    index = json.dumps({"manifests": [{"digest": inner}]}).encode()
    return tar_of({"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **blobs})


def deb(files: Mapping[str, bytes], pack: Callable[[bytes], bytes] = lzma.compress) -> bytes:
    """Make a Debian package (deb(5))."""
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(tar_of({"control": b"Package: app\n"})),
        "data.tar.xz": pack(tar_of(files)),
    }
    data = b"!<arch>\n"
    for name, content in parts.items():
        data += f"{name:<16}{MTIME:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        data += content + b"\n" * (len(content) % 2)
    return data


def _cpio(name: str, content: bytes, mode: int, inode: int = 1, names: int = 1) -> bytes:
    numbers = (inode, mode, 0, 0, names, MTIME, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % number for number in numbers) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def rpm(files: Mapping[str, bytes], pack: Callable[[bytes], bytes] = gzip.compress) -> bytes:
    """Make an RPM package: a lead, two header structures and a cpio archive."""
    cpio = b"".join(_cpio(f"./{name}", content, 0o100644) for name, content in files.items())
    cpio += _cpio("./link.py", b"m.py", 0o120777)
    cpio += _cpio("./first", b"", 0o100644, 9, 2) + _cpio("./second", b"both", 0o100644, 9, 2)
    cpio += _cpio("TRAILER!!!", b"", 0)
    header = b"\x8e\xad\xe8\x01" + bytes(4)
    signature = header + struct.pack("!II", 1, 5) + bytes(16) + b"store"
    signature += b"\0" * (-len(signature) % 8)
    lead = b"\xed\xab\xee\xdb".ljust(96, b"\0")
    return lead + signature + header + struct.pack("!II", 2, 3) + bytes(32) + b"abc" + pack(cpio)


def conda_1(files: Mapping[str, bytes], index: object) -> bytes:
    """Make a conda package of the first version, a tar file."""
    return bz2.compress(tar_of({**files, "info/index.json": json.dumps(index).encode()}))


def conda_2(
    files: Mapping[str, bytes], index: object, pack: Callable[[bytes], bytes] = gzip.compress
) -> bytes:
    """Make one of the second; its parts are compressed as the test can."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        packed.writestr("pkg-app-1.0-0.tar.zst", pack(tar_of(files)))
        info = tar_of({"info/index.json": json.dumps(index).encode()})
        packed.writestr("info-app-1.0-0.tar.zst", pack(info))
    return stream.getvalue()


def pyz(modules: Mapping[str, tuple[int, bytes]], magic: bytes = RUNNING.magic) -> bytes:
    """Make a PYZ (``PyInstaller/archive/writers.py: ZlibArchiveWriter``)."""
    data, table = b"", []
    for name, (kind, code) in modules.items():
        packed = zlib.compress(code)
        table.append((name, (kind, 12 + len(data), len(packed))))
        data += packed
    return b"PYZ\0" + magic + struct.pack("!I", 12 + len(data)) + data + marshal.dumps(table)


def bundle(entries: list[tuple[str, bytes, bytes]], after: bytes = b"") -> bytes:
    """Make an executable with an archive (``CArchiveWriter``): names, type codes, contents."""
    data, table = b"", b""
    for name, kind, content in entries:
        packed = content if kind == b"z" else zlib.compress(content)
        written = name.encode() + b"\0"
        size = 18 + len(written) + -(18 + len(written)) % 16
        table += struct.pack(
            "!IIIIBc", size, len(data), len(packed), len(content), int(kind != b"z"), kind
        )
        table += written.ljust(size - 18, b"\0")
        data += packed
    length = len(data) + len(table) + 88
    cookie = struct.pack(
        "!8sIIII64s", b"MEI\014\013\012\013\016", length, len(data), len(table), 312, b"l"
    )
    return PROGRAM + data + table + cookie + after
