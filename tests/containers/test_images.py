"""Container images: layers, whiteouts, and what an audit says of the merged tree."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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
from tests.containers.makers import Layer, docker, oci, tar_of

__all__ = ["project", "run"]

TAG = RUNNING.cache_tag
SITE = f"usr/lib/python{RUNNING.version}"
CACHE = f"{SITE}/__pycache__/m.{TAG}.pyc"
FRESH = timestamp(RUNNING, MTIME, len(SOURCE)) + PAYLOAD
SOURCES: Layer = {f"{SITE}/m.py": SOURCE}
CACHES: Layer = {CACHE: FRESH}


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
    data = tar_of(files)
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
        data = tar_of({name: text, "oci-layout": b"{}", "m.py": b""})
        archive = read_archive(io.BytesIO(data), len(data))
        assert archive.layout.kind == "tar archive"
        assert "m.py" in dict(archive.files())
