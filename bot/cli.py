"""The command line: arguments in, words out; no logic.

Exit codes: 0 done, 1 an expected error (one line: what, where, what next), 2 usage, 3 unexpected
(with the path of a report). Heavy modules are imported by the commands that need them.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from bot.app import App
    from bot.config import Settings

Progress = Callable[[int, int], None]


class Format(StrEnum):
    """How a scan is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


cli = typer.Typer(
    name="freshline",
    help="Keeps your repositories on current versions. Start with: freshline scan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_cli = typer.Typer(help="Check, describe or show the configuration.", no_args_is_help=True)
cli.add_typer(config_cli, name="config")

Target = Annotated[str, typer.Argument(metavar="[PATH]", help="A repository: a folder, a bare one, or an address.")]
Targets = Annotated[list[str] | None, typer.Argument(metavar="PATH", help="Repositories; default: this folder.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The operator's configuration.")]
Everything = Annotated[bool, typer.Option("--all", "-a", help="Also list what is up to date.")]
Shape = Annotated[Format, typer.Option("--format", "-f", help="How to print it.")]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if wanted:
        typer.echo(f"freshline {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keeps your repositories on current versions."""


@cli.command()
def scan(
    target: Target = ".", form: Shape = Format.TABLE, everything: Everything = False, config: ConfigFile = None
) -> None:
    """Show what is behind, and why each thing is or is not upgraded. Only reads."""
    from bot.app import App
    from bot.view import print_scan

    with App.opened(_settings(config)) as app, _progress() as progress:
        found = app.scan(target, progress)
    print_scan(found, form.value, everything=everything)


@cli.command()
def run(
    targets: Targets = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Print the diffs and write nothing.")] = False,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Every repository that your GitHub App is installed on.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Put every update on a branch of its own, with one commit. Your files and index stay as they are."""
    from bot.app import App

    if fleet:
        if targets or dry:
            raise typer.BadParameter("--fleet goes over every repository; it takes no names and no --dry-run")
        _run_fleets(_settings(config))
        return
    with App.opened(_settings(config)) as app:
        done = [_run_one(app, target, dry=dry) for target in targets or ["."]]
    if not all(done):
        raise typer.Exit(1)


def _run_fleets(settings: Settings) -> None:
    from bot.app import App
    from bot.core.errors import ExpectedError
    from bot.faults import explained
    from bot.fleets import went_wrong
    from bot.view import FleetPrinter, print_fleets

    with App.opened(settings) as app:
        passes = app.run_fleets(FleetPrinter())
    print_fleets(passes)
    wrong = went_wrong(passes)
    codes = [explained(error) for error in wrong if not isinstance(error, ExpectedError)]  # the others were told
    if wrong:
        raise typer.Exit(max(codes, default=1))


def _run_one(app: App, target: str, *, dry: bool) -> bool:
    """Run over one repository; whether it went well. One repository's trouble is not the others'."""
    from bot.core.errors import ExpectedError
    from bot.faults import explained
    from bot.view import print_run

    try:
        with _progress() as progress:
            done = app.run(target, dry=dry, progress=progress)
        print_run(done)
    except ExpectedError as error:
        return not explained(error)
    return True


@cli.command()
def explain(
    package: Annotated[str, typer.Argument(help="A name, as the manifest spells it; * stands for anything.")],
    target: Target = ".",
    config: ConfigFile = None,
) -> None:
    """Say everything about one dependency: where it stands, what it could be, and why it is what it is."""
    from bot.app import App
    from bot.view import print_explanation

    with App.opened(_settings(config)) as app, _progress() as progress:
        found = app.scan(target, progress)
    if not print_explanation(found, package):
        raise typer.Exit(1)


@cli.command()
def status(
    target: Annotated[str | None, typer.Argument(metavar="[PATH]", help="One repository; default: all.")] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="BRANCH", help="Print one pull request's text.")] = None,
    config: ConfigFile = None,
) -> None:
    """List what was proposed, and what became of it."""
    from bot.app import App
    from bot.view import print_proposal, print_status

    with App.opened(_settings(config)) as app:
        records = app.proposals(target)
    if show is None:
        print_status(records)
    elif not print_proposal(records, show):
        raise typer.Exit(1)


@cli.command()
def doctor(
    aws_policy: Annotated[
        bool, typer.Option("--aws-policy", help="Print what Freshline has to be allowed on AWS, as an IAM policy.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Check that everything Freshline needs is here and answers."""
    from bot.doctor import aws_permissions, examine
    from bot.view import print_findings

    if aws_policy:
        typer.echo(aws_permissions(_settings(config)))
        return
    if not print_findings(examine(_settings(config))):
        raise typer.Exit(1)


@config_cli.command("check")
def config_check(
    policy: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A repository's policy file.")] = None,
    config: ConfigFile = None,
) -> None:
    """Check the operator's configuration, and a repository's policy file where one is given."""
    from bot.view import print_config_check

    print_config_check(_settings(config), policy)


@config_cli.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of .github/freshline.toml, for your editor."""
    import json

    from bot.policy_file import schema

    typer.echo(json.dumps(schema(), indent=2))


@config_cli.command("show")
def config_show(config: ConfigFile = None) -> None:
    """Print the configuration in force, defaults and environment included; secrets are masked."""
    from bot.view import print_config

    print_config(_settings(config))


def _settings(path: Path | None) -> Settings:
    from bot.config import load

    return load(path)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A moving line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console: Console = Console(stderr=True)
    columns = (TextColumn("Asking the registries"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def main() -> None:
    """Run the command line and exit with its code."""
    # Reading makes many objects and no cycles: at its usual pace the collector takes half of the time.
    gc.set_threshold(200_000, 20, 20)
    _prepare_streams()
    try:
        _flushed(cli)
    except Exception as error:  # noqa: BLE001 - the last resort: everything unexpected is reported, never lost
        from bot.faults import explained

        # What could not be written is not tried again at exit (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(explained(error))


def _flushed(work: Callable[[], object]) -> None:
    """Do the work; that the output could not be written shows here, not after the exit code is given."""
    try:
        work()
    finally:
        sys.stdout.flush()


def _prepare_streams() -> None:
    """Put something in place of closed streams; let a terminal of few characters show what it can."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - it stays to the end
        elif name == "stdout" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
