"""What crosses the files of a JavaScript repository."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.core.model import FileFacts, SkipReason, Statement
from bot.ecosystems import npm, npmrc, pnpm_workspace, yarnrc

EXTRACTORS = {
    "package.json": npm.ecosystem,
    "pnpm-workspace.yaml": pnpm_workspace.ecosystem,
    ".yarnrc.yml": yarnrc.ecosystem,
    ".npmrc": npmrc.ecosystem,
}


def completed(files: Mapping[str, str]) -> dict[str, tuple[Statement, ...]]:
    every = [EXTRACTORS[path.rpartition("/")[2]].extract(path, text) for path, text in files.items()]
    found: dict[str, tuple[Statement, ...]] = {}
    for ecosystem in EXTRACTORS.values():
        own: list[FileFacts] = [facts for facts in every if facts.ecosystem == ecosystem.name]
        found |= {facts.path: facts.statements for facts in ecosystem.complete(own, every)}
    return found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pnpm-workspace.yaml", "catalog:\n  react: ^18.0.0\ncatalogs:\n  old:\n    react: ^16.0.0\n"),
        (".yarnrc.yml", "catalog:\n  react: ^18.0.0\ncatalogs:\n  old:\n    react: ^16.0.0\n"),
        (
            "package.json",
            '{"workspaces": {"catalog": {"react": "^18.0.0"}, "catalogs": {"old": {"react": "^16.0.0"}}}}',
        ),
    ],
)
def test_a_catalog_gives_the_constraint_and_the_pin(path: str, text: str) -> None:
    member = '{"dependencies": {"react": "catalog:"}, "peerDependencies": {"react": "catalog:old"}}'
    first, second = completed({"packages/a/package.json": member, path: text})["packages/a/package.json"]
    assert (first.constraint, first.follows, first.line) == ("^18.0.0", "catalog:default", 1)
    assert [(pin.path, text[pin.span.start : pin.span.end]) for pin in first.pins] == [(path, "^18.0.0")]
    assert (second.constraint, second.widens) == ("^16.0.0", False)


def test_the_nearest_catalog_wins_and_a_folder_beside_does_not_count() -> None:
    found = completed(
        {
            "pnpm-workspace.yaml": "catalog: {a: ^1.0.0, b: ^1.0.0}",
            "inner/pnpm-workspace.yaml": "catalog: {a: ^2.0.0}",
            "beside/pnpm-workspace.yaml": "catalog: {c: ^3.0.0}",
            "inner/x/package.json": '{"dependencies": {"a": "catalog:", "b": "catalog:", "c": "catalog:"}}',
        }
    )["inner/x/package.json"]
    assert [one.constraint for one in found] == ["^2.0.0", "^1.0.0", ""]
    assert found[2].obstacle is not None
    assert found[2].obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT
    assert "“default”" in found[2].obstacle.detail


def test_a_definition_hands_on_what_keeps_it_in_place() -> None:
    found = completed(
        {
            "pnpm-workspace.yaml": "catalog:\n  a: latest\n  b: ^1.0.0 # freshline: ignore\n  c: 'catalog:other'\n",
            "package.json": '{"dependencies": {"a": "catalog:", "b": "catalog:", "c": "catalog:", "_d": "catalog:"}}',
        }
    )["package.json"]
    reasons = [one.obstacle.reason if one.obstacle else None for one in found]
    assert reasons == [SkipReason.FLOATING, None, SkipReason.UNSUPPORTED_CONSTRAINT, SkipReason.INVALID_NAME]
    assert found[1].ignored == "asked by a comment on line 3"


def test_overrides_follow_catalogs_too() -> None:
    found = completed({"pnpm-workspace.yaml": "catalog:\n  a: ^1.0.0\noverrides:\n  a: 'catalog:'\n"})
    assert [one.constraint for one in found["pnpm-workspace.yaml"]] == ["^1.0.0", "^1.0.0"]


def urls(files: Mapping[str, str], path: str) -> list[str | None]:
    return [one.package.url for one in completed(files)[path]]


def test_registries_of_a_scope_and_of_all() -> None:
    manifest = '{"dependencies": {"@acme/a": "1.0.0", "b": "1.0.0", "@other/c": "1.0.0"}}'
    root = "registry=https://all.example/\n@acme:registry=https://acme.example/npm/\n"
    found = urls({".npmrc": root, "a/b/package.json": manifest}, "a/b/package.json")
    assert found == ["https://acme.example/npm", "https://all.example", "https://all.example"]


def test_the_nearest_registry_wins_and_a_scope_beats_a_nearer_default() -> None:
    files = {
        ".npmrc": "registry=https://far.example\n@acme:registry=https://acme.example",
        "a/.npmrc": "registry=https://near.example",
        "a/package.json": '{"dependencies": {"@acme/a": "1.0.0", "b": "1.0.0"}}',
        "c/package.json": '{"dependencies": {"b": "1.0.0"}}',
    }
    assert urls(files, "a/package.json") == ["https://acme.example", "https://near.example"]
    assert urls(files, "c/package.json") == ["https://far.example"]


def test_yarns_settings_beat_npms_in_the_same_folder() -> None:
    files = {
        ".yarnrc.yml": "npmRegistryServer: https://yarn.example",
        ".npmrc": "registry=https://npm.example",
        "package.json": '{"dependencies": {"b": "1.0.0"}}',
    }
    assert urls(files, "package.json") == ["https://yarn.example"]


def test_without_a_setting_there_is_no_url_and_a_scope_alone_is_for_itself() -> None:
    manifest = '{"dependencies": {"b": "1.0.0", "@acme/a": "1.0.0"}}'
    assert urls({"package.json": manifest}, "package.json") == [None, None]
    scoped = {"package.json": manifest, ".npmrc": "@acme:registry=https://acme.example"}
    assert urls(scoped, "package.json") == [None, "https://acme.example"]


def test_a_package_that_a_comment_sends_elsewhere_keeps_away_from_npms_registries() -> None:
    files = {
        "pnpm-workspace.yaml": "catalog:\n  a: 1.0.0 # freshline: github_tags=a/a\n",
        ".npmrc": "registry=https://npm.example",
        "package.json": '{"dependencies": {"a": "catalog:"}}',
    }
    assert urls(files, "pnpm-workspace.yaml") == [None]
    assert completed(files)["package.json"][0].obstacle is not None


MEMBER = '{"name": "own", "version": "1.2.0"}'


@pytest.mark.parametrize(
    ("globs", "provider", "consumer", "constraint", "local"),
    [
        ('["packages/*"]', "packages/own", "packages/a", "^1.0.0", True),
        ('["packages/*"]', "packages/own", "", "1.2.0", True),
        ('["packages/*"]', "packages/own", "packages/a", "*", True),
        ('["packages/**"]', "packages/x/y/own", "packages/a", "^1.0.0", True),
        ('["**/own", "a"]', "own", "a", "^1.0.0", True),
        ('["packages/*"]', "packages/own", "packages/a", "^2.0.0", False),
        ('["packages/*"]', "packages/own", "packages/a", "latest", False),
        ('["packages/*"]', "packages/own", "examples/a", "^1.0.0", False),
        ('["packages/*"]', "packages/x/own", "packages/a", "^1.0.0", False),
        ('["packages/*", "!packages/own"]', "packages/own", "packages/a", "^1.0.0", False),
        ("[]", "packages/own", "packages/a", "^1.0.0", False),
    ],
)
def test_a_sibling_is_linked_where_its_version_fits(
    globs: str, provider: str, consumer: str, constraint: str, *, local: bool
) -> None:
    root = f'{{"workspaces": {globs}, "dependencies": {{"own": "{constraint}"}}}}'
    files = {"package.json": root, f"{provider}/package.json": MEMBER}
    if consumer:
        files[f"{consumer}/package.json"] = f'{{"dependencies": {{"own": "{constraint}"}}}}'
    path = f"{consumer}/package.json" if consumer else "package.json"
    obstacle = completed(files)[path][0].obstacle
    assert (obstacle is not None and obstacle.reason is SkipReason.LOCAL) is local
    assert obstacle is None or not local or f"“{provider}”" in obstacle.detail


def test_a_siblings_name_in_another_section_or_behind_git_is_left_alone() -> None:
    files = {
        "package.json": '{"workspaces": ["own"], "overrides": {"own": "1.2.0"}, "dependencies": {"own": "a/b"}}',
        "own/package.json": MEMBER,
    }
    first, second = completed(files)["package.json"]
    assert first.obstacle is None
    assert second.obstacle is not None
    assert second.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT


@pytest.mark.parametrize("member", ['{"name": "own"}', '{"version": "1.2.0"}', '{"name": ".", "version": "1.2.0"}'])
def test_a_member_without_name_or_version_is_no_sibling(member: str) -> None:
    files = {"package.json": '{"workspaces": ["own"], "dependencies": {"own": "1.2.0"}}', "own/package.json": member}
    assert completed(files)["package.json"][0].obstacle is None


def test_globs_without_end_are_matched_in_no_time() -> None:
    globs = ", ".join(['"' + "/".join(["**", "*a*a*a*a*b"] * 40) + '"'] * 3)
    path = "/".join(["a" * 60] * 60)
    files = {"package.json": f'{{"workspaces": [{globs}]}}', f"{path}/package.json": MEMBER}
    assert completed(files)[f"{path}/package.json"] == ()
