"""Carries bundles to the desk and its answers back by the real commands, while everything else goes on."""

import random
import shutil
import subprocess
import threading
from collections import Counter

from tests.faults.chain import DESK, INTAKE, SECONDS, Chain

MOST_TRIES = 20
SECONDS_BETWEEN_TRIES = 1.0
# How often a command is killed on the way before it is run to its end.
KILLED = 0.25


class Failed(Exception):
    """A command did not end as it should."""


class Courier(threading.Thread):
    """Goes to and fro until all is over; `pause` seconds after each round."""

    def __init__(
        self, chain: Chain, over: threading.Event, seed: int, pause: float, *, patient: bool
    ) -> None:
        super().__init__(daemon=True)
        self._chain, self._over, self._pause, self._patient = chain, over, pause, patient
        self._draw = random.Random(seed)
        self.rounds = 0
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def run(self) -> None:
        """Until all is over, or something failed."""
        while not self._over.wait(self._pause) and self.go():
            pass

    def go(self) -> bool:
        """One round; False when it broke off, and then `failures` says why, whatever it was."""
        try:
            self._carry()
        except Exception as error:
            # Nobody waits for this thread: one that ended without a word would look like one that waits.
            self.failures.append(f"courier: {type(error).__name__}: {error}")
            return False
        self.rounds += 1
        return True

    def _carry(self) -> None:
        """What waits goes to the desk, and the desk's answer back."""
        self._step(INTAKE, self._chain.export())
        for bundle in self._chain.bundles():
            self._step(DESK, self._chain.imported(bundle))
            shutil.rmtree(bundle)
        self._step(DESK, self._chain.answer())
        self._step(INTAKE, self._chain.acknowledged())

    def _step(self, name: str, command: tuple[str, ...]) -> None:
        if self._draw.random() < KILLED:
            self.counts["killed"] += self._chain.kill(name, *command, after=self._draw.uniform(0.2, 1.5))
        for _ in range(MOST_TRIES):
            status, said = self._run(name, command)
            if status == 0:
                return
            if not (self._patient and name == INTAKE):
                break
            # The database may be away just now; whoever stands at the intake tries again.
            self.counts["tried again"] += 1
            self._over.wait(SECONDS_BETWEEN_TRIES)
        raise Failed(f"{name} {command[0]}: {said}".strip())

    def _run(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        """The exit status of a command, and what it said."""
        with self._chain.start(name, *command) as process:
            try:
                output, errors = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, output + errors
