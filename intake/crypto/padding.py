"""Makes reports of different lengths look alike.

Encryption hides what a report says but not how long it is, and the server's disk is the one
thing we expect to lose. So every plaintext is grown with spaces to the next of a few sizes
before it is sealed, and only the organizers learn its true length. Spaces after a JSON object
mean nothing, so stock `age -d` still prints plain JSON.
"""

from intake.crypto.errors import Malformed, TooLong

SIZE_CLASSES = (16 * 1024, 64 * 1024)


def pad(body: bytes) -> bytes:
    """`body`, which ends in a brace, grown to its size class; TooLong when none is large enough."""
    if not body.endswith(b"}"):
        raise Malformed("a report is one JSON object")
    return body.ljust(_size_class(len(body)), b" ")


def unpad(plaintext: bytes) -> bytes:
    """What was padded; Malformed unless padding it again would give the same bytes."""
    end = plaintext.rfind(b"}") + 1
    body, padding = plaintext[:end], plaintext[end:]
    if not body or padding != b" " * len(padding) or len(plaintext) > SIZE_CLASSES[-1]:
        raise Malformed("not a padded report")
    if len(plaintext) != _size_class(len(body)):
        raise Malformed("not padded to its size class")
    return body


def _size_class(length: int) -> int:
    for size in SIZE_CLASSES:
        if length <= size:
            return size
    raise TooLong(f"a report takes {SIZE_CLASSES[-1]} bytes at most")
