"""The operator as a process against a real API server: what it writes, and what it survives."""

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.operator_process.control_plane import ControlPlane
from tests.operator_process.process import HOME, OperatorProcess

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
Start = Callable[..., OperatorProcess]
KINDS = "/apis/agentops.dev/v1alpha1/namespaces/rt-a"


def agent(name: str) -> dict[str, Any]:
    """An Agent that selects `app=<name>`."""
    spec = {"podSelector": {"matchLabels": {"app": name}}}
    return {"apiVersion": "agentops.dev/v1alpha1", "kind": "Agent", "metadata": {"name": name}, "spec": spec}


def create(plane: ControlPlane, name: str) -> None:
    """Applies an Agent."""
    plane.apply(f"{KINDS}/agents/{name}", agent(name))


def index(plane: ControlPlane) -> set[str]:
    """Keys of the injection index."""
    found = plane.get(f"{KINDS}/injectionindexes/injection") or {}
    return set(found.get("agents", {}))


def ready(plane: ControlPlane, name: str) -> bool:
    """Whether the Agent says that it is ready."""
    found = plane.get(f"{KINDS}/agents/{name}") or {}
    conditions = found.get("status", {}).get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def until(what: str, holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def quiet(plane: ControlPlane, meanwhile: Callable[[], object] = lambda: None) -> int:
    """Waits until the leader renewed its Lease three times, every two seconds of its own time, and nobody wrote anything else.

    Returns the place in the audit log.
    """
    mark, deadline = plane.mark(), time.monotonic() + 120
    while True:
        end = plane.mark()
        if plane.writes(mark):
            mark = end
        elif plane.renewals(mark) >= 3:
            return end
        assert time.monotonic() < deadline, f"not quiet: {plane.writes(mark)}"
        meanwhile()
        time.sleep(0.2)


def test_agent_costs_two_writes_and_the_index(control_plane: ControlPlane, start: Start) -> None:
    """A new Agent is its rules, its status and the index of its namespace; and the tables of the relay and alerts follow."""
    start()
    mark = quiet(control_plane)
    create(control_plane, "billing")
    until("ready", lambda: ready(control_plane, "billing"))
    until("index", lambda: index(control_plane) == {"app=billing"})
    quiet(control_plane)
    writes = sorted(write.split(" by ")[0] for write in control_plane.writes(mark))
    own = ["patch agents/status", "patch configmaps/", "patch injectionindexes/"]
    shared = ["patch configmaps/", "patch configmaps/"]  # relay and alert rules, for the first Agent of a namespace
    assert sorted(own + shared) == writes


def test_restart_label_touch_and_idle_write_nothing(control_plane: ControlPlane, start: Start) -> None:
    """Twenty Agents, a restart and a label on one of them: not one write of anybody but the test."""
    first = start()
    for number in range(20):
        create(control_plane, f"agent-{number}")
    until("all ready", lambda: all(ready(control_plane, f"agent-{number}") for number in range(20)))
    quiet(control_plane)
    assert first.stop() == 0
    mark = control_plane.mark()
    start("two")
    control_plane.request(
        "PATCH", f"{KINDS}/agents/agent-3", {"metadata": {"labels": {"x": "y"}}}, "application/merge-patch+json"
    )
    until("time has passed", lambda: control_plane.renewals(mark) >= 4, 60)
    assert control_plane.writes(mark) == []


def test_deleted_agent_leaves_no_entry_and_drift_is_mended(control_plane: ControlPlane, start: Start) -> None:
    """A deleted Agent leaves the index; an index that somebody else empties is written again."""
    start()
    for name in ("billing", "search"):
        create(control_plane, name)
    until("both", lambda: index(control_plane) == {"app=billing", "app=search"})
    control_plane.request("DELETE", f"{KINDS}/agents/search")
    until("one", lambda: index(control_plane) == {"app=billing"})
    control_plane.request("PATCH", f"{KINDS}/injectionindexes/injection", {"agents": None}, "application/merge-patch+json")
    until("mended", lambda: index(control_plane) == {"app=billing"})
    control_plane.request("DELETE", f"{KINDS}/agents/billing")
    until("no index", lambda: control_plane.get(f"{KINDS}/injectionindexes/injection") is None)


def test_agent_deleted_while_nobody_watched_leaves_the_index(control_plane: ControlPlane, start: Start) -> None:
    """What was deleted during a stop is taken out at the next start."""
    first = start()
    for name in ("billing", "search"):
        create(control_plane, name)
    until("both", lambda: index(control_plane) == {"app=billing", "app=search"})
    first.stop()
    control_plane.request("DELETE", f"{KINDS}/agents/search")
    start("two")
    until("one", lambda: index(control_plane) == {"app=billing"})


def test_second_replica_takes_over_from_a_killed_one(control_plane: ControlPlane, start: Start) -> None:
    """The one that waits leads after the other's death, and writes nothing that is there already."""
    first = start("one")
    create(control_plane, "billing")
    until("ready", lambda: ready(control_plane, "billing"))
    second = start("two", wait=False)
    until("standby answers", lambda: second.answer("/readyz") == "ok", 60)
    assert second.metric("leader_election_master_status") == 0
    mark = quiet(control_plane)
    first.stop(signal.SIGKILL)
    until("takes over", lambda: second.metric("leader_election_master_status") == 1, 60)
    create(control_plane, "search")
    until("works", lambda: ready(control_plane, "search"))
    quiet(control_plane)
    statuses = [write for write in control_plane.writes(mark) if "agents/status" in write]
    assert len(statuses) == 1


def test_replica_that_waits_ends_when_it_is_told(control_plane: ControlPlane, start: Start) -> None:
    """A signal ends it in order: in a container nothing else would, before the grace period is over."""
    start("one")
    second = start("two", wait=False)
    until("the second", lambda: second.answer("/readyz") == "ok", 60)
    assert second.stop() == 0


def test_frozen_leader_ends_itself(control_plane: ControlPlane, start: Start) -> None:
    """A leader that was stopped for longer than its Lease ends when it wakes up, with a code that restarts it."""
    first, second = start("one"), start("two", wait=False)
    assert first.process is not None
    until("standby answers", lambda: second.answer("/readyz") == "ok", 60)
    first.process.send_signal(signal.SIGSTOP)
    until("takes over", lambda: second.metric("leader_election_master_status") == 1, 60)
    first.process.send_signal(signal.SIGCONT)
    until("ends", lambda: not first.running, 15)
    assert first.process.poll() == 1
    create(control_plane, "billing")
    until("works", lambda: ready(control_plane, "billing"))


def test_api_server_restart_loses_nothing(control_plane: ControlPlane, start: Start) -> None:
    """After an API server that was killed, the operator sees what it missed and repeats nothing.

    When the API server is away for longer than the Lease's deadline, the operator ends with code 1, and is started again
    by its Deployment; then a standby could have taken over meanwhile.
    """
    operator = start()
    create(control_plane, "billing")
    until("ready", lambda: ready(control_plane, "billing"))
    quiet(control_plane)
    control_plane.kill("kube-apiserver")
    time.sleep(3)
    control_plane.start_api_server()
    mark = control_plane.mark()
    create(control_plane, "search")

    def works() -> bool:
        if not operator.running:
            assert operator.process is not None
            assert operator.process.poll() == 1
            operator.start()
        return ready(control_plane, "search")

    until("ready", works, 60)
    quiet(control_plane, meanwhile=works)
    statuses = [write for write in control_plane.writes(mark) if "agents/status" in write]
    assert len(statuses) == 1


def test_operator_home_holds_lease_and_relay(control_plane: ControlPlane, start: Start) -> None:
    """Shared parts stand in the operator's namespace from the first second, without any Agent."""
    start()
    until("relay", lambda: control_plane.get(f"/apis/apps/v1/namespaces/{HOME}/statefulsets/agentops-relay") is not None)
    lease = control_plane.get(f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/agentops-operator")
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "one"


def test_operator_of_one_namespace_works_without_a_policy(control_plane: ControlPlane, start: Start) -> None:
    """Work begins though none of the kinds that kopf watches has an object."""
    start(AGENTOPS_WATCH_NAMESPACES=f"rt-a,{HOME}")
    create(control_plane, "billing")
    until("ready", lambda: ready(control_plane, "billing"))
    until("index", lambda: index(control_plane) == {"app=billing"})


def test_stop_during_the_start_is_a_stop(control_plane: ControlPlane, start: Start) -> None:
    """A signal ends a process that has just begun to lead, with the Lease given back."""
    operator = start(wait=False)
    until("leads", lambda: operator.metric("leader_election_master_status") == 1, 60)
    assert operator.stop() == 0
    lease = control_plane.get(f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/agentops-operator") or {}
    assert not lease["spec"].get("holderIdentity")
