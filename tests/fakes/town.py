"""A real git repository with pull requests and people in memory: what a visit needs of a forge."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.forge.base import (
    Asked,
    Board,
    Deleted,
    NewCommit,
    Pushed,
    Reaction,
    RefusalReason,
    Refused,
    Review,
    ReviewState,
    Words,
)
from bot.forge.git import Git
from bot.forge.local import LocalForge
from bot.forge.pacing import PostponedError

NAME = "acme/shop"
UNTIL = datetime(2026, 9, 1, 13, tzinfo=UTC)


class Town(LocalForge):
    """Implements ``visiting.Social``; ``postponed`` names methods that GitHub's limits leave no room for.

    ``refused`` are branches that the forge takes no commit for. ``log`` holds what was written,
    ``said`` the comments of the bot, ``reactions`` its reactions by comment.
    """

    def __init__(self, folder: Path) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        super().__init__(Git(folder / ".git", str(folder), environ, folder / ".git"), NAME)
        self.postponed: set[str] = set()
        self.refused: set[str] = set()
        self.log: list[str] = []
        self.reviews: dict[str, Review] = {}
        self.said: list[tuple[int, str]] = []
        self.comments: list[Asked] = []
        self.reactions: dict[int, Reaction] = {}
        self.writers = {"ann"}
        self.issues = True
        self._board: Board | None = None

    # What people do

    def ask(self, branch: str, body: str, author: str = "ann") -> int:
        """Somebody comments on the branch's pull request; the comment's id."""
        comment = 100 + len(self.comments)
        self.comments.append(Asked(self.reviews[branch].number, branch, comment, author, body))
        return comment

    def end(self, branch: str, state: ReviewState = ReviewState.CLOSED) -> None:
        """Somebody closes or merges the branch's pull request."""
        self.reviews[branch] = replace(self.reviews[branch], state=state, by_person=True)

    def tick(self, words: str) -> None:
        """Somebody ticks the one box whose line has these words in it."""
        assert self._board is not None
        (line,) = [one for one in self._board.body.splitlines() if words in one and "- [ ]" in one]
        self._board = replace(self._board, body=self._board.body.replace(line, line.replace("- [ ]", "- [x]")))

    def close_board(self) -> None:
        """Somebody closes the dashboard."""
        assert self._board is not None
        self._board = replace(self._board, open=False)

    # The forge

    def propose(self, branch: str, commit: NewCommit, expected: str | None) -> Pushed | Refused:
        self._let("propose")
        if branch in self.refused:
            return Refused(RefusalReason.PERMISSION_MISSING, "the App may not change workflows")
        done = super().propose(branch, commit, expected)
        if isinstance(done, Pushed) and done.changed:
            self.log.append(f"propose {branch}")
        return done

    def delete(self, branch: str, expected: str) -> Deleted | Refused:
        self._let("delete")
        done = super().delete(branch, expected)
        if isinstance(done, Deleted) and done.changed:
            self.log.append(f"delete {branch}")
            review = self.reviews.get(branch)
            if review is not None and review.state is ReviewState.OPEN:
                self.reviews[branch] = replace(review, state=ReviewState.CLOSED)
        return done

    # Pull requests

    def listed(self) -> dict[str, Review]:
        heads = self.branches()
        return {
            branch: replace(one, head=heads[branch].head) if one.state is ReviewState.OPEN and branch in heads else one
            for branch, one in self.reviews.items()
        }

    def open(self, branch: str, words: Words) -> Review:
        self._let("open")
        known, head = self.reviews.get(branch), self.branches()[branch].head
        if known is None or known.state is not ReviewState.OPEN:
            number = 1 + max((one.number for one in self.reviews.values()), default=0)
            self.log.append(f"open {branch}")
            node = f"PR_{number}"
            review = Review(number, ReviewState.OPEN, f"#{number}", head, words.title, words.body, node=node)
        else:
            review = replace(known, head=head, title=words.title, body=words.body)
            if (known.title, known.body) != (words.title, words.body):
                self.log.append(f"reword {branch}")
        self.reviews[branch] = review
        return review

    def close(self, number: int, why: str) -> None:
        self._let("close")
        (branch,) = [name for name, one in self.reviews.items() if one.number == number]
        if self.reviews[branch].state is ReviewState.OPEN:
            self.log.append(f"close {branch}")
            self.said.append((number, why))
            self.reviews[branch] = replace(self.reviews[branch], state=ReviewState.CLOSED)

    # People

    def asked(self) -> tuple[Asked, ...]:
        return tuple(self.comments)

    def answered(self, asked: Asked) -> bool:
        return asked.comment in self.reactions

    def may_write(self, login: str) -> bool:
        return login in self.writers

    def answer(self, asked: Asked, reaction: Reaction, text: str = "") -> None:
        self._let("answer")
        if text:
            self._say(asked.number, text)
        if asked.comment not in self.reactions:
            self.log.append(f"react {asked.comment}")
        self.reactions[asked.comment] = reaction

    def say(self, number: int, text: str) -> None:
        self._let("say")
        self._say(number, text)

    def board(self) -> Board | None:
        return self._board

    def has_issues(self) -> bool:
        return self.issues

    def write_board(self, title: str, body: str) -> Board:
        self._let("write_board")
        if self._board is None or (self._board.open and (self._board.title, self._board.body) != (title, body)):
            self.log.append("board")
        if self._board is None or self._board.open:
            self._board = Board(99, "I_99", title, body, open=True)
        return self._board

    def _say(self, number: int, text: str) -> None:
        if (number, text) not in self.said:
            self.log.append(f"say {number}")
            self.said.append((number, text))

    def _let(self, method: str) -> None:
        if method in self.postponed:
            raise PostponedError("GitHub takes no more changes for now", NAME, UNTIL)
