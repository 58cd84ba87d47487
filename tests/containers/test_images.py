"""Container images: layers, whiteouts, and what an audit says of the merged tree."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from pycinspect.auditing import Audit, Policy
from pycinspect.auditing.findings import Reason
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import HERE, mounted
from pycinspect.containers import read_archive
from pycinspect.errors import PycInspectError
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, timestamp
from tests.cli.conftest import Run, project, run
from tests.containers.kit import found

__all__ = ["project", "run"]

#: Path to content, to a link's target, or None for a directory.
Layer: TypeAlias = Mapping[str, "bytes | str | None"]

TAG = RUNNING.cache_tag
SITE = f"usr/lib/python{RUNNING.version}"
CACHE = f"{SITE}/__pycache__/m.{TAG}.pyc"
FRESH = timestamp(RUNNING, MTIME, len(SOURCE)) + PAYLOAD
SOURCES: Layer = {f"{SITE}/m.py": SOURCE}
CACHES: Layer = {CACHE: FRESH}


def _tar(layer: Layer) -> bytes:
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
            files[names[-1]] = _tar(layer)
        manifest.append({"Config": "c.json", "RepoTags": [f"app:{number}"], "Layers": names})
    return _tar({**files, "manifest.json": json.dumps(manifest).encode()})


def oci(*images: Sequence[Layer], pack: Callable[[bytes], bytes] = gzip.compress) -> bytes:
    """Make an OCI layout."""
    blobs: dict[str, bytes | str | None] = {}

    def put(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return f"sha256:{digest}"

    def manifest(layers: Sequence[Layer]) -> str:
        kind = "application/vnd.oci.image.layer.v1.tar"
        rows = [{"mediaType": kind, "digest": put(pack(_tar(layer)))} for layer in layers]
        return put(json.dumps({"layers": rows}).encode())

    told = {"layers": [{"mediaType": "application/vnd.in-toto+json", "digest": put(b"{}")}]}
    entries = [
        *({"digest": manifest(layers), "platform": {"os": "linux"}} for layers in images),
        {"digest": put(json.dumps(told).encode()), "platform": {"os": "unknown"}},
    ]
    inner = put(json.dumps({"manifests": entries}).encode())
    index = json.dumps({"manifests": [{"digest": inner}]}).encode()
    return _tar({"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **blobs})


FORMS: Mapping[str, Callable[..., bytes]] = {
    "docker": docker,
    "docker, compressed": lambda *images: gzip.compress(docker(*images)),
    "oci": oci,
    "oci, plain layers": lambda *images: oci(*images, pack=bytes),
}


@pytest.fixture(params=FORMS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    def write(*images: Sequence[Layer]) -> Path:
        path = tmp_path / "image.tar"
        path.write_bytes(FORMS[request.param](*images))
        return path

    return write


def _files(path: Path) -> dict[str, bytes]:
    data = path.read_bytes()
    archive = read_archive(io.BytesIO(data), len(data))
    files = {}
    for name, node in archive.files():
        with archive.open(node) as stream:
            files[name] = stream.read()
    return files


def test_later_layers_replace_and_remove(make: Callable[..., Path]) -> None:
    image = make(
        [
            {"a": b"1", "b": b"1", "d/x": b"1", "d/y": b"1", "e/x": b"1", "f": b"1", "g/x": b"1"},
            {"a": b"2", ".wh.b": b"", "d/.wh.x": b"", "e/z": b"2", "e/.wh..wh..opq": b""},
            {},
            {
                "f": None,
                "f/inside": b"3",
                ".wh..wh.plnk": b"",
                ".wh.nothing": b"",
                "g": b"3",
                "b": b"3",
            },
        ]
    )
    assert _files(image) == {
        "a": b"2",
        "b": b"3",
        "d/y": b"1",
        "e/z": b"2",
        "f/inside": b"3",
        "g": b"3",
    }


def test_names_go_through_the_links_of_lower_layers(make: Callable[..., Path]) -> None:
    image = make([{"usr/lib": None, "lib": "usr/lib"}, {"lib/m.py": b"x"}])
    assert _files(image)["usr/lib/m.py"] == b"x"


def test_several_images_lie_side_by_side(make: Callable[..., Path]) -> None:
    names = _files(make([{"a": b"1"}], [{"a": b"2"}]))
    assert sorted(names.values()) == [b"1", b"2"]
    assert {name.partition("/")[2] for name in names} == {"a"}


# --- The audit --------------------------------------------------------------------------------


def test_a_cache_in_a_later_layer_is_named(run: Run, make: Callable[..., Path]) -> None:
    result = run("audit", make([SOURCES, CACHES]))
    assert result.exit_code == 1
    screen = " ".join(" ".join(result.stdout.splitlines()[:12]).split())
    assert re.search(
        rf"image.tar!/{CACHE}:? comes with layer 2 \(\w+\), and its source with layer 1 \(", screen
    )


def test_a_cache_in_the_layer_of_its_source_is_clean(run: Run, make: Callable[..., Path]) -> None:
    result = run("audit", make([{"etc/hosts": b""}, {**SOURCES, **CACHES}]))
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "The cache is fresh.")


def test_a_cache_whose_source_a_later_layer_removed(make: Callable[..., Path]) -> None:
    image = make([{**SOURCES, **CACHES}, {f"{SITE}/.wh.m.py": b""}])
    rules = {finding.rule: finding.message for finding in found(image)}
    assert rules.keys() >= {"PYC201", "PYC705"}
    assert "and layer 2 (" in rules["PYC705"]


def test_for_which_python_an_image_is(make: Callable[..., Path]) -> None:
    programs: Layer = {"usr/bin/python3": "python3.9", "usr/bin/python3.9": b"ELF"}
    image = make([programs, {"app/m.py": SOURCE, f"app/__pycache__/m.{TAG}.pyc": FRESH}])
    audit = Audit([image], BUILT_IN, Policy())
    assert {finding.rule for finding in audit} <= {"PYC205", "PYC302"}
    (assumed,) = audit.summary.assumed
    assert (assumed.pythons, assumed.reason) == (("cpython-3.9",), Reason.IMAGE)


def test_a_directory_in_an_image_is_compared(run: Run, make: Callable[..., Path]) -> None:
    image = make([{**SOURCES, **CACHES}])
    result = run("diff", f"{image}!/{SITE}", f"{image}!/{SITE}")
    assert result.exit_code == 0
    view, (path,) = mounted([f"{image}!/{CACHE}"], HERE)
    assert view.read_all(path, 10_000) == FRESH


# --- Damage -----------------------------------------------------------------------------------


def _told(files: Layer) -> str:
    data = _tar(files)
    with pytest.raises(PycInspectError) as caught:
        read_archive(io.BytesIO(data), len(data))
    assert caught.value.slug == "bad-archive"
    return caught.value.message


def test_what_is_missing_is_said() -> None:
    manifest = json.dumps([{"Layers": ["../layer.tar", "l"]}]).encode()
    assert "a layer of it" in _told({"manifest.json": manifest})
    manifest = json.dumps([{"Layers": ["l"]}]).encode()
    assert "is missing" in _told({"manifest.json": manifest})
    assert "is a directory" in _told({"manifest.json": manifest, "l": None})
    assert "a damaged tar archive" in _told({"manifest.json": manifest, "l": b"no tar" * 200})
    index = json.dumps({"manifests": [{"digest": "sha256:0"}]}).encode()
    assert "is not a manifest" in _told({"oci-layout": b"{}", "index.json": index})


@pytest.mark.parametrize(
    "text", [b"{", b"[1, null]", b"[" * 100_000, b'{"manifests": 3}', b"9" * 9999]
)
def test_what_is_not_an_image_is_a_tar_file(text: bytes) -> None:
    for name in ("manifest.json", "index.json"):
        data = _tar({name: text, "oci-layout": b"{}", "m.py": b""})
        archive = read_archive(io.BytesIO(data), len(data))
        assert archive.layout.kind == "tar archive"
        assert "m.py" in dict(archive.files())
