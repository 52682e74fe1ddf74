"""`docs/scaling.md`: arithmetic on the figures of docs/benchmarks.json, done anew whenever these are measured."""

import math
from collections.abc import Iterable, Mapping

from bench.figure import Figure
from demo.images import ROOT

PAGE = ROOT / "docs" / "scaling.md"
TEMPLATE = ROOT / "bench" / "scaling.md"
MESSAGES = 30_000  # a second
BUSY = 0.6  # of a core: above it waiting grows, and one of a few replicas may go away
NEEDED = {
    "call": ("gateway", "CPU per call"),
    "stream": ("gateway", "CPU per stream"),
    "rss": ("gateway", "RSS under load"),
    "mask": ("data plane", "CPU per 6.6 KB span, agentops_mask_4_packs"),
    "gateways_ratio": ("scaling", "CPU of gateways per call, 3 of them / 1 of them"),
    "busiest": ("scaling", "busiest gateway / mean"),
    "store": ("scaling", "CPU of the store per call, 3 nodes"),
    "traffic": ("scaling", "store's traffic per call"),
    "node_1": ("scaling", "node 1: share of calls"),
    "node_2": ("scaling", "node 2: share of calls"),
    "node_3": ("scaling", "node 3: share of calls"),
    "hot": ("scaling", "one agent: calls a second that one core of its node carries"),
    "hot_share": ("scaling", "one agent: its node's share of the store's CPU"),
    "hot_cpu": ("scaling", "one agent: CPU of its node per call"),
    "shared": ("scaling", "one shared budget: CPU of its node per call, beside that of agents"),
    "skew_1000": ("scaling", "fullest of 16 nodes / mean, 1000 agents"),
    "skew_5000": ("scaling", "fullest of 16 nodes / mean, 5000 agents"),
    "skew_1000_32": ("scaling", "fullest of 32 nodes / mean, 1000 agents"),
    "skew_5000_32": ("scaling", "fullest of 32 nodes / mean, 5000 agents"),
    "forwarder": ("scaling", "CPU of the forwarder per call"),
    "relay": ("scaling", "CPU of the relay per span"),
}
REQUEST, ANSWER = 6.0, 2.0  # KiB of a call: a prompt with some history, and a paragraph


def write_scaling(figures: Iterable[Figure]) -> None:
    """Writes the page, once all figures that it needs were measured."""
    found = _needed(figures)
    if len(found) == len(NEEDED):
        PAGE.write_text(rendered(found))


def _needed(figures: Iterable[Figure]) -> dict[str, float]:
    known = {(figure.group, figure.name): figure.value for figure in figures}
    return {name: known[key] for name, key in NEEDED.items() if key in known}


def rendered(found: Mapping[str, float]) -> str:
    """The page with its numbers."""
    return TEMPLATE.read_text().format(**found, **_derived(found))


def _derived(found: Mapping[str, float]) -> dict[str, float]:
    cores = {name: MESSAGES * found[name] / 1000 for name in ("call", "stream", "store", "relay", "forwarder")}
    nodes = math.ceil(cores["store"] * found["skew_5000"] / BUSY)
    return {
        "messages": MESSAGES,
        "busy_percent": round(BUSY * 100),
        **{f"{name}_cores": round(value, 1) for name, value in cores.items()},
        **{f"{name}_replicas": math.ceil(cores[name] / BUSY) for name in ("call", "stream", "relay")},
        "store_nodes": nodes,
        "store_mean_percent": round(100 * cores["store"] / nodes),
        "gateway_rate": math.floor(1000 * BUSY / found["call"]),
        "gateway_full": math.floor(1000 / found["call"]),
        "node_rate": math.floor(1000 * BUSY / found["store"]),
        "hot_rate": math.floor(found["hot"] * BUSY),
        "hot_full": math.floor(found["hot"]),
        "shared_rate": math.floor(1000 * BUSY / max(found["shared"], 0.001)),
        "mask_us": round(found["mask"]),
        "gateway_megabits": round(MESSAGES * 2 * (REQUEST + ANSWER) * 8 / 1000),
        "store_megabits": round(MESSAGES * found["traffic"] * 8 / 1000),
        "request": REQUEST,
        "answer": ANSWER,
        "skew_1000_percent": round(100 * (found["skew_1000"] - 1)),
        "skew_5000_percent": round(100 * (found["skew_5000"] - 1)),
        "skew_1000_32_percent": round(100 * (found["skew_1000_32"] - 1)),
        "skew_5000_32_percent": round(100 * (found["skew_5000_32"] - 1)),
        "hot_share_percent": round(100 * found["hot_share"]),
        "shares": " / ".join(f"{100 * found[f'node_{number}']:.0f}" for number in (1, 2, 3)),
        "relay_us": round(found["relay"] * 1000),
        "memory": math.ceil(found["rss"]),
    }
