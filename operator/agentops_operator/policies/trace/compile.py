"""TracePolicies of one Agent, merged: strictest capture, all backends that the platform allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentops_operator.policies.trace.types import CAPTURE_STRICTNESS, Backend, Capture, OnBypass, OptOut, TracePolicySpec


@dataclass(frozen=True)
class Tracing:
    """What holds for one Agent after all policies."""

    capture: Capture
    sample_percent: int
    opt_out: OptOut
    on_bypass: OnBypass


def merge_tracing(platform: Sequence[TracePolicySpec], own: Sequence[TracePolicySpec], masked: bool) -> Tracing:
    """The strictest capture and bypass rule of all; sampling and opt-out as the platform says, where it says anything.

    Args:
        platform: TracePolicies of the operator's namespace that bind the Agent.
        own: TracePolicies of the Agent's namespace that bind it.
        masked: whether an accepted MaskingPolicy binds the Agent. Without one no content is captured, because nobody
            has said what must not leave the pod.
    """
    every = (*platform, *own)
    leading = platform or own  # a tenant's low sampling or opt-out must not thin out what the platform asked for
    capture = max((spec.capture for spec in every), key=CAPTURE_STRICTNESS.index, default=Capture.NONE)
    return Tracing(
        capture=capture if masked else Capture.NONE,
        sample_percent=max((spec.sampling.percent for spec in leading), default=100),
        opt_out=_opt_out(leading),
        on_bypass=OnBypass.DENY if any(spec.on_bypass is OnBypass.DENY for spec in every) else OnBypass.REPORT,
    )


def _opt_out(leading: Sequence[TracePolicySpec]) -> OptOut:
    permitted = bool(leading) and all(spec.opt_out is OptOut.ALLOWED for spec in leading)
    return OptOut.ALLOWED if permitted else OptOut.DENIED


def allowed(backend: Backend, restrictions: Sequence[Sequence[str]]) -> bool:
    """Whether every platform policy that restricts backends lists this one."""
    return all(backend.name in names for names in restrictions)
