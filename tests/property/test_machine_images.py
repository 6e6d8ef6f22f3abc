"""Machine images: whatever is published and stated, no place gets an image that is not its own family's, or older."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import ecosystems, extraction
from bot.core.ecosystem import Ecosystem
from bot.core.edits import edits_of, prove, splice
from bot.core.machine_images import Order
from bot.core.machine_images.asked import Asked
from bot.core.model import (
    Answer,
    Bump,
    Decision,
    Dependency,
    FileFacts,
    Gallery,
    History,
    Image,
    Package,
    Refusal,
    SkipReason,
    Unavailable,
)
from bot.core.policy import decide_all, to_look_up
from bot.core.resolve import resolve
from bot.core.rules import DEFAULTS, MachineImages, Major, Match, OwnImages, Policy, Rule, combine
from tests.core.machine_images import AMAZON, CANONICAL, EKS, NOW, OURS, STRANGER, image

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
RELEASES = range(4)
MINIMUM_AGE = timedelta(days=3)
READERS = {one.name: one for one in ecosystems.built_in() if one.name in {"cloudformation", "terraform"}}
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Sort:
    """Images that may stand in for each other; ``{0}`` is where the release stands in their names."""

    name: str
    title: str
    owner: str = AMAZON
    architecture: str = "x86_64"
    public: bool = True

    def named(self, release: int) -> str:
        return self.name.format(release + 1)

    def version(self, release: int) -> str:
        """The release as it is told of."""
        return "" if self.owner in {OURS, STRANGER} else _WRITTEN[self.title].format(release + 1)


AL = "al2023-ami-2023.{0}.2025010{0}.0-kernel-6.1-x86_64"
UBUNTU = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-2025010{0}"
SORTS = (
    Sort(AL, "al2023-ami-2023-kernel-6.1-x86_64"),
    Sort(AL.replace("6.1-", "6.12-"), "al2023-ami-2023-kernel-6.12-x86_64"),
    Sort(AL.replace("x86_64", "arm64"), "al2023-ami-2023-kernel-6.1-arm64", architecture="arm64"),
    # called like the first, but of another architecture, of another owner, and not public
    Sort(AL, "al2023-ami-2023-kernel-6.1-x86_64", architecture="i386"),
    Sort(AL, "", owner=STRANGER),
    Sort(AL, "al2023-ami-2023-kernel-6.1-x86_64", public=False),
    Sort(UBUNTU, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server", owner=CANONICAL),
    Sort(
        UBUNTU.replace("jammy-22.04", "noble-24.04"),
        "ubuntu/images/hvm-ssd/ubuntu-noble-24.04-amd64-server",
        owner=CANONICAL,
    ),
    Sort(
        "amazon-eks-node-al2023-x86_64-standard-1.29-v2025010{0}",
        "amazon-eks-node-al2023-x86_64-standard-1.29",
        owner=EKS,
    ),
    Sort("golden-pr-{0}-abc9f12", "golden-pr", owner=OURS, public=False),
)
_WRITTEN = {
    SORTS[0].title: "2023.{0}.2025010{0}.0",
    SORTS[1].title: "2023.{0}.2025010{0}.0",
    SORTS[2].title: "2023.{0}.2025010{0}.0",
    SORTS[6].title: "2025010{0}",
    SORTS[7].title: "2025010{0}",
    SORTS[8].title: "2025010{0}",
}
PUBLIC, PRIVATE = 0, 5
FAMILY = {
    n: next(m for m, first in enumerate(SORTS) if (first.owner, first.title) == (one.owner, one.title))
    for n, one in enumerate(SORTS)
}
"""The number of the first sort of each one's family: images that are called alike need not fit each other."""

OPERATOR = Policy(
    machine_images=MachineImages(families=(OwnImages(owner=OURS, names="golden-pr-*", order=Order.NUMBER),))
)
POLICY = combine(DEFAULTS, OPERATOR)
SPLIT = combine(POLICY, Policy(rules=(Rule(match=Match(kind="machine_image"), major=Major.SPLIT),)))

_Key = tuple[int, str, int]
"""A sort's number, a region, a release."""


@dataclass(frozen=True)
class World:
    """What is published, what was learned, and a repository that names some of it."""

    states: Mapping[_Key, str]
    recommended: Mapping[tuple[int, str], int]
    refused: frozenset[tuple[int, int]]
    files: Mapping[str, str]

    @cached_property
    def published(self) -> dict[_Key, Image]:
        return {key: made(key, state) for key, state in self.states.items()}

    def word(self, sort: int, region: str) -> _Key | None:
        """The image of a family's sort that its publisher recommends in a region."""
        release = self.recommended.get((FAMILY[sort], region))
        key = (FAMILY[sort], region, release if release is not None else -1)
        return key if key in self.published else None

    @property
    def history(self) -> History:
        known = ((SORTS[sort], release) for sort, release in sorted(self.refused))
        return History(
            tuple(
                Refusal("aws_ami", sort.title, sort.version(release), SkipReason.QUARANTINED, "rolled back")
                for sort, release in known
            )
        )


def id_of(sort: int, region: str, release: int) -> str:
    return f"ami-{hashlib.sha256(f'{sort} {region} {release}'.encode()).hexdigest()[:17]}"


KEYS: dict[str, _Key] = {
    id_of(sort, region, release): (sort, region, release)
    for sort in range(len(SORTS))
    for region in REGIONS
    for release in RELEASES
}


def made(key: _Key, state: str) -> Image:
    sort, (_, region, release) = SORTS[key[0]], key
    age = timedelta(days=1) if state == "young" else timedelta(days=30)
    return image(
        sort.named(release),
        sort.owner,
        id=id_of(*key),
        region=region,
        architecture=sort.architecture,
        public=sort.public,
        # the date is no order: the newest may be the oldest by it
        created=NOW - age - timedelta(hours=7 * release if state != "young" else 0),
        deprecated=NOW - timedelta(days=1) if state == "deprecated" else None,
        state="disabled" if state == "disabled" else "available",
    )


# A few sorts at a time: then they meet.


@st.composite
def worlds(draw: st.DrawFn, *, learned: bool = True) -> World:
    sorts = draw(st.lists(st.sampled_from(range(len(SORTS))), min_size=1, max_size=3, unique=True))
    state = st.sampled_from(["available"] * 5 + ["absent", "absent", "young", "deprecated", "disabled"])
    states = {(sort, region, release): draw(state) for sort in sorts for region in REGIONS for release in RELEASES}
    shown = {key: how for key, how in states.items() if how != "absent"}
    firsts = sorted({FAMILY[sort] for sort in sorts})
    words = st.dictionaries(st.tuples(st.sampled_from(firsts), st.sampled_from(REGIONS)), st.sampled_from(RELEASES))
    versioned = [sort for sort in firsts if SORTS[sort].title in _WRITTEN]
    no = st.frozensets(st.tuples(st.sampled_from(versioned), st.sampled_from(RELEASES)), max_size=3)
    files = draw(st.lists(_file(sorts), min_size=1, max_size=4))
    return World(
        shown,
        draw(words) if learned else {},
        draw(no) if versioned and learned else frozenset(),
        {f"{n}/{name}": text for n, (name, text) in enumerate(files)},
    )


def _file(sorts: Sequence[int]) -> st.SearchStrategy[tuple[str, str]]:
    mostly_one = st.tuples(st.sampled_from(sorts), st.sampled_from([*[True] * 4, False]))
    entries = st.tuples(
        mostly_one,
        st.dictionaries(
            st.sampled_from(REGIONS), st.tuples(st.sampled_from(sorts), st.sampled_from(RELEASES)), min_size=1
        ),
    ).map(_entries)
    single = st.tuples(st.sampled_from(sorts), st.sampled_from(REGIONS), st.sampled_from(RELEASES))
    return st.one_of(
        entries.map(_template), entries.map(_variables), st.lists(single, min_size=1, max_size=4).map(_main)
    )


def _entries(drawn: tuple[tuple[int, bool], dict[str, tuple[int, int]]]) -> dict[str, str]:
    (one, same), regions = drawn
    return {region: id_of(one if same else sort, region, release) for region, (sort, release) in regions.items()}


def _template(entries: Mapping[str, str]) -> tuple[str, str]:
    rows = "".join(f"    {region}:\n      Base: {one}\n" for region, one in entries.items())
    resource = "  T:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n      ImageId: !FindInMap [I, x, Base]\n"
    return "stack.yaml", f"Mappings:\n  I:\n{rows}Resources:\n{resource}"


def _variables(entries: Mapping[str, str]) -> tuple[str, str]:
    rows = "".join(f'    "{region}" = "{one}"\n' for region, one in entries.items())
    return "variables.tf", f'variable "images" {{\n  default = {{\n{rows}  }}\n}}\n'


def _main(stated: Iterable[_Key]) -> tuple[str, str]:
    blocks = (
        f'resource "aws_launch_template" "t{n}" {{\n  image_id = "{id_of(*key)}"\n}}\n' for n, key in enumerate(stated)
    )
    return "main.tf", "".join(blocks)


# What the bot does


def read(files: Mapping[str, str]) -> list[FileFacts]:
    return [_reader(path).extract(path, text) for path, text in sorted(files.items())]


def _reader(path: str) -> Ecosystem:
    return READERS["terraform" if path.endswith(".tf") else "cloudformation"]


def stated(files: Mapping[str, str]) -> tuple[Dependency, ...]:
    return resolve(extraction.complete(read(files), tuple(READERS.values())))


def answer(world: World, package: Package, seed: int) -> Answer:
    """What AWS says: all images of the region, in any order."""
    asked = Asked.of(package)
    key = KEYS[asked.id]
    assert asked.region in {"", key[1]}
    own = world.published.get(key) or replace(made(key, "available"), state="deregistered")
    around = [one for (_, region, _), one in sorted(world.published.items()) if region == key[1]]
    random.Random(seed).shuffle(around)
    word = world.word(*key[:2])
    return Gallery(package, own, tuple(around), id_of(*word) if word else "")


def decided(
    world: World, files: Mapping[str, str], policy: Policy = POLICY, seed: int = 0, *, shuffled: bool = False
) -> tuple[Decision, ...]:
    dependencies = list(stated(files))
    if shuffled:
        random.Random(seed).shuffle(dependencies)
    answers = {package: answer(world, package, seed) for package in to_look_up(dependencies, policy)}
    return decide_all(dependencies, answers, policy, world.history, NOW)


def carried_out(files: Mapping[str, str], decisions: Iterable[Decision]) -> dict[str, str]:
    """The files with every update made, each edit proved."""
    edits = edits_of(change for one in decisions for update in one.updates for change in update.changes)
    done = dict(files)
    for path in {edit.path for edit in edits}:
        own = [edit for edit in edits if edit.path == path]
        done[path] = splice(files[path], own)
        before, after = (_reader(path).extract(path, text) for text in (files[path], done[path]))
        assert prove(before, after, own) is None
    return done


_Moves = list[tuple[Dependency, _Key, _Key]]


def moves(decisions: Iterable[Decision]) -> _Moves:
    """Every place that moves: from which image, to which."""
    found = []
    for update in (update for one in decisions for update in one.updates):
        texts = {change.pin: change.text for change in update.changes}
        found += [(d, KEYS[d.constraint], KEYS[texts[pin]]) for d in update.dependencies for pin in d.pins]
    return found


# Laws


def takeable(world: World, key: _Key) -> bool:
    """Whether an image may be moved to, leaving aside from where."""
    one = world.published.get(key)
    if one is None or not one.stands or one.deprecated is not None or (FAMILY[key[0]], key[2]) in world.refused:
        return False
    word = world.word(*key[:2])
    return one.created <= NOW - MINIMUM_AGE and not (word and key[2] > word[2])


def follows(world: World, old: _Key, new: _Key) -> bool:
    """Whether an image may take the place of another one."""
    own = world.published.get(old)
    gone = own is None or not own.stands
    # a publisher may share what it does not publish
    like = new[0] == old[0] or (old[0], new[0]) == (PUBLIC, PRIVATE)
    newer = new[2] > old[2] or (new[2] == old[2] and gone and new != old)
    return like and new[1] == old[1] and newer and takeable(world, new)


@MANY
@given(worlds())
def test_no_place_ever_gets_an_image_that_is_not_of_its_own_family_or_older(world: World) -> None:
    for _, old, new in moves(decided(world, world.files)):
        assert follows(world, old, new), (SORTS[old[0]], old, new)


@MANY
@given(worlds())
def test_everything_that_is_stated_ends_in_an_update_or_with_a_reason(world: World) -> None:
    decisions = decided(world, world.files)
    ends = [d for one in decisions for update in one.updates for d in update.dependencies]
    ends += [d for one in decisions for d, _ in one.skips]
    assert sorted(map(place_of, ends)) == sorted(map(place_of, stated(world.files)))
    assert all(skip.detail for one in decisions for _, skip in one.skips)
    assert all(update.bump is Bump.IMAGE and update.version for one in decisions for update in one.updates)


def place_of(dependency: Dependency) -> tuple[str, int]:
    return dependency.path, dependency.statement.line


@MANY
@given(worlds())
def test_a_map_ends_on_one_release_of_one_family_or_stays(world: World) -> None:
    done = carried_out(world.files, decided(world, world.files))
    before, after = stated(world.files), stated(done)
    maps: dict[tuple[str, str], list[tuple[_Key, _Key]]] = defaultdict(list)
    for old, new in zip(before, after, strict=True):
        if old.statement.context.within:
            maps[old.path, old.statement.context.within].append((KEYS[old.constraint], KEYS[new.constraint]))
    for entries in maps.values():
        if any(old != new for old, new in entries):
            assert len({(FAMILY[new[0]], new[2]) for _, new in entries}) == 1


@MANY
@given(worlds())
def test_deciding_again_after_the_update_was_made_gives_nothing(world: World) -> None:
    done = carried_out(world.files, decided(world, world.files))
    assert moves(decided(world, done)) == []


@MANY
@given(worlds(), st.integers(1, 1000))
def test_the_order_of_what_aws_says_changes_nothing(world: World, seed: int) -> None:
    assert told(decided(world, world.files)) == told(decided(world, world.files, seed=seed))


def told(decisions: Iterable[Decision]) -> list[object]:
    """Everything that is decided, with its words: a fleet compares these."""
    return [
        (
            one.subject,
            [(u.version, u.reasons, [(place_of(d)) for d in u.dependencies]) for u in one.updates],
            [(place_of(d), skip.reason, skip.detail) for d, skip in one.skips],
        )
        for one in decisions
    ]


@MANY
@given(worlds(), st.integers(1, 1000))
def test_the_order_of_places_changes_nothing_that_is_done(world: World, seed: int) -> None:
    assert done_and_why(decided(world, world.files)) == done_and_why(
        decided(world, world.files, seed=seed, shuffled=True)
    )


def done_and_why(decisions: Iterable[Decision]) -> list[tuple[tuple[str, int], str]]:
    found = [(place_of(d), skip.reason.value) for one in decisions for d, skip in one.skips]
    found += [(place_of(d), id_of(*new)) for d, _, new in moves(decisions)]
    return sorted(found)


@MANY
@given(worlds())
def test_what_moves_goes_to_the_newest_that_all_places_of_the_family_can_take(world: World) -> None:
    """An oracle: all places of a sort but those in maps that are torn, and the newest release that suits each."""
    after = {place_of(d): new for d, _, new in moves(decided(world, world.files))}
    for places in families(stated(world.files)).values():
        own = {KEYS[d.constraint] for d in places}
        common = [release for release in RELEASES if all(suits(world, key, release) for key in own)]
        target = max(common, default=None)
        for dependency in places:
            key = KEYS[dependency.constraint]
            assert after.get(place_of(dependency), key)[2] == (key[2] if target is None else target)


def suits(world: World, key: _Key, release: int) -> bool:
    standing = key in world.published and world.published[key].stands
    copies = ((sort, key[1], release) for sort in (key[0], PRIVATE))
    return (release == key[2] and standing) or any(follows(world, key, copy) for copy in copies)


def families(dependencies: Iterable[Dependency]) -> dict[int, list[Dependency]]:
    """The places that move together, by the first sort of their family."""
    maps: dict[tuple[str, str], set[int]] = defaultdict(set)
    known = list(dependencies)
    for one in known:
        maps[one.path, one.statement.context.within].add(FAMILY[KEYS[one.constraint][0]])
    found: dict[int, list[Dependency]] = defaultdict(list)
    for one in known:
        within = one.statement.context.within
        sort = FAMILY[KEYS[one.constraint][0]]
        if SORTS[sort].owner != STRANGER and (not within or len(maps[one.path, within]) == 1):
            found[sort].append(one)
    return found


# When something can't be asked, and when majors are wanted


@MANY
@given(worlds(), st.sampled_from(REGIONS))
def test_a_region_that_cannot_be_asked_moves_nothing_in_it_nor_in_its_maps(world: World, silent: str) -> None:
    dependencies = stated(world.files)
    down = Unavailable(SkipReason.REGISTRY_UNAVAILABLE, "nobody answers")
    answers = {
        package: down if KEYS[Asked.of(package).id][1] == silent else answer(world, package, 0)
        for package in to_look_up(dependencies, POLICY)
    }
    decisions = decide_all(dependencies, answers, POLICY, world.history, NOW)
    touched = {(d.path, d.statement.context.within) for d in dependencies if KEYS[d.constraint][1] == silent}
    for dependency, old, new in moves(decisions):
        assert old[1] != silent
        within = dependency.statement.context.within
        assert not within or (dependency.path, within) not in touched
        assert follows(world, old, new)


@MANY
@given(worlds(learned=False))
def test_a_major_goes_to_the_next_line_of_the_same_publisher_only(world: World) -> None:
    nexts = {0: 1, 6: 7}
    decisions = decided(world, world.files, SPLIT)
    for update in (update for one in decisions for update in one.updates):
        assert (update.bump is Bump.MAJOR) == (update.track == "major") == update.by_hand
        apart = [Decision("", (update,), ())]
        for _, old, new in moves(apart):
            if update.bump is Bump.IMAGE:
                assert follows(world, old, new)
            else:
                assert (nexts.get(old[0]), old[1]) == new[:2]
                assert takeable(world, new)


@MANY
@given(worlds(), st.data())
def test_what_is_ignored_stays_and_does_not_hold_the_others(world: World, data: st.DataObject) -> None:
    ids = sorted({d.constraint for d in stated(world.files)})
    left = data.draw(st.sampled_from(ids))
    policy = combine(POLICY, msgspec.convert({"ignore": [{"name": left}]}, Policy))
    moved = moves(decided(world, world.files, policy))
    assert left not in {dependency.constraint for dependency, _, _ in moved}
    assert all(follows(world, old, new) for _, old, new in moved)


@MANY
@given(worlds(), st.data(), st.sampled_from(["id", "family"]))
def test_the_longest_age_that_any_rule_asks_for_counts(world: World, data: st.DataObject, called: str) -> None:
    """Policy may speak of an image by its id or by its family."""
    key = KEYS[data.draw(st.sampled_from(sorted({d.constraint for d in stated(world.files)})))]
    name = id_of(*key) if called == "id" else SORTS[key[0]].title
    rule = {"match": {"registry": "aws_ami", "name": name or "nothing"}, "minimum_age": "90d"}
    moved = moves(decided(world, world.files, combine(POLICY, msgspec.convert({"rules": [rule]}, Policy))))
    assert SORTS[key[0]].owner == STRANGER or key not in {old for _, old, _ in moved}
    assert all(follows(world, old, new) for _, old, new in moved)
