"""``cdk.context.json``: the machine images that the AWS CDK looked up when it synthesized an app, and keeps.

Source: https://docs.aws.amazon.com/cdk/v2/guide/context.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import REGION
from bot.core.model import Caution, FileFacts, Statement
from bot.ecosystems._machine_images import MAY_HOLD, Where, region_of, statement, statements
from bot.formats import json
from bot.formats.base import Node, Scalar, Table

_KEY = re.compile(rf"(?:ami|ssm)(?=:).*?:region=({REGION.pattern})(?=:|\Z).*", re.DOTALL)
_LONGEST_KEY = 4000
_UNTOLD = Caution("the context does not tell what uses it: an instance that does is replaced", by_hand=True)


def extract(path: str, text: str) -> FileFacts:
    """The images of look-ups by their filters and by SSM parameters, and those that an author put there.

    A file without an image is not parsed. Raises ``ParseError`` for others that can't be read.
    """
    root = json.parse(text) if MAY_HOLD in text else None
    found = (
        (one for key, node in root.entries for one in _said(path, key.value, node)) if isinstance(root, Table) else ()
    )
    return FileFacts(path, "cdk_context", tuple(found))


def _said(path: str, key: str, node: Node) -> Iterator[Statement]:
    """The images of one entry; what is looked up alike in several regions is one region map."""
    looked_up = _KEY.fullmatch(key) if len(key) <= _LONGEST_KEY else None
    if looked_up is None:
        yield from statements(node, Where(path, region_of(path), "", (_UNTOLD,)), (key,))
    elif isinstance(node, Scalar):
        within = f"{key[: looked_up.start(1)]}*{key[looked_up.end(1) :]}"
        one = statement(node, Where(path, looked_up[1], within, (_UNTOLD,)))
        yield from () if one is None else (one,)


ecosystem = Ecosystem(
    name="cdk_context",
    patterns=("cdk.context.json",),
    version=1,
    extract=extract,
    hints=(MAY_HOLD,),
    comment="",
)
