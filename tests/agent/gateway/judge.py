"""The judge of gateway plans: the decoder of the gateway itself."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from agentops_operator.kube.digest import canonical
from demo.images import ROOT
from devcluster.golang import compiler

ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}


@cache
def _program(directory: Path) -> Path:
    program = directory / "judge"
    source = Path(__file__).with_name("judge.go")
    command = [str(compiler()), "build", "-o", str(program), str(source)]
    subprocess.run(command, cwd=ROOT / "dataplane", check=True, env={**os.environ, **ENVIRONMENT})
    return program


def problems(plan: dict[str, Any], directory: Path) -> str:
    """What the gateway says against a plan; empty when it takes it."""
    file = directory / "plan.v1.json"
    file.write_text(canonical(plan), encoding="utf-8")
    done = subprocess.run([_program(ROOT / "build"), file], capture_output=True, text=True, check=False)
    return done.stderr
