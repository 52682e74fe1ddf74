"""Installing over what an earlier attempt left."""

import json

import pytest

from demo import install
from devcluster.paths import Cluster


@pytest.mark.parametrize(
    ("pending", "mended"),
    [
        ([], []),
        ([{"revision": "1"}], [("uninstall", "agentops", "--no-hooks")]),
        ([{"revision": "3"}], [("rollback", "agentops")]),
    ],
)
def test_interrupted_release_is_ended_first(monkeypatch: pytest.MonkeyPatch, pending: list, mended: list) -> None:
    """Helm refuses every step over a release that is pending: a demo that was killed could never be started again."""
    called: list[tuple[str, ...]] = []

    def helm(_: Cluster, *arguments: str) -> str:
        called.append(arguments)
        return json.dumps(pending)

    monkeypatch.setattr(install, "helm", helm)
    monkeypatch.setattr(install, "kubectl", lambda *_: '{"items": []}')
    install.install_chart(Cluster())
    verbs = [arguments for arguments in called if arguments[0] not in ("list", "upgrade")]
    assert [arguments[: len(want)] for arguments, want in zip(verbs, mended, strict=True)] == mended
    assert called[-1][0] == "upgrade"
