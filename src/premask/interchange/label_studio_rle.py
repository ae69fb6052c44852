"""Label Studio's brush masks: a bit stream over the RGBA bytes of an image.

The stream is that of thi.ng's rle-pack, highest bit first: the number of values (32 bits,
4 H W), the size of a word less one (5), four sizes of run lengths less one (4 each), and then
blocks. A block is a flag (1 bit), which of the four sizes (2), a length less one (that many
bits) and, where the flag is set, one word that repeats, else as many words. Zeros fill the
last byte. The values are R, G, B, A of each pixel, row by row; what is painted is in A.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.interchange.runs import check_mask, check_size, shown, to_runs, whole_numbers
from premask.jit import jit

BRUSH = "the brush mask"
LENGTH_BITS = (3, 4, 8, 16)
"""Sizes of run lengths that Label Studio writes."""

WORD_BITS = 8
HEAD_BITS = 32 + 5 + 4 * 4
LARGEST = (1 << 32) // 4 - 1
"""Pixels whose bytes can still be counted in 32 bits."""

WHOLE, CUT_OFF, TOO_LONG = 0, 1, 2


def encode(mask: NDArray[np.bool_]) -> list[int]:
    """A mask as the list ``rle`` of a brush region, for ``json.dumps``.

    Painted pixels are 255 in all four channels, others 0. The list is to the byte that of
    label-studio-sdk's ``mask2rle`` for a mask of 0 and 255. That encoder fills the last
    byte with 1 to 8 zero bits: a stream that ends with a byte has one more byte, a zero,
    which Label Studio itself does not write and does not mind.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    list of int
        0 to 255.

    Raises
    ------
    PremaskError
        For another type or shape, or 2**30 px and more: their bytes cannot be counted.

    Examples
    --------
    >>> encode(np.array([[False, True]]))
    [0, 0, 0, 8, 57, 27, 252, 96, 17, 255, 128]
    """
    check_mask(mask)
    if mask.size > LARGEST:
        raise PremaskError(
            f"the mask has {mask.size:,} px; Label Studio's brush masks hold up to {LARGEST:,} px"
        )
    rle: list[int] = _pack(to_runs(mask.ravel()), mask.size).tolist()
    return rle


def decode(
    rle: Sequence[int] | bytes | NDArray[np.uint8], height: int, width: int, *, at_least: int = 1
) -> NDArray[np.bool_]:
    """The mask of a brush region.

    Parameters
    ----------
    rle : sequence of int, bytes or ndarray of uint8
        As Label Studio, its converters or other programs write it: any size of words and
        run lengths.
    height, width : int
        ``original_height`` and ``original_width`` of the region, px. An image has at most
        :data:`premask.io.images.MAX_PIXELS`.
    at_least : int
        Alpha of a painted pixel, 1 to 255. Strokes of the browser have soft edges: 1 takes
        all that Label Studio shows in colour, 128 the pixels of which half is covered.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    PremaskError
        With the position, for entries that are not bytes, a stream that is cut off, is of
        another size, runs past the last pixel, or has something after it.
    """
    if not 1 <= at_least <= 255:
        raise PremaskError(f"at_least is {at_least}; an alpha from 1 to 255 is accepted")
    return decode_alpha(rle, height, width) >= at_least


def decode_alpha(
    rle: Sequence[int] | bytes | NDArray[np.uint8], height: int, width: int
) -> NDArray[np.uint8]:
    """How far the brush covers each pixel: 0 to 255; larger words count as 255.

    Parameters
    ----------
    rle, height, width
        As in :func:`decode`.

    Returns
    -------
    ndarray of uint8, shape (H, W)
    """
    height, width = check_size(height, width, BRUSH)
    data = _bytes(rle)
    word, sizes = _read_head(data, height, width)
    alpha = np.zeros(height * width, np.uint8)
    fault, bit, value = _unpack(data, sizes, word, alpha)
    if fault != WHOLE:
        row, column = divmod(value // 4, width)
        raise PremaskError(
            f"{BRUSH}: at row {row}, column {column} of {width}x{height} px "
            + (
                f"its {data.size} bytes end; it is cut off"
                if fault == CUT_OFF
                else f"a run (byte {bit // 8 + 1} of {data.size}) goes past the last pixel; it is"
                " damaged"
            )
        )
    _check_end(data, bit)
    return alpha.reshape(height, width)


def _read_head(data: NDArray[np.uint8], height: int, width: int) -> tuple[int, NDArray[np.int64]]:
    """Bits of a word, and of the four sizes of run lengths."""
    if 8 * data.size < HEAD_BITS:
        raise PremaskError(
            f"{BRUSH}: it ends after byte {data.size}, within its head of 7 bytes; it is cut off"
        )
    head = int.from_bytes(data[:7].tobytes(), "big") >> (7 * 8 - HEAD_BITS)
    n_values, n = head >> 21, 4 * height * width
    if n_values != n:
        raise PremaskError(
            f"{BRUSH}: it holds {n_values} values (bytes 1 to 4), and {width}x{height} px"
            f" need {n}; is it the mask of another image?"
        )
    sizes = [(head >> at & 15) + 1 for at in (12, 8, 4, 0)]
    return (head >> 16 & 31) + 1, np.array(sizes, np.int64)


def _check_end(data: NDArray[np.uint8], bit: int) -> None:
    """Refuse a stream with more than zeros after its last pixel: some length was damaged."""
    rest = data[bit // 8 :].copy()
    rest[:1] &= 255 >> bit % 8
    if rest.any():
        byte = bit // 8 + int((rest > 0).argmax()) + 1
        raise PremaskError(
            f"{BRUSH}: its last pixel ends in byte {-(-bit // 8)} of {data.size}, and byte"
            f" {byte} is not empty; it is damaged"
        )


def _bytes(rle: object) -> NDArray[np.uint8]:
    if isinstance(rle, np.ndarray) and rle.ndim == 1 and rle.dtype == np.uint8:
        return np.ascontiguousarray(rle)
    if isinstance(rle, bytes):
        return np.frombuffer(bytearray(rle), np.uint8)
    if isinstance(rle, list | tuple) and set(map(type, rle)) <= {int}:
        try:
            return np.frombuffer(bytearray(rle), np.uint8)  # far faster than by int64
        except ValueError:
            pass  # said below, with the position
    numbers = whole_numbers(rle, BRUSH)
    wrong = np.flatnonzero((numbers < 0) | (numbers > 255))
    if wrong.size:
        i = int(wrong[0])
        raise PremaskError(
            f"{BRUSH}: entry {i + 1} of {numbers.size} is {shown(int(numbers[i]))}; bytes, 0 to"
            " 255, are accepted"
        )
    return numbers.astype(np.uint8)


@jit
def _write(data: NDArray[np.uint8], bit: int, width: int, value: int) -> int:
    """Put ``width`` bits (1 to 32) into zeros at a position; the position after them."""
    end = bit + width
    byte = (end - 1) >> 3
    value <<= ((byte + 1) << 3) - end
    while byte >= bit >> 3:
        data[byte] |= value & 255
        value >>= 8
        byte -= 1
    return end


@jit
def _pack(runs: NDArray[np.int64], n_pixels: int) -> NDArray[np.uint8]:
    """The stream of alternating pixels, and one to eight zero bits."""
    longest = 1 << LENGTH_BITS[3]
    most = HEAD_BITS + (3 + LENGTH_BITS[3] + WORD_BITS) * (runs.size + 4 * n_pixels // longest)
    data = np.zeros(most // 8 + 1, np.uint8)
    bit = _write(data, 0, 32, 4 * n_pixels)
    bit = _write(data, bit, 5, WORD_BITS - 1)
    for which in range(4):
        bit = _write(data, bit, 4, LENGTH_BITS[which] - 1)
    for i in range(runs.size):
        left = 4 * runs[i]
        which = 0
        # the end of a run that is cut stays in the largest size, as in label-studio-sdk
        while which < 3 and left > 1 << LENGTH_BITS[which]:
            which += 1
        size = LENGTH_BITS[which]
        while left > 0:
            length = min(left, longest)
            head = (4 | which) << size | (length - 1)
            bit = _write(data, bit, 3 + size, head)
            bit = _write(data, bit, WORD_BITS, 255 * (i % 2))
            left -= length
    return data[: bit // 8 + 1]


@jit
def _read(data: NDArray[np.uint8], bit: int, width: int) -> int:
    """``width`` bits (1 to 32) from a position on, that are known to be there."""
    value = 0
    byte = bit >> 3
    end = bit + width
    while byte << 3 < end:
        value = value << 8 | int(np.int64(data[byte]))  # not uint64, as numba would
        byte += 1
    return (value >> ((byte << 3) - end)) & ((1 << width) - 1)


@jit
def _unpack(
    data: NDArray[np.uint8], sizes: NDArray[np.int64], word: int, alpha: NDArray[np.uint8]
) -> tuple[int, int, int]:
    """Fill alpha; the fault, the bit that was reached, and the value of 4 H W to come next."""
    n_bits = 8 * data.size
    n = 4 * alpha.size
    bit = HEAD_BITS
    i = 0
    while i < n:
        start = bit
        if bit + 3 > n_bits:
            return CUT_OFF, start, i
        head = _read(data, bit, 3)
        size = int(sizes[head & 3])
        bit += 3
        if bit + size > n_bits:
            return CUT_OFF, start, i
        length = _read(data, bit, size) + 1
        bit += size
        repeats = head >> 2
        words = 1 if repeats else length
        # the place of a fault is where its block starts
        if i + length > n:
            return TOO_LONG, start, i
        if bit + words * word > n_bits:
            return CUT_OFF, start, i
        # the alpha of pixel k is value 4 k + 3
        if repeats:
            alpha[i // 4 : (i + length) // 4] = min(_read(data, bit, word), 255)
        else:
            for k in range(i // 4, (i + length) // 4):
                alpha[k] = min(_read(data, bit + (4 * k + 3 - i) * word, word), 255)
        bit += words * word
        i += length
    return WHOLE, bit, n
