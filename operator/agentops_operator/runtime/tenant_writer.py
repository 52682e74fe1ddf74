"""The gateways of namespaces whose policies bring credentials: applied there, and taken away with the last such policy."""

from agentops_operator.agent.facts import Key
from agentops_operator.agent.gateway.row import FragmentUse
from agentops_operator.agent.gateway.tenant import KINDS, compile_tenant
from agentops_operator.agent.kind import AGENT
from agentops_operator.agent.plan import Plan
from agentops_operator.kube.names import TENANT_GATEWAY
from agentops_operator.runtime.applier import Applier
from agentops_operator.runtime.attendance import Attendance
from agentops_operator.runtime.live import ours
from agentops_operator.runtime.objects import Ref
from agentops_operator.runtime.store import Store


class TenantRefusedError(Exception):
    """The API server refused an object of such a gateway; the policies say so already."""

    expected = True


class TenantWriter:
    """Collects what the Agents of each namespace use, and applies what follows from it in that namespace alone."""

    def __init__(self, applier: Applier, attendance: Attendance, store: Store) -> None:
        self._applier = applier
        self._attendance = attendance
        self._store = store
        self._uses: dict[str, dict[str, tuple[FragmentUse, ...]]] = {}  # by namespace, by Agent

    def put(self, agent: Key, plan: Plan) -> bool:
        """Takes what an Agent uses; says whether that is new."""
        used = () if plan.gateway is None else tuple(use for use in plan.gateway.fragments if use.fragment.lent)
        known = self._uses.get(agent.namespace, {}).get(agent.name, ())
        if not used:
            return self.drop(agent)
        self._uses.setdefault(agent.namespace, {})[agent.name] = used
        return used != known

    def drop(self, agent: Key) -> bool:
        """Takes an Agent out."""
        return self._uses.get(agent.namespace, {}).pop(agent.name, None) is not None

    async def write(self, namespace: str) -> tuple[set[Key], str]:
        """Applies or removes the gateway of a namespace; returns the Agents that must say so, and what was refused."""
        if not self._attendance.complete_in(namespace):
            return set(), ""
        settings, agents = self._store.settings, self._uses.get(namespace, {})
        uses = (use for name in sorted(agents) for use in agents[name])
        objects = compile_tenant(namespace, uses, settings) if settings.gateway.enabled else ()
        if not objects:
            await self._remove(namespace)
        refused = await self._applier.apply_all(objects)
        return self._tell(namespace, refused), refused

    async def _remove(self, namespace: str) -> None:
        for version, kind in KINDS:
            item = self._store.children.get(Ref(version, kind, namespace, TENANT_GATEWAY))
            if item is not None and ours(item):
                await self._applier.delete(item)
        self._store.tenant_gateways.pop(namespace, None)

    def _tell(self, namespace: str, refused: str) -> set[Key]:
        before = self._store.tenant_errors.pop(namespace, "")
        if refused:
            self._store.tenant_errors[namespace] = refused
        if before == refused:
            return set()
        return {Key(AGENT.kind, namespace, name) for name in self._uses.get(namespace, {})}
