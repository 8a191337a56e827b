"""Tasks of background jobs: frozen dataclasses that convert to JSON and to a command line.

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
_OPTION, _MISSING = "option", object()


def argument() -> Any:
    """A field that is a positional argument of the verb."""
    return field(metadata={_OPTION: ""})


def option(word: str, default: Any = _MISSING) -> Any:
    """A field that is an option of the verb: repeated for a tuple, a flag for a bool."""
    return (
        field(metadata={_OPTION: word})
        if default is _MISSING
        else field(default=default, metadata={_OPTION: word})
    )


@dataclass(frozen=True)
class Task:
    """Work that a job can do; a subclass names it and its parameters.

    Attributes:
        kind: its name, which is also the verb that does it.
    """

    kind: ClassVar[str] = ""
    _title: ClassVar[str] = "{kind}"

    def __init_subclass__(cls, kind: str = "", title: str = "{kind}") -> None:
        """Register a kind; `title` is a format string over the parameters, shown while it runs."""
        cls.kind, cls._title = kind, title
        if kind:
            _KINDS[kind] = cls

    @property
    def title(self) -> str:
        """What is going on, for people."""
        return self._title.format(kind=self.kind, **vars(self))

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    def command(self, job: Path) -> list[str]:
        """Verb, options and arguments for `python -m fer_core`.

        Args:
            job: the job's folder.
        """
        options, positional = [f"--job={job}"], []
        for each in fields(self):
            value, word = getattr(self, each.name), each.metadata[_OPTION]
            many = list(value) if isinstance(value, tuple) else [value]
            if not word:
                positional += [str(one) for one in many]
            elif value is True:
                options.append(word)
            elif value is not None and value is not False:  # 0 is a value
                options += [f"{word}={one}" for one in many if one != ""]
        return [self.kind, *options, "--", *positional]

    @staticmethod
    def read(kind: str, parameters: Mapping[str, Any]) -> Task:
        """From a kind and its parameters; an `Unknown` if another version of the app wrote them."""
        known = {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
        try:
            return _KINDS[kind](**known)
        except (KeyError, TypeError):
            return Unknown(kind, tuple(f"{key}={value}" for key, value in parameters.items()))

    @staticmethod
    def parse(args: Sequence[str]) -> Task:
        """From verb and arguments, as older versions recorded jobs."""
        verb, *arguments = args or [""]
        try:
            return _KINDS[verb]._from_arguments(arguments)
        except (KeyError, TypeError, ValueError, IndexError):
            return Unknown(verb, tuple(arguments))

    @classmethod
    def _from_arguments(cls, arguments: list[str]) -> Self:
        named: dict[str, Field[Any]] = {
            each.metadata[_OPTION]: each for each in fields(cls) if each.metadata[_OPTION]
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
        for each in (one for one in fields(cls) if not one.metadata[_OPTION]):
            found[each.name] = tuple(positional) if "tuple" in str(each.type) else positional.pop(0)
        return cls(**found)


@dataclass(frozen=True)
class Unknown(Task, title="{verb}"):
    """A job of another version of the app, of a kind this one does not know."""

    verb: str = argument()
    arguments: tuple[str, ...] = argument()
