"""Names of volumes: valid for every name that a Secret may have, and one for each."""

import re

import pytest

from agentops_operator.kube.secrets import secret_mounts, secret_volumes

NAMES = [
    "agentops-a",
    "agentops-a.b",
    "agentops-a-b",
    "agentops-" + "x" * 244,
    "agentops-" + "x" * 54,
    "agentops-" + "x" * 44 + ".y" * 9,
]


@pytest.mark.parametrize("secret", NAMES)
def test_volume_is_a_label_and_the_directory_has_the_secrets_own_name(secret: str) -> None:
    """A Secret with a dot in its name had the relay's whole StatefulSet refused: nobody's change came into force any more."""
    (volume,), (mount,) = secret_volumes([secret]), secret_mounts([secret], "/secrets")
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", volume["name"])
    assert volume["secret"]["secretName"] == secret
    assert (mount["name"], mount["mountPath"]) == (volume["name"], f"/secrets/{secret}")


def test_no_two_secrets_share_a_volume() -> None:
    """Not even those whose names differ by a dot alone, or behind what is kept of a long one."""
    assert len({volume["name"] for volume in secret_volumes(NAMES)}) == len(NAMES)
