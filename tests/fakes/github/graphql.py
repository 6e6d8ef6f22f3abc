"""``/graphql``: GitHub's own schema, executed on the fake's state."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from tests.fakes.github import specs
from tests.fakes.github.errors import ApiError
from tests.fakes.github.graphql_mutations import MUTATIONS
from tests.fakes.github.graphql_nodes import LARGEST_PAGE, Context, Node, actor, by_id, repository
from tests.fakes.github.records import Json, node_key

_lock = threading.Lock()
NODE_LIMIT = 500_000


def schema() -> GraphQLSchema:
    """GitHub's schema; built once for a process, which takes a second."""
    with _lock:
        return _schema()


@cache
def _schema() -> GraphQLSchema:
    return build_schema(specs.graphql_sdl(), assume_valid=True, assume_valid_sdl=True, no_location=True)


@lru_cache(maxsize=256)
def _checked(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """A query read, and what is wrong with it; a client sends the same few texts again and again."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(), document))


class Query:
    """One request to ``/graphql``: read, checked against the schema, weighed, carried out."""

    def __init__(self, body: Json) -> None:
        self.text = body.get("query")
        self.variables: Mapping[str, Any] = body.get("variables") or {}
        self.name: str | None = body.get("operationName")
        self.errors: list[GraphQLError] = []
        self.document = self._read()

    def _read(self) -> DocumentNode | None:
        if not isinstance(self.text, str):
            self.errors = [GraphQLError("A query attribute must be specified and must be a string.")]
            return None
        document, wrong = _checked(self.text)
        self.errors = list(wrong)
        return None if wrong else document

    @property
    def operation(self) -> OperationDefinitionNode | None:
        definitions = self.document.definitions if self.document else ()
        found = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
        named = [one for one in found if self.name is None or (one.name and one.name.value == self.name)]
        return named[0] if named else None

    @property
    def mutates(self) -> bool:
        return self.operation is not None and self.operation.operation is OperationType.MUTATION

    @property
    def label(self) -> str | None:
        """The operation's name, or the mutations and fields it begins with."""
        one = self.operation
        if one is None:
            return None
        if one.name:
            return one.name.value
        fields = [node.name.value for node in one.selection_set.selections if isinstance(node, FieldNode)]
        return ",".join(dict.fromkeys(fields))

    def cost(self) -> int:
        """Points, by the rule of "Rate limits and query limits for the GraphQL API"."""
        if self.operation is None or self.document is None:
            return 1
        pieces = {one.name.value: one for one in self.document.definitions if isinstance(one, FragmentDefinitionNode)}
        return max(1, round(self._requests(self.operation.selection_set, 1, pieces, 0) / 100))

    def _requests(
        self, chosen: SelectionSetNode | None, times: int, pieces: Mapping[str, FragmentDefinitionNode], depth: int
    ) -> int:
        """How many connections are opened below, each counted as often as its parents are many."""
        if chosen is None or depth > 50:
            return 0
        total = 0
        for node in chosen.selections:
            if isinstance(node, FragmentSpreadNode):
                total += self._requests(pieces[node.name.value].selection_set, times, pieces, depth + 1)
            elif isinstance(node, InlineFragmentNode):
                total += self._requests(node.selection_set, times, pieces, depth + 1)
            elif isinstance(node, FieldNode):
                size = self._page_size(node)
                below = self._requests(node.selection_set, times * (size or 1), pieces, depth + 1)
                total += below + (times if size is not None else 0)
        return total

    def _page_size(self, node: FieldNode) -> int | None:
        for argument in node.arguments or ():
            if argument.name.value in {"first", "last"}:
                value = argument.value
                if isinstance(value, IntValueNode):
                    return int(value.value)
                return int(self.variables.get(value.name.value) or 0) if isinstance(value, VariableNode) else None
        return None

    def run(self, context: Context) -> tuple[Json, list[str]]:
        """GitHub's answer, and what the fake could not tell (a gap of the fake's, not of the query)."""
        if self.document is None:
            return {"errors": [_told(one) for one in self.errors]}, []
        gaps: list[str] = []
        done = execute_sync(
            schema(),
            self.document,
            root_value=_root(context),
            variable_values=dict(self.variables),
            operation_name=self.name,
            field_resolver=_resolver(gaps),
        )
        told: Json = {"data": done.data}
        if done.errors:
            told["errors"] = [_told(one) for one in done.errors]
            gaps += [str(one) for one in done.errors if _is_ours(one)]
        return told, gaps


def _is_ours(error: GraphQLError) -> bool:
    """An error that is neither GitHub's refusal nor the query's fault."""
    return error.original_error is not None and not isinstance(error.original_error, ApiError | GraphQLError)


def _told(error: GraphQLError) -> Json:
    original = error.original_error
    told = {name: value for name, value in error.formatted.items() if value is not None}
    return {"type": original.kind, **told} if isinstance(original, ApiError) else told


def _resolver(gaps: list[str]) -> Any:
    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if not isinstance(source, Mapping) or info.field_name not in source:
            gaps.append(f"the fake does not tell {info.parent_type.name}.{info.field_name}")
            return None
        value = source[info.field_name]
        return value(info, **arguments) if callable(value) else value

    return resolve


def _root(c: Context) -> Node:
    def repository_(_info: Any, owner: str, name: str, followRenames: bool = True) -> Node:  # noqa: N803 - GraphQL's own argument
        try:
            return repository(c, c.w.repository(f"{owner}/{name}"))
        except ApiError as error:
            if error.status != 404:
                raise
            raise ApiError(
                404, f"Could not resolve to a Repository with the name '{owner}/{name}'.", kind="NOT_FOUND"
            ) from None

    def node(_info: Any, id: str) -> Node:  # noqa: A002 - GraphQL's own argument name
        found = _node(c, id)
        if isinstance(found, ApiError):
            raise found
        return found

    def nodes(_info: Any, ids: list[str]) -> list[Node | ApiError]:
        if len(ids) > LARGEST_PAGE:
            raise ApiError(422, f"You may not provide more than {LARGEST_PAGE} node ids; you provided {len(ids)}.")
        # An error in a list is that place's own: the others are told all the same.
        return [_node(c, one) for one in ids]

    def account(_info: Any, login: str) -> Node:
        found = c.w.accounts.get(login.lower())
        if found is None:
            raise ApiError(404, f"Could not resolve to a User with the login of '{login}'.", kind="NOT_FOUND")
        return actor(c, found)

    asked: Node = {"repository": repository_, "node": node, "nodes": nodes, "user": account, "organization": account}
    asked["viewer"] = lambda _info: {**actor(c, c.caller.actor().user), "__typename": "User"}
    asked["rateLimit"] = lambda _info, **_: _rate_limit(c)
    changed = {name: _mutation(c, name) for name in MUTATIONS}
    return {**asked, **changed}


def _mutation(c: Context, name: str) -> Any:
    def run(_info: Any, input: Json) -> Node:  # noqa: A002 - GraphQL's own argument name
        told: Node = MUTATIONS[name](c, input)
        return {"clientMutationId": input.get("clientMutationId"), **told}

    return run


def _node(c: Context, identifier: str) -> Node | ApiError:
    """What an id means, or GitHub's refusal of it."""
    try:
        found = by_id(c, *node_key(identifier))
    except ValueError:
        found = None
    except ApiError as error:
        return error
    if found is None:
        return ApiError(404, f"Could not resolve to a node with the global id of '{identifier}'", kind="NOT_FOUND")
    return found


def _rate_limit(c: Context) -> Node:
    state = c.limits.state(c.caller.key, "graphql")
    reset = c.limits.window(c.caller.key, "graphql").reset
    told = {name: state[name] for name in ("limit", "remaining", "used")}
    return {
        "__typename": "RateLimit",
        **told,
        "cost": c.cost,
        "nodeCount": 0,
        "resetAt": reset.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
