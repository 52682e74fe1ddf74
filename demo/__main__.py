"""`make demo`: the whole story on a real cluster. Ends with 1 and the name of the step when something does not hold."""

import contextlib
import sys
import traceback
from collections.abc import Callable, Sequence

from demo.images import DEMO_IMAGES, build_and_load, collect_prometheus
from demo.install import install
from demo.report import NotTrueError, Report
from demo.steps import STEPS
from demo.story import Step, Story
from demo.world import World
from devcluster.errors import DevclusterError

SET_UP = "Set-up: cluster, images, Helm chart"


def set_up() -> World:
    """Cluster, product, and the images of what stands around it."""
    cluster = install()
    collect_prometheus()
    build_and_load(cluster, DEMO_IMAGES)
    return World(cluster)


def tell(report: Report, set_up: Callable[[], World] = set_up, steps: Sequence[Step] = STEPS) -> int:
    """Tells the story; the exit code."""
    title, story = SET_UP, None
    try:
        with report.step(title):
            story = Story(set_up(), report)
            report.proved("the product is installed from its chart")
        for step in steps:
            title = step.title
            with report.step(title):
                step.run(story)
    except (NotTrueError, DevclusterError, OSError) as error:
        return _failed(title, str(error) or type(error).__name__, story)
    except Exception:  # noqa: BLE001  (whatever happened, the reader learns in which step)
        return _failed(title, traceback.format_exc(), story)
    report.summary()
    return 0


def _failed(title: str, error: str, story: Story | None) -> int:
    print(f"\nFAILED in step `{title}`:\n{error}", flush=True)
    with contextlib.suppress(DevclusterError, OSError, LookupError):
        if story is not None and story.relay_was_replaced():
            print("The relay's pod was replaced meanwhile: with an emptyDir, traces and counters from before are gone.")
    print("\nEverything is left as it is, to look at; `make demo-down` removes it.", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(tell(Report(len(STEPS) + 1)))
