"""From an EvalPolicy to a verdict in the status, through the whole runtime."""

import json
from typing import Any

from tests.policies.evaluation.builders import SPEC
from tests.runtime.bodies import agent_body, body
from tests.runtime.world import World

PASS = {"version": 1, "verdict": "Pass", "reason": "all", "cases": 2, "passed": 2, "failed": 0, "errors": 0}


def policy(**spec: Any) -> dict[str, Any]:
    """An EvalPolicy that binds every Agent of its namespace."""
    return body("EvalPolicy", "nightly", spec={**SPEC, **spec})


def cron_job(world: World) -> dict[str, Any]:
    """The CronJob that the operator applied."""
    (found,) = (obj for ref, obj in world.cluster.objects.items() if ref.kind == "CronJob")
    return found


def runs(world: World) -> list[str]:
    """Names of all EvalRuns."""
    return sorted(ref.name for ref in world.cluster.objects if ref.kind == "EvalRun")


async def started(world: World, **spec: Any) -> None:
    """An Agent with an evaluation that stands in the cluster."""
    world.show(agent_body(), policy(**spec))
    await world.run(3)
    cron_job(world)["metadata"]["creationTimestamp"] = "2026-11-23T09:00:00Z"
    world.echo()
    await world.run(3)


async def finish(world: World, message: str, number: int = 1, **changes: Any) -> None:
    """A Job of the CronJob ends, with this termination message in its pod."""
    parent = cron_job(world)
    name = f"{parent['metadata']['name']}-{number}"
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"job-{number}",
            "labels": parent["metadata"]["labels"],
            "ownerReferences": [
                {"kind": "CronJob", "name": parent["metadata"]["name"], "uid": parent["metadata"]["uid"], "controller": True}
            ],
            **changes,
        },
        "status": {"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": f"2026-11-23T10:0{number}:00Z"}]},
    }
    for ref in [ref for ref in world.cluster.objects if ref.kind == "Pod"]:
        del world.cluster.objects[ref]
    status = {"containerStatuses": [{"name": "evals", "state": {"terminated": {"exitCode": 0, "message": message}}}]}
    world.cluster.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "status": status})
    world.show(job)
    await world.run(3)


async def test_policy_becomes_a_cron_job_of_the_agent(world: World) -> None:
    """It is owned by the Agent, and says nothing about success before its first run."""
    await started(world)
    assert cron_job(world)["metadata"]["ownerReferences"][0]["kind"] == "Agent"
    assert world.condition("EvalPolicy", "nightly", "Programmed") == ("True", "Programmed")
    assert world.condition("EvalPolicy", "nightly", "Enforced") == ("Unknown", "AwaitingFirstObservation")


async def test_finished_job_is_recorded_once_and_told(world: World) -> None:
    """The verdict stands in an EvalRun and in the policy's status; a relist writes nothing more."""
    await started(world)
    await finish(world, json.dumps(PASS))
    (name,) = runs(world)
    assert world.condition("EvalPolicy", "nightly", "Enforced") == ("True", "Enforced")
    status = world.status("EvalPolicy", "nightly")
    assert (status["lastRun"], status["lastVerdict"]) == (name, "Pass")
    before = world.cluster.writes
    world.echo()
    await world.run(3)
    assert world.cluster.writes == before


async def test_job_without_a_message_is_no_pass(world: World) -> None:
    """A Job that completed and left nothing is a record of a run that did not happen."""
    await started(world)
    await finish(world, "")
    assert world.condition("EvalPolicy", "nightly", "Enforced") == ("False", "VerdictInconclusive")
    assert world.condition("Agent", "billing", "Enforced")[0] != "True"


async def test_job_of_somebody_else_is_not_recorded(world: World) -> None:
    """Our labels on a Job that our CronJob did not make prove nothing."""
    await started(world)
    owner = [{"kind": "CronJob", "name": cron_job(world)["metadata"]["name"], "uid": "forged", "controller": True}]
    await finish(world, json.dumps(PASS), ownerReferences=owner)
    await finish(world, json.dumps(PASS), ownerReferences=[])
    labels = {**cron_job(world)["metadata"]["labels"], "agentops.dev/policy": "other"}
    await finish(world, json.dumps(PASS), labels=labels)
    assert runs(world) == []


async def test_old_runs_go_and_stay_gone(world: World) -> None:
    """Only keepRuns records stay, and a restart does not bring the others back."""
    await started(world, keepRuns=2)
    for number in (1, 2, 3):
        await finish(world, json.dumps(PASS), number)
    kept = runs(world)
    assert len(kept) == 2
    assert not any("-1-" in name.removeprefix(cron_job(world)["metadata"]["name"]) for name in kept)
    second = await world.restart()
    await second.run(3)
    assert runs(second) == kept
    assert second.cluster.calls["apply EvalRun"] == 0
    await second.stop()


async def test_absence_of_a_run_is_noticed_without_any_event(world: World) -> None:
    """The schedule passes, no Job ever starts, no watch says a word; the status turns all the same."""
    await started(world, schedule="30 10 * * *", timeoutSeconds=60)
    assert world.condition("EvalPolicy", "nightly", "Enforced")[0] == "Unknown"
    await world.clock.advance(40 * 60)
    await world.run(3)
    assert world.condition("EvalPolicy", "nightly", "Enforced") == ("False", "DidNotRun")


async def test_policy_that_goes_takes_its_cron_job_and_leaves_the_history(world: World) -> None:
    """Records outlive the policy, as an audit needs them."""
    await started(world)
    await finish(world, json.dumps(PASS))
    world.remove(policy())
    await world.run(3)
    assert [ref for ref in world.cluster.objects if ref.kind == "CronJob"] == []
    assert len(runs(world)) == 1
