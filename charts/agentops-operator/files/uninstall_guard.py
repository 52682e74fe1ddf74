"""Before an uninstall: fails while pods send their model calls through the gateway, which would go with the release.

It asks the operator, which watches those pods anyway, so it needs no right of its own on anything.
"""

import re
import sys
import time
import urllib.request

KNOWN = re.compile(r"^agentops_gateway_pods_known 1(\.0)?$", re.MULTILINE)
PODS = re.compile(r'^agentops_gateway_pods\{agent="([^"]*)",namespace="([^"]*)"\} ([0-9.]+)$', re.MULTILINE)
FORCE = "To uninstall all the same: helm uninstall with --no-hooks. Calls of these pods are then refused, or go to the provider."


def page(url: str, tries: int) -> str:
    """Metrics of the operator that leads; empty when none answers. Of two, the one that stands by says nothing of pods."""
    for _ in range(tries):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                text: str = answer.read().decode()
        except OSError as problem:
            print(url, problem)
            text = ""
        if KNOWN.search(text):
            return text
        time.sleep(1)
    return ""


def verdict(text: str) -> str:
    """Why the release must stay; empty when it may go."""
    if not text:
        return f"The operator does not say which pods use the gateway. {FORCE}"
    users = [f"{namespace}/{agent} ({float(count):.0f})" for agent, namespace, count in PODS.findall(text)]
    if not users:
        return ""
    mend = "Take their aliases away (ProviderFallback), or delete the Agents, and restart the pods."
    return f"Pods of these Agents send their model calls through the gateway: {', '.join(sorted(users))}. {mend} {FORCE}"


if __name__ == "__main__":
    refusal = verdict(page(sys.argv[1], int(sys.argv[2])))
    print(refusal or "No pod sends its model calls through the gateway.")
    sys.exit(bool(refusal))
