"""The judge of gateway plans: the gateway itself."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from agentops_operator.agent.gateway.objects import plan_config_map, stored_text
from agentops_operator.kube.digest import canonical
from demo.images import ROOT, build_programs


@cache
def program() -> Path:
    """The gateway, compiled from this tree."""
    build_programs(("agentops-gateway",))
    return ROOT / "build" / "bin" / "agentops-gateway"


def problems(plan: dict[str, Any], directory: Path) -> str:
    """What the gateway says against a plan; empty when it takes it."""
    assert stored_text(plan_config_map(plan)) == canonical(plan)
    return refusal(canonical(plan).encode(), directory)


def refusal(content: bytes, directory: Path) -> str:
    """What the gateway says against a file; empty when it takes it."""
    file = directory / "plan.v1.json"
    file.write_bytes(content)
    done = subprocess.run([program(), "validate", file], capture_output=True, text=True, check=False)
    assert bool(done.returncode) == bool(done.stderr), done
    return done.stderr
