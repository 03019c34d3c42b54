"""Knows a picture by its first bytes, whatever it is called.

A photo that somebody renamed, or that a phone declares wrongly, holds the place and time of the
camera all the same. The browser's script (`intake/browser/src/picture.js`) knows the same ones.
"""

import re

# Bytes that are enough to know.
FRONT = 12

# JPEG, PNG, GIF, TIFF and raw pictures of cameras, WebP, HEIF and AVIF.
_PICTURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(?:hei|hev|mif1|msf1|avi[fs])", re.DOTALL
)


def is_picture(front: bytes) -> bool:
    """Whether a file that begins so is a picture."""
    return bool(_PICTURE.match(front))
