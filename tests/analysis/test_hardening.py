import subprocess
import sys


def status_after(code: str) -> dict[str, str]:
    """The limits and the dumpable state of a process that ran `code`."""
    show = (
        "\nimport ctypes, resource, os"
        "\nprint(resource.getrlimit(resource.RLIMIT_CORE)[1], ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),"
        " oct(os.umask(0)))"
    )
    done = subprocess.run([sys.executable, "-c", code + show], capture_output=True, text=True, check=True)
    core, dumpable, umask = done.stdout.split()
    return {"core": core, "dumpable": dumpable, "umask": umask}


HARDENED = {"core": "0", "dumpable": "0", "umask": "0o77"}


def test_a_process_of_the_desk_leaves_no_core_and_admits_no_debugger() -> None:
    assert status_after("from analysis.hardening import harden; harden()") == HARDENED


def test_a_worker_that_opens_reports_is_hardened_too() -> None:
    served = (
        "from multiprocessing import Pipe; from analysis import worker;"
        "from analysis.identity import HybridIdentity;"
        "here, there = Pipe(); here.send((HybridIdentity.generate().reveal(), {})); here.close();"
        "worker.serve(there)"
    )
    assert status_after(served) == HARDENED
