from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.github.probe import SHOP, Probe, probing


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


def test_the_life_of_an_issue(probe: Probe) -> None:
    probe.github.collaborator(SHOP, "ann")
    made = probe.post("issues", {"title": "Dashboard", "body": "- [ ] now", "labels": ["bot"], "assignees": ["ann"]})
    assert (made["number"], made["user"]["login"], made["user"]["type"]) == (1, "freshline[bot]", "Bot")
    assert [one["login"] for one in made["assignees"]] == ["ann"]
    probe.patch("issues/1", {"body": "- [x] now", "title": "Board"})
    assert probe.get("issues/1")["body"] == "- [x] now"
    closed = probe.patch("issues/1", {"state": "closed", "state_reason": "not_planned"})
    assert (closed["state_reason"], closed["closed_by"]["login"]) == ("not_planned", "freshline[bot]")
    assert probe.get("issues") == []
    assert [one["number"] for one in probe.get("issues?state=all&labels=bot&creator=freshline[bot]")] == [1]
    probe.patch("issues/1", {"state": "open", "labels": ["other"], "assignees": []})
    assert [one["name"] for one in probe.get("issues/1/labels")] == ["other"]
    actions = [d.action for d in probe.github.deliveries if d.event == "issues"]
    assert actions == ["opened", "labeled", "assigned", "edited", "closed", "reopened", "unlabeled", "labeled"]
    probe.get("issues/9", status=404)


def test_lists_are_sorted_filtered_and_cut_into_pages(probe: Probe) -> None:
    for number in range(5):
        probe.github.clock.advance(60)
        probe.github.open_issue(SHOP, f"Issue {number}")
    probe.github.clock.advance(60)
    probe.github.edit(SHOP, 2, title="Moved")
    assert [one["number"] for one in probe.get("issues?sort=updated&per_page=2")] == [2, 5]
    assert [one["number"] for one in probe.get("issues?direction=asc&per_page=2&page=3")] == [5]
    assert [one["number"] for one in probe.get("issues?since=2026-03-02T09:05:30Z")] == [2]
    answer = probe.ask("GET", "issues?per_page=2&page=2")
    links = {name: one["url"] for name, one in answer.links.items()}
    root = f"{probe.github.api_url}/repos/{SHOP}/issues?per_page=2"
    assert links == {
        "prev": f"{root}&page=1",
        "next": f"{root}&page=3",
        "last": f"{root}&page=3",
        "first": f"{root}&page=1",
    }
    assert "link" not in probe.ask("GET", "issues").headers


def test_labels(probe: Probe) -> None:
    probe.github.open_issue(SHOP, "One")
    assert probe.post("labels", {"name": "deps", "color": "ff0000", "description": "updates"})["color"] == "ff0000"
    refused = probe.post("labels", {"name": "Deps", "color": "ff0000"}, status=422)
    assert refused["errors"] == [{"resource": "Label", "code": "already_exists", "field": "name"}]
    assert probe.patch("labels/deps", {"color": "00ff00"})["description"] == "updates"
    assert probe.get("labels/DEPS")["color"] == "00ff00"
    probe.get("labels/none", status=404)
    assert len(probe.get("labels")) == 1
    probe.post("issues/1/labels", {"labels": ["deps", "new one"]}, status=200)
    assert [one["name"] for one in probe.delete("issues/1/labels/new%20one", status=200)] == ["deps"]
    assert probe.delete("issues/1/labels/new%20one", status=404)["message"] == "Label does not exist"
    assert [one["name"] for one in probe.put("issues/1/labels", {"labels": ["a"]})] == ["a"]
    probe.post("issues/1/labels", ["b"], status=200)
    assert probe.github.repository(SHOP).issues[1].labels == ["a", "b"]


def test_a_body_without_labels_is_refused() -> None:
    with probing(violations=True) as probe:
        probe.github.open_issue(SHOP, "One")
        probe.post("issues/1/labels", {"labels": []}, status=422)
        assert "should be non-empty" in probe.github.violations[0] or "not valid" in probe.github.violations[0]


def test_comments_and_reactions(probe: Probe) -> None:
    probe.github.open_issue(SHOP, "One")
    theirs = probe.github.comment(SHOP, 1, "/freshline rebase", by="ann")
    made = probe.post("issues/1/comments", {"body": "Done."})
    assert (made["user"]["login"], made["performed_via_github_app"]["slug"]) == ("freshline[bot]", "freshline")
    assert [one["body"] for one in probe.get("issues/1/comments")] == ["/freshline rebase", "Done."]
    assert probe.patch(f"issues/comments/{made['id']}", {"body": "Done!"})["body"] == "Done!"
    first = probe.post(f"issues/comments/{theirs.id}/reactions", {"content": "+1"})
    again = probe.post(f"issues/comments/{theirs.id}/reactions", {"content": "+1"}, status=200)
    assert first["id"] == again["id"]
    assert len(probe.get(f"issues/comments/{theirs.id}/reactions")) == 1
    assert probe.get(f"issues/comments/{theirs.id}")["reactions"]["+1"] == 1
    probe.post("issues/1/reactions", {"content": "eyes"})
    probe.delete(f"issues/comments/{made['id']}")
    probe.get(f"issues/comments/{made['id']}", status=404)
    told = [
        (d.action, d.payload["comment"]["user"]["login"]) for d in probe.github.deliveries if d.event == "issue_comment"
    ]
    bot = "freshline[bot]"
    assert told == [("created", "ann"), ("created", bot), ("edited", bot), ("deleted", bot)]


def test_what_is_too_long_is_refused(probe: Probe) -> None:
    probe.github.open_issue(SHOP, "One")
    for path, body in (("issues", {"title": "x" * 257}), ("issues/1/comments", {"body": "x" * 65537})):
        assert "is too long" in probe.post(path, body, status=422)["errors"][0]["message"]
    assert probe.post("issues", {"title": " "}, status=422)["message"] == "Validation Failed"


def test_a_locked_issue_takes_no_comment_and_disabled_issues_are_gone(probe: Probe) -> None:
    probe.github.open_issue(SHOP, "One").locked = True
    assert "is locked" in probe.post("issues/1/comments", {"body": "x"}, status=403)["message"]
    probe.github.repository(SHOP).has_issues = False
    assert probe.post("issues", {"title": "x"}, status=410)["message"] == "Issues has been disabled in this repository."


def test_an_archived_repository_is_read_only(probe: Probe) -> None:
    probe.github.open_issue(SHOP, "One")
    probe.github.archive(SHOP)
    head = probe.github.head(SHOP)
    for path, body in (
        ("issues", {"title": "x"}),
        ("issues/1/comments", {"body": "x"}),
        ("git/refs", {"ref": "refs/heads/x", "sha": head}),
        ("git/blobs", {"content": "x"}),
    ):
        assert probe.post(path, body, status=403)["message"] == "Repository was archived so is read-only."
    assert [d.action for d in probe.github.deliveries if d.event == "repository"] == ["archived"]
