"""Why a run failed, in one sentence for the person who started it; the log has the rest."""

from __future__ import annotations

import errno

from fer_core.base.errors import FerError


def failure_message(error: BaseException) -> str:
    """One sentence, with what to try where that is known."""
    if isinstance(error, FerError):
        return str(error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "The disk is full. Free some space and start the run again."
    if _out_of_memory(error):
        return "The memory was not enough. Try a smaller batch_size, or a smaller model."
    if isinstance(error, FileNotFoundError):
        return f"A file this run needs is gone. Received: {error.filename}."
    first = (str(error).strip() or "no message").splitlines()[0][:200]
    return f"Unexpected failure, see the log. Received: {type(error).__name__}: {first}."


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    # Each backend has its own class for it; the words are the same.
    text = f"{type(error).__name__} {error}".lower()
    return any(
        words in text for words in ("resourceexhausted", "resource_exhausted", "out of memory", "oom when")
    )
