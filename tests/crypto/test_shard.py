import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from intake.crypto.errors import Malformed
from intake.crypto.shard import (
    BLOCK,
    MAX_SHARD_REPORTS,
    MIN_MEMBER,
    Member,
    ReportName,
    index_shard,
    write_shard,
)


def members(count: int, size: int = 300) -> list[Member]:
    names = sorted(ReportName(f"2026-W{1 + i % 50:02d}", os.urandom(16)) for i in range(count))
    return [Member(name, os.urandom(size + i)) for i, name in enumerate(names)]


def written(reports: list[Member]) -> bytes:
    out = io.BytesIO()
    write_shard(reports, out)
    return out.getvalue()


def test_a_shard_gives_back_what_was_put_in() -> None:
    reports = members(20)
    data = written(reports)
    found = [Member(e.name, data[e.offset : e.offset + e.size]) for e in index_shard(io.BytesIO(data))]
    assert found == reports


def test_stock_tar_lists_names_and_nothing_that_identifies(tmp_path: Path) -> None:
    reports = members(3)
    (tmp_path / "shard.tar").write_bytes(written(reports))
    listing = subprocess.run(
        ["tar", "--numeric-owner", "--full-time", "--utc", "-tvf", tmp_path / "shard.tar"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in listing.stdout.splitlines()]
    assert [line[-1] for line in lines] == [str(report.name) for report in reports]
    assert {tuple(line[:2]) for line in lines} == {("-rw-------", "0/0")}
    assert {tuple(line[3:5]) for line in lines} == {("1970-01-01", "00:00:00")}


def test_members_out_of_order_are_not_written() -> None:
    with pytest.raises(Malformed, match="order"):
        written(members(2)[::-1])


def test_a_member_is_not_written_twice() -> None:
    (member,) = members(1)
    with pytest.raises(Malformed, match="order"):
        written([member, member])


def foreign(name: str, kind: bytes = tarfile.REGTYPE, size: int = 300) -> bytes:
    """A tar made by other means."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.linkname = kind, 0o600, "/etc/passwd" if kind != tarfile.REGTYPE else ""
        info.size = size if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(bytes(size)))
    return out.getvalue()


GOOD_NAME = f"2026-W01/{'ab' * 16}.age"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(foreign("../../escape.age"), id="a path out of the folder"),
        pytest.param(foreign("/etc/cron.d/evil"), id="an absolute path"),
        pytest.param(foreign(GOOD_NAME, tarfile.SYMTYPE), id="a symbolic link"),
        pytest.param(foreign(GOOD_NAME, tarfile.LNKTYPE), id="a hard link"),
        pytest.param(foreign(GOOD_NAME, tarfile.DIRTYPE), id="a directory"),
        pytest.param(foreign(GOOD_NAME, tarfile.GNUTYPE_SPARSE), id="a sparse file"),
        pytest.param(foreign(GOOD_NAME, size=0), id="an empty member"),
        pytest.param(foreign(GOOD_NAME.replace("W01", "W54")), id="a week that no year has"),
        pytest.param(written(members(2))[:-1], id="cut by a byte"),
        pytest.param(written(members(2))[: -2 * BLOCK], id="without its end"),
        pytest.param(written(members(2)) + b"\0", id="a byte too many"),
        pytest.param(b"\xff" * 4 * BLOCK, id="no tar"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_tar_in_any_other_form_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed, match=r"shard|member"):
        list(index_shard(io.BytesIO(data)))


def test_a_member_too_short_for_an_age_file_is_refused() -> None:
    name = ReportName.parse(GOOD_NAME)
    assert len(list(index_shard(io.BytesIO(written([Member(name, bytes(MIN_MEMBER))]))))) == 1
    with pytest.raises(Malformed, match="member"):
        list(index_shard(io.BytesIO(written([Member(name, bytes(MIN_MEMBER - 1))]))))


def test_a_claim_of_ten_gigabytes_is_refused_before_reading_on() -> None:
    data = bytearray(foreign(GOOD_NAME))
    data[124:136] = b"%011o\0" % (10 * 2**30)
    with pytest.raises(Malformed, match="member"):
        list(index_shard(io.BytesIO(bytes(data))))


def test_a_changed_byte_of_any_header_is_noticed() -> None:
    data = written(members(1))
    for at in range(BLOCK):
        changed = bytearray(data)
        changed[at] ^= 1
        try:
            found = [str(entry.name) for entry in index_shard(io.BytesIO(bytes(changed)))]
        except Malformed:
            continue
        pytest.fail(f"byte {at} was changed unnoticed: {found}")


def test_one_member_twice_is_refused() -> None:
    one = written(members(1))[: -2 * BLOCK]
    with pytest.raises(Malformed, match="order of their names"):
        list(index_shard(io.BytesIO(one + one + bytes(2 * BLOCK))))


def test_more_reports_than_a_shard_takes_are_refused() -> None:
    with pytest.raises(Malformed, match="too many"):
        list(index_shard(io.BytesIO(written(members(MAX_SHARD_REPORTS + 1)))))
