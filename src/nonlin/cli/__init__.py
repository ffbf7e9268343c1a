"""The command `nonlin`: one thin module per subcommand, errors in one line."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

import nonlin
from nonlin.cli.certify import certify
from nonlin.cli.check import check
from nonlin.cli.claims import app as claims
from nonlin.cli.compare import compare
from nonlin.cli.info import info
from nonlin.cli.list import list_
from nonlin.cli.repair import repair
from nonlin.cli.show import show
from nonlin.cli.signal import signal
from nonlin.cli.watch import watch
from nonlin.errors import NonlinError, UserCodeError

BAD_INPUT, INTERRUPTED = 2, 130

app = typer.Typer(
    name="nonlin",
    help="Activation functions: defined exactly, measured, compared fairly.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
app.command("list")(list_)
app.command()(show)
app.command()(compare)
app.command()(certify)
app.command()(info)
app.command()(signal)
app.command()(check)
# What follows the script is the script's own, options included.
_RUNS_A_SCRIPT = {"allow_interspersed_args": False, "allow_extra_args": True}
app.command(context_settings=_RUNS_A_SCRIPT)(watch)
app.command(context_settings=_RUNS_A_SCRIPT)(repair)
app.add_typer(claims, name="claims")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nonlin {nonlin.__version__}")
        raise typer.Exit


@app.callback()
def nonlin_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Activation functions: defined exactly, measured, compared fairly."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 some runs failed, 2 bad input, 130 interrupted."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    command = typer.main.get_command(app)
    try:
        result = command.main(arguments, prog_name="nonlin", standalone_mode=False)
    except NonlinError as error:
        if isinstance(error, UserCodeError) and error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        return _fail(str(error))
    except typer.TyperException as error:
        return _fail(f"{error.format_message()}; see: nonlin {' '.join(arguments[:1])} --help")
    if result == INTERRUPTED:
        print("nonlin: interrupted; the same command resumes", file=sys.stderr)
    return result if isinstance(result, int) else 0


def _fail(message: str) -> int:
    print(f"nonlin: {' '.join(message.split())}", file=sys.stderr)
    return BAD_INPUT
