"""Types of the NumPy arrays that many rooms pass around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]
Pixels = NDArray[np.uint8]
"""Gray pictures (n, h, w), or one picture (h, w) or (h, w, 3)."""
