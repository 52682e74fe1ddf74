"""All generated files: what they should hold, and what differs on disk."""

from collections.abc import Collection
from pathlib import Path

from agentops_operator.generate.crds import crd
from agentops_operator.generate.dashboards import dashboards
from agentops_operator.generate.kinds import ALL
from agentops_operator.generate.output import NOTICE, to_yaml
from agentops_operator.generate.rbac import permissions
from agentops_operator.generate.reference import pages

CHART = "charts/agentops-operator/generated"
FOLDERS = ("crds", CHART, "dashboards", "docs/reference")


def render_all() -> dict[str, str]:
    """Path in the repository and text of every generated file."""
    return {**_crds(), f"{CHART}/rbac.yaml": to_yaml(permissions()), **pages(), **_dashboards()}


def _dashboards() -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in dashboards().items() for folder in ("dashboards", f"{CHART}/dashboards")}


def _crds() -> dict[str, str]:
    files = {"crds/agentops-crds.yaml": to_yaml(*map(crd, ALL))}
    for kind in ALL:
        text = to_yaml(crd(kind))
        files |= {f"crds/{kind.plural}.yaml": text, f"{CHART}/crds/{kind.plural}.yaml": text}
    return files


def differences(root: Path) -> list[str]:
    """One line for each file that is missing, changed, or generated no longer."""
    wanted = render_all()
    wrong = [_problem(root / path, text) for path, text in sorted(wanted.items())]
    return [
        *(f"{path}: {problem}" for path, problem in zip(sorted(wanted), wrong, strict=True) if problem),
        *(f"{path}: is generated no longer" for path in leftovers(root, wanted)),
    ]


def _problem(path: Path, text: str) -> str:
    if not path.is_file():
        return "is missing"
    return "" if path.read_text(encoding="utf-8") == text else "differs"


def leftovers(root: Path, wanted: Collection[str]) -> list[str]:
    """Files that carry our header but belong to no kind any more, such as those of a kind that was removed."""
    found = (path for folder in FOLDERS for path in sorted((root / folder).rglob("*")) if path.is_file())
    names = (path.relative_to(root).as_posix() for path in found if NOTICE in path.read_text(encoding="utf-8"))
    return [name for name in names if name not in wanted]


def write(root: Path) -> list[str]:
    """Brings the disk in line and returns the paths that changed."""
    changed = []
    wanted = render_all()
    for path, text in sorted(wanted.items()):
        target = root / path
        if _problem(target, text):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in leftovers(root, wanted):
        (root / path).unlink()
        changed.append(path)
    return changed
