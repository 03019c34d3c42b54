"""Reads the desk's database file page by page, as whoever has its key could: free pages too.

SQLCipher 4 with a raw key: pages of AES-256-CBC; the last 80 bytes of each are a vector and an HMAC, and
the first 16 of the file a salt (Zetetic, "SQLCipher Design").
"""

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE, RESERVED, SALT, VECTOR = 16384, 80, 16, 16


def decrypted(path: Path, key: bytes) -> bytes:
    """All pages of the file, with nothing of SQLite's own in between."""
    data = path.read_bytes()
    assert len(data) % PAGE == 0
    return b"".join(
        _open(data[place + (0 if place else SALT) : place + PAGE], key) for place in range(0, len(data), PAGE)
    )


def _open(page: bytes, key: bytes) -> bytes:
    sealed, rest = page[:-RESERVED], page[-RESERVED:]
    decryptor = Cipher(algorithms.AES(key), modes.CBC(rest[:VECTOR])).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()
