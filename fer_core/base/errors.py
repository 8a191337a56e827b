"""Errors with an explanation, one small exception per kind of failure.

Every error the user can cause or meet is a `FerError`: one sentence that says what happened, what was
received, and what to try. Pages and the command line print `str(error)`; nobody sees a traceback.

    >>> str(NotFound("Dataset not found", received="facez", hint="Known: faces"))
    'Dataset not found. Received: facez. Known: faces.'
"""

from __future__ import annotations


class FerError(Exception):
    """A failure that can be explained.

    Args:
        message: what happened, without a final period.
        received: what was given, as the user would recognise it.
        hint: what to try next.
    """

    def __init__(self, message: str, *, received: object = None, hint: str = "") -> None:
        self.message = message.rstrip(". ")
        self.received = None if received is None else str(received)
        self.hint = hint.rstrip(". ")
        super().__init__(self.message)

    def __str__(self) -> str:
        parts = [self.message]
        if self.received is not None:
            parts.append(f"Received: {self.received}")
        if self.hint:
            parts.append(self.hint)
        return ". ".join(parts) + "."


class DataWarning(UserWarning):
    """Training images that make the numbers of a run less meaningful: copies across splits, drift, blank pictures."""


class BadName(FerError):
    """A dataset, version or run name that cannot be used as one."""


class NotFound(FerError):
    """A dataset, version, run, image or file that is not there."""


class NotAllowed(FerError):
    """A file on the server that visitors of the app may not read."""


class AlreadyExists(FerError):
    """Something of that name is there and would be overwritten."""


class BadPattern(FerError):
    """A subject pattern that is not a regular expression, or one that is not supported."""


class SourceError(FerError):
    """A folder or archive that cannot be imported as a whole."""


class UnsafeArchive(SourceError):
    """An archive that names places outside itself, holds links, or unpacks beyond the limits."""


class NoRoom(SourceError):
    """Too many open files or a full disk: nothing is wrong with the source."""


class ImageError(FerError):
    """One file that is not an image, does not decode, or is beyond the limits."""


class ManifestError(FerError):
    """A manifest or version file that does not hold what its schema promises."""


class VersionConflict(FerError):
    """Somebody else made a version of the dataset while this one was being made."""


class DecisionError(FerError):
    """A review decision or patch that cannot be recorded or applied."""


class ProbabilityError(FerError):
    """A file of probabilities that does not fit its dataset, or holds other values than probabilities."""


class SplitError(FerError):
    """Ratios, groups or classes that cannot be split as asked."""


class NothingToAdd(SplitError):
    """Every image of another dataset that was asked for is here already, unfit, or near an image in val or test."""


class TooFewImages(FerError):
    """Not enough images, or classes, for what was asked."""


class RecipeError(FerError):
    """A recipe field that is unknown, of the wrong type, or out of range."""


class RunError(FerError):
    """A training run that cannot do what was asked in the state it is in."""


class JobError(FerError):
    """A background job that failed."""


class ModelFileError(FerError):
    """A model file that is missing, not ONNX, or lacks the metadata needed to use it."""


def first_line(error: BaseException) -> str:
    """The first line of an error's message, at most 200 characters; the name of its class where there is no message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
