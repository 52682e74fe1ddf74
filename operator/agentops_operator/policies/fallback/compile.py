"""One ProviderFallback becomes targets and routes of the gateway plan (docs/contracts.md section 9)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agentops_operator.kube.digest import digest, short
from agentops_operator.kube.names import TENANT_GATEWAY
from agentops_operator.policies.fallback.prices import micro_prices, price_of
from agentops_operator.policies.fallback.types import (
    Alias,
    Compression,
    Credential,
    Provider,
    ProviderFallbackSpec,
    Role,
    Routing,
    Target,
)

ENTRY = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


def route_name(policy: str, alias: str) -> str:
    """Name of the route of an alias; names in the plan are lower case, and aliases need not be.

    Args:
        policy: `namespace/name` of the ProviderFallback.
        alias: the alias.
    """
    if ENTRY.fullmatch(alias):
        return f"{policy}/{alias}"
    plain = re.sub(r"[^a-z0-9.]+", "-", alias.lower())
    return f"{policy}/{plain}-{short(alias)}"


@dataclass(frozen=True)
class Fragment:
    """The part of the plan that one ProviderFallback makes; the same for every Agent that it binds."""

    policy: str  # `namespace/name`
    spec: ProviderFallbackSpec
    tenant: bool = False  # whether it is of a tenant: what needs a credential is asked by a gateway in its namespace then

    @cached_property
    def targets(self) -> Mapping[str, dict[str, Any]]:
        """Targets by name in the plan; only those that an alias leads to, as others would only ask for Secrets."""
        return {name: self._shared(target) for name, target in self._used.items()}

    @cached_property
    def lent(self) -> Mapping[str, dict[str, Any]]:
        """Targets by name in the plan of the namespace's own gateway, with their credentials; none for a platform policy."""
        return {
            name: {key: value for key, value in _target(target).items() if key != "price"}
            for name, target in self._used.items()
            if self._lends(target)
        }

    @cached_property
    def _used(self) -> Mapping[str, Target]:
        used = {target.name for alias in self.spec.aliases for target in alias.targets}
        return {f"{self.policy}/{target.name}": target for target in self.spec.targets if target.name in used}

    def _shared(self, target: Target) -> dict[str, Any]:
        entry = _target(target)
        if self._lends(target):
            del entry["credential"]
            entry["via"] = via(self.policy.split("/")[0])
        return entry

    def _lends(self, target: Target) -> bool:
        return self.tenant and target.credential is not None

    @cached_property
    def routes(self) -> Mapping[str, dict[str, Any]]:
        """Routes by name in the plan."""
        return {route_name(self.policy, alias.name): _route(self.policy, alias) for alias in self.spec.aliases}

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Route by alias."""
        return {alias.name: route_name(self.policy, alias.name) for alias in self.spec.aliases}

    @cached_property
    def digest(self) -> str:
        """Digest of targets and routes: what tells one version of the policy from another in the plan."""
        return fragment_digest(self.targets, self.routes)


def fault(spec: ProviderFallbackSpec) -> str:
    """What would make the gateway refuse the plan of everybody; empty when nothing does. The schema says it too."""
    known = {target.name for target in spec.targets}
    for alias in spec.aliases:
        strange = [entry.name for entry in alias.targets if entry.name not in known]
        if strange:
            return f"spec.aliases[{alias.name}].targets names {strange[0]!r}: it must be the name of an entry of spec.targets"
    return next((found for target in spec.targets if (found := _misplaced(target))), "")


def _misplaced(target: Target) -> str:
    """A field of another provider, or one that this provider needs: the gateway refuses what it would not heed."""
    regional = target.provider in (Provider.BEDROCK, Provider.VERTEX)
    wrong = {
        "endpoint": bool(target.endpoint) and regional,
        "region": bool(target.region) != regional,
        "project": bool(target.project) != (target.provider is Provider.VERTEX),
        "apiVersion": bool(target.api_version) and target.provider is not Provider.AZURE,
    }
    name = next((name for name, is_wrong in wrong.items() if is_wrong), "")
    return f"spec.targets[{target.name}].{name} does not fit provider {target.provider}" if name else ""


def fragment(policy: str, spec: ProviderFallbackSpec, *, tenant: bool = False) -> Fragment:
    """The fragment of a policy, compiled once for each version of it."""
    made: Fragment = spec.memo.setdefault(f"{policy} {tenant}", Fragment(policy, spec, tenant))
    return made


def via(namespace: str) -> str:
    """Address of the gateway in a namespace whose policies bring credentials."""
    return f"http://{TENANT_GATEWAY}.{namespace}.svc:4000"


def fragment_digest(targets: Mapping[str, Any], routes: Mapping[str, Any]) -> str:
    """Digest of the targets and routes of one policy."""
    return digest({"targets": dict(targets), "routes": dict(routes)})


def secrets(spec: ProviderFallbackSpec) -> set[str]:
    """Names of the Secrets that the gateway needs."""
    return {target.credential.secret_name for target in spec.targets if target.credential is not None}


def unpriced(spec: ProviderFallbackSpec) -> list[str]:
    """Names of the targets whose cost is unknown."""
    return sorted(target.name for target in spec.targets if price_of(target) is None)


def _target(target: Target) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "provider": str(target.provider),
        "model": target.model,
        "timeoutMilliseconds": target.timeout_milliseconds,
        "streamIdleMilliseconds": target.stream_idle_milliseconds,
    }
    given = {
        "endpoint": target.endpoint,
        "region": target.region,
        "project": target.project,
        "apiVersion": target.api_version,
        "credential": _credential(target.credential),
    }
    entry |= {name: value for name, value in given.items() if value}
    price = price_of(target)
    if price is not None:
        entry["price"] = micro_prices(price)
    return entry


def _credential(credential: Credential | None) -> dict[str, Any] | None:
    if credential is None:
        return None
    return {"secret": credential.secret_name, "keys": {_role(entry.role): entry.key for entry in credential.keys}}


def _role(role: Role) -> str:
    """The role as the plan writes it: with a small letter, as all its keys."""
    return role[0].lower() + role[1:]


def _route(policy: str, alias: Alias) -> dict[str, Any]:
    route: dict[str, Any] = {
        "routing": str(alias.routing),
        "targets": _route_targets(policy, alias),
        "retries": alias.retries,
        "cooldownSeconds": alias.cooldown_seconds,
        "failuresToCooldown": alias.failures_to_cooldown,
        "onError": alias.on_error.dump(),
    }
    if alias.escalation is not None:
        route["escalation"] = {name: value for name, value in alias.escalation.dump().items() if value}
    if alias.cache is not None:
        route["cache"] = alias.cache.dump()
    if alias.compression is not Compression.OFF:
        route["compression"] = str(alias.compression)
    return route


def _route_targets(policy: str, alias: Alias) -> list[dict[str, Any]]:
    weighted = alias.routing is Routing.WEIGHTED
    return [
        {"target": f"{policy}/{entry.name}"} | ({"weight": 1 if entry.weight is None else entry.weight} if weighted else {})
        for entry in alias.targets
    ]
