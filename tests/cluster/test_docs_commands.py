"""kubectl commands of the documentation, against the real API server."""

from collections.abc import Iterator

import pytest
import yaml

from demo.images import ROOT
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import refused
from tests.cluster.shapes import agent, container, cron_job, custom, pod, workload
from tests.cluster_access import OPERATOR
from tests.docs.commands import Shown, shown

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
COMMANDS = [one for one in shown() if one.words[0] == "kubectl"]
PLACE = "shop"
# Changes are sent to the API server and not kept; a restart knows no dry run, and is one of a workload of this test.
DRY = ("apply", "create", "delete", "label", "patch")
# Found by the command line's own tests; kubectl finds the program as its plugin.
PLUGIN = "agentops"
# Of the other mode of injection, and of an uninstall that was refused: other_values has both.
ABSENT = {"mutatingwebhookconfiguration", "job/agentops-uninstall-guard"}
AS_OPERATOR = (f"--as={OPERATOR}", "--as-group=system:masters")
NAMES = {"NAME": PLACE, "NAMESPACE": PLACE, "POD": "billing-0"}


@pytest.fixture(scope="module")
def place(product: Access) -> Iterator[str]:
    """The namespace of the examples, with the workloads that they name."""
    with fresh_namespaces(product, PLACE):
        workloads = [workload("Deployment", name, container()) for name in ("billing", "first-agent")]
        objects = (agent("first-agent", "Deployment"), *workloads, pod("billing-0"), cron_job("name", container()))
        product.apply(*objects, namespace=PLACE)
        # Nobody but the operator makes one. The gateway knows no such run, so that the operator soon says that it is over.
        held = custom("RunHold", "billing-3f9c2ab1d04e77a5", agent="billing", run="order-4711", number=1)
        product.kubectl(*("create", "-f", "-", "-n", PLACE), *AS_OPERATOR, stdin=yaml.safe_dump(held))
        yield PLACE


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_command_is_understood(product: Access, place: str, command: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken by kubectl, and the API server knows what it names."""
    monkeypatch.chdir(ROOT)
    words = [NAMES.get(word, word) for word in command.words[1:]]
    if words[0] in (PLUGIN, "kustomize"):
        return
    if words == ["rollout", "restart"] or {"create", "secret"} <= set(words):
        return  # named in passing; and made from files of the line before, in other_values
    if words[0] == "port-forward":  # it would run until somebody ends it
        service = product.get(words[3], *words[1:3])
        assert int(words[4]) in {port["port"] for port in service["spec"]["ports"]}
        return
    if words[:2] == ["create", "namespace"]:
        words[2] += "-new"  # that of the examples is there
    dry = ["--dry-run=server"] if words[0] in DRY and words[1] != "token" else []  # a token is kept by nobody
    where = [] if "-n" in words or "-A" in words or "--namespace" in words else ["-n", place]
    if ABSENT & set(words):
        assert "not found" in refused(product, *words, *dry)
        return
    product.kubectl(*words, *dry, *where)
