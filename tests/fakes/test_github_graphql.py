from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.fakes.github.probe import FILES, SHOP, Probe, probing
from tests.fakes.github.records import Json

ZERO = "0" * 40


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


def in_shop(probe: Probe, fields: str) -> Json:
    told = probe.graphql(f'{{repository(owner:"acme",name:"shop"){{{fields}}}}}')
    assert "errors" not in told, told
    found: Json = told["data"]["repository"]
    return found


def test_heads_of_a_hundred_repositories_cost_one_point(probe: Probe) -> None:
    for number in range(99):
        probe.github.create_repository(f"acme/r{number}", FILES)
    names = ["shop", *(f"r{number}" for number in range(99))]
    fields = (
        'nameWithOwner defaultBranchRef{name target{oid}} object(expression:"HEAD:README.md"){...on Blob{oid text}}'
    )
    asked = " ".join(f'r{i}: repository(owner:"acme",name:"{name}"){{{fields}}}' for i, name in enumerate(names))
    told = probe.graphql(f"{{{asked} rateLimit{{cost remaining limit}}}}")["data"]
    assert told.pop("rateLimit") == {"cost": 1, "remaining": 4999, "limit": 5000}
    assert len(told) == 100
    assert told["r0"]["defaultBranchRef"] == {"name": "main", "target": {"oid": probe.github.head(SHOP)}}
    assert {one["object"]["text"] for one in told.values()} == {FILES["README.md"]}


def test_blobs_are_cut_binary_or_missing(probe: Probe) -> None:
    probe.github.push(SHOP, "main", {"big": "é" * 300_000, "bin": b"\0\1"})
    fields = "{...on Blob{text isBinary isTruncated byteSize}}"
    wanted = (("a", "big"), ("b", "bin"), ("c", "no"))
    found = in_shop(
        probe,
        " ".join(f'{alias}:object(expression:"main:{path}"){fields}' for alias, path in wanted),
    )
    assert (len(found["a"].pop("text").encode()), found["a"]) == (
        512_000,
        {"isBinary": False, "isTruncated": True, "byteSize": 600_000},
    )
    assert found["b"] == {"text": None, "isBinary": True, "isTruncated": False, "byteSize": 2}
    assert found["c"] is None


def test_trees_commits_and_refs(probe: Probe) -> None:
    probe.github.clock.advance(60)
    probe.github.push(SHOP, "main", {"src/more.py": "1\n"}, message="feat: more\n\nBody.")
    probe.github.tag(SHOP, "v1")
    commit = """... on Commit {oid messageHeadline messageBody committedDate author{name user{login}}
        parents(first:1){totalCount}
        tree{entries{name mode type object{...on Tree{entries{name}}}}} file(path:"src/more.py"){name size}
        history(first:1){totalCount nodes{oid} pageInfo{hasNextPage endCursor}} signature{isValid}
        byPath: history(first:5,path:"README.md",since:"2026-01-01T00:00:00Z"){totalCount}}"""
    found = in_shop(
        probe, f'object(expression:"main"){{{commit}}} refs(refPrefix:"refs/",first:10){{nodes{{prefix name}}}}'
    )
    told = found["object"]
    assert (told["messageHeadline"], told["messageBody"], told["committedDate"]) == (
        "feat: more",
        "Body.",
        "2026-03-02T09:01:00Z",
    )
    assert told["tree"]["entries"][2] == {
        "name": "src",
        "mode": 0o40000,
        "type": "tree",
        "object": {"entries": [{"name": "more.py"}, {"name": "shop.py"}]},
    }
    assert told["file"] == {"name": "more.py", "size": 2}
    assert (told["history"]["totalCount"], told["byPath"]["totalCount"], told["signature"]) == (2, 1, None)
    assert [one["prefix"] + one["name"] for one in found["refs"]["nodes"]] == ["refs/heads/main", "refs/tags/v1"]
    assert (
        in_shop(probe, 'ref(qualifiedName:"main"){id name} gone:ref(qualifiedName:"refs/heads/gone"){id}')["gone"]
        is None
    )


def test_lists_go_forwards_and_backwards(probe: Probe) -> None:
    for number in range(5):
        probe.github.open_issue(SHOP, f"{number}")
    page = "{nodes{number} edges{cursor} pageInfo{hasNextPage hasPreviousPage startCursor endCursor}}"
    first = in_shop(probe, f"issues(first:2){page}")["issues"]
    after = in_shop(probe, f'issues(first:2,after:"{first["pageInfo"]["endCursor"]}"){page}')["issues"]
    last = in_shop(probe, f"issues(last:2,states:OPEN){page}")["issues"]
    before = in_shop(probe, f'issues(last:2,before:"{last["pageInfo"]["startCursor"]}"){page}')["issues"]
    numbers = [[one["number"] for one in found["nodes"]] for found in (first, after, last, before)]
    assert numbers == [[1, 2], [3, 4], [4, 5], [2, 3]]
    assert (first["pageInfo"]["hasPreviousPage"], after["pageInfo"]["hasNextPage"]) == (False, True)
    for wrong, message in (
        ("", "`first` or `last`"),
        ("(first:101)", "exceeds"),
        ('(first:1,after:"?")', "valid cursor"),
    ):
        told = probe.graphql(f'{{repository(owner:"acme",name:"shop"){{issues{wrong}{{totalCount}}}}}}')
        assert message in told["errors"][0]["message"]


def test_a_pull_request_with_everything_the_bot_asks(probe: Probe) -> None:
    made = probe.pull()
    head = made["head"]["sha"]
    probe.github.collaborator(SHOP, "ann")
    probe.github.protect(SHOP, checks=["build"], reviews=1)
    probe.github.review(SHOP, 1, by="ann")
    probe.github.check(SHOP, head, "build")
    probe.github.status(SHOP, head, "lint", "failure")
    probe.github.comment(SHOP, 1, "hello", by="ann")
    probe.github.label(SHOP, 1, "deps")
    fields = """id number state isDraft merged mergeable mergeStateStatus reviewDecision headRefName headRefOid
        baseRefName
        isCrossRepository headRef{name target{oid}} author{__typename login} changedFiles additions deletions
        labels(first:5){nodes{name}} comments(last:5){nodes{id body isMinimized author{login}}}
        reviews(first:5,states:APPROVED){nodes{state author{login}}} latestReviews(first:5){totalCount}
        files(first:5){nodes{path changeType}} reviewRequests(first:5){totalCount}
        commits(last:1){nodes{commit{oid statusCheckRollup{state contexts(first:10){nodes{__typename
          ...on CheckRun{name status conclusion isRequired(pullRequestNumber:1)} ...on StatusContext{context state}}}}
          status{state contexts{context}}
          checkSuites(first:5){nodes{app{slug} conclusion checkRuns(first:5){totalCount}}}}}}"""
    found = in_shop(
        probe, f'pullRequests(first:10,states:[OPEN],headRefName:"{made["head"]["ref"]}"){{nodes{{{fields}}}}}'
    )
    told = found["pullRequests"]["nodes"][0]
    assert (told["state"], told["mergeable"], told["reviewDecision"], told["headRefOid"]) == (
        "OPEN",
        "UNKNOWN",
        "APPROVED",
        head,
    )
    assert told["author"] == {"__typename": "Bot", "login": "freshline"}
    commit = told["commits"]["nodes"][0]["commit"]
    assert commit["statusCheckRollup"]["state"] == "FAILURE"
    assert commit["statusCheckRollup"]["contexts"]["nodes"] == [
        {"__typename": "CheckRun", "name": "build", "status": "COMPLETED", "conclusion": "SUCCESS", "isRequired": True},
        {"__typename": "StatusContext", "context": "lint", "state": "FAILURE"},
    ]
    assert commit["checkSuites"]["nodes"] == [
        {"app": {"slug": "ci"}, "conclusion": "SUCCESS", "checkRuns": {"totalCount": 1}}
    ]
    again = in_shop(probe, "pullRequest(number:1){mergeable mergeStateStatus}")["pullRequest"]
    assert again == {"mergeable": "MERGEABLE", "mergeStateStatus": "UNSTABLE"}


def test_nodes_by_their_ids(probe: Probe) -> None:
    probe.pull()
    said = probe.github.comment(SHOP, 1, "x")
    issue = probe.github.open_issue(SHOP, "x")
    ids = in_shop(
        probe,
        """id owner{id} ref(qualifiedName:"main"){id} issue(number:2){id}
        pullRequest(number:1){id comments(first:1){nodes{id}}}""",
    )
    wanted = [ids["id"], ids["owner"]["id"], ids["ref"]["id"], ids["pullRequest"]["id"], ids["issue"]["id"]]
    wanted += [ids["pullRequest"]["comments"]["nodes"][0]["id"], probe.get("git/ref/heads/main")["node_id"], "nonsense"]
    told = probe.graphql("query($ids:[ID!]!){nodes(ids:$ids){__typename id}}", ids=wanted)["data"]["nodes"]
    kinds = [one and one["__typename"] for one in told]
    assert kinds == ["Repository", "Organization", "Ref", "PullRequest", "Issue", "IssueComment", "Ref", None]
    assert (said.body, issue.number) == ("x", 2)
    missing = probe.graphql('{node(id:"R_OTk"){id}}')
    assert missing["errors"][0]["type"] == "NOT_FOUND"


def test_what_cannot_be_seen_is_not_found_and_the_rest_is_told(probe: Probe) -> None:
    probe.github.create_repository("other/secret", FILES, private=True)
    told = probe.graphql('{a:repository(owner:"other",name:"secret"){id} b:repository(owner:"acme",name:"shop"){name}}')
    assert told["data"] == {"a": None, "b": {"name": "shop"}}
    assert told["errors"] == [
        {
            "type": "NOT_FOUND",
            "path": ["a"],
            "locations": [{"line": 1, "column": 2}],
            "message": "Could not resolve to a Repository with the name 'other/secret'.",
        }
    ]
    probe.token = probe.github.installation_token(probe.installation, {"issues": "read"})
    told = probe.graphql('{repository(owner:"acme",name:"shop"){name object(expression:"main"){oid}}}')
    assert (told["errors"][0]["type"], told["data"]["repository"]["name"]) == ("FORBIDDEN", "shop")


def test_queries_that_github_refuses_are_answered_200_and_recorded() -> None:
    with probing(violations=True) as probe:
        assert "Cannot query field 'nonsense'" in probe.graphql("{nonsense}")["errors"][0]["message"]
        assert "Syntax Error" in probe.graphql("{")["errors"][0]["message"]
        assert probe.ask("POST", "/graphql", {"no": 1}).json()["errors"]
        assert len(probe.github.violations) == 3
        assert probe.graphql("{viewer{login bio}}")["data"]["viewer"]["login"] == "freshline"
        assert probe.github.violations[3] == "the fake does not tell User.bio"


def test_who_may_ask(probe: Probe) -> None:
    assert probe.http.post("/graphql", json={"query": "{viewer{login}}"}).status_code == 401
    assert probe.app("POST", "/graphql", {"query": "{viewer{login}}"}).status_code == 401
    probe.token = probe.github.personal_token("ann")
    assert probe.graphql("{viewer{login}}")["data"] == {"viewer": {"login": "ann"}}


def test_cost_grows_with_what_is_opened(probe: Probe) -> None:
    probe.graphql(
        """query($n:Int!){repository(owner:"acme",name:"shop"){pullRequests(first:$n){nodes{...P}}}}
        fragment P on PullRequest{labels(first:10){nodes{name}} comments(first:5){totalCount}}""",
        n=100,
    )
    assert probe.github.limits.window("installation 1", "graphql").used == 2


UPDATE = "mutation($i:UpdateRefsInput!){updateRefs(input:$i){clientMutationId}}"


def updates(probe: Probe, *refs: Json) -> Json:
    repository = probe.github.repository(SHOP).node_id
    return probe.graphql(UPDATE, i={"repositoryId": repository, "refUpdates": list(refs), "clientMutationId": "x"})


def test_update_refs_compares_and_swaps(probe: Probe) -> None:
    main = probe.github.head(SHOP)
    new = probe.branch("freshline/a", {"a": "1"})
    name = "refs/heads/freshline/a"
    human = probe.github.push(SHOP, "freshline/a", {"b": "2"}, author="ann")
    told = updates(probe, {"name": name, "beforeOid": new, "afterOid": main, "force": True})
    assert (told["errors"][0]["type"], probe.github.head(SHOP, "freshline/a")) == ("UNPROCESSABLE", human)
    told = updates(probe, {"name": name, "beforeOid": human, "afterOid": main, "force": True})
    assert told["data"]["updateRefs"] == {"clientMutationId": "x"}
    assert probe.github.head(SHOP, "freshline/a") == main
    made = {"name": "refs/heads/made", "beforeOid": ZERO, "afterOid": main}
    assert "errors" not in updates(probe, made)
    assert "errors" in updates(probe, made)
    assert "errors" not in updates(probe, {"name": "refs/heads/made", "beforeOid": main, "afterOid": ZERO})
    assert "made" not in probe.github.branches(SHOP)


def test_update_refs_does_all_or_nothing(probe: Probe) -> None:
    main = probe.github.head(SHOP)
    wrong: list[Json] = [
        {"name": "refs/heads/x", "afterOid": "1" * 40},
        {"name": "refs/heads/..", "afterOid": main},
        {"name": "refs/heads/gone", "afterOid": ZERO},
        {"name": "refs/heads/main", "afterOid": ZERO},
    ]
    for one in wrong:
        assert "errors" in updates(probe, {"name": "refs/heads/good", "afterOid": main}, one)
    assert list(probe.github.branches(SHOP)) == ["main"]
    other = probe.branch("side", {"a": "1"})
    probe.github.push(SHOP, "main", {"b": "1"})
    assert (
        "not a fast forward" in updates(probe, {"name": "refs/heads/main", "afterOid": other})["errors"][0]["message"]
    )


def test_update_refs_needs_the_permission_for_workflows(probe: Probe) -> None:
    head = probe.github.push(SHOP, "elsewhere", {".github/workflows/ci.yml": "on: push\n"})
    probe.github.delete_branch(SHOP, "elsewhere")
    probe.token = probe.github.installation_token(probe.installation, {"contents": "write"})
    told = updates(probe, {"name": "refs/heads/x", "afterOid": head})
    assert told["errors"][0]["type"] == "FORBIDDEN"


CREATE = (
    "mutation($i:CreateCommitOnBranchInput!){createCommitOnBranch(input:$i){commit{oid message signature{isValid}}}}"
)


def test_create_commit_on_branch(probe: Probe) -> None:
    main = probe.github.head(SHOP)
    text = base64.b64encode(b"new\n").decode()
    body: Json = {
        "branch": {"repositoryNameWithOwner": SHOP, "branchName": "main"},
        "message": {"headline": "feat: x", "body": "why"},
        "expectedHeadOid": main,
        "fileChanges": {"additions": [{"path": "new", "contents": text}], "deletions": [{"path": "README.md"}]},
    }
    told = probe.graphql(CREATE, i=body)["data"]["createCommitOnBranch"]["commit"]
    assert (told["oid"], told["message"]) == (probe.github.head(SHOP), "feat: x\n\nwhy")
    assert told["signature"] == {"isValid": True}
    assert probe.github.files(SHOP).keys() == {"new", "pyproject.toml", "src/shop.py"}
    assert probe.graphql(CREATE, i=body)["errors"][0]["type"] == "STALE_DATA"
    by_id = {**body, "branch": {"id": probe.get("git/ref/heads/main")["node_id"]}, "expectedHeadOid": told["oid"]}
    assert "does not exist" in probe.graphql(CREATE, i=by_id)["errors"][0]["message"]
    body["branch"]["branchName"] = "none"
    assert probe.graphql(CREATE, i=body)["errors"][0]["type"] == "NOT_FOUND"


def test_mutations_of_pull_requests(probe: Probe) -> None:
    head = probe.pull()["head"]["sha"]
    target = in_shop(probe, "pullRequest(number:1){id}")["pullRequest"]["id"]

    def mutate(name: str, kind: str, more: Json | None = None, fields: str = "pullRequest{state isDraft}") -> Json:
        query = f"mutation($i:{kind}Input!){{{name}(input:$i){{{fields}}}}}"
        return probe.graphql(query, i={"pullRequestId": target, **(more or {})})

    drafted = mutate("convertPullRequestToDraft", "ConvertPullRequestToDraft")
    assert drafted["data"]["convertPullRequestToDraft"]["pullRequest"]["isDraft"] is True
    mutate("markPullRequestReadyForReview", "MarkPullRequestReadyForReview")
    assert (
        "Auto merge is not allowed"
        in mutate("enablePullRequestAutoMerge", "EnablePullRequestAutoMerge")["errors"][0]["message"]
    )
    probe.github.repository(SHOP).allow_auto_merge = True
    assert "clean status" in mutate("enablePullRequestAutoMerge", "EnablePullRequestAutoMerge")["errors"][0]["message"]
    mutate("updatePullRequest", "UpdatePullRequest", {"title": "New", "state": "CLOSED"})
    mutate("updatePullRequest", "UpdatePullRequest", {"state": "OPEN"})
    assert probe.github.pull(SHOP, 1).issue.title == "New"
    stale = mutate("mergePullRequest", "MergePullRequest", {"expectedHeadOid": "1" * 40})
    assert "Head branch was modified" in stale["errors"][0]["message"]
    merged = mutate("mergePullRequest", "MergePullRequest", {"expectedHeadOid": head, "mergeMethod": "SQUASH"})
    assert merged["data"]["mergePullRequest"]["pullRequest"]["state"] == "MERGED"
    assert [d.action for d in probe.github.deliveries if d.event == "pull_request"] == [
        "opened",
        "converted_to_draft",
        "ready_for_review",
        "edited",
        "closed",
        "reopened",
        "closed",
    ]


def test_creating_closing_and_commenting(probe: Probe) -> None:
    probe.branch("side", {"a": "1"})
    create = "mutation($i:CreatePullRequestInput!){createPullRequest(input:$i){pullRequest{id number}}}"
    body = {
        "repositoryId": probe.github.repository(SHOP).node_id,
        "headRefName": "side",
        "baseRefName": "main",
        "title": "T",
    }
    made = probe.graphql(create, i=body)["data"]["createPullRequest"]["pullRequest"]
    add = "mutation($i:AddCommentInput!){addComment(input:$i){commentEdge{node{id body}}}}"
    said = probe.graphql(add, i={"subjectId": made["id"], "body": "hello"})["data"]["addComment"]["commentEdge"]["node"]
    hide = (
        "mutation($i:MinimizeCommentInput!){minimizeComment(input:$i){minimizedComment{isMinimized minimizedReason}}}"
    )
    told = probe.graphql(hide, i={"subjectId": said["id"], "classifier": "OUTDATED"})
    assert told["data"]["minimizeComment"]["minimizedComment"] == {"isMinimized": True, "minimizedReason": "outdated"}
    for wrong in ("IC_OTk", "nonsense"):
        assert probe.graphql(hide, i={"subjectId": wrong, "classifier": "SPAM"})["errors"][0]["type"] == "NOT_FOUND"
    assert "errors" in probe.graphql(add, i={"subjectId": "PR_OTk", "body": "x"})
    close = "mutation($i:ClosePullRequestInput!){closePullRequest(input:$i){pullRequest{state}}}"
    probe.graphql(close, i={"pullRequestId": made["id"]})
    assert probe.github.pull(SHOP, 1).issue.state == "closed"
    assert "errors" in probe.graphql(close, i={"pullRequestId": "PR_OTk"})


def test_releases_deployments_labels_and_settings(probe: Probe) -> None:
    probe.github.release(SHOP, "v1", body="notes")
    one = probe.github.deploy(SHOP, "prod")
    probe.github.deploy(SHOP, "gamma")
    probe.github.deployment_status(SHOP, one, "success")
    found = in_shop(
        probe,
        """releases(first:5,orderBy:{field:CREATED_AT,direction:DESC}){
          nodes{tagName description isLatest tagCommit{oid}}}
        latestRelease{tagName} release(tagName:"v1"){name} label(name:"x"){name} labels(first:3){totalCount}
        deployments(first:5,environments:["prod"]){nodes{environment state commitOid latestStatus{state}
          statuses(first:3){nodes{state}}}}
        isArchived isPrivate isEmpty isFork mergeCommitAllowed viewerPermission visibility
        repositoryTopics(first:1){totalCount}
        parent{name} ref(qualifiedName:"main"){branchProtectionRule{pattern}
        associatedPullRequests(first:1){totalCount}}""",
    )
    assert found["deployments"]["nodes"] == [
        {
            "environment": "prod",
            "state": "ACTIVE",
            "commitOid": probe.github.head(SHOP),
            "latestStatus": {"state": "SUCCESS"},
            "statuses": {"nodes": [{"state": "SUCCESS"}]},
        }
    ]
    assert (found["latestRelease"]["tagName"], found["release"]["name"], found["label"]) == ("v1", "v1", None)
    assert found["ref"]["branchProtectionRule"] is None
