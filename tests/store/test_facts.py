from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from bot.core.model import (
    Context,
    Declaration,
    DeclaredRole,
    DeclaredRuntime,
    FileFacts,
    Include,
    Index,
    Kind,
    Locked,
    LockFile,
    Obstacle,
    Package,
    Part,
    Pin,
    Role,
    SkipReason,
    Span,
    Statement,
    Workspace,
)
from bot.store import KEPT, FactsKey, Store
from bot.store.codec import FINGERPRINT, decode, encode
from bot.store.tables import file_facts
from tests.store.conftest import NOW, Clock

KEY = FactsKey("a" * 40, "services/api/pyproject.toml", "pyproject", 3)
STATEMENT = Statement(
    Package("pypi", "django", "https://index.example/simple"),
    Kind.LIBRARY,
    "pep440",
    ">=5,<6",
    (Pin("pyproject.toml", Span(10, 16), ">=5,<6"), Pin("other.toml", Span(1, 2), "x", Part.DIGEST)),
    7,
    frame=("python:", "-slim"),
    context=Context("dev", "python_version > '3'", "eu-central-1", "arm64"),
    obstacle=Obstacle(SkipReason.LOCAL, "a path"),
    ignored="waiting",
    follows="catalog:default",
    lockable=False,
    widens=True,
    subject="runtime:python",
)
DECLARATIONS: tuple[Declaration, ...] = (
    Locked("pypi", "django", "5.2", ".", ">=5"),
    Locked("pypi", "rich", "14.0"),
    LockFile("uv", ("pyproject.toml",), (".", "a")),
    DeclaredRuntime("python", "pep440", ">=3.11"),
    Locked("pypi", "anyio", "4.0"),
    Locked("pypi", "numpy", "2.0", wheels=("cp312", "cp313"), markers=("python_version < '3.14'",)),
    DeclaredRole(Role.LIBRARY),
    Include("base.txt", constraints=True),
    Workspace(("packages/*",), ("packages/old",)),
    Index("npm", "https://index.example/npm", primary=False, scope="@acme"),
)
FACTS = FileFacts(KEY.path, "pyproject", (STATEMENT, replace(STATEMENT, obstacle=None, ignored=None)), DECLARATIONS)


def test_facts_come_back_as_they_were(store: Store) -> None:
    facts = store.facts()
    assert facts.get_many([KEY]) == {}
    facts.put_many({KEY: FACTS})
    assert facts.get_many([KEY]) == {KEY: FACTS}


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, blob="b" * 40),
        replace(KEY, path="pyproject.toml"),
        replace(KEY, ecosystem="requirements"),
        replace(KEY, version=4),
    ],
)
def test_every_part_of_the_key_counts(store: Store, other: FactsKey) -> None:
    store.facts().put_many({KEY: FACTS})
    assert store.facts().get_many([other]) == {}


def test_another_fleet_sees_nothing(store: Store) -> None:
    store.facts("one").put_many({KEY: FACTS})
    assert store.facts("two").get_many([KEY]) == {}


def test_a_key_without_a_blob_is_never_kept(store: Store) -> None:
    nameless = replace(KEY, blob="")
    store.facts().put_many({nameless: FACTS})
    assert store.facts().get_many([nameless]) == {}


def test_text_that_is_not_unicode_is_not_kept_and_the_rest_is(store: Store) -> None:
    odd = replace(KEY, path="caf\udce9/pyproject.toml")
    store.facts().put_many({odd: replace(FACTS, path=odd.path), KEY: FACTS})
    assert store.facts().get_many([odd, KEY]) == {KEY: FACTS}


def test_more_keys_than_one_question_takes(store: Store) -> None:
    wanted = {replace(KEY, blob=f"{n:040x}"): FACTS for n in range(1100)}
    store.facts().put_many(wanted)
    assert store.facts().get_many(wanted) == wanted


def test_unused_facts_are_pruned_and_used_ones_are_not(store: Store, clock: Clock) -> None:
    used, unused = KEY, replace(KEY, blob="b" * 40)
    store.facts().put_many({used: FACTS, unused: FACTS})
    clock.now = NOW + timedelta(days=20).total_seconds()
    store.facts().get_many([used])
    assert store.prune(datetime.fromtimestamp(NOW, UTC) + KEPT + timedelta(days=1)) == 1
    assert store.facts().get_many([used, unused]) == {used: FACTS}


def test_the_last_use_is_written_once_a_day(store: Store, clock: Clock) -> None:
    store.facts().put_many({KEY: FACTS})

    def used_at() -> Any:
        with store._database.transaction() as connection:
            return connection.exec_driver_sql("SELECT used_at FROM file_facts").scalar()

    first = used_at()
    clock.now = NOW + 3600
    store.facts().get_many([KEY])
    assert used_at() == first
    clock.now = NOW + 2 * 86400
    store.facts().get_many([KEY])
    assert used_at() != first


def test_damaged_facts_are_not_there(store: Store) -> None:
    store.facts().put_many({KEY: FACTS})
    with store._database.transaction() as connection:
        connection.execute(update(file_facts).values(facts=b"\xc1"))
    assert store.facts().get_many([KEY]) == {}


def test_facts_of_another_layout_are_not_there() -> None:
    data = encode(FACTS)
    assert data is not None
    assert decode(data) == FACTS
    assert decode(data.replace(FINGERPRINT.encode(), b"0" * len(FINGERPRINT))) is None


def test_a_class_that_is_not_known_is_not_there() -> None:
    data = encode(FACTS)
    assert data is not None
    assert decode(data.replace(b"Workspace", b"Somewhere")) is None
    assert decode(msgspec.msgpack.encode("nonsense")) is None


_LOCKED = st.builds(Locked, st.text(), st.text(), st.text(), st.none() | st.text(), st.none() | st.text())
_DECLARED: st.SearchStrategy[Declaration] = st.one_of(
    _LOCKED,
    st.builds(LockFile, st.text(), st.lists(st.text()).map(tuple), st.lists(st.text()).map(tuple)),
    st.builds(DeclaredRuntime, st.text(), st.text(), st.text()),
    st.builds(DeclaredRole, st.sampled_from(Role)),
    st.builds(Include, st.text(), st.booleans()),
)


@given(st.lists(_DECLARED).map(tuple), st.text())
def test_any_facts_survive_or_are_not_kept(declarations: tuple[Declaration, ...], text: str) -> None:
    facts = FileFacts(text, text, (replace(STATEMENT, constraint=text),), declarations)
    data = encode(facts)
    assert data is None or decode(data) == facts


def test_a_large_repository_decodes_in_linear_time(clock: Callable[[], float]) -> None:
    locked = tuple(Locked("npm", f"package-{n}", f"1.{n}.0", ".", "^1") for n in range(30_000))
    data = encode(FileFacts("package-lock.json", "package_lock", (), locked))
    assert data is not None
    start = time.perf_counter()
    assert decode(data) is not None
    assert time.perf_counter() - start < 2  # 0.02 s where it was written; quadratic time would take minutes
