"""LiteLLM's proxy for comparison, in an environment of its own outside the checkout. It is measured, and part of nothing we ship.

`bench/litellm.lock` pins it by hash; `uv pip compile` of `litellm[proxy]` makes it anew, without `litellm-enterprise`, which has
another licence and which the proxy does not need.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parent / "litellm.lock"


def program() -> Path | None:
    """The proxy's program, installed where it is missing; None where it cannot be."""
    home = _home()
    found = home / "bin" / "litellm"
    if (home / "ready").exists():
        return found
    try:
        _install(home)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"LiteLLM is not measured, since it cannot be installed: {error}", file=sys.stderr)
        return None
    return found


def version() -> str:
    """Which one."""
    return next(line.split()[0].partition("==")[2] for line in LOCK.read_text().splitlines() if line.startswith("litellm=="))


def _home() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "agentops" / f"litellm-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"


def _install(home: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
    pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--requirement", LOCK]
    subprocess.run(pip, check=True)
    # Else its first start compiles 700 MB of sources, and that would be measured.
    subprocess.run([home / "bin" / "python", "-m", "compileall", "-q", home / "lib"], check=False)
    (home / "ready").touch()
