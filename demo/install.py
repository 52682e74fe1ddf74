"""Installs the product on the local cluster as a cluster admin would: images, then the Helm chart."""

import json
import os
from datetime import datetime
from pathlib import Path

from demo.images import IMAGES, ROOT, STORE, build_and_load, build_programs, collect_store
from devcluster import Cluster, bin_dir, ensure_up
from devcluster.commands import run
from devcluster.images import archive
from devcluster.progress import step

CHART = ROOT / "charts" / "agentops-operator"
NAMESPACE = "agentops-system"
RELEASE = "agentops"
VALUES = ROOT / "demo" / "values.yaml"


def environment(cluster: Cluster) -> dict[str, str]:
    """Environment in which kubectl and helm reach this cluster and no other."""
    return {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "PATH": f"{bin_dir()}:{os.environ.get('PATH', '')}"}


def kubectl(cluster: Cluster, *arguments: str, stdin: str | None = None) -> str:
    """Runs kubectl and returns what it printed; raises with its error."""
    return run([bin_dir() / "kubectl", *arguments], env=environment(cluster), stdin=stdin)


def helm(cluster: Cluster, *arguments: str) -> str:
    """Runs helm and returns what it printed; raises with its error."""
    return run([bin_dir() / "helm", *arguments], env=environment(cluster))


def install(values: Path | None = None) -> Cluster:
    """Cluster, images and chart; each part that is there already is left as it is."""
    cluster = ensure_up()
    build_programs()
    collect_store()
    build_and_load(cluster, (*IMAGES, STORE))
    with step("installing the Helm chart"):
        install_chart(cluster, values)
    return cluster


def install_chart(cluster: Cluster, values: Path | None = None) -> None:
    """`helm upgrade --install`, then waits until operator, relay and, where there is one, gateway are available."""
    _end_interrupted(cluster)
    more = ["--values", str(values or VALUES)]
    helm(cluster, "upgrade", "--install", RELEASE, str(CHART), "--namespace", NAMESPACE, "--create-namespace", "--wait", *more)
    _restart_outdated(cluster)
    # helm does not wait for relay and gateway, because the operator makes them.
    gateway = kubectl(cluster, "get", "service", "agentops-gateway", "-n", NAMESPACE, "--ignore-not-found", "-o", "name")
    made = ("statefulset/agentops-relay", *(("deployment/agentops-gateway",) if gateway else ()))
    for workload in made:
        kubectl(cluster, "wait", "-n", NAMESPACE, "--for=create", workload, "--timeout=60s")
    for workload in ("deployment/agentops-operator", *made):
        kubectl(cluster, "rollout", "status", "-n", NAMESPACE, workload, "--timeout=180s")


def _end_interrupted(cluster: Cluster) -> None:
    """Ends what an interrupted helm began: helm refuses every further step while a release is pending."""
    for release in json.loads(helm(cluster, "list", "--namespace", NAMESPACE, "--pending", "--output", "json")):
        first = release["revision"] == "1"
        verb = ("uninstall", RELEASE, "--no-hooks") if first else ("rollback", RELEASE)
        helm(cluster, *verb, "--namespace", NAMESPACE, "--wait")


def _restart_outdated(cluster: Cluster) -> None:
    """Replaces pods of ours that are older than their image: the tag stays the same, so nothing else would."""
    for pod in json.loads(kubectl(cluster, "get", "pods", "-n", NAMESPACE, "-o", "json"))["items"]:
        started = pod["status"].get("startTime")
        loaded = max((_loaded_at(cluster, entry["image"]) for entry in pod["spec"]["containers"]), default=0.0)
        if started and datetime.fromisoformat(started).timestamp() < loaded:
            kubectl(cluster, "delete", "pod", pod["metadata"]["name"], "-n", NAMESPACE, "--ignore-not-found")


def _loaded_at(cluster: Cluster, tag: str) -> float:
    """When an image was loaded into the local cluster; 0 when it is none of ours."""
    mark = cluster.state / "images" / archive(tag).with_suffix(".loaded").name
    return mark.stat().st_mtime if mark.exists() else 0.0
