"""The MaskingPolicy resource."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from agentops_operator.api.binding import Attachment
from agentops_operator.api.model import Model, cel, marks
from agentops_operator.api.status import AgentCounts, CommonStatus

Name = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]


class Action(StrEnum):
    """What happens to a match."""

    DROP = "Drop"
    REDACT = "Redact"
    HASH = "Hash"
    PARTIAL = "Partial"


STRENGTH = (Action.PARTIAL, Action.HASH, Action.REDACT, Action.DROP)  # weakest first


class Pack(StrEnum):
    """Built-in groups of detectors."""

    CREDENTIALS = "Credentials"
    EMAIL = "Email"
    PHONE = "Phone"
    PAYMENT_CARD = "PaymentCard"
    IBAN = "Iban"
    NATIONAL_ID = "NationalId"
    IP_ADDRESS = "IpAddress"


class Check(StrEnum):
    """Check digits that a match must have."""

    NONE = "None"
    LUHN = "Luhn"
    IBAN = "Iban"
    MOD11 = "Mod11"
    VERHOEFF = "Verhoeff"


class PackUse(Model):
    """A built-in pack and what happens to its matches."""

    name: Pack = Field(description="The pack.")
    action: Action = Field(default=Action.REDACT, description="What happens to a match.")


REGEX_RULES = (
    cel(
        "!''.matches(self)",
        "regex must be valid RE2 and must not match the empty text: write what a match must contain",
    ),
    cel(r"!self.contains('\\C')", r"regex must not contain \C: write . or a character class"),
)


class MaskingRule(Model):
    """An own detector."""

    name: Name = Field(description="Name of the detector; shows in placeholders and metrics.")
    regex: Annotated[str, StringConstraints(min_length=1, max_length=512)] = Field(
        description="RE2 expression. Begin it with fixed text where you can: that is far cheaper.",
        json_schema_extra=marks(*REGEX_RULES),
    )
    literals: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(
        default=[],
        max_length=16,
        json_schema_extra=marks(list_type="atomic"),
        description="Texts of which one occurs in every match; the expression runs only where one is found.",
    )
    check: Check = Field(default=Check.NONE, description="Check digits that a match must have.")
    action: Action = Field(default=Action.REDACT, description="What happens to a match.")
    canary: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(
        description="A made-up value that must come out masked; it is sent through the live engine to prove the rule.",
    )


class HashKey(Model):
    """Where the key of hashed placeholders comes from."""

    secret_name: Annotated[str, StringConstraints(max_length=253, pattern=r"^agentops-[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")] = Field(
        description="Secret in the Agent's namespace with the key `current`; mounted by the kubelet, never read by the operator.",
    )


class Guard(StrEnum):
    """What the gateway does with a call in which something was found."""

    NONE = "None"
    REPORT = "Report"
    MASK = "Mask"
    BLOCK = "Block"


GUARD_STRICTNESS = (Guard.NONE, Guard.REPORT, Guard.MASK, Guard.BLOCK)  # weakest first
GUARDS = "None does not look; Report lets pass and counts; Mask replaces by the detector's action; Block refuses the call."


class InputGuards(Model):
    """What is done with requests before a provider sees them."""

    detectors: Guard = Field(default=Guard.REPORT, description=f"Matches of packs and rules. {GUARDS}")
    prompt_injection: Guard = Field(default=Guard.REPORT, description="Plain forms of an attack on the instructions.")


class OutputGuards(Model):
    """What is done with answers before the agent sees them."""

    detectors: Guard = Field(default=Guard.REPORT, description=f"Matches of packs and rules. {GUARDS}")
    harmful_output: Guard = Field(default=Guard.REPORT, description="Plain forms of commands and advice that do harm.")


class GatewayGuards(Model):
    """What is done with model calls that pass the gateway."""

    input: InputGuards = Field(default=InputGuards(), description="Requests.")
    output: OutputGuards = Field(default=OutputGuards(), description="Answers, streamed ones too.")


class MaskingPolicySpec(Attachment):
    """What is masked, and how."""

    packs: list[PackUse] = Field(
        default=[PackUse(name=Pack.CREDENTIALS)],
        max_length=16,
        description="Built-in packs in use.",
        json_schema_extra=marks(list_type="map", map_keys=("name",)),
    )
    rules: list[MaskingRule] = Field(
        default=[],
        max_length=64,
        description="Own detectors; they run before the packs, in this order.",
        json_schema_extra=marks(list_type="map", map_keys=("name",)),
    )
    block_keys: list[Annotated[str, StringConstraints(min_length=1, max_length=128)]] = Field(
        default=[],
        max_length=64,
        json_schema_extra=marks(list_type="set"),
        description="Attribute keys whose values are always removed, compared without case.",
    )
    hash_key: HashKey | None = Field(
        default=None, description="Key for the Hash action in telemetry; without it, and at the gateway, Hash redacts."
    )
    gateway: GatewayGuards = Field(
        default=GatewayGuards(),
        description="Where the same detectors act on model calls. What is found there is reported and changed only if asked for: "
        "masking a request changes what the model reads.",
    )


class MaskingPolicyStatus(CommonStatus):
    """What is known of the policy."""

    agents: AgentCounts | None = Field(default=None, description="Agents bound by the policy.")
