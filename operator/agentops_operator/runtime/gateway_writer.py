"""The gateway's plan and Deployment, from the rows of all Agents: folded once a second at most, however many Agents change."""

import json
import logging
from collections.abc import Iterable

from agentops_operator.agent.facts import Key
from agentops_operator.agent.gateway.objects import PlanTooLargeError, compile_gateway, stored_text
from agentops_operator.agent.gateway.plan import gateway_plan
from agentops_operator.agent.gateway.row import GatewayRow, row_digests
from agentops_operator.agent.kind import AGENT
from agentops_operator.agent.plan import Plan
from agentops_operator.kube.names import GATEWAY
from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.attendance import Attendance
from agentops_operator.runtime.gateway_scale import leave_replicas
from agentops_operator.runtime.objects import ApiError, Cluster, Ref
from agentops_operator.runtime.store import Store

LOG = logging.getLogger(__name__)
DEBOUNCE = 1.0  # seconds: a burst of Agents makes one new plan, not one for each


class GatewayRefusedError(Exception):
    """The API server refused an object of the gateway."""

    expected = True


class GatewayWriter:
    """Collects the rows of all Agents, and applies the gateway's objects when they change."""

    def __init__(self, cluster: Cluster, applier: Applier, attendance: Attendance, store: Store) -> None:
        self._cluster = cluster
        self._applier = applier
        self._attendance = attendance
        self._store = store
        self._rows: dict[str, GatewayRow] = store.gateway_rows
        self._replicas_settled = store.settings.gateway.replicas > 0  # else the number is left to an autoscaler first

    def put(self, agent: Key, plan: Plan) -> bool:
        """Takes an Agent's part of the plan; says whether it is new."""
        name = f"{agent.namespace}/{agent.name}"
        known = self._rows.get(name)
        if plan.gateway is None:
            return self._rows.pop(name, None) is not None
        self._rows[name] = plan.gateway
        return known is None or known.digest != plan.gateway.digest

    def drop(self, agent: Key) -> bool:
        """Takes an Agent out."""
        return self._rows.pop(f"{agent.namespace}/{agent.name}", None) is not None

    async def recall(self) -> None:
        """Reads the plan that stands in the cluster: without it, a restart would unsay for a while that it is in force."""
        if not self._store.settings.gateway.enabled:
            return
        home = self._store.settings.operator_namespace
        try:
            found = await self._cluster.get(Ref("v1", "ConfigMap", home, GATEWAY))
            plan = json.loads(stored_text(found or {}) or "{}")
        except (ApiError, ValueError, OSError) as error:
            LOG.warning("the gateway's plan is not readable: %s", error)
            return
        if plan:
            self._store.gateway_progress.written(plan.get("digest", ""), row_digests(plan))

    async def write(self) -> set[Key]:
        """Applies the objects that differ, once every Agent had its pass; returns the Agents that must say so in their status.

        Raises:
            GatewayRefusedError: the API server refused one of them; the others are applied all the same.
        """
        if not self._attendance.complete:
            return set()
        if not self._store.settings.gateway.enabled:
            await self._remove()
            return set()
        if not self._replicas_settled:
            await leave_replicas(self._cluster, self._store.settings.operator_namespace)
            self._replicas_settled = True
        rows = dict(self._rows)  # Agents change while the plan is stored; those versions are not in it
        plan = gateway_plan(rows)
        try:
            objects = compile_gateway(plan, self._store.settings)
        except PlanTooLargeError as error:
            return self._failed(str(error))
        # Before it is applied: a gateway that follows its ConfigMap runs it before the answer is here.
        self._store.gateway_progress.written(plan["digest"], {name: row.digest for name, row in rows.items()})
        refused = await self._applier.apply_all(objects)
        if refused:
            raise GatewayRefusedError(refused)
        self._store.gateway_counted = tuple(name for name, row in sorted(rows.items()) if _counted(row))
        return self._failed("")

    def _failed(self, error: str) -> set[Key]:
        before, self._store.gateway_error = self._store.gateway_error, error
        return set() if before == error else set(_keys(self._rows))

    async def _remove(self) -> None:
        """Takes away what an installation with a gateway left."""
        home = self._store.settings.operator_namespace
        for version, kind in (("v1", "ConfigMap"), ("apps/v1", "Deployment")):
            item = self._store.children.get(Ref(version, kind, home, GATEWAY))
            if item is not None:
                await self._applier.delete(item)


def _counted(row: GatewayRow) -> bool:
    return bool(row.entry["budgets"] or row.entry["execution"]["run"])


def _keys(names: Iterable[str]) -> Iterable[Key]:
    for name in names:
        namespace, _, agent = name.partition("/")
        yield Key(AGENT.kind, namespace, agent)
