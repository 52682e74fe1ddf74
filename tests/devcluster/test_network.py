"""Clusters side by side: each has addresses of its own."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from devcluster.node import network
from devcluster.paths import Cluster


class Host:
    """A host that knows its routes; who asks for them is given time to be overtaken by another cluster."""

    def __init__(self) -> None:
        self.routes: list[str] = []
        self.asked: list[Event] = []

    def run(self, command: list[object]) -> str:
        """Answers as `ip` does."""
        words = [str(word) for word in command]
        if words[:2] == ["ip", "-json"]:
            return self.shown()
        if words[:3] == ["ip", "route", "add"]:
            self.routes.append(words[3])
        return ""

    def shown(self) -> str:
        """The routes as they were before a second cluster, if one comes, has asked too."""
        routes = json.dumps([{"dst": route} for route in self.routes])
        for before in self.asked:
            before.set()
        self.asked.append(Event())
        self.asked[-1].wait(0.3)
        return routes


def test_clusters_that_start_together_get_different_subnets(monkeypatch, tmp_path):
    """Both once chose the first free one, and one of them failed: `RTNETLINK answers: File exists`."""
    host = Host()
    monkeypatch.setattr(network, "run", host.run)
    monkeypatch.setattr(network, "LOCK", tmp_path / "network")
    with ThreadPoolExecutor(2) as threads:
        nodes = list(threads.map(lambda name: network.take(Cluster(name)), ("one", "two")))
    assert len({node.subnet.octet for node in nodes}) == 2
