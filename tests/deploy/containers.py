"""deploy/Containerfile and compose.yaml in a real engine: a part of `make deploy-test`, as root.

podman and buildah of Debian build the images on the tree that machine.py boots, and run them as the compose
file says: first as root, then as a plain user without any right, who is made for it. What is not tried here:
podman-compose itself, which Debian 12 has only in a version too old for the file; a start by the user's own
systemd; and limits of memory and processes, which a plain user can set only where cgroups are of version 2.
"""

import os
import re
import socket
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from analysis.identity import HYBRID_PREFIX, HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.shard import index_shard
from tests.cards import write_card
from tests.deploy.engine import PLAIN, Engine
from tests.deploy.tree import ROOT, make
from tests.serving import sealed_body
from tests.working import post_sealed

SUITE = os.environ.get("SUITE", "bookworm")
# As in compose.yaml; the last two because this machine may not raise its own limits.
STRICT = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=128"]
STRICT += ["--log-driver=none", "--network=none", "--ulimit=core=0:0"]
STRICT += ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"]
DATA, SOCKETS = "--volume=data:/data", "--volume=sockets:/run/witnessbox"
ON_DATA = ["--data", "/data/intake"]
USER = 10001
SECONDS = 60
ABSENT = "import importlib.util as u; assert u.find_spec('intake') and not u.find_spec('analysis')"


@pytest.fixture(scope="module", params=["", PLAIN], ids=["root", "plain user"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("containers")
    kept = os.environ.get("TREES")
    tree = make(Path(kept) if kept else folder / "trees", SUITE)
    # An engine refuses to keep what runs under a name of more than 50 characters.
    with (
        tempfile.TemporaryDirectory(prefix="wb-", dir="/tmp", ignore_cleanup_errors=True) as short,
        Engine(Path(short) / "engine", request.param) as found,
    ):
        found.base(tree)
        yield found


@pytest.fixture(scope="module")
def intake(engine: Engine) -> str:
    return engine.build("intake")


@pytest.fixture(scope="module")
def running(engine: Engine, intake: str, identity: HybridIdentity, tmp_path_factory: Any) -> str:
    """The name of an intake's container that takes reports."""
    card = engine.lend(write_card(tmp_path_factory.mktemp("desk") / "desk.pub", identity.recipient))
    lent = f"--volume={card}:/desk.pub:ro"
    engine.podman("run", "--rm", *STRICT, lent, DATA, intake, "init", *ON_DATA, "--desk", "/desk.pub")
    engine.podman("run", "--detach", "--name=intake", *STRICT, DATA, SOCKETS, intake)
    answered(engine)
    return "intake"


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def client(engine: Engine) -> httpx.Client:
    """Who comes to the socket that the containers share."""
    transport = httpx.HTTPTransport(uds=str(engine.volume("sockets") / "intake.sock"))
    return httpx.Client(transport=transport, base_url="http://intake", timeout=30)


def answered(engine: Engine) -> None:
    """Waits until the intake says that it takes reports."""

    def well() -> bool:
        with socket.socket(socket.AF_UNIX) as one, suppress(OSError):
            one.settimeout(30)
            one.connect(str(engine.volume("sockets") / "intake.sock"))
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: intake\r\nConnection: close\r\n\r\n")
            with one.makefile("rb") as said:
                return said.read().endswith(b"\r\n\r\nok\n")
        return False

    until(well)


def compose() -> dict[str, Any]:
    """The services of compose.yaml, with what they share merged in."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    services: dict[str, Any] = read["services"]
    return services


def test_every_service_is_read_only_and_has_no_rights() -> None:
    services = compose()
    assert set(services) == {"intake", "tor", "caddy"}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["logging"] == {"driver": "none"}
        assert service["ulimits"]["core"] == 0
    assert services["intake"]["network_mode"] == "none"


def test_the_images_hold_no_code_that_opens_reports(engine: Engine, intake: str) -> None:
    find = "find / -xdev -path '*site-packages*analysis*' -o -xdev -name 'witnessbox-*'"
    said = engine.podman("run", "--rm", *STRICT, "--entrypoint=sh", intake, "-c", f"{find} 2>/dev/null; true")
    names = sorted(line.rsplit("/", 1)[-1] for line in said.splitlines())
    assert re.fullmatch(r"witnessbox-[0-9.]+\.dist-info witnessbox-intake", " ".join(names))
    history = engine.podman("history", "--no-trunc", "--format={{.CreatedBy}}", intake)
    assert "COPY analysis" not in history


def test_no_image_runs_as_root(engine: Engine, intake: str) -> None:
    for image in (intake, engine.build("tor"), engine.build("caddy")):
        assert engine.podman("inspect", "--format={{.Config.User}}", image).strip() == f"{USER}:{USER}"


def test_a_running_intake_has_no_rights_and_can_write_nowhere_else(engine: Engine, running: str) -> None:
    said = engine.podman("exec", running, "cat", "/proc/1/status")
    status = dict(line.split(":\t", 1) for line in said.splitlines())
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert status["Uid"].split() == [str(USER)] * 4
    # A plain user's containers are nobody on the machine: a number that has no name and no rights there.
    (outside,) = engine.processes()
    assert outside == USER if engine.user == "" else outside >= 100_000
    refused = "for one in / /etc /opt/witnessbox /usr; do touch $one/x 2>/dev/null && exit 1; done; exit 0"
    engine.podman("exec", running, "sh", "-c", refused)
    assert engine.podman("exec", running, "ls", "/sys/class/net").split() == ["lo"]


def test_a_sealed_report_outlives_the_container_and_goes_out(
    engine: Engine, intake: str, running: str, identity: HybridIdentity
) -> None:
    with client(engine) as visitor:
        assert post_sealed(visitor, sealed_body([identity.recipient])).status_code == 201
    engine.podman("kill", running)
    engine.podman("start", running)
    answered(engine)
    assert "to export: 1 report\n" in engine.podman("exec", running, "witnessbox-intake", "status", *ON_DATA)
    engine.podman("rm", "--force", "--time=10", running)
    engine.podman("run", "--detach", f"--name={running}", *STRICT, DATA, SOCKETS, intake)
    answered(engine)
    engine.podman("exec", running, "mkdir", "/data/courier")
    said = engine.podman("exec", running, "witnessbox-intake", "export", *ON_DATA, "--out", "/data/courier")
    assert "witnessbox-000001: 1 report" in said
    (shard,) = (engine.volume("data") / "courier/witnessbox-000001").glob("*.tar")
    with shard.open("rb") as file:
        (entry,) = index_shard(file)
        file.seek(entry.offset)
        assert b'"police"' in unseal_bytes(file.read(entry.size), [identity])


def test_nothing_inside_could_open_what_was_taken(
    engine: Engine, running: str, identity: HybridIdentity
) -> None:
    engine.podman("exec", running, "/opt/witnessbox/bin/python", "-c", ABSENT)
    whole = engine.export(running)
    keys = (identity.seed, identity.reveal().encode(), HYBRID_PREFIX.encode())
    with tarfile.open(whole) as files:
        held = {one.name: files.extractfile(one) for one in files if one.isfile()}
        assert "opt/witnessbox/bin/witnessbox-intake" in held
        assert not [name for name in held if re.search(r"site-packages/analysis|\.key$", name)]
        for name, file in held.items():
            content = file.read() if file else b""
            assert not any(key in content for key in keys), name
    # And what the container keeps: the key that signs bundles is the only one.
    kept = {path.name: path.read_bytes() for path in engine.volume("data").rglob("*") if path.is_file()}
    assert [name for name in kept if name.endswith(".key")] == ["server.key"]
    assert not [name for name, content in kept.items() if any(key in content for key in keys)]


def test_intake_and_tor_share_a_socket_and_nothing_else(engine: Engine, running: str) -> None:
    onion = "--volume=onion:/var/lib/tor"
    engine.podman("run", "--detach", "--name=tor", *STRICT, onion, SOCKETS, engine.build("tor"))
    hostname = engine.volume("onion") / "witnessbox/hostname"
    until(hostname.exists)
    host = engine.podman("exec", "tor", "cat", "/var/lib/tor/witnessbox/hostname")
    assert re.fullmatch(r"[a-z2-7]{56}\.onion\n", host)
    assert engine.podman("exec", "tor", "ls", "/run/witnessbox") == "intake.sock\n"
    assert engine.podman("exec", "tor", "sh", "-c", "test ! -e /data/intake && echo none") == "none\n"


def test_caddy_takes_the_names_from_its_surroundings(engine: Engine) -> None:
    names = ["--env=DOMAIN=tell.example.org", "--env=ONION=example.onion"]
    validate = ["caddy", "validate", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
    engine.podman(
        "run", "--rm", *STRICT, *names, "--volume=caddy:/var/lib/caddy", engine.build("caddy"), *validate
    )
