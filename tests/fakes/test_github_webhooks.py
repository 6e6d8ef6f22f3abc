from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.fakes.github import specs
from tests.fakes.github.probe import SHOP, Probe, probing
from tests.fakes.github.webhooks import sign


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


class Receiver(HTTPServer):
    """What a bot's server is to the fake."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 202

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/webhooks/github"

    def events(self) -> list[str]:
        return [headers["x-github-event"] for headers, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        server: Any = self.server
        server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@contextmanager
def receiving(probe: Probe) -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        probe.github.webhook_url = server.url
        probe.github.webhook_secret = "hush"
        yield server
        server.shutdown()
        thread.join()


def test_deliveries_are_signed_and_sent(probe: Probe) -> None:
    with receiving(probe) as server:
        probe.github.open_issue(SHOP, "One")
        probe.github.webhooks.drain()
        headers, body = server.got[0]
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == sign("hush", body)
    assert (headers["x-github-event"], headers["content-type"]) == ("issues", "application/json")
    delivery = probe.github.deliveries[-1]
    assert headers["x-github-delivery"] == delivery.guid
    assert json.loads(body)["installation"]["id"] == probe.installation.id
    assert (delivery.status_code, delivery.status) == (202, "OK")


def test_failed_deliveries_are_listed_and_sent_again_with_the_same_guid(probe: Probe) -> None:
    with receiving(probe) as server:
        server.status = 500
        probe.github.open_issue(SHOP, "One")
        probe.github.webhooks.drain()
        server.status = 200
        failed = probe.app("GET", "/app/hook/deliveries?status=failure").json()
        assert [(one["event"], one["status_code"], one["redelivery"]) for one in failed] == [("issues", 500, False)]
        whole = probe.app("GET", f"/app/hook/deliveries/{failed[0]['id']}").json()
        assert whole["request"]["payload"]["issue"]["title"] == "One"
        assert probe.app("POST", f"/app/hook/deliveries/{failed[0]['id']}/attempts").status_code == 202
        probe.github.webhooks.drain()
    assert server.got[0][0]["x-github-delivery"] == server.got[1][0]["x-github-delivery"]
    assert probe.app("GET", "/app/hook/deliveries").json()[0]["redelivery"] is True
    assert probe.app("GET", "/app/hook/deliveries/99").status_code == 404
    assert probe.app("GET", "/app/hook/config").json()["url"] == server.url


def test_the_list_goes_on_at_a_cursor(probe: Probe) -> None:
    for number in range(5):
        probe.github.open_issue(SHOP, str(number))
    first = probe.app("GET", "/app/hook/deliveries?per_page=4")
    rest = probe.app("GET", first.links["next"]["url"])
    ids = [one["id"] for one in [*first.json(), *rest.json()]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 6


def test_deliveries_are_forgotten_after_three_days(probe: Probe) -> None:
    probe.github.open_issue(SHOP, "One")
    old, new = probe.github.deliveries[-2:]
    old.at -= timedelta(days=3, seconds=1)
    assert [one["id"] for one in probe.app("GET", "/app/hook/deliveries").json()] == [new.id]
    assert probe.app("POST", f"/app/hook/deliveries/{old.id}/attempts").status_code == 404
    assert probe.app("POST", f"/app/hook/deliveries/{new.id}/attempts").status_code == 202


def test_a_receiver_that_is_not_there_is_a_failure(probe: Probe) -> None:
    with Receiver() as server:
        probe.github.webhook_url = server.url
    probe.github.open_issue(SHOP, "One")
    probe.github.webhooks.drain()
    assert probe.github.deliveries[-1].status_code == 502


def test_lost_vanished_and_repeated(probe: Probe) -> None:
    with receiving(probe) as server:
        probe.github.webhooks.lose("issues")
        probe.github.open_issue(SHOP, "lost")
        probe.github.webhooks.vanish("issues")
        probe.github.open_issue(SHOP, "vanished")
        probe.github.webhooks.repeat()
        probe.github.open_issue(SHOP, "twice")
        probe.github.webhooks.drain()
    titles = [json.loads(body)["issue"]["title"] for _, body in server.got]
    assert titles == ["twice", "twice"]
    assert [d.status_code for d in probe.github.deliveries[-3:]] == [502, 200, 202]


def test_held_deliveries_come_in_another_order(probe: Probe) -> None:
    with receiving(probe) as server:
        for order in ("as sent", "reversed", "shuffled"):
            probe.github.webhooks.hold()
            for number in range(5):
                probe.github.open_issue(SHOP, str(number))
            probe.github.webhooks.release(order, seed=1)
            probe.github.webhooks.drain()
    titles = [json.loads(body)["issue"]["title"] for _, body in server.got]
    assert titles[:10] == [*"01234", *"43210"]
    assert sorted(titles[10:]) == [*"01234"]
    assert titles[10:] != [*"01234"]


def test_only_what_was_asked_for_is_sent(probe: Probe) -> None:
    quiet = probe.github.create_app("quiet", wanted=["push"])
    probe.github.install("acme", app=quiet)
    probe.github.open_issue(SHOP, "One")
    probe.github.push(SHOP, "main", {"x": "1"})
    probe.github.create_repository("other/x", {"a": "1"})
    told = [(d.app_id, d.event) for d in probe.github.deliveries if d.event != "installation"]
    assert told == [(1, "issues"), (1, "push"), (quiet.id, "push")]


def test_a_push_tells_its_commits(probe: Probe) -> None:
    probe.github.push(SHOP, "side", {"a": "1", "README.md": "2", "src/shop.py": None}, message="feat: x", author="ann")
    told = probe.github.told("push")[-1]
    assert (told["ref"], told["created"], told["forced"], told["pusher"]["name"]) == (
        "refs/heads/side",
        True,
        False,
        "ann",
    )
    commit = told["commits"][0]
    assert (commit["added"], commit["modified"], commit["removed"]) == (["a"], ["README.md"], ["src/shop.py"])
    probe.github.rewrite(SHOP, "side", {"b": "1"})
    assert probe.github.told("push")[-1]["forced"] is True
    probe.github.delete_branch(SHOP, "side")
    assert probe.github.told("push")[-1]["after"] == "0" * 40
    assert [d.event for d in probe.github.deliveries][-2:] == ["push", "delete"]


def everything(probe: Probe) -> None:
    """Make every event happen that the App asks for."""
    github = probe.github
    github.collaborator(SHOP, "ann")
    head = probe.pull()["head"]["sha"]
    github.label(SHOP, 1, "deps")
    github.edit(SHOP, 1, title="New")
    github.comment(SHOP, 1, "hello", by="ann")
    github.review(SHOP, 1, by="ann")
    run = github.check(SHOP, head, "build", None)
    github.finish_check(SHOP, run)
    github.status(SHOP, head, "lint", "success")
    github.push(SHOP, "freshline/pypi/django", {"more": "1"}, author="ann")
    github.close_pull(SHOP, 1)
    github.reopen_pull(SHOP, 1)
    github.merge_pull(SHOP, 1)
    deployment = github.deploy(SHOP, "prod")
    github.deployment_status(SHOP, deployment, "success")
    github.release(SHOP, "v1", body="notes")
    github.open_issue(SHOP, "One")
    github.edit(SHOP, 2, body="x")
    github.edit(SHOP, 2, state="closed")
    github.edit(SHOP, 2, state="open")
    github.delete_branch(SHOP, "freshline/pypi/django")
    github.archive(SHOP, archived=False)
    github.select(probe.installation, remove=[SHOP], add=[])
    github.select(probe.installation, add=[SHOP])
    github.rename_branch(SHOP, "main", "trunk")
    github.rename_repository(SHOP, "store")
    github.suspend(probe.installation)
    github.unsuspend(probe.installation)
    github.uninstall(probe.installation)


def _is_list_of_events(path: str) -> bool:
    """The description's lists of an App's events are behind what Apps can subscribe to (``merge_group``)."""
    return "performed_via_github_app.events[" in path


def test_every_payload_is_what_github_describes(probe: Probe) -> None:
    everything(probe)
    whole = specs.openapi()
    registry: Registry[Any] = Registry().with_resource("urn:github", DRAFT4.create_resource(whole))
    wrong = []
    for delivery in probe.github.deliveries:
        name = delivery.event.replace("_", "-") + (f"-{delivery.action.replace('_', '-')}" if delivery.action else "")
        hook = whole["x-webhooks"].get(name) or whole["x-webhooks"][delivery.event.replace("_", "-")]
        schema = hook["post"]["requestBody"]["content"]["application/json"]["schema"]
        validator = OAS30Validator({"$ref": f"urn:github{schema['$ref']}"}, registry=registry)
        found = [error for error in validator.iter_errors(delivery.payload) if not _is_list_of_events(error.json_path)]
        wrong += [f"{name} {error.json_path}: {error.message[:150]}" for error in found]
    assert not wrong, "\n".join(sorted(set(wrong)))
    assert len({d.event for d in probe.github.deliveries}) >= 15


def test_every_event_has_what_the_examples_have(probe: Probe) -> None:
    everything(probe)
    examples = {one["name"]: one["examples"] for one in specs.webhook_examples()}
    lacking = set()
    for delivery in probe.github.deliveries:
        known = [set(one) for one in examples[delivery.event] if one.get("action") == delivery.action]
        always = set.intersection(*known) if known else set()
        # The examples come from organisations of every kind; "enterprise" is none of ours.
        lacking |= {f"{delivery.event}.{key}" for key in always - delivery.payload.keys() - {"enterprise"}}
    assert lacking == set()
