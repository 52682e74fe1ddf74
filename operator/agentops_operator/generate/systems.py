"""The table of systems that a TracePolicy's backends know: what each Secret must hold, and where traces go."""

from agentops_operator.generate.output import table
from agentops_operator.policies.trace.presets import PRESETS, PresetFacts
from agentops_operator.policies.trace.types import Preset

INTRO = (
    "`endpoint` is the part before the path. A Secret's key holds the bare value: header and form are the relay's business. "
    "Where a project is required, a backend without one is refused."
)
HEAD = ("Preset", "Public endpoint", "Endpoint of your own", "Path", "The Secret's key holds", "`project` is")


def systems() -> str:
    """The section of the reference page."""
    return f"## Systems\n\n{INTRO}\n\n{table(HEAD, [_row(preset, facts) for preset, facts in PRESETS.items()])}"


def _row(preset: Preset, facts: PresetFacts) -> list[str]:
    public = f"`{facts.endpoint}`" if facts.endpoint else "none"
    own = " or ".join(f"`{endpoint}`" for endpoint in facts.own_endpoints)
    return [str(preset), public, own, f"`{facts.traces_path}`", facts.key_holds, facts.project or "not used"]
