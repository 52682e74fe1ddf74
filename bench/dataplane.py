"""What masking costs in CPU beside stock processors, and what a sidecar takes at rest."""

import json
import os
import re
import time
from collections.abc import Iterator

from bench.figure import Figure, at_least
from demo.images import IMAGES, ROOT
from devcluster import images
from devcluster.commands import run as command
from devcluster.golang import compiler
from tests.cluster.access import Access

GROUP = "data plane"
MIB = 2**20
REST_SECONDS = 30
RESULT = re.compile(r"^BenchmarkSpanOf6600Bytes/(\S+?)(?:-\d+)?\s+\d+\s.*?([\d.]+) cpu-µs/span", re.MULTILINE)
OWN = "agentops_mask_4_packs"


def run(access: Access) -> Iterator[Figure]:
    """Yields the figures."""
    yield from masking()
    yield from image_sizes()
    yield from sidecar_at_rest(access)


def masking() -> Iterator[Figure]:
    """CPU per 6.6 KB span: our processor and redaction + transform on the same spans in one Go benchmark."""
    go = compiler()
    text = command(
        [go, "test", "-tags=bench", "-run=^$", "-bench=.", "-benchtime=2s", "./collector/bench"],
        cwd=ROOT / "dataplane",
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"},
    )
    found = {name: float(value) for name, value in RESULT.findall(text)}
    for name, value in found.items():
        yield Figure(GROUP, f"CPU per 6.6 KB span, {name}", value, "us", method="Go benchmark, process CPU time over spans")
    stock = found["redaction"] + found["transform"] - found["nothing"]
    ratio = (stock - found["nothing"]) / (found[OWN] - found["nothing"])
    method = "same run, same spans, less the cost of nothing"
    yield at_least(GROUP, f"stock redaction + transform / {OWN}", ratio, "times", 8, method)


def image_sizes() -> Iterator[Figure]:
    """Size of each image's archive."""
    for image in IMAGES:
        archive = images.archive(image.tag)
        if archive.exists():
            yield Figure(
                GROUP, f"image {image.name}", round(archive.stat().st_size / MIB, 1), "MiB", method="uncompressed archive"
            )


def sidecar_at_rest(access: Access) -> Iterator[Figure]:
    """Memory and CPU of a sidecar whose agent sends nothing, from the kubelet."""
    where = "bench-rest"
    access.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": where}})
    try:
        access.first_agent(where, idle=True)
        access.kubectl("rollout", "status", "deployment/first-agent", "-n", where, "--timeout=120s")
        before, began = _usage(access, where), time.monotonic()
        time.sleep(REST_SECONDS)
        after = _usage(access, where)
        share = (after["cpu"] - before["cpu"]) / 1e9 / (time.monotonic() - began) * 100
        yield Figure(GROUP, "sidecar at rest, working set", round(after["memory"] / MIB, 1), "MiB", method="kubelet summary")
        yield Figure(
            GROUP, "sidecar at rest, CPU", round(share, 2), "% of a core", method=f"kubelet summary over {REST_SECONDS} s"
        )
    finally:
        access.kubectl("delete", "namespace", where, "--wait=false")


def _usage(access: Access, where: str) -> dict[str, float]:
    node = access.get("nodes")["items"][0]["metadata"]["name"]
    summary = json.loads(access.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary"))
    for pod in summary["pods"]:
        for container in pod.get("containers", []):
            if pod["podRef"]["namespace"] == where and container["name"] == "agentops-collector":
                return {"cpu": container["cpu"]["usageCoreNanoSeconds"], "memory": container["memory"]["workingSetBytes"]}
    raise AssertionError(f"no sidecar in {where}")
