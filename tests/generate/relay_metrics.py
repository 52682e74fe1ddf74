"""Names of the relay's metrics, read from where they are declared."""

import re

import yaml

from demo.images import ROOT

DECLARED = re.compile(r'"(agentops_[a-z_]+)"')


def relay_metric_names() -> set[str]:
    """Own metrics from the Go sources, derived ones from the fixed configuration, as Prometheus names."""
    sources = (ROOT / "dataplane" / "collector" / "relay").glob("*.go")
    own = {name for path in sources for name in DECLARED.findall(path.read_text())}
    config = yaml.safe_load((ROOT / "dataplane/collector/embed/relay.yaml").read_text())
    connector = config["connectors"]["signal_to_metrics"]
    derived = {metric["name"].replace(".", "_") for signal in ("spans", "logs") for metric in connector[signal]}
    return own | derived
