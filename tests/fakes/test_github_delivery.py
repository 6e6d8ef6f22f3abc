from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.github.probe import SHOP, Probe, probing


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


def test_check_runs_and_suites(probe: Probe) -> None:
    head = str(probe.github.head(SHOP))
    run = probe.github.check(SHOP, head, "build", None)
    probe.github.check(SHOP, head, "lint")
    found = probe.get("commits/main/check-runs")
    assert [(one["name"], one["status"], one["conclusion"]) for one in found["check_runs"]] == [
        ("lint", "completed", "success"),
        ("build", "in_progress", None),
    ]
    assert probe.get("commits/main/check-suites")["check_suites"][0]["status"] == "in_progress"
    probe.github.finish_check(SHOP, run, "failure")
    suite = probe.get("commits/main/check-suites")["check_suites"][0]
    assert (suite["status"], suite["conclusion"], suite["latest_check_runs_count"]) == ("completed", "failure", 2)
    assert probe.get(f"check-suites/{suite['id']}/check-runs")["total_count"] == 2
    assert probe.get(f"check-suites/{suite['id']}")["head_sha"] == head
    probe.github.check(SHOP, head, "build")
    names = "commits/main/check-runs?check_name=build&status=completed"
    assert [one["conclusion"] for one in probe.get(names)["check_runs"]] == ["success"]
    assert probe.get(f"{names}&filter=all")["total_count"] == 2
    assert probe.get(f"check-runs/{run.id}")["conclusion"] == "failure"
    for path in ("check-runs/99", "check-suites/99"):
        probe.get(path, status=404)
    told = [(d.event, d.action) for d in probe.github.deliveries if d.event.startswith("check")]
    assert told[:3] == [("check_suite", "requested"), ("check_run", "created"), ("check_run", "created")]
    assert told.count(("check_suite", "completed")) == 2


def test_an_app_with_the_permission_writes_its_own_checks(probe: Probe) -> None:
    head = str(probe.github.head(SHOP))
    body = {"name": "freshline", "head_sha": head, "status": "in_progress"}
    probe.post("check-runs", body, status=403)
    probe.github.permit(probe.installation, {"checks": "write", "statuses": "write", "contents": "read"})
    probe.token = probe.github.installation_token(probe.installation)
    made = probe.post("check-runs", body)
    assert made["app"]["slug"] == "freshline"
    output = {"title": "T", "summary": "S"}
    done = probe.patch(f"check-runs/{made['id']}", {"status": "completed", "conclusion": "neutral", "output": output})
    assert (done["conclusion"], done["output"]["summary"]) == ("neutral", "S")
    probe.patch(f"check-runs/{made['id']}", {"status": "queued"})
    assert probe.get(f"check-runs/{made['id']}")["conclusion"] is None
    assert probe.post("check-runs", {"name": "x", "head_sha": "1" * 40}, status=422)["message"].startswith(
        "No commit found"
    )
    status = probe.post(f"statuses/{head}", {"state": "success", "context": "freshline", "description": "ok"})
    assert status["creator"]["login"] == "freshline[bot]"
    probe.post(f"statuses/{'1' * 40}", {"state": "success"}, status=422)


def test_statuses_combine(probe: Probe) -> None:
    head = str(probe.github.head(SHOP))
    assert probe.get("commits/main/status")["state"] == "pending"
    probe.github.status(SHOP, head, "a", "pending")
    probe.github.status(SHOP, head, "a", "success")
    assert probe.get("commits/main/status")["state"] == "success"
    probe.github.status(SHOP, head, "b", "error")
    told = probe.get("commits/main/status")
    assert (told["state"], told["total_count"]) == ("failure", 2)
    assert [one["state"] for one in probe.get("commits/main/statuses")] == ["error", "success", "pending"]


def test_deployments_follow_each_other(probe: Probe) -> None:
    first = probe.github.deploy(SHOP, "gamma", task="deploy:api", payload={"service": "api"})
    probe.github.deployment_status(SHOP, first, "in_progress")
    probe.github.deployment_status(SHOP, first, "success")
    second = probe.github.deploy(SHOP, "gamma")
    production = probe.github.deploy(SHOP, "production")
    probe.github.deployment_status(SHOP, production, "success")
    probe.github.deployment_status(SHOP, second, "success", description="done")
    assert [one["environment"] for one in probe.get("deployments")] == ["production", "gamma", "gamma"]
    assert [one["id"] for one in probe.get("deployments?environment=gamma&task=deploy:api")] == [first.id]
    assert probe.get(f"deployments/{first.id}")["payload"] == {"service": "api"}
    states = [one["state"] for one in probe.get(f"deployments/{first.id}/statuses")]
    assert states == ["inactive", "success", "in_progress"]
    assert probe.get(f"deployments?sha={probe.github.head(SHOP)}&ref=main")[0]["production_environment"] is True
    assert [one["name"] for one in probe.get("environments")["environments"]] == ["gamma", "production"]
    probe.get("deployments/99", status=404)
    told = probe.github.told("deployment_status")
    assert [one["deployment_status"]["state"] for one in told] == [
        "in_progress",
        "success",
        "success",
        "success",
        "inactive",
    ]


def test_an_app_with_the_permission_deploys(probe: Probe) -> None:
    probe.github.permit(probe.installation, {"deployments": "write"})
    probe.token = probe.github.installation_token(probe.installation)
    made = probe.post("deployments", {"ref": "main", "environment": "one", "required_contexts": []})
    probe.post(f"deployments/{made['id']}/statuses", {"state": "failure", "log_url": "https://ci.example/1"})
    assert probe.get(f"deployments/{made['id']}/statuses")[0]["log_url"] == "https://ci.example/1"
    probe.post("deployments", {"ref": "none"}, status=422)


def test_branches_and_their_protection(probe: Probe) -> None:
    probe.github.push(SHOP, "feature/x", {"a": "1"})
    probe.github.protect(SHOP, checks=["build"], strict=True, reviews=2)
    assert [(one["name"], one["protected"]) for one in probe.get("branches")] == [("feature/x", False), ("main", True)]
    assert [one["name"] for one in probe.get("branches?protected=true")] == ["main"]
    assert probe.get("branches/feature/x")["commit"]["sha"] == probe.github.head(SHOP, "feature/x")
    assert probe.get("branches/none", status=404)["message"] == "Branch not found"
    told = probe.get("branches/main/protection")
    assert (told["required_status_checks"]["strict"], told["required_status_checks"]["contexts"]) == (True, ["build"])
    assert told["required_pull_request_reviews"]["required_approving_review_count"] == 2
    assert probe.get("branches/main/protection/required_status_checks")["contexts"] == ["build"]
    assert probe.get("branches/feature/x/protection", status=404)["message"] == "Branch not protected"
    probe.get("branches/feature/x/protection/required_status_checks", status=404)
    probe.get("rulesets/99", status=404)
    probe.delete("git/refs/heads/main", status=422)
    probe.github.permit(probe.installation, {"contents": "read"})
    probe.get("branches/main/protection", status=403)
