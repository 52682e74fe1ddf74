"""The real cluster as tests see it: kubectl with the right kubeconfig, and objects as dicts."""

import json
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from devcluster import bin_dir, ensure_up

VARIABLE = "AGENTOPS_KUBECONFIG"
OPERATOR = "system:serviceaccount:agentops-system:agentops-operator"


def kubeconfig_path() -> Path:
    """The cluster that the user names, else the local one, started when it does not run: cluster tests never skip."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else ensure_up().kubeconfig


@dataclass(frozen=True)
class Kubectl:
    """kubectl against one cluster, never against a context that nobody named."""

    kubeconfig: Path
    user: tuple[str, ...] = ()

    def as_operator(self) -> "Kubectl":
        """The operator's name with an administrator's rights: where the chart is installed, nobody else may write the index."""
        return replace(self, user=(f"--as={OPERATOR}", "--as-group=system:masters"))

    def as_admin(self) -> "Kubectl":
        """The user of the kubeconfig: what an account of ours may not do, such as running a foreign image."""
        return replace(self, user=())

    def run(self, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """The finished command, whether it succeeded or not."""
        program = bin_dir() / "kubectl"
        command = [str(program) if program.exists() else "kubectl", f"--kubeconfig={self.kubeconfig}", *self.user, *args]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)

    def __call__(self, *args: str, stdin: str | None = None) -> str:
        """What the command printed; an error of kubectl fails the test with its message."""
        result = self.run(*args, stdin=stdin)
        assert result.returncode == 0, f"kubectl {' '.join(args)}: {result.stderr}"
        return result.stdout

    def get(self, *args: str) -> dict[str, Any]:
        """An object, or a list of them."""
        found: dict[str, Any] = json.loads(self("get", *args, "-o", "json"))
        return found

    def apply(self, *objects: dict[str, Any], args: tuple[str, ...] = ()) -> str:
        """Applies objects on the server, as the operator and GitOps tools do."""
        return self("apply", "--server-side", *args, "-f", "-", stdin=yaml.safe_dump_all(objects))
