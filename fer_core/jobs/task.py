"""What a job can be asked to do, as a frozen class: to and from JSON, and the words of the command line.

@dataclass(frozen=True)
class Check(Task, kind="check", title="Checking {dataset}"):
    dataset: str = argument()
    version: str = option("--version")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self

_KINDS: dict[str, type[Task]] = {}
_WORD, _MISSING = "word", object()


def argument() -> Any:
    """A parameter that the verb takes by position."""
    return field(metadata={_WORD: ""})


def option(word: str, default: Any = _MISSING) -> Any:
    """A parameter that the verb takes by name; a tuple is given one by one, a truth value by the name alone."""
    return (
        field(metadata={_WORD: word})
        if default is _MISSING
        else field(default=default, metadata={_WORD: word})
    )


@dataclass(frozen=True)
class Task:
    """Something to do in the background; what it is called, and its parameters, stand in a subclass.

    Attributes:
        kind: its name, and the verb that does it.
    """

    kind: ClassVar[str] = ""
    _title: ClassVar[str] = "{kind}"

    def __init_subclass__(cls, kind: str = "", title: str = "{kind}") -> None:
        """Args: kind; title, what goes on, for people: names of parameters in braces."""
        cls.kind, cls._title = kind, title
        if kind:
            _KINDS[kind] = cls

    @property
    def title(self) -> str:
        """What goes on, for people."""
        return self._title.format(kind=self.kind, **vars(self))

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    def command(self, job: Path) -> list[str]:
        """Verb, options and arguments, as after `python -m fer_core`.

        Args:
            job: folder of the job.
        """
        options, positional = [f"--job={job}"], []
        for each in fields(self):
            value, word = getattr(self, each.name), each.metadata[_WORD]
            many = list(value) if isinstance(value, tuple) else [value]
            if not word:
                positional += [str(one) for one in many]
            elif value is True:
                options.append(word)
            elif value not in (None, False):
                options += [f"{word}={one}" for one in many if one != ""]
        return [self.kind, *options, "--", *positional]

    @staticmethod
    def read(kind: str, parameters: Mapping[str, Any]) -> Task:
        """From a kind and its parameters; of another version of the app, whose kinds may differ, an `Unknown`."""
        known = {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
        try:
            return _KINDS[kind](**known)
        except (KeyError, TypeError):
            return Unknown(kind, tuple(f"{key}={value}" for key, value in parameters.items()))

    @staticmethod
    def parse(args: Sequence[str]) -> Task:
        """From verb and arguments, as jobs of the version before were written down."""
        verb, *arguments = args or [""]
        try:
            return _KINDS[verb]._from_arguments(arguments)
        except (KeyError, TypeError, ValueError, IndexError):
            return Unknown(verb, tuple(arguments))

    @classmethod
    def _from_arguments(cls, arguments: list[str]) -> Self:
        named: dict[str, Field[Any]] = {
            each.metadata[_WORD]: each for each in fields(cls) if each.metadata[_WORD]
        }
        found: dict[str, Any] = {}
        positional: list[str] = []
        left = list(arguments)
        while left:
            word = left.pop(0)
            name, sign, value = word.partition("=")
            if name not in named:
                if word.startswith("-"):
                    raise ValueError(word)
                positional.append(word)
                continue
            each = named[name]
            if each.default is False:
                found[each.name] = True
                continue
            value = value if sign else left.pop(0)
            if isinstance(each.default, tuple):
                found[each.name] = (*found.get(each.name, ()), value)
            else:
                found[each.name] = int(value) if "int" in str(each.type) else value
        for each in (one for one in fields(cls) if not one.metadata[_WORD]):
            found[each.name] = tuple(positional) if "tuple" in str(each.type) else positional.pop(0)
        return cls(**found)


@dataclass(frozen=True)
class Unknown(Task, title="{verb}"):
    """A job of another version of the app, of a kind this one does not know."""

    verb: str = argument()
    arguments: tuple[str, ...] = argument()
