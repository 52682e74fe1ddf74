"""The operator as a process of its own, and what it shows."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from conformance.processes import free_port

HOME = "rt-system"


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class OperatorProcess:
    """`python -m agentops_operator.handlers` against a cluster."""

    kubeconfig: Path
    log: Path
    name: str = "one"
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> "OperatorProcess":
        """Starts it, and waits until it works."""
        environment = {
            **os.environ,
            "AGENTOPS_KUBECONFIG": str(self.kubeconfig),
            "AGENTOPS_NAMESPACE": HOME,
            "AGENTOPS_HTTP_HOST": "127.0.0.1",
            "AGENTOPS_HTTP_PORT": str(self.port),
            "AGENTOPS_POD_NAME": self.name,
            "AGENTOPS_OBSERVE_HOST": "relay.invalid",
            **self.more,
        }
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "agentops_operator.handlers"]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        if wait:
            self.until_working()
        return self

    def until_working(self, seconds: float = 60.0) -> None:
        """Waits until it leads and its caches are full."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.running and self.metric("workqueue_adds_total") > 0 and self.answer("/readyz") == "ok":
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text()[-3000:])

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def answer(self, path: str) -> str:
        """Body of a page; empty when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def metric(self, name: str) -> float:
        """Sum of a metric over its series."""
        lines = self.answer("/metrics").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + "{", name + " ")))

    def rss_mib(self) -> float:
        """Resident memory."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def cpu_seconds(self) -> float:
        """Processor time so far."""
        assert self.process is not None
        return cpu_seconds(self.process.pid)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it; returns its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self.process = None
        return code
