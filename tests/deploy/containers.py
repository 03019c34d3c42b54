"""deploy/Containerfile and compose.yaml in a real engine: a part of `make deploy-test`, as root.

podman and buildah of Debian build the images on the tree that machine.py boots, and run them as the compose
file says. What is not tried here: another user than root, and podman-compose itself, which Debian 12 has only
in a version too old for the file.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.identity import HybridIdentity
from tests.cards import write_card
from tests.deploy.tree import ROOT, call, make

SUITE = os.environ.get("SUITE", "bookworm")
BASE = "localhost/witnessbox-test-base"
CONTAINERS = ROOT / "deploy/Containerfile"
# As in compose.yaml; the last two because this machine may not raise its own limits.
STRICT = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=128"]
STRICT += ["--log-driver=none", "--network=none", "--ulimit=core=0:0"]
STRICT += ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"]


class Engine:
    """podman, with everything it keeps in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = ["--root", str(folder / "root"), "--runroot", str(folder / "run")]
        self._store += ["--storage-driver", "overlay"]

    def buildah(self, *line: str | Path) -> str:
        return call("env", "BUILDAH_ISOLATION=chroot", "buildah", *self._store, *line)

    def podman(self, *line: str | Path) -> str:
        options = ["--runtime=/usr/sbin/runc", "--cgroup-manager=cgroupfs", "--events-backend=file"]
        return call("podman", *options, *self._store, *line)

    def base(self, tree: Path) -> None:
        """The tree as an image, which finds Python packages in the tree's own folder."""
        container = self.buildah("from", "scratch").strip()
        root = Path(self.buildah("mount", container).strip())
        call("cp", "--archive", f"{tree}/.", root)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(Path("/etc") / name, root / "etc" / name)
        (root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
        self.buildah("umount", container)
        self.buildah("commit", "--quiet", "--rm", container, BASE)

    def close(self) -> None:
        """Ends what runs, and lets go of the folder."""
        self.podman("rm", "--all", "--force", "--time=1")
        with suppress(AssertionError):
            call("umount", self._folder / "root/overlay")

    def build(self, target: str) -> str:
        image = f"localhost/witnessbox-test-{target}"
        options = [
            "--layers",
            "--pull-never",
            f"--build-arg=BASE={BASE}",
            f"--target={target}",
            f"--tag={image}",
        ]
        self.buildah("bud", *options, f"--file={CONTAINERS}", ROOT)
        return image


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("containers")
    found = Engine(folder)
    try:
        kept = os.environ.get("TREES")
        found.base(make(Path(kept) if kept else folder / "trees", SUITE))
        yield found
    finally:
        found.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def intake(engine: Engine) -> str:
    return engine.build("intake")


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
        assert engine.podman("inspect", "--format={{.Config.User}}", image).strip() == "10001:10001"


def test_intake_and_tor_share_a_socket_and_nothing_else(
    engine: Engine, intake: str, identity: HybridIdentity, tmp_path: Path
) -> None:
    card = write_card(tmp_path / "desk.pub", identity.recipient)
    for name in ("data", "sockets", "onion"):
        engine.podman("volume", "create", name)
    init = ["init", "--data", "/data/intake", "--desk", "/desk.pub"]
    engine.podman(
        "run", "--rm", *STRICT, f"--volume={card}:/desk.pub:ro", "--volume=data:/data", intake, *init
    )
    sockets = "--volume=sockets:/run/witnessbox"
    engine.podman("run", "--detach", "--name=intake", *STRICT, "--volume=data:/data", sockets, intake)
    tor = engine.build("tor")
    engine.podman("run", "--detach", "--name=tor", *STRICT, "--volume=onion:/var/lib/tor", sockets, tor)
    time.sleep(10)
    host = engine.podman("exec", "tor", "cat", "/var/lib/tor/witnessbox/hostname")
    assert re.fullmatch(r"[a-z2-7]{56}\.onion\n", host)
    assert engine.podman("exec", "tor", "ls", "/run/witnessbox") == "intake.sock\n"
    ask = (
        "import socket; one = socket.socket(socket.AF_UNIX); one.connect('/run/witnessbox/intake.sock');"
        "one.sendall(b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n');"
        "print(one.makefile().read().splitlines()[-1])"
    )
    assert engine.podman("exec", "intake", "/opt/witnessbox/bin/python", "-c", ask) == "ok\n"
    said = engine.podman("exec", "intake", "witnessbox-intake", "status", "--data", "/data/intake")
    assert "to export: 0 reports" in said


def test_caddy_takes_the_names_from_its_surroundings(engine: Engine) -> None:
    names = ["--env=DOMAIN=tell.example.org", "--env=ONION=example.onion"]
    validate = ["caddy", "validate", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
    engine.podman(
        "run", "--rm", *STRICT, *names, "--volume=caddy:/var/lib/caddy", engine.build("caddy"), *validate
    )
