"""Every kind of the API group, in the order in which the documentation lists them."""

from agentops_operator.agent.kind import KINDS
from agentops_operator.api.kind import KindInfo
from agentops_operator.policies import POLICIES, RECORDS

ALL: tuple[KindInfo, ...] = tuple(
    # Internal kinds come last: nobody who looks for a field to set needs them.
    sorted((*KINDS, *POLICIES, *RECORDS), key=lambda kind: kind.internal)
)
