"""The state store's image for clusters without a registry: what it holds is enough to run as the chart runs it."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from conformance.processes import free_port
from demo.images import ROOT, collect_store
from tests.chart.conftest import Render
from tests.chart.test_gateway import GATEWAY_VALUES
from tests.chart.test_render import named

USER = 65532
PATIENCE = 10.0


@pytest.mark.skipif(os.geteuid() != 0, reason="a root directory of one's own needs root")
def test_store_runs_from_its_own_files_as_the_chart_says(render: Render, tmp_path: Path) -> None:
    """With the chart's arguments, without rights, and with nothing of the machine it answers and writes each command to disk."""
    collect_store()
    root = tmp_path / "root"
    shutil.copytree(ROOT / "build" / "demo" / "store", root)
    (root / "data").mkdir()
    os.chown(root / "data", USER, USER)
    (store,) = named(render("--values", GATEWAY_VALUES), "StatefulSet", "agentops-store")
    arguments = store["spec"]["template"]["spec"]["containers"][0]["args"]
    port = free_port()
    command = ["chroot", f"--userspec={USER}:{USER}", str(root), "/usr/bin/redis-server", *arguments]
    process = subprocess.Popen([*command, "--port", str(port), "--bind", "127.0.0.1"])
    try:
        assert ask(port, "SET spent 1") == "+OK"
        assert "always" in ask(port, "CONFIG GET appendfsync")
        assert any(path.stat().st_size for path in (root / "data").rglob("*.aof"))
    finally:
        process.terminate()
        process.wait(10)


def ask(port: int, command: str) -> str:
    """What the store answers, once it takes connections."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(command.encode() + b"\r\n")
                return connection.recv(4096).decode().strip()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
