"""Where everything is: what is built lives in the cache, what runs lives in the state directory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from devcluster.errors import DevclusterError

NAME_VARIABLE = "AGENTOPS_CLUSTER"
USUAL_NAME = "agentops"
DEFAULT_NAME = os.environ.get(NAME_VARIABLE) or USUAL_NAME
TOOLS = Path(__file__).parent / "tools"


def cache_root() -> Path:
    """Return the directory of everything that can be built again; `down` never touches it."""
    return _base("XDG_CACHE_HOME", ".cache") / "agentops" / "devcluster"


def state_root() -> Path:
    """Return the directory that holds one sub-directory per cluster."""
    return _base("XDG_STATE_HOME", ".local/state") / "agentops"


def _base(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default)


@dataclass(frozen=True)
class Cluster:
    """One named cluster and the files that belong to it."""

    name: str = DEFAULT_NAME
    """Names the state directory, the network namespace and the cgroup; short, because of the next check."""

    def __post_init__(self) -> None:
        # A longer name would exceed the 15 characters of a network device.
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", self.name):
            raise DevclusterError(f"--name (or {NAME_VARIABLE}) {self.name}: use 1 to 12 of a-z, 0-9 and '-'")

    @property
    def state(self) -> Path:
        """All files of the running cluster; `down` removes it."""
        return state_root() / self.name

    @property
    def record(self) -> Path:
        """What `up` decided: layer, subnet, kubeconfig."""
        return self.state / "cluster.json"

    @property
    def kubeconfig(self) -> Path:
        """Administrator's kubeconfig of the own node and of kind."""
        return self.state / "admin.kubeconfig"

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.state / "pki"

    @property
    def config(self) -> Path:
        """Rendered configuration files."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """One file per program."""
        return self.state / "logs"

    @property
    def audit_log(self) -> Path:
        """Audit log of the API server: one JSON object per line, metadata of every request."""
        return self.logs / "audit.log"

    @property
    def apiserver_log(self) -> Path:
        """Error output of the API server; tests look for panics here."""
        return self.logs / "kube-apiserver.log"

    @property
    def processes(self) -> Path:
        """One record per process that was started."""
        return self.state / "processes"

    @property
    def containerd(self) -> Path:
        """Root, state and socket of the container runtime."""
        return self.state / "containerd"

    @property
    def socket(self) -> Path:
        """Socket of the container runtime."""
        return self.containerd / "containerd.sock"

    @property
    def kubelet(self) -> Path:
        """Root directory of the kubelet: the pods' volumes."""
        return self.state / "kubelet"

    @property
    def network_namespace(self) -> str:
        """Name below /run/netns; also the name of the pod network."""
        return f"agentops-dev-{self.name}"

    @property
    def cgroup(self) -> str:
        """The cgroup below which every pod runs."""
        return f"/agentops-dev-{self.name}"

    @property
    def node_name(self) -> str:
        """Name of the one Node object."""
        return f"{self.name}-node"
