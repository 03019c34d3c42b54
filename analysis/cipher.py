"""Opens the desk's encrypted database; nothing else of the desk knows how it is encrypted.

Importing this module puts SQLCipher where sqlite-utils and Datasette look for their SQLite
(both try `pysqlite3` first), so it must be imported before either of them. The key is 32 random
bytes: raw, so no connection pays for a key derivation.
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlcipher3
from sqlcipher3 import dbapi2

KEY_LENGTH = 32

for _name in dir(dbapi2):
    if not hasattr(sqlcipher3, _name):
        setattr(sqlcipher3, _name, getattr(dbapi2, _name))
sys.modules["pysqlite3"] = sqlcipher3
sys.modules["pysqlite3.dbapi2"] = dbapi2

# Only now: the two libraries take the SQLite that they find when they are first imported.
from sqlite_utils import Database  # noqa: E402

__all__ = ["KEY_LENGTH", "Database", "DatabaseError", "OperationalError", "connect", "sqlite"]

sqlite = dbapi2
DatabaseError = dbapi2.DatabaseError
OperationalError = dbapi2.OperationalError

# 16 KiB pages waste a third less space on stories than 4 KiB ones.
_PAGE_SIZE = "cipher_page_size = 16384"

# In this order: the page size must follow the key, and hold when the file is made.
_PRAGMAS = (
    # Errors of a wrong key would otherwise be printed by the library itself.
    "cipher_log_level = NONE",
    # Wiping every freed page made an import twice as slow, while the same words stand in Python's
    # own memory, which nobody wipes. Memory is kept off the disk instead: no core files, no swap.
    "cipher_memory_security = OFF",
    _PAGE_SIZE,
    "cache_size = -200000",
    # A sort over stories would otherwise be written to /var/tmp in plain words.
    "temp_store = MEMORY",
    # What a view or trigger of a damaged file could call is limited to harmless functions.
    "trusted_schema = OFF",
    "foreign_keys = ON",
)


def connect(path: Path, key: bytes, *, readonly: bool = False, timeout: float = 30.0) -> Any:
    """A connection to the database at `path`; `DatabaseError` at first use when the key is wrong.

    A missing file is made, unless `readonly`. The connection may be used from any thread, one
    at a time.
    """
    if len(key) != KEY_LENGTH:
        raise ValueError("the key of a database has 32 bytes")
    mode = "ro" if readonly else "rwc"
    connection = dbapi2.connect(
        f"file:{quote(str(path))}?mode={mode}", uri=True, check_same_thread=False, timeout=timeout
    )
    connection.execute(f"""PRAGMA key = "x'{key.hex()}'" """)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    if readonly:
        connection.execute("PRAGMA query_only = ON")
    return connection


def copy_into(connection: Any, path: Path, key: bytes) -> None:
    """Writes all that a database says into the empty file at `path`, encrypted under the same kind of key.

    Not in a transaction of the caller. What was deleted is in no page of it.
    """
    connection.execute('ATTACH ? AS "aside" KEY ?', [str(path.absolute()), f"x'{key.hex()}'"])
    try:
        for pragma in (_PAGE_SIZE, "cache_size = -20000", "journal_mode = OFF", "synchronous = OFF"):
            # Nobody reads it before it is whole, and a kill leaves it to be removed.
            connection.execute(f'PRAGMA "aside".{pragma}')
        connection.execute("SELECT sqlcipher_export('aside')")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f'PRAGMA "aside".user_version = {version:d}')
    finally:
        connection.execute('DETACH "aside"')
