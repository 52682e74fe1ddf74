"""Kernel settings of the whole machine that a node changes: remembered first, put back by `down`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devcluster.paths import Cluster

SETTINGS = Path("/proc/sys")
OURS = {
    # 128 are used up by about 60 pods, and then every further container fails to start.
    "fs/inotify/max_user_instances": "8192",
}
KUBELETS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""What the kubelet changes by itself."""


def tune(cluster: Cluster) -> None:
    """Remember the settings and set ours."""
    before = {name: (SETTINGS / name).read_text().strip() for name in [*OURS, *KUBELETS] if (SETTINGS / name).exists()}
    cluster.config.mkdir(parents=True, exist_ok=True)
    _memory(cluster).write_text(json.dumps(before))
    _set({name: value for name, value in OURS.items() if int(before.get(name, value)) < int(value)})


def restore(cluster: Cluster) -> None:
    """Put back what was remembered."""
    if _memory(cluster).exists():
        _set(json.loads(_memory(cluster).read_text()))


def _memory(cluster: Cluster) -> Path:
    return cluster.config / "kernel.json"


def _set(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if (SETTINGS / name).read_text().strip() != value:
            (SETTINGS / name).write_text(value)
