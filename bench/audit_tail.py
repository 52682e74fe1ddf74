"""The operator's writes as the audit log tells them: asking the API server instead would take the cores that are measured."""

import time
from dataclasses import dataclass
from pathlib import Path

OPERATOR, LEASES = b'"userAgent":"agentops-operator', b'"resource":"leases"'
AGENT, STATUS = b'"resource":"agents"', b'"subresource":"status"'
WRITES = (b'"verb":"patch"', b'"verb":"create"', b'"verb":"delete"')
PATIENCE = 1200.0
SETTLED = 5.0  # seconds without a write


@dataclass
class AuditTail:
    """Writes of the operator in the audit log from here on, Leases apart."""

    path: Path
    offset: int = 0
    writes: int = 0
    statuses: int = 0  # of Agents

    def __post_init__(self) -> None:
        self.offset = self.path.stat().st_size

    def wait_for(self, statuses: int) -> None:
        """Waits until so many statuses of Agents were written."""
        deadline = time.monotonic() + PATIENCE
        while self.statuses < statuses:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.statuses} of {statuses} statuses after {PATIENCE:.0f} s")
            time.sleep(0.2)
            self._read()

    def wait_quiet(self) -> None:
        """Waits until nothing was written for some seconds."""
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < SETTLED:
            time.sleep(0.5)
            self._read()
            if self.writes != seen:
                seen, since = self.writes, time.monotonic()

    def _read(self) -> None:
        """Reads what is new; looking at everything again would take the time that is being measured."""
        with self.path.open("rb") as log:
            log.seek(self.offset)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.offset += len(whole)
        for line in whole.splitlines():
            if OPERATOR in line and any(verb in line for verb in WRITES) and LEASES not in line:
                self.writes += 1
                self.statuses += AGENT in line and STATUS in line
