"""A kubeconfig that is none, and a cluster that is not the one that was meant: told in one line."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.runner import run


class Empty(BaseHTTPRequestHandler):
    """An API server that has never heard of us: it answers every path as Kubernetes answers one that it does not serve."""

    def do_GET(self) -> None:
        """Not found, without an object that says what."""
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"404 page not found\n")

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Kubeconfig of a cluster in which the product is not installed."""
    server = HTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kubeconfig(tmp_path, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def kubeconfig(folder: Path, server: str, **top: Any) -> Path:
    """A kubeconfig with one context, `only`."""
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "only",
        "contexts": [{"name": "only", "context": {"cluster": "only", "user": "me", "namespace": "shop"}}],
        "clusters": [{"name": "only", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "x"}}],
        **top,
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump({name: value for name, value in body.items() if value is not None}))
    return path


@pytest.mark.parametrize("content", [b"a: [1\nb: c", b"\xff\xfe\x00", b"- a\n", b"hello\n"])
def test_file_that_is_no_kubeconfig_is_named(content: bytes, tmp_path: Path) -> None:
    """The wrong file behind --kubeconfig is the caller's mistake, and it is the file that must be looked at."""
    (tmp_path / "wrong").write_bytes(content)
    result = run("status", "--kubeconfig", tmp_path / "wrong")
    assert (result.exit_code, result.stderr) == (3, f"Error: {tmp_path}/wrong is no kubeconfig\n")


def test_kubeconfig_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    """A typo in a path says nothing of a cluster."""
    result = run("status", "--kubeconfig", tmp_path / "none")
    assert result.exit_code == 2
    assert "none' does not exist" in result.stderr


def test_context_may_be_named_where_none_is_current(tmp_path: Path) -> None:
    """Careful people keep no current context, so that nothing meets the wrong cluster by accident."""
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", **{"current-context": None})
    result = run("status", "--kubeconfig", path, "--context", "only")
    assert result.stderr == "Error: the API server https://127.0.0.1:1 does not answer: Connection refused\n"
    assert "current-context" in run("status", "--kubeconfig", path).stderr


@pytest.mark.parametrize("arguments", [("status",), ("status", "billing"), ("budget",), ("run", "list")], ids=" ".join)
def test_cluster_without_the_product_is_not_green(arguments: tuple[str, ...], elsewhere: Path) -> None:
    """No Agent and no kind Agent are two things: nothing can be in force where nothing is installed."""
    result = run(*arguments, "--kubeconfig", elsewhere)
    assert result.exit_code == 3
    assert "install AgentOps" in result.stderr


@pytest.mark.parametrize("amount", ["abc", "0", "0.00", "-1", "1.1234567", "1,5", "1e3"])
def test_amount_that_the_api_would_refuse_is_wrong_usage(amount: str, tmp_path: Path) -> None:
    """It is said before anything is asked."""
    path = kubeconfig(tmp_path, "https://127.0.0.1:1")
    result = run("run", "resume", "order-4711", "--usd", amount, "--kubeconfig", path)
    assert result.exit_code == 2
    assert f"{amount} is no amount of USD such as 0.50" in result.stderr
