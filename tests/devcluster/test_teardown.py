"""What `down` takes for ours, and what not."""

import os
from pathlib import Path

import pytest

from devcluster import buildah, leftovers, processes, teardown
from devcluster.errors import DevclusterError
from devcluster.locking import if_free, only_one
from devcluster.node import cgroups, kernel, network
from devcluster.paths import Cluster

MOUNTINFO = [
    "40 1 0:1 / / rw - ext4 /dev/vda rw",
    "41 40 0:2 / /state/one rw - ext4 /dev/vda rw",
    "42 41 0:3 / /state/one/kubelet rw - tmpfs tmpfs rw",
    "43 42 0:4 / /state/one/kubelet/a\\040b rw - tmpfs tmpfs rw",
    "44 40 0:5 / /state/one-more/kubelet rw - tmpfs tmpfs rw",
]


def test_only_mounts_below_innermost_first():
    """A cluster with a longer name keeps its mounts; children go before parents."""
    found = leftovers.mounts_below(Path("/state/one"), MOUNTINFO)
    assert found == ["/state/one/kubelet/a b", "/state/one/kubelet"]


def test_only_shims_of_our_socket():
    """The machine's own containers live on."""
    ours = b"/usr/bin/containerd-shim-runc-v2\0-namespace\0k8s.io\0-address\0/state/one/c.sock\0"
    assert leftovers.is_shim(ours, Path("/state/one/c.sock"))
    assert not leftovers.is_shim(ours, Path("/state/two/c.sock"))
    assert not leftovers.is_shim(ours.replace(b"containerd-shim", b"editor"), Path("/state/one/c.sock"))
    assert not leftovers.is_shim(b"", Path("/state/one/c.sock"))


def test_a_recycled_pid_is_not_ours():
    """After a crash the pid may belong to anybody: the start time tells."""
    pid = os.getpid()
    assert processes.Process("test", pid, processes.born(pid)).alive()
    assert not processes.Process("test", pid, "1").alive()
    assert not processes.Process("test", pid, "").alive()


def test_no_process_no_birth():
    """A pid that nobody has is no error."""
    assert processes.born(2**22 + 1) == ""


def test_the_kubelet_goes_first():
    """As long as it runs it starts every container that we kill again."""
    assert teardown.ORDER[0] == ("kubelet",)
    assert teardown.ORDER[-1] == ("etcd",)


def test_down_without_a_cluster(capsys):
    """Nothing there is not an error: `down` can always be called."""
    teardown.down("absent")
    assert "cluster absent is not there" in capsys.readouterr().err


def test_a_foreign_cluster_of_the_same_name(tmp_path, monkeypatch):
    """Names are machine-wide: without this check `down` would remove another user's cluster."""
    monkeypatch.setattr(network, "NAMESPACES", tmp_path)
    network.refuse_taken(Cluster("unit"))
    (tmp_path / "agentops-dev-unit").touch()
    with pytest.raises(DevclusterError, match="a cluster named unit runs"):
        network.refuse_taken(Cluster("unit"))


def test_kernel_settings_come_back(tmp_path, monkeypatch):
    """The machine has its old settings after `down`; a higher limit of the user is kept."""
    monkeypatch.setattr(kernel, "SETTINGS", tmp_path)
    setting = tmp_path / "fs/inotify/max_user_instances"
    setting.parent.mkdir(parents=True)
    setting.write_text("128\n")
    kernel.tune(Cluster("unit"))
    assert setting.read_text() == "8192"
    kernel.restore(Cluster("unit"))
    assert setting.read_text() == "128"
    setting.write_text("99999")
    kernel.tune(Cluster("unit"))
    assert setting.read_text() == "99999"


def test_builds_that_were_killed_leave_nothing(monkeypatch, tmp_path):
    """Their containers keep mounts; while somebody builds, nobody can tell them from that build's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    called: list[list[str]] = []
    monkeypatch.setattr(buildah, "buildah", lambda: ["buildah"])
    monkeypatch.setattr(buildah, "run", lambda command: called.append(command) or "0123abcd\n")
    buildah.remove_unfinished()
    assert called == []
    root = buildah.cache_root()
    (root / "buildah").mkdir(parents=True)
    with only_one(root / "locks" / "images", "building images"):
        buildah.remove_unfinished()
    assert called == []
    buildah.remove_unfinished()
    assert called == [["buildah", "containers", "--quiet"], ["buildah", "rm", "--all"]]


def test_locks_that_are_not_free_are_not_waited_for(tmp_path):
    """`down` must not wait for a build that takes minutes; afterwards all locks can be taken."""
    with only_one(tmp_path / "second", "something"), if_free(tmp_path / "first", tmp_path / "second") as free:
        assert not free
    with if_free(tmp_path / "first", tmp_path / "second") as free:
        assert free


def test_a_container_that_ends_meanwhile_is_no_error(monkeypatch, tmp_path):
    """Its cgroup goes while `down` looks for processes to kill; an error there left the whole node running."""
    group = tmp_path / "node"
    (group / "pods" / "ended").mkdir(parents=True)
    (group / "pods" / "cgroup.procs").write_text("4194305\n")
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [tmp_path])
    walk = os.walk

    def walk_while_it_ends(top, **options):
        (group / "pods" / "ended").rmdir()
        return walk(top, **options)

    monkeypatch.setattr(os, "walk", walk_while_it_ends)
    assert cgroups.processes("/node") == {4194305}
