"""Batches for tests: well made, and made by somebody who means harm."""

import hashlib
import io
import tarfile
from collections.abc import Sequence

from intake.crypto.recipients import Recipient
from intake.crypto.shard import BLOCK, Member, ReportName, write_shard
from tests.serving import sealed_body

WEEK = "2026-W47"
SIZE = 300


def bodies(recipients: Sequence[Recipient], count: int) -> list[bytes]:
    """What the script would post for so many reports; all but one are copies, under ids of their own."""
    one = sealed_body(recipients)
    key = one[:16]
    others = (hashlib.blake2b(bytes([n // 256, n % 256]), key=key, digest_size=16) for n in range(count - 1))
    return [one, *(other.digest() + one[16:] for other in others)]


def batch(sealed: Sequence[bytes]) -> bytes:
    """The batch of these posted bodies."""
    out = io.BytesIO()
    members = [Member(ReportName(WEEK, one[:16]), one[16:]) for one in sealed]
    write_shard(sorted(members, key=lambda member: member.name), out)
    return out.getvalue()


def batch_name(data: bytes) -> str:
    """The name that a batch is saved under."""
    return f"witnessbox-batch-{hashlib.sha256(data).hexdigest()[:16]}.tar"


def small(count: int = 3) -> bytes:
    """A well-made batch of members that are no sealed files."""
    return batch([bytes([number]) * 16 + bytes([number]) * (SIZE + number) for number in range(1, count + 1)])


def foreign(name: str, kind: bytes = tarfile.REGTYPE, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar of one member that other means made."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        info = tarfile.TarInfo(name)
        info.type, info.mode = kind, 0o600
        if kind == tarfile.REGTYPE:
            info.size = SIZE
        else:
            info.linkname = "/etc/passwd"
        tar.addfile(info, io.BytesIO(bytes(SIZE)))
    return out.getvalue()


def resized(data: bytes, size: bytes) -> bytes:
    """A batch whose first header says another size, with the checksum made to fit."""
    header = data[:124] + size + data[136:148] + b" " * 8 + data[156:BLOCK]
    return header[:148] + b"%06o\0 " % sum(header) + header[156:] + data[BLOCK:]


NAME = f"{WEEK}/{'ab' * 16}.age"
GOOD = small()
FILLED = GOOD[: BLOCK + SIZE + 1] + b"x" + GOOD[BLOCK + SIZE + 2 :]
# Each with what is wrong with it.
HOSTILE = {
    "nothing": b"",
    "only its end": bytes(2 * BLOCK),
    "words": b"They took my bag. " * 1_000,
    "a path out of the folder": foreign("../../../etc/cron.d/evil.age"),
    "an absolute path": foreign(f"/{NAME}"),
    "a path in a week": foreign(f"{WEEK}/../{'ab' * 16}.age"),
    "a symbolic link": foreign(NAME, tarfile.SYMTYPE),
    "a hard link": foreign(NAME, tarfile.LNKTYPE),
    "a device": foreign(NAME, tarfile.CHRTYPE),
    "a folder": foreign(NAME, tarfile.DIRTYPE),
    "a long name of GNU's": foreign("x/" * 200 + NAME, form=tarfile.GNU_FORMAT),
    "an extended header": foreign("ñ" * 200 + NAME, form=tarfile.PAX_FORMAT),
    "another program's headers": foreign(NAME, form=tarfile.GNU_FORMAT),
    "a huge size": resized(GOOD, b"77777777777\0"),
    "a size in base 256": resized(GOOD, b"\x80" + bytes(10) + b"\xff"),
    "a size below zero": resized(GOOD, b"\xff" * 12),
    "a size of nothing": resized(GOOD, b"00000000000\0"),
    "a size in another spelling": resized(GOOD, b"       454 \0"),
    "cut in a header": GOOD[:100],
    "cut in a member": GOOD[: BLOCK + 100],
    "cut between members": GOOD[: 2 * BLOCK],
    "cut in its end": GOOD[:-1],
    "one block of zeros": GOOD[:-BLOCK],
    "a block too many": GOOD + bytes(BLOCK),
    "a byte too many": GOOD + b"\0",
    "a batch after the batch": GOOD + GOOD,
    "words between its blocks of zeros": GOOD[:-BLOCK] + b"x" + GOOD[1 - BLOCK :],
    "a member that is not filled with zeros": FILLED,
    "members out of order": GOOD[2 * BLOCK : 4 * BLOCK] + GOOD[: 2 * BLOCK] + GOOD[4 * BLOCK :],
    "a member twice": GOOD[: 2 * BLOCK] * 2 + GOOD[2 * BLOCK :],
    "another checksum": GOOD[:148] + b"000000\0 " + GOOD[156:],
    "501 members": batch([number.to_bytes(16) + bytes(SIZE) for number in range(501)]),
}
