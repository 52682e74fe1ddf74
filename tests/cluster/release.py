"""The release with other values than the demo's, for the time of some tests."""

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from demo.install import NAMESPACE, VALUES, install_chart
from devcluster.commands import run
from tests.cluster.access import Access

Values = dict[str, Any]
VOLUME = "agentops-e2e-relay"
CLAIM = "data-agentops-relay-0"
SIZE = "64Mi"
KEPT = {"relay": {"storage": {"persistent": True, "size": SIZE}}}


def upgrade(product: Access, folder: Path, values: Values) -> None:
    """`helm upgrade` with these values over the demo's, and waits until the relay has the volume that they ask for."""
    merged = _merged(yaml.safe_load(VALUES.read_text()), values)
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(merged))
    install_chart(product.cluster, file)
    wanted = "persistentVolumeClaim" if merged["relay"]["storage"]["persistent"] else "emptyDir"
    product.until("the relay on its volume", lambda: relay_pods(product), lambda found: _on(found, wanted))
    product.relay_address.cache_clear()


def _merged(base: Values, more: Values) -> Values:
    result = copy.deepcopy(base)
    for name, value in more.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = _merged(result[name], value) if both else value
    return result


def relay_pods(product: Access) -> list[dict[str, Any]]:
    """Pods of the relay that are not going away."""
    found = product.get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=agentops-relay")["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def ready(pod: dict[str, Any]) -> bool:
    """Whether the pod takes requests."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions)


def _on(found: list[dict[str, Any]], kind: str) -> bool:
    volumes = [volume for pod in found for volume in pod["spec"]["volumes"] if volume["name"] == "data"]
    return bool(found) and all(map(ready, found)) and all(kind in volume for volume in volumes)


@contextmanager
def small_volume(product: Access) -> Iterator[Path]:
    """A file system of 64 MiB on the node, and the PersistentVolume that the relay's claim will find there.

    It lies in memory, so that a test can fill it up without touching the machine's disk.
    """
    place = product.cluster.state / "relay-volume"
    _remove(product, place)
    place.mkdir(exist_ok=True)
    run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=0777", "agentops-e2e", place])
    product.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": VOLUME},
            "spec": {
                "capacity": {"storage": SIZE},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": str(place), "type": "Directory"},
                "claimRef": {"namespace": NAMESPACE, "name": CLAIM},
            },
        }
    )
    try:
        yield place
    finally:
        _remove(product, place)


def _remove(product: Access, place: Path) -> None:
    product.kubectl("delete", "persistentvolumeclaim", CLAIM, "-n", NAMESPACE, "--ignore-not-found", "--timeout=60s")
    product.kubectl("delete", "persistentvolume", VOLUME, "--ignore-not-found", "--timeout=60s")
    if os.path.ismount(place):
        run(["umount", place])
