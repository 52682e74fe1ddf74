"""The ProviderFallback resource."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from agentops_operator.api.binding import Attachment
from agentops_operator.api.egress import CIDRS_RULE, Cidr, EgressMode
from agentops_operator.api.model import Model, cel, marks
from agentops_operator.api.money import Price
from agentops_operator.api.status import AgentCounts, CommonStatus

Name = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
AliasName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?$")
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=512)]
LONGEST_MILLISECONDS = 86_400_000


class Provider(StrEnum):
    """Kinds of provider; `openai-compatible` is any server that speaks OpenAI's protocol."""

    OPENAI = "openai"
    AZURE = "azure"
    ANTHROPIC = "anthropic"
    BEDROCK = "bedrock"
    VERTEX = "vertex"
    GEMINI = "gemini"
    DATABRICKS = "databricks"
    SNOWFLAKE = "snowflake"
    MISTRAL = "mistral"
    COHERE = "cohere"
    GROQ = "groq"
    OPENROUTER = "openrouter"
    XAI = "xai"
    OPENAI_COMPATIBLE = "openai-compatible"


class Role(StrEnum):
    """What a key of a Secret is to the provider."""

    API_KEY = "ApiKey"
    ACCESS_KEY_ID = "AccessKeyId"
    SECRET_ACCESS_KEY = "SecretAccessKey"  # noqa: S105  (a name)
    SESSION_TOKEN = "SessionToken"  # noqa: S105  (a name)
    SERVICE_ACCOUNT_JSON = "ServiceAccountJson"
    TENANT_ID = "TenantId"
    CLIENT_ID = "ClientId"
    CLIENT_SECRET = "ClientSecret"  # noqa: S105  (a name)


class CredentialKey(Model):
    """One key of the Secret and what it is."""

    role: Role = Field(description="What the value is to the provider.")
    key: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$")] = Field(
        description="Key in the Secret."
    )


class Credential(Model):
    """A Secret that the kubelet mounts into the gateway; the operator never reads it."""

    secret_name: Annotated[str, StringConstraints(max_length=253, pattern=r"^agentops-[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")] = Field(
        description="Name of the Secret; must begin with `agentops-`."
    )
    keys: list[CredentialKey] = Field(
        min_length=1,
        max_length=8,
        description="Keys of the Secret, one a role.",
        json_schema_extra=marks(list_type="map", map_keys=("role",)),
    )


class TokenPrice(Model):
    """Prices in USD per million tokens. A class that is left out costs as much as its plain class."""

    input: Price = Field(description='Input tokens, for example "2.50".')
    output: Price = Field(description="Output tokens.")
    cached_input: Price | None = Field(default=None, description="Input tokens that the provider had in its cache.")
    cache_write: Price | None = Field(default=None, description="Input tokens that the provider put into its cache.")
    reasoning: Price | None = Field(default=None, description="Output tokens that the model thought with.")


class Target(Model):
    """One model at one provider."""

    name: Name = Field(description="Name of the target within the policy.")
    provider: Provider = Field(description="Kind of the provider.")
    endpoint: Annotated[str, StringConstraints(max_length=512)] | None = Field(
        default=None,
        description="Base URL without the version (`/v1`); needed where the provider has no public one.",
        json_schema_extra=marks(
            cel(
                r"self.matches('^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$')",
                "endpoint must be an http or https URL without user, query and fragment",
            )
        ),
    )
    model: Line = Field(
        description="The provider's name of the model: for azure the deployment, for bedrock the model or profile."
    )
    credential: Credential | None = Field(default=None, description="Credential; the gateway reads it, the operator never does.")
    region: Line | None = Field(default=None, description="Region, for bedrock and vertex.")
    project: Line | None = Field(default=None, description="Project, for vertex.")
    api_version: Line | None = Field(default=None, description="Version of the provider's API, for azure.")
    timeout_milliseconds: int = Field(
        default=60_000,
        ge=1,
        le=LONGEST_MILLISECONDS,
        description="Ends a call that is not streamed, and the wait for the first byte of one that is.",
    )
    stream_idle_milliseconds: int = Field(
        default=30_000, ge=1, le=LONGEST_MILLISECONDS, description="Longest silence inside a stream."
    )
    price: TokenPrice | None = Field(
        default=None,
        description="Overrides the price table. Without a price in either, cost is unknown, which is never shown as 0.",
    )


class Routing(StrEnum):
    """In which order the targets of an alias are asked."""

    PRIORITY = "Priority"
    WEIGHTED = "Weighted"
    LATENCY = "Latency"
    COST_FIRST = "CostFirst"


class Reaction(StrEnum):
    """What a failure leads to: the next target, the same one again (then the next), or an error."""

    NEXT = "Next"
    RETRY = "Retry"
    FAIL = "Fail"


class Signal(StrEnum):
    """What shows that an answer is not good enough."""

    SCHEMA_INVALID = "SchemaInvalid"
    LOW_CONFIDENCE = "LowConfidence"
    TOOL_ERROR = "ToolError"
    JUDGE_RULE = "JudgeRule"


class Compression(StrEnum):
    """How prompts are made shorter."""

    OFF = "Off"
    WHITESPACE = "Whitespace"


class DirectCalls(StrEnum):
    """Whether calls may go around the gateway while it cannot be reached."""

    ALLOWED = "Allowed"
    DENIED = "Denied"


class AliasTarget(Model):
    """A target of an alias."""

    name: Name = Field(description="Name of a target of this policy.")
    weight: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="Share of calls that ask it first; with routing Weighted only, 1 when absent.",
    )


class OnError(Model):
    """What each class of failure leads to. Client errors and safety refusals are no class: they never go to another provider."""

    rate_limited: Reaction = Field(default=Reaction.NEXT, description="The provider answers 429.")
    server_error: Reaction = Field(default=Reaction.NEXT, description="The provider answers 5xx.")
    timeout: Reaction = Field(default=Reaction.NEXT, description="No answer, or no first byte, within the target's timeout.")
    connection: Reaction = Field(default=Reaction.NEXT, description="The connection is refused or breaks before the first byte.")
    unauthorized: Reaction = Field(default=Reaction.NEXT, description="The provider answers 401 or 403: our credential is wrong.")
    invalid_response: Reaction = Field(default=Reaction.NEXT, description="The answer cannot be read.")


class Escalation(Model):
    """When the answer of a cheap target is not good enough. Streams are held back until they are judged."""

    on: list[Signal] = Field(
        min_length=1,
        max_length=4,
        description="SchemaInvalid: JSON or a tool call was asked for and did not come. LowConfidence: see minConfidencePercent. "
        "ToolError: the newest tool result of the request reports an error. JudgeRule: see judge.",
        json_schema_extra=marks(list_type="set"),
    )
    min_confidence_percent: int | None = Field(
        default=None, ge=1, le=99, description="For LowConfidence: least mean probability of the answer's tokens."
    )
    judge: list[Pattern] = Field(
        default=[],
        max_length=16,
        description="For JudgeRule: RE2 expressions; an answer that one of them matches is not good enough.",
        json_schema_extra=marks(
            cel("self.all(p, !''.matches(p))", "judge must hold valid RE2 expressions that do not match the empty text"),
            list_type="set",
        ),
    )


ESCALATION_RULES = (
    cel(
        "(self.on.exists(s, s == 'LowConfidence')) == has(self.minConfidencePercent)",
        "minConfidencePercent must be given for the signal LowConfidence, and only for it",
    ),
    cel(
        "self.on.exists(s, s == 'JudgeRule') == (has(self.judge) && size(self.judge) > 0)",
        "judge must be given for the signal JudgeRule, and only for it",
    ),
)


class Cache(Model):
    """Answers a call that is equal to an earlier one of the same Agent."""

    ttl_seconds: int = Field(ge=1, le=86400, description="How long an answer may be given again.")


class Alias(Model):
    """A model name that Agents ask for, and what it leads to."""

    name: AliasName = Field(description="What the agent writes as `model`.")
    routing: Routing = Field(
        default=Routing.PRIORITY,
        description="Priority: in the order of the list. Weighted: the first by weight, the others in the order of the list. "
        "Latency: the fastest of late first. CostFirst: in the order of the list, on to the next by a signal of escalation.",
    )
    targets: list[AliasTarget] = Field(
        min_length=1,
        max_length=8,
        description="Targets, in order.",
        json_schema_extra=marks(list_type="map", map_keys=("name",)),
    )
    retries: int = Field(default=1, ge=0, le=10, description="How often Retry asks one target again before the next one.")
    cooldown_seconds: int = Field(default=10, ge=0, le=86400, description="How long a target rests after it failed.")
    failures_to_cooldown: int = Field(default=1, ge=1, le=1000, description="Failures in a row after which a target rests.")
    on_error: OnError = Field(default=OnError(), description="What each class of failure leads to.")
    escalation: Escalation | None = Field(
        default=None, description="For CostFirst: when the next target is asked.", json_schema_extra=marks(*ESCALATION_RULES)
    )
    cache: Cache | None = Field(default=None, description="Exact cache; absent means none.")
    compression: Compression = Field(
        default=Compression.OFF, description="Whitespace folds runs of blanks and empty lines outside code."
    )


class EgressDemand(Model):
    """What holds for the egress of the pods of every Agent of the policy."""

    mode: EgressMode = Field(
        default=EgressMode.UNRESTRICTED,
        description="Enforced: every Agent's pods reach only what its own spec.egress.allow lists, whatever mode it names.",
    )
    allowed_cidrs: list[Cidr] = Field(
        default=[],
        max_length=32,
        description="Networks within which Agents may list addresses; others in their lists are left out. For platform policies, "
        "where an empty list means none. Pods may always be listed.",
        json_schema_extra=marks(CIDRS_RULE, list_type="set"),
    )


EGRESS_DEMAND_RULES = (
    cel(
        "self.mode == 'Enforced' || !has(self.allowedCidrs) || size(self.allowedCidrs) == 0",
        "allowedCidrs is for mode Enforced",
    ),
)

ALIAS_RULES = (
    cel(
        "self.all(a, a.routing == 'Weighted' || a.targets.all(t, !has(t.weight)))",
        "weight belongs to routing Weighted: remove it or set routing",
    ),
    cel(
        "self.all(a, (a.routing == 'CostFirst') == has(a.escalation))",
        "escalation must be given for routing CostFirst, and only for it",
    ),
)

TARGET_RULES = (
    cel(
        "self.all(t, has(t.endpoint) || !(t.provider in ['azure', 'databricks', 'snowflake', 'openai-compatible']))",
        "endpoint must be given for the providers azure, databricks, snowflake and openai-compatible, which have no public one",
    ),
    cel(
        "self.all(t, !has(t.endpoint) || !(t.provider in ['bedrock', 'vertex']))",
        "endpoint must not be given for the providers bedrock and vertex: the region makes their address",
    ),
    cel(
        "self.all(t, has(t.region) == (t.provider in ['bedrock', 'vertex']))",
        "region must be given for the providers bedrock and vertex, and only for them",
    ),
    cel(
        "self.all(t, has(t.project) == (t.provider == 'vertex'))",
        "project must be given for the provider vertex, and only for it",
    ),
    cel(
        "self.all(t, !has(t.apiVersion) || t.provider == 'azure')",
        "apiVersion belongs to the provider azure: remove it",
    ),
    cel(
        "self.all(t, has(t.credential) || t.provider == 'openai-compatible')",
        "credential must be given for every provider but openai-compatible",
    ),
)

SPEC_RULES = (
    cel(
        "self.aliases.all(a, a.targets.all(t, self.targets.exists(x, x.name == t.name)))",
        "each target of an alias must be the name of an entry of targets",
    ),
)


class ProviderFallbackSpec(Attachment):
    """Aliases, and the models behind them."""

    targets: list[Target] = Field(
        min_length=1,
        max_length=16,
        description="Models that aliases lead to.",
        json_schema_extra=marks(*TARGET_RULES, list_type="map", map_keys=("name",)),
    )
    aliases: list[Alias] = Field(
        min_length=1,
        max_length=64,
        description="Model names that Agents may ask for; with several policies an Agent has the aliases of all of them.",
        json_schema_extra=marks(*ALIAS_RULES, list_type="map", map_keys=("name",)),
    )
    max_output_tokens: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Longest answer of a call; written into the request. The smallest of all holds.",
    )
    direct_calls: DirectCalls = Field(
        default=DirectCalls.DENIED,
        description="Whether Agents may choose execution.onGatewayDown: Direct, which goes past budgets, limits and guardrails. "
        "All platform policies of an Agent must allow it, and one at least; only they may.",
    )

    egress: EgressDemand = Field(
        default=EgressDemand(),
        description="Whether pods of the Agents may go around the gateway.",
        json_schema_extra=marks(*EGRESS_DEMAND_RULES),
    )

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What was compiled from this very object: a thousand Agents that share a policy must not compile it a thousand times."""
        return {}


class ProviderFallbackStatus(CommonStatus):
    """What is known of the policy."""

    agents: AgentCounts | None = Field(default=None, description="Agents bound by the policy.")
    price_table: str | None = Field(default=None, max_length=32, description="Version of the price table in use.")
    unpriced: list[Name] = Field(
        default=[],
        max_length=16,
        description="Targets whose cost is unknown, because neither the table nor the policy has a price.",
        json_schema_extra=marks(list_type="atomic"),
    )
