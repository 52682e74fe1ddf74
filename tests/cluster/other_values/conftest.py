"""The product with two operators, with the webhook, and with a relay on a volume of its own; put back afterwards."""

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
SECRET = "agentops-webhook-tls"
COMMAND = re.compile(r"^(openssl req (?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)


@dataclass
class Release:
    """What the tests of this folder run against."""

    product: Access
    volume: Path
    folder: Path
    stands: bool = True

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
    values: Values = {**KEPT, "operator": {"replicas": 2}, **_webhook(product, folder)}
    with small_volume(product) as volume:
        release = Release(product, volume, folder)
        try:
            STANDING.append(release)
            upgrade(product, folder, values)
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
