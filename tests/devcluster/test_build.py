"""What is built, under which key, with which command."""

import dataclasses
from pathlib import Path

import pytest

from devcluster import binaries, build, golang
from devcluster.binaries import PROGRAMS
from devcluster.errors import DevclusterError

HELM = next(program for program in PROGRAMS if program.name == "helm")
ETCD = next(program for program in PROGRAMS if program.name == "etcd")


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Return a small copy of the tools directory."""
    (tmp_path / "etcd").mkdir()
    for name in ("go.mod", "go.sum", "etcd/main.go"):
        (tmp_path / name).write_text(f"content of {name}")
    monkeypatch.setattr(binaries, "TOOLS", tmp_path)
    return tmp_path


def test_key_is_stable(tools):
    """The same inputs give the same key: the second run finds the programs of the first."""
    assert binaries.key(ETCD) == binaries.key(ETCD)


@pytest.mark.parametrize("changed", ["go.mod", "go.sum", "etcd/main.go"])
def test_key_follows_its_inputs(tools, changed):
    """A changed pin or source gives another key, so that nothing old is used."""
    before = binaries.key(ETCD)
    (tools / changed).write_text("changed")
    assert binaries.key(ETCD) != before


def test_key_follows_the_flags(tools):
    """Other linker flags give another program and so another key."""
    stamped = dataclasses.replace(HELM, stamped=())
    (tools / "go.mod").write_text("require (\n\thelm.sh/helm/v3 v3.1.0\n)")
    assert binaries.key(stamped) != binaries.key(HELM)


def test_another_program_keeps_its_key(tools):
    """Our own etcd source has no influence on helm."""
    (tools / "go.mod").write_text("require (\n\thelm.sh/helm/v3 v3.1.0\n)")
    before = binaries.key(HELM)
    (tools / "etcd/main.go").write_text("changed")
    assert binaries.key(HELM) == before


def test_every_program_is_pinned():
    """Each program takes its version from the lock, the only place that names one."""
    versions = {program.name: binaries.version(program.module) for program in PROGRAMS if program.module}
    assert versions.keys() == {"kubernetes", "etcd", "coredns", "helm"}
    assert all(version.startswith("v") for version in versions.values())


def test_module_of_its_own_changes_no_other_program(tools):
    """The enforcer of NetworkPolicies can move without Kubernetes being compiled anew, and the other way round."""
    (tools / "netpol").mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        (tools / "netpol" / name).write_text("old")
    before = {program.name: binaries.key(program) for program in (ETCD, binaries.NETWORK_POLICY)}
    (tools / "netpol" / "go.mod").write_text("new")
    assert binaries.key(ETCD) == before["etcd"]
    (tools / "netpol" / "go.mod").write_text("old")
    (tools / "go.mod").write_text("new")
    assert binaries.key(binaries.NETWORK_POLICY) == before["network-policy"]


def test_an_unpinned_module_is_refused():
    """A typing error in a module name is a clear message, not an empty version."""
    with pytest.raises(DevclusterError, match=r"pins no version of example\.org/x"):
        binaries.version("example.org/x", "require (\n\texample.org/y v1.0.0\n)")


def test_kubernetes_reports_its_version():
    """Without the stamps the API server says v0.0.0 and clients refuse it."""
    kubernetes = PROGRAMS[0]
    full = binaries.version("k8s.io/kubernetes")
    assert f"-X k8s.io/component-base/version.gitVersion={full}" in kubernetes.flags()


def test_command_gives_the_same_bytes_everywhere():
    """No path and no checkout state of this machine goes into a program."""
    words = build.command(Path("/go"), ETCD, Path("/out"))
    assert {"-trimpath", "-buildvcs=false"} <= set(words)
    assert words[-3:] == ["-o", "/out", "./etcd"]
    assert build.environment({"CGO_ENABLED": "1"})["CGO_ENABLED"] == "0"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("go1.26.8\n", True), ("go1.27.0", True), ("go1.25.9", False), ("go2.0", True), ("devel", False)],
)
def test_go_release(answer, verdict):
    """Only a release that can build the pins is used."""
    assert golang.new_enough(answer) is verdict
