"""Secrets that the kubelet mounts, each in a directory of its own name."""

import re
from typing import Any

from agentops_operator.kube.digest import short

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
KEPT = 54  # characters of a longer name: with "-" and eight digits they are 63


def volume_name(secret: str) -> str:
    """The volume of a Secret.

    A volume's name is a DNS label of 63 characters at most, that of a Secret a DNS name of 253: applied as it is, one Secret
    with a dot in its name would have the whole pod refused, with everybody else's Secrets.
    """
    if LABEL.fullmatch(secret):
        return secret
    return f"{secret[:KEPT].replace('.', '-').strip('-')}-{short(secret)}"


def secret_volume(name: str, secret: str) -> dict[str, Any]:
    """A Secret that may be missing: what needs it says so, and keeps no pod from starting."""
    return {"name": name, "secret": {"secretName": secret, "optional": True, "defaultMode": 0o440}}


def secret_volumes(secrets: list[str]) -> list[dict[str, Any]]:
    """A volume for each Secret."""
    return [secret_volume(volume_name(secret), secret) for secret in secrets]


def secret_mounts(secrets: list[str], directory: str) -> list[dict[str, Any]]:
    """Each of these volumes in `<directory>/<secret>`."""
    return [{"name": volume_name(secret), "mountPath": f"{directory}/{secret}", "readOnly": True} for secret in secrets]
