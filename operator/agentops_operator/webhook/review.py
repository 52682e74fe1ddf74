"""From the API server's question to the answer. Every answer allows the pod: refusing is for the validating policies."""

import base64
import json
import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from agentops_operator.agent.inject import Index, Operation, inject
from agentops_operator.agent.sidecar import SidecarTemplate

LOG = logging.getLogger(__name__)
SKIPPED_PATH = "/metadata/annotations/agentops.dev~1skipped"


class Outcome(StrEnum):
    """What came of a pod."""

    INJECTED = "Injected"
    SKIPPED = "Skipped"
    UNCHANGED = "Unchanged"
    ERROR = "Error"


class NoReviewError(ValueError):
    """The body is no AdmissionReview; only somebody who is not the API server sends such."""


def review(body: bytes, index_of: Callable[[str], Index], sidecar: SidecarTemplate) -> tuple[bytes, Outcome]:
    """Answers one AdmissionReview.

    Args:
        body: the AdmissionReview.
        index_of: gives the index of a namespace.
        sidecar: what all sidecars have in common.

    Raises:
        NoReviewError: the body is no AdmissionReview.
    """
    request = _request(body)
    try:
        operations = inject(request["object"], request["namespace"], index_of(request["namespace"]), sidecar)
    except Exception:
        # failurePolicy: Ignore covers calls that fail, not answers that refuse: the pod starts as it was written.
        LOG.exception("pod %s in %s is left as it is", request.get("name"), request.get("namespace"))
        return _answer(request["uid"], []), Outcome.ERROR
    return _answer(request["uid"], operations), _outcome(operations)


def _request(body: bytes) -> dict[str, Any]:
    try:
        request: dict[str, Any] = json.loads(body)["request"]
        uid = request["uid"]
    except (ValueError, KeyError, TypeError) as error:
        raise NoReviewError(f"no AdmissionReview: {error}") from None
    if not isinstance(uid, str):
        raise NoReviewError("no AdmissionReview: uid is no text")
    return request


def _outcome(operations: list[Operation]) -> Outcome:
    if not operations:
        return Outcome.UNCHANGED
    return (
        Outcome.SKIPPED if any(item["op"] == "add" and item["path"] == SKIPPED_PATH for item in operations) else Outcome.INJECTED
    )


def _answer(uid: str, operations: list[Operation]) -> bytes:
    response: dict[str, Any] = {"uid": uid, "allowed": True}
    if operations:
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(operations).encode()).decode()}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
