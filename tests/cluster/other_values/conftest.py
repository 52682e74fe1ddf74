"""The product with two operators, the webhook, a relay on a volume, a gateway that scales, a receiver; put back afterwards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.images import ROOT
from demo.install import NAMESPACE
from devcluster.commands import run
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.release import KEPT, Values, small_volume, upgrade

PLACE = "e2e-other-values"
GONE = "e2e-gateway-gone"
DIRECT = f"http://provider.{GONE}.svc:8080"  # where calls go past a gateway that is away
INJECTION: Values = {"sidecar": {"extraEnv": {"AGENTOPS_DIRECT_OPENAI": DIRECT}}}
RECEIVER = "agentops-e2e-receiver"  # a Secret that is not there until a test makes it
RECEIVER_PORT = 8443
LINK = "https://desk.example/{namespace}/{agent}?run={run}"
ESCALATION: Values = {"escalation": {"secret": RECEIVER, "port": RECEIVER_PORT, "link": LINK}}
GATEWAYS = 3  # one more than other tests have
# Or the operator would mend its number of replicas.
SCALED: Values = {"gateway": {"autoscaling": {"enabled": True, "minReplicas": GATEWAYS, "maxReplicas": GATEWAYS + 1}}}
SECRET = "agentops-webhook-tls"
COMMAND = re.compile(r"^(openssl req (?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)


@dataclass
class Release:
    """What the tests of this folder run against."""

    product: Access
    volume: Path
    folder: Path
    values: Values
    stands: bool = True

    def install(self) -> None:
        """These values, by an upgrade or anew."""
        upgrade(self.product, self.folder, self.values)

    def put_back(self) -> None:
        """The values of all other tests, in one upgrade."""
        if self.stands:
            upgrade(self.product, self.folder, {})
            self.stands = False


STANDING: list[Release] = []


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Puts the release back behind the last test of this folder that runs: the next one expects it so."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        while STANDING:
            STANDING.pop().put_back()


@pytest.fixture(scope="package")
def release(product: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """All other values in one upgrade."""
    folder = tmp_path_factory.mktemp("release")
    values: Values = {**KEPT, **SCALED, **ESCALATION, "operator": {"replicas": 2}, **_webhook(product, folder)}
    values["injection"] |= INJECTION
    with small_volume(product) as volume:
        release = Release(product, volume, folder, values)
        try:
            STANDING.append(release)
            release.install()
            yield release
        finally:
            release.put_back()
            product.kubectl("delete", "secret", SECRET, "-n", NAMESPACE, "--ignore-not-found")


@pytest.fixture(scope="package")
def place(product: Access, release: Release) -> Iterator[str]:
    """A namespace with an agent that the webhook injected."""
    del release
    with fresh_namespaces(product, PLACE):
        product.first_agent(PLACE)
        yield PLACE


def _webhook(product: Access, folder: Path) -> Values:
    """The webhook with a certificate made as docs/injection.md says."""
    [command] = COMMAND.findall((ROOT / "docs/injection.md").read_text())
    run(["sh", "-ec", command], cwd=folder)
    product.kubectl("delete", "secret", SECRET, "-n", NAMESPACE, "--ignore-not-found")
    files = (f"--cert={folder / 'tls.crt'}", f"--key={folder / 'tls.key'}")
    product.kubectl("create", "secret", "tls", SECRET, "-n", NAMESPACE, *files)
    authority = (folder / "tls.crt").read_text()
    return {"injection": {"mode": "Webhook"}, "webhook": {"tlsSecret": SECRET, "caBundle": authority}}
