"""The part that every policy spec begins with: which Agents it binds."""

from pydantic import Field

from agentops_operator.api.model import Model
from agentops_operator.api.selector import LabelSelector


class Attachment(Model):
    """Selects Agents. Platform policies, which live in the operator's namespace, may select namespaces too."""

    agent_selector: LabelSelector = Field(
        default=LabelSelector(), description="Agents that the policy binds; empty binds all of the namespace."
    )
    namespace_selector: LabelSelector | None = Field(
        default=None,
        description="Namespaces that a platform policy reaches, by their labels; empty reaches all. "
        "Only policies in the operator's namespace may set it.",
    )
