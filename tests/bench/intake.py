"""The intake: sealed posts a second that are durable before they are answered.

The floor is the same application, read and drop, in the same run and under the same load.
"""

import statistics
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from analysis.identity import HybridIdentity
from intake import directory
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.seal import seal_bytes
from tests.bench.load import Measured, post_sealed
from tests.bench.table import show
from tests.cards import write_card
from tests.running import be_patient, serving

ROUNDS = 3
CONNECTIONS = (1, 8, 32)


def measure(address: str, sealed: bytes, connections: int, requests: int) -> Measured:
    """One round against the server at `address`, after a few requests to warm it up."""
    place = urlsplit(address)
    assert place.hostname
    assert place.port
    post_sealed(place.hostname, place.port, sealed, connections, 10 * connections)
    return post_sealed(place.hostname, place.port, sealed, connections, requests)


def run(requests: int = 6000) -> None:
    """Prints durable posts a second beside dropped ones, at one and at many connections."""
    recipient = HybridIdentity.generate().recipient
    sealed = seal_bytes(b"{}".ljust(SIZE_CLASSES[0]), [recipient])
    rows = []
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "intake"
        directory.make(data, [write_card(Path(name) / "desk.pub", recipient)], ("report",))
        be_patient(data)
        with (
            serving("python", "-m", "tests.bench.discard", data) as dropping,
            serving("witnessbox-intake", "serve", "--data", data, "--port", "0") as keeping,
        ):
            for connections in CONNECTIONS:
                count = requests if connections > 1 else requests // 4
                pairs = [
                    [measure(address, sealed, connections, count) for address in (dropping, keeping)]
                    for _ in range(ROUNDS)
                ]
                rows.append(_row(connections, pairs))
    show(
        f"Intake: posts of {len(sealed):,} bytes, one process; median of {ROUNDS}",
        ["connections", "read and dropped /s", "durable /s", "ratio", "durable p50 ms", "p99 ms"],
        rows,
    )


def _row(connections: int, pairs: list[list[Measured]]) -> list[str]:
    dropped = statistics.median(pair[0].rate for pair in pairs)
    kept = statistics.median(pair[1].rate for pair in pairs)
    ratio = statistics.median(pair[1].rate / pair[0].rate for pair in pairs)
    slow = [statistics.median(getattr(pair[1], name) for pair in pairs) for name in ("p50", "p99")]
    return [
        str(connections),
        f"{dropped:,.0f}",
        f"{kept:,.0f}",
        f"{ratio:.2f}",
        *(f"{ms:.1f}" for ms in slow),
    ]
