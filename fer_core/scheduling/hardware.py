"""What this machine can compute with, as far as its files say: Keras is not imported to find it out."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_DEVICES = ("nvidia[0-9]*", "kfd", "dxg", "accel*")
"""In `/dev`: NVIDIA, AMD, the GPU of a Windows host, TPUs and the like."""
_BFLOAT16 = re.compile(r"^(?:flags|Features)\b.*\b(?:avx512_bf16|amx_bf16|bf16)\b", re.MULTILINE)


def may_have_accelerator(devices: Path = Path("/dev")) -> bool:
    """False where there is no GPU or TPU, or CUDA is told to use none; True also where that cannot be told (no Linux)."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return False
    return sys.platform != "linux" or any(next(devices.glob(name), None) for name in _DEVICES)


def has_bfloat16(processors: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies in bfloat16 (AVX-512 BF16, AMX, Arm BF16); False where that cannot be told."""
    try:
        return _BFLOAT16.search(processors.read_text(errors="replace")) is not None
    except OSError:
        return False
