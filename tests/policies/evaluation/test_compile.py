"""CronJobs of evaluations, golden: run with `UPDATE_GOLDEN=1` to accept what compile says now."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentops_operator.kube.children import stamp
from agentops_operator.policies.evaluation.compile import Evaluation, compile_evaluation, cron_job_name
from agentops_operator.policies.evaluation.contract import CONFIG_VARIABLE, RunConfig
from tests.policies.evaluation.builders import evaluation

CASES = Path(__file__).parent / "cases"
TRACES = {
    "target": {"traces": {"lookbackMinutes": 120}},
    "dataset": None,
    "evaluators": [{"name": "safe", "type": "NoSecrets"}],
    "timeoutSeconds": 3600,
}
WANTED: dict[str, Evaluation] = {
    "service with a golden set": evaluation(),
    "recorded traces need no set": evaluation(TRACES),
    "platform policy runs in the Agent's namespace": evaluation(policy_namespace="agentops-system", policy_name="platform"),
}


def pod_of(cron_job: dict[str, Any]) -> dict[str, Any]:
    """The pod that the CronJob makes."""
    spec: dict[str, Any] = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("case", WANTED)
def test_cron_job_is_the_golden_one(case: str) -> None:
    """The same policy gives the CronJob that was reviewed."""
    made = compile_evaluation(WANTED[case])
    got = yaml.safe_dump(stamp(made, WANTED[case].namespace, None), sort_keys=False, width=160)
    golden = CASES / f"{case}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(got)
    assert got == golden.read_text()


def test_settings_survive_the_kubelet() -> None:
    """The kubelet turns `$$` into `$`; after that the runner reads the very expression that the policy declares."""
    regex = "^\\$(PATH) costs $[0-9]+$$"
    cron_job = compile_evaluation(evaluation({"evaluators": [{"name": "price", "type": "Regex", "value": regex}]}))
    (variable,) = pod_of(cron_job)["containers"][0]["env"]
    assert variable["name"] == CONFIG_VARIABLE
    config = RunConfig.model_validate_json(variable["value"].replace("$$", "$"))
    assert [rule.value for rule in config.evaluators] == [regex]


def test_pod_carries_no_label_that_leads_to_the_agent() -> None:
    """A pod with the Agent's labels would be injected and judged as if it were the agent."""
    labels = compile_evaluation(evaluation())["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert "billing" not in json.dumps(labels)


def test_names_fit_and_stay_apart() -> None:
    """A CronJob's name has at most 52 characters, and no two pairs of Agent and policy share one."""
    pairs = [("a", "b-c"), ("a-b", "c"), ("x" * 63, "y" * 63), ("x" * 63, "y" * 62)]
    names = [cron_job_name(evaluation(agent=agent, policy_name=policy)) for agent, policy in pairs]
    names.append(cron_job_name(evaluation(agent="a", policy_name="b-c", policy_namespace="agentops-system")))
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 52


def test_runner_stops_before_its_job_is_ended() -> None:
    """A Job that is ended at its deadline loses its pod, and with it the verdict."""
    for timeout in (10, 60, 600, 86400):
        cron_job = compile_evaluation(evaluation({"timeoutSeconds": timeout}))
        config = json.loads(pod_of(cron_job)["containers"][0]["env"][0]["value"])
        assert 0 < config["deadlineSeconds"] < cron_job["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] == timeout
