"""Makes what a desk is given: sealed reports and signed bundles, with the real crypto."""

import hashlib
import io
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.pinning import pin
from intake.crypto import manifest as manifests
from intake.crypto.manifest import Manifest, Shard
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName, write_shard
from intake.crypto.signing import SigningKey, format_public
from intake.forms import report, thread
from intake.forms.answers import clean
from intake.forms.form import Form, shipped

WEEK = "2026-W46"
FORM = shipped("report")
CANARY = "zebrafinch"
STORY = f"Two officers took my {CANARY} and laughed."


def answers(**given: Sequence[str]) -> dict[str, Any]:
    """Canonical answers: a city officer's search, with what is `given` in place of it."""
    raw: dict[str, Sequence[str]] = {
        "setting": ["police"],
        "agency_type": ["city"],
        "acts": ["pat_down", "insult"],
        "when.year": ["2026"],
        "when.month": ["5"],
        "area": ["downtown"],
        "story": [STORY],
        "count": ["yes"],
    }
    return clean(FORM, raw | given)


def body(receipt: Receipt, **given: Sequence[str]) -> bytes:
    """A report's JSON."""
    return report.build(
        FORM, answers(**given), lang="en", sealed_by="browser", channel="web", receipt=receipt
    )


def member(recipients: Sequence[Recipient], **given: Sequence[str]) -> Member:
    """A sealed report under its name."""
    return of(recipients, Receipt.draw(), **given)


def message(
    recipients: Sequence[Recipient], receipt: Receipt, text: str | None, *, nonce: bytes = b""
) -> Member:
    """A sealed follow-up to the report of a receipt; without words the report is taken back."""
    kind = thread.WITHDRAWAL if text is None else thread.FOLLOWUP
    said = thread.Message(kind, receipt, nonce or os.urandom(16), "en", "browser", "web", text)
    return Member(ReportName(WEEK, said.id), seal_bytes(pad(thread.build(said)), recipients))


def of(recipients: Sequence[Recipient], receipt: Receipt, **given: Sequence[str]) -> Member:
    """A sealed report whose code is known."""
    return Member(ReportName(WEEK, receipt.id), seal_bytes(pad(body(receipt, **given)), recipients))


def varied(recipients: Sequence[Recipient], number: int, **given: Sequence[str]) -> list[Member]:
    """That many different reports; the same ones every time but for their keys, and what is `given`."""
    draw = random.Random(7)
    acts = [choice.code for choice in FORM.question("acts").choices]
    areas = [choice.code for choice in FORM.question("area").choices]
    words = ["clinic", "corner", "cold", "bag", "officer", "street", "night", "took", "shouted", "phone"]
    return [
        member(
            recipients,
            acts=draw.sample(acts, draw.randint(1, 4)),
            area=[draw.choice(areas)],
            story=[f"{CANARY} " + " ".join(draw.choices(words, k=120))],
            **given,
        )
        for _ in range(number)
    ]


@dataclass
class Server:
    """An intake that signs bundles, one after the other."""

    key: SigningKey = field(default_factory=SigningKey.generate)
    sequence: int = 0
    previous: str = manifests.FIRST_PREVIOUS
    form: Form = FORM

    def public(self, folder: Path) -> Path:
        """Its public key file."""
        path = folder / "server.pub"
        path.write_text(format_public(self.key.verify_key))
        return path

    def bundle(self, folder: Path, *shards: Iterable[Member]) -> Path:
        """The next bundle, in a new folder."""
        return self.pack(folder, [pack(shard) for shard in shards])

    def pack(self, folder: Path, shards: Iterable[tuple[bytes, int]]) -> Path:
        """The next bundle, around any bytes with the number of reports that they are said to hold."""
        self.sequence += 1
        bundle = folder / manifests.bundle_name(self.sequence)
        (bundle / "forms").mkdir(parents=True)
        (bundle / "forms" / f"{self.form.digest}.json").write_bytes(self.form.json)
        listed = []
        for data, reports in shards:
            listed.append(Shard(len(data), reports, hashlib.sha256(data).hexdigest()))
            (bundle / listed[-1].filename).write_bytes(data)
        manifest = Manifest(
            self.key.verify_key, self.sequence, self.previous, (self.form.digest,), tuple(listed)
        )
        data = manifests.serialise(manifest, self.key)
        (bundle / "manifest").write_bytes(data)
        self.previous = manifests.digest(data)
        return bundle


def new_desk(folder: Path) -> tuple[Desk, Server]:
    """An open desk without a passphrase, and the server whose bundles it takes."""
    Desk.create(folder / "desk", format_identity(HybridIdentity.generate()), None)
    desk, server = Desk.unlock(folder / "desk", lambda: ""), Server()
    pin(desk, server.public(folder))
    return desk, server


def pack(members: Iterable[Member]) -> tuple[bytes, int]:
    """A shard's bytes and the number of its reports."""
    sorted_members = sorted(members, key=lambda one: one.name)
    out = io.BytesIO()
    write_shard(sorted_members, out)
    return out.getvalue(), len(sorted_members)
