"""`python3 -m tests.admission.record [CASE...]`: writes want.yaml as the policy has it now.

Read the difference before you commit it: a wrong policy is recorded as faithfully as a right one.
"""

import re
import sys
import tempfile
from pathlib import Path

import yaml

from tests.admission.apiserver import Api, install_policies, running
from tests.admission.golden import CASES, Case, Object, cases, sidecar, volume, write_all


def want_of(case: Case, status: int, answer: Object) -> Object:
    """The case's pod with the changes that the server made, in the short forms of golden.py."""
    if status != 201:
        # Without the policy's name and the case's namespace: neither is a matter of the sentence.
        return {"refused": re.sub(r".*denied request: (namespace \S+ )?", "", answer["message"])}
    spec, meta = answer["spec"], answer["metadata"]
    pod: Object = yaml.safe_load(yaml.safe_dump(case.pod))
    annotations = meta.get("annotations", {})
    if annotations != (case.pod["metadata"].get("annotations") or {}):
        pod["metadata"]["annotations"] = annotations
    for container, seen in zip(pod["spec"]["containers"], spec["containers"], strict=True):
        if seen.get("env", []) != (container.get("env") or []):
            container["env"] = seen["env"]
    known = {entry["name"] for entry in case.pod["spec"].get("volumes") or []}
    for entry in spec.get("volumes", []):
        if entry["name"] == "agentops" and entry["name"] not in known:
            pod["spec"].setdefault("volumes", []).append(_short_volume(entry, case.namespace))
    first = (spec.get("initContainers") or [{}])[0]
    if len(spec.get("initContainers", [])) > len(case.pod["spec"].get("initContainers") or []):
        pod["spec"].setdefault("initContainers", []).insert(0, _short_sidecar(first))
    return {"unchanged": True} if pod == case.pod else pod


def _short_volume(entry: Object, namespace: str) -> Object:
    sources = entry["projected"]["sources"]
    short = {
        "volumeOf": sources[0]["serviceAccountToken"]["audience"].rsplit("/", 1)[1],
        "rules": sources[1]["configMap"]["name"],
    }
    if len(sources) > 2:
        short["hashKeySecret"] = sources[2]["secret"]["name"]
    full = volume(short, namespace)
    entry["projected"].pop("defaultMode", None)
    return short if full == entry else entry


def _short_sidecar(entry: Object) -> Object:
    short: Object = {"sidecar": entry["env"][0]["value"]}
    when_down = [found["value"] for found in entry["env"] if found["name"] == "AGENTOPS_ON_GATEWAY_DOWN"]
    short |= {"gateway": when_down[0]} if when_down else {}
    if entry["resources"] != sidecar(short)["resources"]:
        short["resources"] = entry["resources"]
    return short


def record(api: Api, names: list[str]) -> None:
    """Asks the server for each case and writes its answer."""
    chosen = [case for case in cases() if not names or case.name in names]
    write_all(api, chosen)
    for case in chosen:
        # A comment says that somebody wrote the file on purpose as it is.
        if (CASES / case.name / "want.yaml").exists() and (CASES / case.name / "want.yaml").read_text().startswith("#"):
            continue
        want = want_of(case, *api.create_pod(case.namespace, case.pod))
        (CASES / case.name / "want.yaml").write_text(yaml.safe_dump(want, sort_keys=False, width=130))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place, running(Path(place)) as server:
        install_policies(server)
        record(server, sys.argv[1:])
