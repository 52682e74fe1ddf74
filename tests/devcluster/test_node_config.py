"""The rendered configuration of the node."""

import json
import tomllib

import pytest

from devcluster.errors import DevclusterError
from devcluster.node import certificates, containerd, controlplane, dns, kubelet, network, proxy
from devcluster.node.layout import FIRST_OCTET, LAST_OCTET, free_subnet
from devcluster.paths import Cluster


def test_first_free_subnet():
    """A subnet that touches a route of the host is left alone."""
    assert free_subnet(["192.0.2.0/24"]).octet == FIRST_OCTET
    assert free_subnet([f"10.{FIRST_OCTET}.3.0/24", f"10.{FIRST_OCTET + 1}.0.1"]).octet == FIRST_OCTET + 2


def test_no_free_subnet():
    """A machine that routes everything gets a message."""
    with pytest.raises(DevclusterError, match=f"no free network among 10.{FIRST_OCTET}.*10.{LAST_OCTET}"):
        free_subnet(["10.0.0.0/8"])


def test_apiserver_is_close_to_production(node):
    """Authorization, audit and tokens are what tests depend on."""
    arguments = controlplane.apiserver(node)
    assert "--authorization-mode=Node,RBAC" in arguments
    assert f"--audit-log-path={node.cluster.audit_log}" in arguments
    assert "--service-account-issuer=https://kubernetes.default.svc.cluster.local" in arguments
    assert "--advertise-address=10.207.0.2" in arguments


def test_audit_sees_every_request():
    """One rule without a condition: nothing is left out."""
    assert controlplane.AUDIT_POLICY["rules"] == [{"level": "Metadata"}]


def test_server_certificate_has_every_address(node):
    """The host, the pods and the node use different names for the one API server."""
    names = certificates.server_names(node).split(",")
    assert {"DNS:kubernetes.default.svc", "IP:10.207.128.1", "IP:10.207.0.2"} <= set(names)


def test_the_nodes_certificate_is_its_identity(node):
    """The node authorizer reads group and user from the subject."""
    subjects = {identity.file: identity.subject() for identity in certificates.identities(node)}
    assert subjects["kubelet"] == "/O=system:nodes/CN=system:node:unit-node"


def test_only_the_server_is_a_server(node):
    """A stolen client key must not be able to pose as the API server."""
    servers = [i.file for i in certificates.identities(node) if "extendedKeyUsage=serverAuth" in i.extensions()]
    assert servers == ["apiserver"]


def test_containerd_config_is_toml_with_own_files(node):
    """Every path lies below the state directory, so that `down` finds it."""
    config = tomllib.loads(containerd.config(node))
    state = str(node.cluster.state)
    assert all(config[key].startswith(state) for key in ("root", "state"))
    runtime = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert runtime["netns_mounts_under_state_dir"]
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["Root"].startswith(state)


def test_pods_are_routed(node):
    """A bridge would let answers of Services pass by the address translation."""
    (plugin,) = containerd.pod_network(node)["plugins"]
    assert plugin["type"] == "ptp"
    assert plugin["ipam"]["ranges"] == [[{"subnet": "10.207.64.0/18"}]]


def test_kubelet_refreshes_quickly_and_keeps_images(node):
    """Tests wait for ConfigMaps, and loaded images cannot be pulled again."""
    config = kubelet.config(node)
    assert config["syncFrequency"] == "10s"
    assert config["imageGCHighThresholdPercent"] == 100
    assert config["cgroupRoot"] == "/agentops-dev-unit"
    assert json.loads(json.dumps(config)) == config


def test_dns_address_is_one_fact(node):
    """The kubelet tells pods the address that the Service really has."""
    service = dns.manifests(node)[-1]
    assert [service["spec"]["clusterIP"]] == kubelet.config(node)["clusterDNS"]


def test_proxy_leaves_the_hosts_connection_table_alone(node):
    """Its limit cannot be set from the node's network namespace."""
    assert proxy.config(node)["conntrack"] == {"maxPerCore": 0}


def test_device_names_fit_and_differ():
    """The kernel takes 15 characters."""
    names = {network.device(Cluster(name)) for name in ("agentops", "second", "abcdefghijkl")}
    assert len(names) == 3
    assert max(map(len, names)) <= 15


def test_host_gets_routes_to_pods_and_services(node):
    """Tests on the host scrape pods and call Services."""
    commands = "\n".join(network.host_commands(node))
    assert "ip route add 10.207.64.0/18 via 10.207.0.2" in commands
    assert "ip route add 10.207.128.0/18 via 10.207.0.2" in commands


@pytest.mark.parametrize("name", ["", "-a", "A", "much-too-long-name", "a/b"])
def test_names_that_cannot_be_devices(name):
    """A bad name is refused before anything is created."""
    with pytest.raises(DevclusterError, match="--name"):
        Cluster(name)
