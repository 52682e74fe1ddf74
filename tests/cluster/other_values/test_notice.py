"""The signed notice of a held run on a real node: a receiver that checks it, a Secret that is missing, a key that is another."""

import json
import re
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.gateway import Gateway, fetch
from demo.images import DEMO_IMAGES, ROOT, build_and_load
from demo.install import NAMESPACE
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.other_values.conftest import RECEIVER, RECEIVER_PORT, Release
from tests.cluster.platform import platform_policy
from tests.cluster.shapes import config_map, container, workload
from tests.cluster.shop import AGENT, SECRET, SHOP, Shop, fallback, limited
from tests.cluster.test_gateway import holds, in_force

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
KEY = "made-up-key-of-the-desk"
CHECK = re.compile(r"```python\n(import hashlib.*?)```", re.DOTALL)
PROGRAM = Path(__file__).parents[1] / "receiver.py"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "receiver"},
    "spec": {"selector": {"app": "receiver"}, "ports": [{"port": RECEIVER_PORT}]},
}
MOUNTED = 240.0  # seconds; the kubelet brings a Secret that appears late within two of its rounds of a minute


@pytest.fixture(scope="module")
def shop(product: Access, release: Release) -> Iterator[Shop]:
    """An agent whose second call of a run is held, and a receiver whose Secret is not there yet."""
    del release
    build_and_load(product.cluster, DEMO_IMAGES[:1])
    product.kubectl("delete", "secret", SECRET, RECEIVER, "-n", NAMESPACE, "--ignore-not-found")
    product.kubectl("create", "secret", "generic", SECRET, "-n", NAMESPACE, "--from-literal=api-key=sk-of-the-shop")
    with fresh_namespaces(product, SHOP), platform_policy(product, fallback(), SHOP):
        made = Shop(product, Gateway(product.kubectl))
        made.build()
        _receiver(product)
        product.apply(limited(1, "Hold"), namespace=SHOP)
        product.until("the limit", lambda: product.get("agents.agentops.dev", AGENT, "-n", SHOP), in_force)
        yield made
    product.kubectl("delete", "secret", SECRET, RECEIVER, "-n", NAMESPACE, "--ignore-not-found")


def _receiver(product: Access) -> None:
    """The receiver, which checks signatures by the function that docs/holds.md shows."""
    [check] = CHECK.findall((ROOT / "docs/holds.md").read_text())
    ready = {"tcpSocket": {"port": RECEIVER_PORT}, "periodSeconds": 1}
    env = [{"name": "RECEIVER_KEY", "value": KEY}]
    runs = container(command=("python3", "-u", "/app/receiver.py"), env=env, readinessProbe=ready)
    app = [{"name": "app", "configMap": {"name": "receiver"}}]
    files = config_map("receiver", **{"receiver.py": PROGRAM.read_text(), "ours.py": check})
    product.apply(files, workload("Deployment", "receiver", runs, volumes=app), SERVICE, namespace=SHOP)
    product.kubectl("rollout", "status", "deployment/receiver", "-n", SHOP, "--timeout=120s")


def test_missing_secret_is_told_and_the_notice_comes_when_it_is_there(product: Access, shop: Shop) -> None:
    """Nothing is sent unsigned; what the receiver took names agent, run, limit, cost so far and link, as the record does."""
    run = _held(shop)
    product.until("the reason", lambda: _notified(product, run), lambda said: said == "False/ReceiverMissing")
    assert _told(product)["taken"] == []
    address = f"http://receiver.{SHOP}.svc:{RECEIVER_PORT}/held"
    literals = (f"--from-literal=url={address}", f"--from-literal=key={KEY}")
    product.kubectl("create", "secret", "generic", RECEIVER, "-n", NAMESPACE, *literals)
    taken = lambda: _notified(product, run)  # noqa: E731
    product.until("the notice", taken, lambda said: said == "True/NoticeTaken", patience=MOUNTED)
    [record], told = holds(product, run), _told(product)
    [notice] = told["taken"]
    status = record["status"]
    expected = {
        "id": record["metadata"]["uid"],
        "namespace": SHOP,
        "agent": AGENT,
        "run": run,
        "hold": record["metadata"]["name"],
        "reason": "MaxSteps",
        "limit": "1",
        "used": "1",
        "costUsd": status["cost"],
        "expires": status["expires"],
        "link": f"https://desk.example/{SHOP}/{AGENT}?run={run}",
    }
    assert {name: notice[name] for name in expected} == expected
    assert float(notice["costUsd"]) > 0
    assert status["link"] == notice["link"]
    assert f"agentops run resume {notice['hold']} -n {SHOP}" in notice["decide"]
    assert (told["refused"], "notifiedAt" in status) == (0, True)


def test_receiver_with_another_key_refuses_and_the_record_says_so(product: Access, shop: Shop) -> None:
    """Condition and Event name the refusal, and neither has address or key; the run is held all the same."""
    before = len(_told(product)["taken"])
    urllib.request.urlopen(urllib.request.Request(_address(product), b"another-key", method="PUT"), timeout=10).close()
    run = _held(shop)
    product.until("the refusal", lambda: _notified(product, run), lambda said: said == "False/NoticeRefused")
    told = _told(product)
    assert (len(told["taken"]), told["refused"]) == (before, 1)
    [record] = holds(product, run)
    regarding = f"reason=NoticeRefused,regarding.name={record['metadata']['name']}"
    ask = ("events.events.k8s.io", "-n", SHOP, "--field-selector", regarding)
    [event] = product.until("the event", lambda: product.get(*ask)["items"], bool)
    assert "the receiver answered 401" in event["note"]
    assert not [secret for secret in (KEY, f"receiver.{SHOP}") if secret in event["note"]]
    assert (shop.ask(run)["code"], "notifiedAt" in record["status"]) == ("run_held", False)


def _held(shop: Shop) -> str:
    """A run that waits for a person."""
    run = f"notice-{uuid.uuid4().hex[:8]}"
    calls = [shop.ask(run) for _ in range(2)]
    assert [(one["status"], one.get("code")) for one in calls] == [(200, None), (409, "run_held")], calls
    return run


def _notified(product: Access, run: str) -> str:
    """What the record of a run says of its notice; empty while it says nothing."""
    entries = [entry for item in holds(product, run) for entry in item["status"].get("conditions", [])]
    return next((f"{entry['status']}/{entry['reason']}" for entry in entries if entry["type"] == "Notified"), "")


def _address(product: Access) -> str:
    return f"http://{product.get('service', 'receiver', '-n', SHOP)['spec']['clusterIP']}:{RECEIVER_PORT}/"


def _told(product: Access) -> dict[str, Any]:
    """What the receiver took and how much it refused."""
    found: dict[str, Any] = json.loads(fetch(_address(product)))
    return found
