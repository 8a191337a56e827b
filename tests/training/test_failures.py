from __future__ import annotations

import errno

import pytest

from fer_core.base.errors import NotFound
from fer_core.training.failures import failure_message


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotFound("Dataset not found", received="x"), "Dataset not found. Received: x."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full. Free some space"),
        (MemoryError(), "The memory was not enough. Try a smaller batch_size"),
        (ResourceExhaustedError("OOM when allocating tensor"), "The memory was not enough."),
        (
            RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes"),
            "The memory was not enough.",
        ),
        (FileNotFoundError(errno.ENOENT, "gone", "a.npy"), "A file this run needs is gone. Received: a.npy."),
        (ValueError("one\ntwo"), "Unexpected failure, see the log. Received: ValueError: one."),
        (KeyboardInterrupt(), "Unexpected failure, see the log. Received: KeyboardInterrupt: no message."),
    ],
)
def test_a_failure_is_one_sentence_with_what_to_try(error: BaseException, sentence: str) -> None:
    found = failure_message(error)
    assert found.startswith(sentence)
    assert "\n" not in found
