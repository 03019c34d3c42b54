"""What the commands say to the operator when all went well."""

from collections.abc import Iterator, Sequence

from intake.acknowledge import Taken


def count(number: int, thing: str) -> str:
    """A number with its noun."""
    return f"{number} {thing}{'s' if number != 1 else ''}"


def bundles(numbers: Sequence[int]) -> str:
    """Numbers of bundles, runs of them in short: "bundles 1 to 3, 5"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    listed = ", ".join(" to ".join(map(str, run)) for run in runs)
    return f"bundle{'s' if len(numbers) != 1 else ''} {listed}"


def acknowledged(taken: Taken) -> Iterator[str]:
    """Lines about an acknowledgement."""
    name = f"acknowledgement {taken.sequence} of desk {taken.desk.public.hex()[:16]}"
    if taken.known:
        yield f"{name} was taken before"
    elif taken.bundles:
        yield f"{name}: {bundles(taken.bundles)} arrived"
    else:
        yield f"{name}: nothing new arrived"
    if taken.new_card:
        yield "the desk has new keys; from now on reports are sealed to them"
    if taken.new_box:
        yield "what the desk says to reporters was taken over"
    deleted = taken.deleted
    if deleted:
        yield f"deleted {count(deleted.reports, 'report')}, {count(deleted.attachments, 'attachment')}"
    if taken.waiting:
        yield f"{bundles(taken.waiting)} not deleted: another desk has still to acknowledge"
    if not taken.wiped:
        yield "a journal still holds bytes of what was deleted; give this command again"
