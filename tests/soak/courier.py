"""Carries bundles to the desk and its answers back by the real commands, while everything else goes on."""

import random
import shutil
import threading
from collections import Counter
from contextlib import suppress

from tests.faults.chain import DESK, INTAKE, SECONDS, Chain

MOST_TRIES = 20
SECONDS_BETWEEN_TRIES = 1.0
# How often a command is killed on the way before it is run to its end.
KILLED = 0.25


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
        """Until all is over, or a command failed."""
        with suppress(RuntimeError):
            while not self._over.wait(self._pause):
                self.go()

    def go(self) -> None:
        """One round: what waits goes to the desk, and the desk's answer back."""
        self._step(INTAKE, self._chain.export())
        for bundle in self._chain.bundles():
            self._step(DESK, self._chain.imported(bundle))
            shutil.rmtree(bundle)
        self._step(DESK, self._chain.answer())
        self._step(INTAKE, self._chain.acknowledged())
        self.rounds += 1

    def _step(self, name: str, command: tuple[str, ...]) -> None:
        if self._draw.random() < KILLED:
            self.counts["killed"] += self._chain.kill(name, *command, after=self._draw.uniform(0.2, 1.5))
        for _ in range(MOST_TRIES):
            process = self._chain.start(name, *command)
            output, errors = process.communicate(timeout=SECONDS)
            if process.returncode == 0:
                return
            if not (self._patient and name == INTAKE):
                break
            # The database may be away just now; whoever stands at the intake tries again.
            self.counts["tried again"] += 1
            self._over.wait(SECONDS_BETWEEN_TRIES)
        self.failures.append(f"{name} {command[0]}: {output}{errors}".strip())
        raise RuntimeError(self.failures[-1])
