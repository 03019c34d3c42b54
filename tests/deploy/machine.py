"""install.sh on a machine that runs: `make deploy-test`, as root, some minutes.

A Debian tree is booted by its own systemd, so that the service runs under all that its unit takes away,
Tor makes a real onion address and Caddy answers a visitor on a cable. The tests go in this order, as an
evening does: each finds the machine as the one before left it. SUITE=trixie tries Debian 13, and TREES=DIR
keeps the tree for the next time.
"""

import os
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.deploy.tree import INSTALL, PROJECT, Machine

DOMAIN = "tell.example.org"
WEB = ["--domain", DOMAIN, "--wheels", "/srv/wheels"]
OURS = ("etc", "opt", "usr/local", "var/lib/witnessbox", "var/lib/tor")
# What a visitor brings, and no file may hold.
AGENT = "Zebrafinch/7431"
ADDRESS = "10.99.0.77"
PATH = "/en/quetzal-9182"
# Until it answers again, after a restart.
ASK = "curl --silent --fail --max-time 5 --unix-socket /run/witnessbox/onion.sock http://intake/healthz"
READY = f"for i in $(seq 60); do {ASK} && exit; sleep 1; done; exit 1"
CANARIES = (AGENT, ADDRESS, "quetzal-9182")


def state(machine: Machine, *folders: str) -> dict[str, tuple[int, bytes]]:
    """The files below folders: their modes and bytes."""
    found = machine.files(*(folders or OURS))
    return {name: (path.stat().st_mode, path.read_bytes()) for name, path in found.items()}


def curl(machine: Machine, address: str, *options: str) -> str:
    """What a visitor on the open web is answered, head and body."""
    line = [
        "curl",
        "--silent",
        "--show-error",
        "--include",
        "--insecure",
        "--max-time",
        "30",
        "--user-agent",
        AGENT,
    ]
    return machine.visit(
        *line,
        "--resolve",
        f"{DOMAIN}:443:10.99.0.1",
        "--resolve",
        f"{DOMAIN}:80:10.99.0.1",
        *options,
        address,
    )


def onion(machine: Machine, address: str, user: str = "debian-tor", status: int = 0) -> str:
    """What comes from the socket of the onion address, for a user of the machine."""
    socket = "/run/witnessbox/onion.sock"
    line = ["curl", "--silent", "--unix-socket", socket, f"http://onion{address}"]
    return machine.run(*line, user=user, status=status)


def show(machine: Machine, unit: str, *names: str) -> dict[str, str]:
    said = machine.run("systemctl", "show", unit, *(f"--property={name}" for name in names))
    return dict(line.split("=", 1) for line in said.splitlines())


# What an installation switches on or off, beside what it brings.
SYSTEM = (
    "rsyslog.service",
    "nftables.service",
    "unattended-upgrades.service",
    "tor.service",
    "caddy.service",
)
KERNEL = ("net/ipv4/tcp_timestamps", "net/ipv4/conf/all/send_redirects", "net/ipv4/conf/all/accept_redirects")


def switches(machine: Machine) -> dict[str, str]:
    """What of the system is on, and what its kernel is told."""
    on = "for is in enabled active; do systemctl is-$is --quiet $0 2>/dev/null && echo $is; done; :"
    found = {unit: machine.run("sh", "-c", on, unit) for unit in SYSTEM}
    found |= {name: machine.run("cat", f"/proc/sys/{name}") for name in KERNEL}
    found["cores"] = machine.run("systemctl", "show", "--property=DefaultLimitCORE")
    return found | {"fstab": machine.run("cat", "/etc/fstab")}


@pytest.fixture(scope="module")
def before(machine: Machine) -> dict[str, str]:
    """The switches of the fresh machine."""
    found = switches(machine)
    assert found["rsyslog.service"] == "enabled\nactive\n"
    return found


def test_a_dry_run_changes_no_file_of_the_machine(machine: Machine, before: dict[str, str]) -> None:
    found = state(machine, "etc", "opt", "usr", "var")
    said = machine.run(*INSTALL, "install", *WEB, "--desk", "/root/desk.pub", "--dry-run")
    assert "would write /etc/systemd/system/witnessbox.service" in said
    assert said.endswith("nothing was changed\n")
    assert state(machine, "etc", "opt", "usr", "var") == found


def test_without_a_desk_all_is_made_ready_and_nothing_is_taken(machine: Machine) -> None:
    said = machine.run(*INSTALL, "install", *WEB)
    assert "no desk is known yet" in said
    assert re.search(r"onion address: http://[a-z2-7]{56}\.onion/", said)
    assert show(machine, "witnessbox.service", "ActiveState") == {"ActiveState": "inactive"}


def test_with_a_desk_the_same_command_takes_reports(machine: Machine) -> None:
    said = machine.run(*INSTALL, "install", "--wheels", "/srv/wheels", "--desk", "/root/desk.pub")
    assert "it takes reports" in said
    assert onion(machine, "/healthz") == "ok\n"


def test_a_second_run_finds_nothing_to_change(machine: Machine) -> None:
    before, service = state(machine), show(machine, "witnessbox.service", "MainPID", "NRestarts")
    said = machine.run(*INSTALL, "install", "--wheels", "/srv/wheels")
    assert "installing" not in said
    after = state(machine)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} <= {
        *(f"/var/lib/witnessbox/data/{name}" for name in ("reports.db", "reports.db-wal", "reports.db-shm")),
        "/var/lib/tor/state",
    }
    assert show(machine, "witnessbox.service", "MainPID", "NRestarts") == service


def test_the_service_runs_without_network_rights_or_ways_to_get_any(machine: Machine) -> None:
    pid = show(machine, "witnessbox.service", "MainPID")["MainPID"]
    status = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{pid}/status").splitlines())
    assert status["Name"] == "witnessbox-inta"
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0
    assert "0" not in status["Uid"].split()
    assert machine.run("nsenter", "-t", pid, "-n", "ip", "-brief", "link").split()[:1] == ["lo"]
    assert (
        machine.run("cat", f"/proc/{pid}/limits").count("Max core file size        0                    0")
        == 1
    )


def test_systemd_finds_little_left_to_take_from_it(machine: Machine) -> None:
    machine.run("systemd-analyze", "security", "--threshold=15", "--no-pager", "witnessbox.service")
    machine.run("systemd-analyze", "verify", "witnessbox.service", "witnessbox-alarm.service")


def test_no_code_that_opens_reports_is_on_the_machine(machine: Machine) -> None:
    assert not [name for name in machine.files("opt/witnessbox") if "/analysis/" in name]
    assert not [name for name in machine.files("opt/witnessbox") if name.endswith("witnessbox-analysis")]


def test_only_tor_and_caddy_reach_their_sockets(machine: Machine) -> None:
    assert onion(machine, "/healthz", user="debian-tor") == "ok\n"
    onion(machine, "/healthz", user="nobody", status=7)
    onion(machine, "/healthz", user="caddy", status=7)


def test_tor_takes_its_configuration_with_proof_of_work(machine: Machine) -> None:
    said = machine.run(
        "tor", "--verify-config", "--defaults-torrc", "/usr/share/tor/tor-service-defaults-torrc"
    )
    assert "Configuration was valid" in said
    assert "\nHiddenServicePoWDefensesEnabled 1\n" in machine.run("cat", "/etc/tor/torrc.d/witnessbox.conf")
    assert show(machine, "tor@default.service", "ActiveState") == {"ActiveState": "active"}


def test_caddy_answers_with_the_apps_headers_and_its_own(machine: Machine) -> None:
    # There is no authority on the cable that would sign a certificate.
    caddyfile = machine.tree / "etc/caddy/Caddyfile"
    caddyfile.write_text(caddyfile.read_text().replace("\tadmin off\n", "\tadmin off\n\tlocal_certs\n"))
    machine.run("systemctl", "restart", "caddy.service")
    ready = f"curl -sk --resolve {DOMAIN}:443:10.99.0.1 https://{DOMAIN}/ -o /dev/null"
    machine.visit("bash", "-c", f"for i in $(seq 60); do {ready} && exit; sleep 1; done; exit 1")
    head = curl(machine, f"https://{DOMAIN}/en/").split("\n\n")[0].lower()
    host = machine.run("cat", "/var/lib/tor/witnessbox/hostname").strip()
    assert head.startswith("http/2 200")
    assert "\nstrict-transport-security: max-age=31536000" in head
    assert f"\nonion-location: http://{host}/en/" in head
    assert "\ncontent-security-policy: default-src 'none'" in head
    assert "\ncache-control: no-store" in head
    assert "\nserver:" not in head
    plain = curl(machine, f"http://{DOMAIN}/en/").lower()
    assert plain.startswith("http/1.1 308")
    assert f"\nlocation: https://{DOMAIN}/en/\n" in plain
    assert "\nserver:" not in plain
    assert "404" in curl(machine, f"https://{DOMAIN}/healthz").splitlines()[0]


def test_a_report_comes_in_through_caddy_and_goes_out_in_a_bundle(machine: Machine) -> None:
    page = curl(machine, f"https://{DOMAIN}/en/report/")
    stamp = re.search(r'name="_stamp" value="([^"]+)"', page)
    assert stamp
    time.sleep(11)
    fields = [f"_stamp={stamp[1]}", "setting=police", "count=yes", "story=what happened"]
    answer = curl(
        machine, f"https://{DOMAIN}/en/report/", *(part for one in fields for part in ("--form", one))
    )
    assert answer.startswith("HTTP/2 303")
    assert "to export: 1 report\n" in machine.run(
        "witnessbox-intake", "status", "--data", "/var/lib/witnessbox/data"
    )
    said = machine.run(
        "witnessbox-intake", "export", "--data", "/var/lib/witnessbox/data", "--out", "courier"
    )
    assert "courier/witnessbox-000001: 1 report" in said


def everything(machine: Machine) -> dict[str, bytes]:
    """Every file that the machine could leave behind, and its whole log, which is in memory."""
    said = {"journal": machine.run("journalctl", "--no-pager", "--output=export").encode()}
    script = "find /run /tmp /var /etc /opt /root /home -xdev -type f -print0; find /run -type f -print0"
    names = set(machine.run("sh", "-c", script).split("\0")) - {""}
    pid = str(machine._pid)
    for name in names:
        path = Path(f"/proc/{pid}/root{name}")
        try:
            said[name] = path.read_bytes()
        except OSError:
            continue
    return said


def test_no_file_of_the_machine_tells_of_a_visitor(machine: Machine) -> None:
    def visit() -> None:
        curl(machine, f"https://{DOMAIN}{PATH}", "--header", f"Referer: https://{DOMAIN}{PATH}")
        curl(machine, f"http://{DOMAIN}{PATH}")
        curl(machine, f"https://{DOMAIN}/en/report/", "--data", "quetzal-9182=1")
        curl(
            machine,
            f"https://{DOMAIN}/sealed",
            "--data-binary",
            "quetzal-9182",
            "--header",
            "Content-Type: application/octet-stream",
        )
        # No TLS on the port of TLS, a name that is not ours, and no HTTP.
        machine.visit(
            "bash", "-c", "exec 3<>/dev/tcp/10.99.0.1/443; echo quetzal-9182 >&3; timeout 2 cat <&3 || true"
        )
        machine.visit(
            "bash", "-c", "exec 3<>/dev/tcp/10.99.0.1/80; echo quetzal-9182 >&3; timeout 2 cat <&3 || true"
        )
        machine.visit(
            "curl",
            "--insecure",
            "--silent",
            "--user-agent",
            AGENT,
            "https://10.99.0.1/quetzal-9182",
            status=35,
        )

    before = everything(machine)
    visit()
    after = everything(machine)
    quiet = {name for name in after if before.get(name) != after[name]}
    assert quiet <= {
        "journal",
        *(f"/var/lib/witnessbox/data/reports.db{end}" for end in ("", "-wal", "-shm")),
    } | {
        name
        for name in quiet
        if name.startswith(("/run/log/journal/", "/run/systemd/", "/run/udev", "/run/credentials"))
    }
    assert after["journal"].count(b"__CURSOR") - before["journal"].count(b"__CURSOR") <= 2
    # And with the intake gone, when Caddy has an error to tell of.
    machine.run("systemctl", "stop", "witnessbox.service", "witnessbox-web.socket", "witnessbox-onion.socket")
    visit()
    down = curl(machine, f"https://{DOMAIN}{PATH}")
    assert down.startswith("HTTP/2 503")
    assert "\nserver:" not in down.lower()
    assert "\ncontent-security-policy: default-src 'none'" in down.lower()
    assert "Nothing was saved." in down
    machine.run(
        "systemctl", "start", "witnessbox-web.socket", "witnessbox-onion.socket", "witnessbox.service"
    )
    for name, content in everything(machine).items():
        for canary in CANARIES:
            at = content.find(canary.encode())
            assert at < 0, f"{canary} is in {name}: {content[max(0, at - 200) : at + 100]!r}"


@pytest.mark.parametrize(("port", "status"), [("22", 0), ("80", 0), ("443", 0), ("9999", 124), ("8000", 124)])
def test_the_firewall_lets_in_what_it_should_alone(machine: Machine, port: str, status: int) -> None:
    machine.run("systemd-run", "--quiet", "--unit=other", "python3", "-m", "http.server", "9999")
    time.sleep(1)
    try:
        machine.visit("timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/10.99.0.1/{port}", status=status)
    finally:
        machine.run("systemctl", "stop", "other")


def test_the_service_asks_the_kernel_for_nothing_that_it_is_refused(machine: Machine) -> None:
    # Refused calls end the service here, where they only fail in earnest: so none is made.
    folder = machine.tree / "etc/systemd/system/witnessbox.service.d"
    folder.mkdir()
    (folder / "kill.conf").write_text("[Service]\nSystemCallErrorNumber=kill\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "witnessbox.service")
    before = show(machine, "witnessbox.service", "MainPID")
    test_a_report_comes_in_again(machine)
    assert show(machine, "witnessbox.service", "MainPID", "Result") == {**before, "Result": "success"}
    shutil.rmtree(folder)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "witnessbox.service")


def test_a_report_comes_in_again(machine: Machine) -> None:
    page = curl(machine, f"https://{DOMAIN}/es/report/")
    stamp = re.search(r'name="_stamp" value="([^"]+)"', page)
    assert stamp
    time.sleep(11)
    fields = [f"_stamp={stamp[1]}", "setting=health", "count=yes"]
    answer = curl(
        machine, f"https://{DOMAIN}/es/report/", *(part for one in fields for part in ("--form", one))
    )
    assert answer.startswith("HTTP/2 303")


def test_a_killed_service_comes_back_and_leaves_no_core(machine: Machine) -> None:
    machine.run("systemctl", "kill", "--signal=SEGV", "witnessbox.service")
    time.sleep(1)
    machine.run("bash", "-c", READY)
    assert onion(machine, "/healthz") == "ok\n"
    assert not [name for name in machine.files("var", "tmp", "root") if re.search(r"(^|/)core(\.|$)", name)]


def test_swap_is_off_and_the_log_is_in_memory(machine: Machine, before: dict[str, str]) -> None:
    now = switches(machine)
    assert now["rsyslog.service"] == ""
    assert all(now[name] == "0\n" for name in KERNEL)
    assert now["cores"] != before["cores"]
    assert "#witnessbox# UUID=1234-5678 none swap sw 0 0\n" in (machine.tree / "etc/fstab").read_text()
    assert "/run/log/journal" in machine.run("journalctl", "--header", "--no-pager")
    assert not [
        name
        for name in machine.files("var/log/journal")
        if name.endswith("system.journal") and "online" in name
    ]


def test_alarms_are_shown_at_the_next_login(machine: Machine) -> None:
    settings = machine.tree / "var/lib/witnessbox/data/intake.toml"
    text = settings.read_text()
    machine.run("systemctl", "start", "witnessbox-alarm.service")
    assert machine.run("/etc/update-motd.d/60-witnessbox") == ""
    settings.write_text(re.sub(r"min_free_bytes = .*", f"min_free_bytes = {10**18}", text))
    machine.run("systemctl", "start", "witnessbox-alarm.service", status=1)
    assert machine.run("/etc/update-motd.d/60-witnessbox") == (
        "witnessbox-intake: warning: there is no room: reports are not taken\n"
    )
    assert "witnessbox-alarm.service" in machine.run("systemctl", "--failed", "--no-pager")
    settings.write_text(text)
    machine.run("systemctl", "start", "witnessbox-alarm.service")
    assert machine.run("/etc/update-motd.d/60-witnessbox") == ""


def broken_project(machine: Machine) -> str:
    folder = machine.tree / "srv/broken"
    shutil.copytree(machine.tree / PROJECT.lstrip("/"), folder)
    with (folder / "intake/serve.py").open("a") as file:
        file.write("\n\ndef serve(*arguments: object) -> None:\n    raise SystemExit(1)\n")
    return "/srv/broken/deploy/install.sh"


def test_an_upgrade_that_takes_no_reports_goes_back_by_itself(machine: Machine) -> None:
    before = os.readlink(machine.tree / "opt/witnessbox/current")
    said = machine.run("bash", broken_project(machine), "install", "--wheels", "/srv/wheels", status=1)
    assert "the new version takes no reports; the one before runs again" in said
    assert os.readlink(machine.tree / "opt/witnessbox/current") == before
    machine.run("bash", "-c", READY)
    assert onion(machine, "/healthz") == "ok\n"


def test_an_upgrade_can_be_taken_back_by_hand(machine: Machine) -> None:
    before = os.readlink(machine.tree / "opt/witnessbox/current")
    with (machine.tree / PROJECT.lstrip("/") / "intake/week.py").open("a") as file:
        file.write("\n# A newer version.\n")
    machine.run(*INSTALL, "install", "--wheels", "/srv/wheels")
    after = os.readlink(machine.tree / "opt/witnessbox/current")
    assert after != before
    machine.run(*INSTALL, "rollback")
    assert os.readlink(machine.tree / "opt/witnessbox/current") == before
    assert onion(machine, "/healthz") == "ok\n"
    assert len(list((machine.tree / "opt/witnessbox/releases").iterdir())) == 2


def test_a_version_that_takes_no_reports_is_not_gone_back_to(machine: Machine) -> None:
    now = os.readlink(machine.tree / "opt/witnessbox/current")
    before = machine.tree / "opt/witnessbox" / os.readlink(machine.tree / "opt/witnessbox/previous")
    command = before / "bin/witnessbox-intake"
    command.rename(before / "bin/away")
    said = machine.run(*INSTALL, "rollback", status=1)
    assert "the version before takes no reports; the newer one runs again" in said
    assert os.readlink(machine.tree / "opt/witnessbox/current") == now
    machine.run("bash", "-c", READY)
    (before / "bin/away").rename(command)


def test_a_group_is_served_beside_it_after_a_restart(machine: Machine) -> None:
    ours = ["-o", "witnessbox", "-g", "witnessbox", "-m", "600"]
    machine.run("install", *ours, "/root/desk.pub", "/var/lib/witnessbox/courier/tenants-desk.pub")
    group = "/var/lib/witnessbox/data/groups/tenants"
    machine.run("witnessbox-intake", "init", "--data", group, "--desk", "courier/tenants-desk.pub")
    machine.run("systemctl", "restart", "witnessbox")
    machine.run("bash", "-c", READY)
    assert "<html" in onion(machine, "/g/tenants/en/")
    assert "<html" in onion(machine, "/en/")


def test_without_a_domain_caddy_stands_still(machine: Machine) -> None:
    said = machine.run(*INSTALL, "install", "--onion-only", "--wheels", "/srv/wheels")
    assert "open web" not in said
    assert onion(machine, "/healthz") == "ok\n"
    assert show(machine, "caddy.service", "ActiveState") == {"ActiveState": "inactive"}
    machine.visit("timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/10.99.0.1/443", status=124)
    assert DOMAIN not in machine.run("cat", "/etc/caddy/Caddyfile")


def test_uninstalling_takes_its_files_and_leaves_the_reports(machine: Machine) -> None:
    host = machine.run("cat", "/var/lib/tor/witnessbox/hostname")
    machine.run("nft", "add", "table", "inet", "somebody")
    said = machine.run(*INSTALL, "uninstall")
    assert (
        "kept: reports and keys in /var/lib/witnessbox, the onion address in /var/lib/tor/witnessbox" in said
    )
    left = [name for name in machine.files("etc", "opt", "usr/local") if "witnessbox" in name]
    assert left == []
    for name in ("/etc/tor/torrc", "/etc/fstab"):
        assert "witnessbox" not in machine.run("cat", name)
    assert machine.run("nft", "list", "tables") == "table inet somebody\n"
    assert (machine.tree / "var/lib/witnessbox/data/reports.db").exists()
    machine.run(*INSTALL, "install", "--onion-only", "--wheels", "/srv/wheels")
    assert machine.run("cat", "/var/lib/tor/witnessbox/hostname") == host
    assert "bundle 1: 1 file," in machine.run(
        "witnessbox-intake", "status", "--data", "/var/lib/witnessbox/data"
    )


def test_uninstalling_puts_every_switch_back_as_it_was(machine: Machine, before: dict[str, str]) -> None:
    machine.run(*INSTALL, "uninstall")
    assert switches(machine) == before
    # And of a machine where its operator had switched some of it off before.
    machine.run("systemctl", "disable", "--quiet", "--now", "rsyslog.service", "syslog.socket")
    without = switches(machine)
    machine.run(*INSTALL, "install", "--onion-only", "--wheels", "/srv/wheels")
    machine.run(*INSTALL, "uninstall")
    assert switches(machine) == without
    machine.run(*INSTALL, "install", "--onion-only", "--wheels", "/srv/wheels")


def test_a_copy_of_the_onion_folder_brings_the_address_back(machine: Machine) -> None:
    host = machine.run("cat", "/var/lib/tor/witnessbox/hostname")
    machine.run("cp", "--archive", "/var/lib/tor/witnessbox", "/root/copy")
    machine.run(*INSTALL, "uninstall", "--delete-data")
    line = [*INSTALL, "install", "--onion-only", "--wheels", "/srv/wheels", "--desk", "/root/desk.pub"]
    assert f"http://{host.strip()}/" not in machine.run(*line)
    machine.run("systemctl", "stop", "tor@default")
    machine.run("cp", "--recursive", "/root/copy/.", "/var/lib/tor/witnessbox")
    machine.run("chown", "-R", "debian-tor:", "/var/lib/tor/witnessbox")
    machine.run("systemctl", "start", "tor@default")
    assert f"http://{host.strip()}/" in machine.run(*line)
    assert machine.run("cat", "/var/lib/tor/witnessbox/hostname") == host


def test_uninstalling_with_the_data_leaves_nothing(machine: Machine) -> None:
    machine.run(*INSTALL, "uninstall", "--delete-data")
    for folder in ("var/lib/witnessbox", "var/lib/tor/witnessbox", "opt/witnessbox", "etc/witnessbox"):
        assert not (machine.tree / folder).exists()
    assert "witnessbox" not in machine.run("cat", "/etc/passwd")
