"""Something that is done again and again beside the server, in a thread of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def repeating(name: str, seconds: float, do: Callable[[], None]) -> Iterator[None]:
    """Does it every so many seconds as long as the block lasts, and ends when it is done.

    What `do` raises would end the repeating, so it raises nothing that can happen.
    """
    ended = Event()

    def run() -> None:
        while not ended.wait(seconds):
            do()

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
