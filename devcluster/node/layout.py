"""The facts every part of the node shares: addresses, files, programs."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devcluster.binaries import bin_dir
from devcluster.errors import DevclusterError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from devcluster.paths import Cluster

FIRST_OCTET, LAST_OCTET = 200, 219
DOMAIN = "cluster.local"
ISSUER = f"https://kubernetes.default.svc.{DOMAIN}"
API_PORT = 6443


@dataclass(frozen=True)
class Subnet:
    """One /16 for one cluster: link to the host, pods, Services."""

    octet: int
    """Second number of the addresses; clusters that run side by side differ in it."""

    @property
    def whole(self) -> str:
        """The range that must not be in use on the host."""
        return f"10.{self.octet}.0.0/16"

    @property
    def host(self) -> str:
        """Host side of the veth pair."""
        return f"10.{self.octet}.0.1"

    @property
    def node(self) -> str:
        """Node side of the veth pair: address of the API server and of the Node."""
        return f"10.{self.octet}.0.2"

    @property
    def pods(self) -> str:
        """Pod addresses."""
        return f"10.{self.octet}.64.0/18"

    @property
    def services(self) -> str:
        """Service addresses."""
        return f"10.{self.octet}.128.0/18"

    @property
    def api_service(self) -> str:
        """Address of the Service `kubernetes`: always the first of the range."""
        return f"10.{self.octet}.128.1"

    @property
    def dns(self) -> str:
        """Address of cluster DNS."""
        return f"10.{self.octet}.128.10"


@dataclass(frozen=True)
class Node:
    """One node, before or after its start."""

    cluster: Cluster
    subnet: Subnet

    @property
    def server(self) -> str:
        """URL of the API server, from the host, the node and the pods."""
        return f"https://{self.subnet.node}:{API_PORT}"

    def program(self, name: str) -> Path:
        """Return the path of a built program."""
        return bin_dir() / name

    def inside(self, *command: str | Path) -> list[str]:
        """Return the command line that runs a program in the node's network namespace."""
        # Not `ip netns exec`: that remounts /sys, and the kubelet then finds no cgroups.
        enter = ["nsenter", f"--net=/run/netns/{self.cluster.network_namespace}", "--wd=/", "--"]
        return [*enter, *map(str, command)]

    def write(self, name: str, content: object) -> Path:
        """Write one configuration file; what is not text already becomes JSON, which every reader here takes."""
        self.cluster.config.mkdir(parents=True, exist_ok=True)
        path = self.cluster.config / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path


def free_subnet(used: Iterable[str]) -> Subnet:
    """Return the first subnet that no route of the host touches."""
    taken = [ipaddress.ip_network(network, strict=False) for network in used]
    for octet in range(FIRST_OCTET, LAST_OCTET + 1):
        subnet = Subnet(octet)
        if not any(ipaddress.ip_network(subnet.whole).overlaps(network) for network in taken):
            return subnet
    raise DevclusterError(f"no free network among 10.{FIRST_OCTET}.0.0/16 to 10.{LAST_OCTET}.0.0/16 on this machine")
