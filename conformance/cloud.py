"""Targets at providers' own addresses, with the credentials that each wants."""

from typing import Any

from conformance.lab import Lab
from conformance.plans import MODEL
from conformance.protocols import azure, bedrock, vertex
from conformance.protocols.aws import secret_of
from conformance.protocols.hosts import PLAYED

PRICE = {"input": 1_000_000, "cachedInput": 100_000, "output": 5_000_000, "cacheWrite": 2_000_000, "reasoning": 6_000_000}
"""As the played providers bill every model that is used here, in micro-USD."""
MODELS = {
    "azure": "shop-chat",
    "bedrock": "anthropic.claude-haiku-4-5-20251001-v1:0",
    "vertex": "gemini-2.5-flash",
    "gemini": "gemini-2.5-flash",
    "mistral": "mistral-large-latest",
    "cohere": "command-a-03-2025",
}
FIELDS: dict[str, dict[str, Any]] = {
    "azure": {"apiVersion": "2025-04-01-preview"},
    "bedrock": {"region": bedrock.REGION},
    "vertex": {"region": vertex.REGION, "project": vertex.PROJECT},
}
ACCOUNTS = ("azure", "databricks", "snowflake")
"""Providers where each customer has an address."""
ACCESS_KEY = "AKIDCONFORMANCE1"


def cloud(lab: Lab, provider: str, **fields: Any) -> dict[str, Any]:
    """A target; its Secret is `agentops-<provider>`."""
    return {
        "provider": provider,
        "model": MODELS.get(provider, MODEL),
        **({"endpoint": f"https://{PLAYED[provider]}"} if provider in ACCOUNTS else {}),
        **FIELDS.get(provider, {}),
        "credential": credential(lab, provider, **_parts(lab, provider)),
        "timeoutMilliseconds": 5000,
        "streamIdleMilliseconds": 5000,
        "price": PRICE,
        **fields,
    }


def credential(lab: Lab, provider: str, **parts: str) -> dict[str, Any]:
    """A credential of which each part is a key of one Secret."""
    secret = f"agentops-{provider}"
    for role, value in parts.items():
        lab.write_secret(secret, value, key=role)
    return {"secret": secret, "keys": {role: role for role in parts}}


def _parts(lab: Lab, provider: str) -> dict[str, str]:
    if provider == "bedrock":
        return {"accessKeyId": ACCESS_KEY, "secretAccessKey": secret_of(ACCESS_KEY)}
    if provider == "vertex":
        return {"serviceAccountJson": lab.provider.service_account()}
    return {"apiKey": f"sk-{provider}-0001"}


def application_of_the_directory(lab: Lab, secret: str = azure.CLIENT_SECRET) -> dict[str, Any]:
    """Azure's other credential."""
    return credential(lab, "azure", tenantId=azure.TENANT, clientId=azure.CLIENT, clientSecret=secret)
