"""How far noise may take a number: 19 in 20 numbers lie within their margin.

A number that is the sum of several carries the noise of each. The distribution of the sum comes from the
product of the characteristic functions, put back by a Fourier transform: exact but for rounding.

    E e^(itZ) = (1 - q)^2 / (1 - 2 q cos t + q^2),    q = e^(-1 / scale)
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil, exp, log2, sqrt

import numpy as np

SURE = 0.95
# A sum is looked for within so many of its standard deviations, and of the widest single noise.
_WIDE = 12


def margin(parts: Mapping[Fraction, int]) -> int:
    """The least x so that 95 in 100 sums of noise lie within x; `parts` has how many numbers, by scale."""
    return _margin(tuple(sorted((float(scale), number) for scale, number in parts.items() if number)))


@lru_cache(maxsize=4096)
def _margin(parts: tuple[tuple[float, int], ...]) -> int:
    if not parts:
        return 0
    spread = sqrt(sum(2 * scale * scale * number for scale, number in parts))
    size = 1 << ceil(log2(2 * _WIDE * (spread + parts[-1][0] + 1)))
    angles = 2 * np.pi * np.arange(size // 2 + 1) / size
    characteristic = np.ones(len(angles))
    for scale, number in parts:
        q = exp(-1 / scale)
        characteristic *= ((1 - q) ** 2 / (1 - 2 * q * np.cos(angles) + q * q)) ** number
    chances = np.fft.irfft(characteristic, size)
    # Place 0 is no noise; from place 1 on, as much above it as below.
    within = chances[0] + 2 * np.cumsum(np.concatenate([[0.0], chances[1 : size // 2]]))
    return int(np.argmax(within >= SURE))
