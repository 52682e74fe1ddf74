"""TracePolicies of one Agent, merged: strictest capture, all backends that the platform allows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from agentops_operator.policies.trace.types import CAPTURE_STRICTNESS, Backend, Capture, OnBypass, OptOut, TracePolicySpec

HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
BASE_URL = re.compile(rf"https?://{HOST}(/([A-Za-z0-9._~!&'()*+,;=:@/-]|%[0-9A-Fa-f]{{2}})*)?")


@dataclass(frozen=True)
class Tracing:
    """What holds for one Agent after all policies."""

    capture: Capture
    sample_percent: int
    opt_out: OptOut
    on_bypass: OnBypass


class Masking(IntEnum):
    """Who has said what must not leave the pod."""

    NOBODY = 0
    NAMESPACE = 1
    PLATFORM = 2


def fault(spec: TracePolicySpec) -> str:
    """What would make the relay refuse the backends of everybody; empty when nothing does."""
    for backend in spec.backends:
        if backend.endpoint is not None and not BASE_URL.fullmatch(backend.endpoint):
            wanted = "an http or https URL without user, query and fragment"
            return f"spec.backends[{backend.name}].endpoint is {backend.endpoint!r}: write {wanted}"
    return ""


def merge_tracing(platform: Sequence[TracePolicySpec], own: Sequence[TracePolicySpec], masking: Masking) -> Tracing:
    """The strictest capture and bypass rule of all; sampling and opt-out as the platform says, where it says anything.

    Args:
        platform: TracePolicies of the operator's namespace that bind the Agent.
        own: TracePolicies of the Agent's namespace that bind it.
        masking: whose accepted MaskingPolicies bind the Agent. Without one no content is captured; beside one of the
            platform, a namespace cannot have content unmasked.
    """
    every = (*platform, *own)
    leading = platform or own  # a tenant's low sampling or opt-out must not thin out what the platform asked for
    return Tracing(
        capture=_capture(platform, own, masking),
        sample_percent=max((spec.sampling.percent for spec in leading), default=100),
        opt_out=_opt_out(leading),
        on_bypass=OnBypass.DENY if any(spec.on_bypass is OnBypass.DENY for spec in every) else OnBypass.REPORT,
    )


def _capture(platform: Sequence[TracePolicySpec], own: Sequence[TracePolicySpec], masking: Masking) -> Capture:
    asked = [spec.capture for spec in (*platform, *own)]
    if not asked or masking is Masking.NOBODY:
        return Capture.NONE
    # Full takes content out of all packs but one: a namespace could undo with it what the platform masks.
    bound = [Capture.MASKED] if masking is Masking.PLATFORM and not platform else []
    return max((*asked, *bound), key=CAPTURE_STRICTNESS.index)


def _opt_out(leading: Sequence[TracePolicySpec]) -> OptOut:
    permitted = bool(leading) and all(spec.opt_out is OptOut.ALLOWED for spec in leading)
    return OptOut.ALLOWED if permitted else OptOut.DENIED


def allowed(backend: Backend, restrictions: Sequence[Sequence[str]]) -> bool:
    """Whether every platform policy that restricts backends lists this one."""
    return all(backend.name in names for names in restrictions)
