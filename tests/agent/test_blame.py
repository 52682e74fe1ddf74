"""Who is to blame for a refused pod, in the words of the API server."""

import pytest

from agentops_operator.agent.blame import on_purpose, sidecar_is_why

SIDECAR = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "192Mi"}}
QUOTA = "exceeded quota: all, requested: limits.memory={}, used: limits.memory={}, limited: limits.memory={}"
OURS = (
    "ValidatingAdmissionPolicy 'agentops-{}' with binding 'agentops-{}' denied request: the container \"agentops-collector\" ..."
)

BLAMED = {
    "its limit is above a maximum": "maximum memory usage per Container is 128Mi, but limit is 192Mi",
    "its request is below a minimum": "minimum cpu usage per Container is 100m, but request is 20m",
    "a list of both": "[maximum cpu usage per Container is 200m, but limit is 500m, maximum memory usage per Container is 64Mi, "
    "but limit is 192Mi]",
    "its limit is too far above its request": "cpu max limit to request ratio per Container is 10, but provided ratio is 25.0",
    "it has no limit where one is asked for": "maximum ephemeral-storage usage per Container is 1Gi.  No limit is specified",
    "the pod would fit without it": "maximum memory usage per Pod is 256Mi, but limit is 320Mi",
    "the quota has room for the rest": QUOTA.format("256Mi", "800Mi", "1Gi"),
    "a quota in words of its own": "exceeded quota: q, requested: cpu=120m,pods=1, used: cpu=900m,pods=3, limited: cpu=1,pods=10",
    "it alone lacks what a quota asks for": "failed quota: all: must specify limits.ephemeral-storage for: agentops-collector",
    "a policy engine names it": 'admission webhook "validate.kyverno.svc" denied the request: agentops-collector has no probe',
}
NOT_BLAMED = {
    "another container's limit": "maximum memory usage per Container is 256Mi, but limit is 1Gi",
    "another container's request": "minimum memory usage per Container is 32Mi, but request is 16Mi",
    "another container's ratio": "cpu max limit to request ratio per Container is 50, but provided ratio is 80.000000",
    "a pod that is too large anyway": "maximum memory usage per Pod is 256Mi, but limit is 1Gi",
    "a quota that is full anyway": QUOTA.format("256Mi", "1000Mi", "1Gi"),
    "a pod so small that it has no sidecar": QUOTA.format("64Mi", "1000Mi", "1Gi"),
    "a quota of pods": "exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2",
    "other containers lack it too": "failed quota: all: must specify limits.cpu for: agentops-collector,main",
    "an account that does not exist": 'error looking up service account shop/x: serviceaccount "x" not found',
    "a policy of ours, on purpose": OURS.format("require", "require"),
    "nothing at all": "",
}


@pytest.mark.parametrize("message", BLAMED.values(), ids=BLAMED)
def test_sidecar_is_blamed(message: str) -> None:
    """Without the sidecar the pod would have been let in."""
    assert sidecar_is_why(message, SIDECAR)


@pytest.mark.parametrize("message", NOT_BLAMED.values(), ids=NOT_BLAMED)
def test_sidecar_is_not_blamed(message: str) -> None:
    """Without the sidecar the pod would be refused just so."""
    assert not sidecar_is_why(message, SIDECAR)


def test_sidecar_without_resources_is_within_every_bound() -> None:
    """An installation may give it none; then only what asks for some can refuse it."""
    assert not sidecar_is_why("maximum memory usage per Container is 128Mi, but limit is 192Mi", {})
    assert sidecar_is_why("maximum memory usage per Container is 128Mi.  No limit is specified", {})


@pytest.mark.parametrize("policy", ["require", "bypass"])
def test_own_policies_refuse_on_purpose(policy: str) -> None:
    """Their refusals are what somebody asked for, in a namespaced installation too."""
    assert on_purpose(OURS.format(policy, policy))
    assert on_purpose(OURS.format(f"{policy}-team-a", policy))
    assert not on_purpose(OURS.format("own-pods", "own-pods"))
