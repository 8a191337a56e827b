"""The command line: the same verbs as the pages, a thin shell over the library.

Exit status: 0 done; 1 a job, run or check failed; 2 bad input. Whatever goes wrong is one line on stderr. With
`--json`, standard output is one JSON document and nothing else. The verbs are described in docs/cli.md.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from typing import NoReturn

import click

from fer_core import __version__
from fer_core.base import crash
from fer_core.base.errors import FerError, JobError, RunError
from fer_core.base.workspace import current, keep_private
from fer_core.cli import (
    about,
    checks,
    compare,
    comparing,
    data,
    duplicates,
    experiments,
    importing,
    maps,
    merge,
    mislabels,
    models,
    predict,
    queue,
    recipes,
    results,
    review,
    splits,
    training,
    tuning,
    upkeep,
    versions,
    votes,
)
from fer_core.cli.common import Verbs

PROGRAM = "fer"
_SYSTEM_FAILED = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EROFS,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
}


@click.group(
    cls=Verbs,
    subcommand_metavar="VERB [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name=PROGRAM)
def cli() -> None:
    """Facial-emotion datasets and models: find what is wrong, repair it, split, train, compare, try.

    The workspace (data/ and models/) is the folder named by FER_HOME, else this checkout. VERB --help tells
    more; --json makes a verb print one JSON document.
    """


cli.add(
    "Get a dataset and look at it",
    [data.sample, *importing.COMMANDS, *data.COMMANDS, *about.COMMANDS, *versions.COMMANDS],
)
cli.add(
    "Find what is wrong and repair it",
    [
        *checks.COMMANDS,
        *maps.COMMANDS,
        *duplicates.COMMANDS,
        *mislabels.COMMANDS,
        *review.COMMANDS,
        *votes.COMMANDS,
        *splits.COMMANDS,
        *merge.COMMANDS,
    ],
)
cli.add(
    "Train and compare",
    [
        *recipes.COMMANDS,
        *training.COMMANDS,
        *tuning.COMMANDS,
        *queue.COMMANDS,
        *compare.COMMANDS,
        *results.COMMANDS,
        *experiments.COMMANDS,
        *comparing.COMMANDS,
        *models.WEIGHTS,
    ],
)
cli.add("Use a model", [*predict.COMMANDS, *models.COMMANDS])
cli.add("Keep the workspace", upkeep.COMMANDS)


def main() -> NoReturn:
    """The whole process: run what `sys.argv` says and exit with its status."""
    keep_private()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # for developers; people read the one line that matters
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")  # file names in any encoding
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains at exit
        status = status or 1
    sys.exit(status)


def run(args: list[str]) -> int:
    """Run one verb; its exit status. Never raises for what a user can cause."""
    try:
        status = cli.main(args=args, prog_name=PROGRAM, standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    except click.exceptions.Abort:
        return _fail("Stopped", 1)
    except click.UsageError as error:
        see = f" See: {error.ctx.command_path} --help" if error.ctx else ""
        return _fail(error.format_message() + see, 2)
    except click.ClickException as error:
        return _fail(error.format_message(), 2)
    except FerError as error:
        return _fail(str(error), _status(error))
    except BrokenPipeError:
        return 1  # whoever read our output has seen enough
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            kept = "Nothing of what was there is lost; free some space and run it again"
            return _fail(f"The disk is full{place}. {kept}", 1)
        if error.errno == errno.EROFS:
            return _fail(
                f"The disk is read-only{place}. What is there can be looked at; nothing can be changed", 1
            )
        return _fail(f"The system refused ({error.strerror}){place}", 1)
    except Exception as error:
        if os.environ.get("FER_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        report = crash.write_report(current().root, error, verb=" ".join(args[:1]))
        told = f"with {report}" if report else "FER_DEBUG=1 shows the traceback"
        return _fail(f"A fault in the program ({what}). Please report it; {told}", 1)


def _status(error: FerError) -> int:
    """1 for work that failed, 2 for input that could not work."""
    cause = error.__cause__
    failed = isinstance(error, JobError | RunError) or (
        isinstance(cause, OSError) and cause.errno in _SYSTEM_FAILED
    )
    return 1 if failed else 2


def _fail(message: str, status: int) -> int:
    click.echo(f"{PROGRAM}: " + " ".join(message.split()), err=True)
    return status
