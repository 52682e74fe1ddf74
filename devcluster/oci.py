"""Write an image archive for one static program: nothing but the standard library is needed."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MEDIA = "application/vnd.oci.image"


def write_image(archive: Path, reference: str, program: Path) -> None:
    """Write an OCI archive of an image that holds and starts one program."""
    layer = _layer(program)
    config = _json({**_platform(), "config": {"Entrypoint": [f"/{program.name}"]}, "rootfs": _rootfs(layer)})
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.manifest.v1+json",
            "config": descriptor(f"{MEDIA}.config.v1+json", config),
            "layers": [descriptor(f"{MEDIA}.layer.v1.tar", layer)],
        }
    )
    entry = {**descriptor(f"{MEDIA}.manifest.v1+json", manifest), "annotations": _names(reference)}
    index = _json({"schemaVersion": 2, "manifests": [entry]})
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w") as tar:
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", index)
        for blob in (layer, config, manifest):
            _add(tar, f"blobs/sha256/{_digest(blob)}", blob)


def descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    """Return the reference to a blob."""
    return {"mediaType": media_type, "digest": f"sha256:{_digest(blob)}", "size": len(blob)}


def _layer(program: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        _add(tar, program.name, program.read_bytes(), mode=0o755)
    return buffer.getvalue()


def _rootfs(layer: bytes) -> dict[str, object]:
    return {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]}


def _names(reference: str) -> dict[str, str]:
    # containerd reads the first, every other tool the second.
    return {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}


def _platform() -> dict[str, str]:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {"architecture": architecture, "os": "linux"}


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    # No time stamp: the same program gives the same digest.
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _digest(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()
