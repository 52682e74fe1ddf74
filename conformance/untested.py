"""Fields that no case proves, and why. The operator does not call them supported by an engine on the word of this suite."""

FORMAT = "the played provider does not speak this provider's own protocol"
UNTESTED_FIELDS = {
    "priceTable": "a name that is passed on; the prices themselves are proven",
    **{f"targets.*.provider={name}": FORMAT for name in ("azure", "bedrock", "vertex", "gemini", "databricks", "snowflake")},
    **{f"targets.*.provider={name}": FORMAT for name in ("mistral", "cohere", "groq", "openrouter", "xai")},
    "targets.*.region": "of bedrock and vertex only",
    "targets.*.project": "of vertex only",
    "targets.*.apiVersion": "of azure only",
    "targets.*.price.cacheWrite": "the played provider writes no cache",
    "targets.*.price.reasoning": "the played provider does not reason",
    "agents.*.onGatewayDown=Refuse": "the forwarder beside the agent reads it, not the gateway",
    "agents.*.onGatewayDown=Direct": "the forwarder beside the agent reads it, not the gateway",
}
"""Field -> reason."""
