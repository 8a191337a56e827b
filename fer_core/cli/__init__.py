"""The command line: the same verbs as the pages, a thin shell over the library.

Exit status: 0 done; 1 a job, run or check failed; 2 bad input, with one clear line on stderr. With `--json`,
standard output is one JSON document and nothing else.
"""

from __future__ import annotations

import sys

import click

from fer_core import __version__
from fer_core.cli import data, models, quality
from fer_core.errors import FerError, JobError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="fer_core")
def cli() -> None:
    """Facial-emotion datasets and models: find what is wrong, repair it, split, train, compare, try.

    The workspace (data/ and models/) is the folder named by FER_HOME, else this checkout.
    """


for module in (data, quality, models):
    for command in module.COMMANDS:
        cli.add_command(command)


def main(args: list[str] | None = None) -> None:
    """Run one verb and exit with its status."""
    try:
        status = cli.main(args=args, prog_name="fer_core", standalone_mode=False)
        if isinstance(status, int) and status:
            sys.exit(status)
    except click.exceptions.Abort:
        fail("Stopped", 1)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
    except click.ClickException as error:
        fail(error.format_message(), 2)
    except JobError as error:
        fail(str(error), 1)
    except FerError as error:
        fail(str(error), 2)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        fail(f"The system said no: {error}", 1)


def fail(message: str, status: int) -> None:
    """One line on stderr, then exit."""
    click.echo("fer_core: " + " ".join(message.split()), err=True)
    sys.exit(status)
