"""Several groups on one server: each has its own of everything, and none can tell that another is there."""

import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from analysis.unseal_errors import UnsealError
from intake.crypto.padding import unpad
from intake.directory import read, read_key
from tests.boxing import SAID, box_for, put
from tests.cards import write_card
from tests.running import PATIENT, configure, read_page, send_form
from tests.serving import ENOUGH, OCTETS, Server, make_data, run, sealed_body, snapshot, stored

NAMES = ("tenants", "union-2")
TYPED = {name: list(values) for name, values in ENOUGH.items()}
_ADDRESS = re.compile(r'(?:href|src|action|formaction)="([^"]*)"')


@pytest.fixture(scope="module")
def identities() -> dict[str, HybridIdentity]:
    """A key for each group: none opens what is sealed for another."""
    return {name: HybridIdentity.generate() for name in NAMES}


@pytest.fixture
def data(tmp_path: Path, identities: dict[str, HybridIdentity]) -> Path:
    """The data directory of a server that holds two groups and nothing else."""
    (tmp_path / "data" / "groups").mkdir(parents=True)
    for name, identity in identities.items():
        make_data(tmp_path / "data" / "groups" / name, identity)
    return tmp_path / "data"


class GroupServer(Server):
    """A server whose first group is at `address`, and which has others beside it."""

    @property
    def root(self) -> str:
        """The address without a group."""
        return self.address.partition("/g/")[0]

    def group(self, name: str) -> httpx.Client:
        """A client all of whose addresses begin with the group's."""
        return httpx.Client(base_url=f"{self.root}/g/{name}", timeout=30)


@pytest.fixture
def server(data: Path) -> Iterator[GroupServer]:
    """It runs."""
    with GroupServer(data) as running:
        yield running


def hand_in(server: GroupServer, name: str) -> None:
    """A report that a browser sealed for the group."""
    sealed = sealed_body(read(of(server.data, name)).recipients)
    with server.group(name) as client:
        assert client.post("/sealed", content=sealed, headers=OCTETS).status_code == 201


def of(data: Path, name: str) -> Path:
    return data / "groups" / name


def test_no_address_on_a_groups_pages_leads_out_of_the_group(server: GroupServer) -> None:
    seen, waiting = set(), ["/g/tenants/en/", "/g/tenants/es/start"]
    with httpx.Client(base_url=server.root, timeout=30) as client:
        while waiting and len(seen) < 60:
            address = waiting.pop()
            seen.add(address)
            answer = client.get(address)
            assert answer.status_code in (200, 303), address
            assert "union-2" not in answer.text
            for found in _ADDRESS.findall(answer.text) if "<!doctype html>" in answer.text else []:
                if found.startswith("#") or found == "about:blank":
                    continue
                assert found.startswith("/g/tenants/"), f"{found} on {address}"
                if found not in seen and found not in waiting:
                    waiting.append(found)
    assert {"/g/tenants/en/report/", "/g/tenants/static/report.js", "/g/tenants/exit"} <= seen
    assert not waiting


def test_a_report_reaches_its_own_group_and_no_other_by_both_ways(
    server: GroupServer, identities: dict[str, HybridIdentity]
) -> None:
    with httpx.Client(timeout=30) as client:
        page = read_page(client, f"{server.root}/g/union-2/")
        send_form(client, page, TYPED)
    hand_in(server, "union-2")
    assert stored(of(server.data, "tenants")) == {}
    kept = stored(of(server.data, "union-2"))
    assert len(kept) == 2
    for one in kept.values():
        assert b'"answers"' in unpad(unseal_bytes(one, [identities["union-2"]]))
        with pytest.raises(UnsealError):
            unseal_bytes(one, [identities["tenants"]])


def test_the_root_says_whether_all_groups_are_well_and_not_which_is_not(data: Path) -> None:
    def asked() -> list[tuple[int, str]]:
        with GroupServer(data) as server, httpx.Client(base_url=server.root, timeout=30) as client:
            assert client.post("/healthz").status_code == 404
            paths = ("/healthz", "/g/tenants/healthz", "/g/union-2/healthz")
            return [(one.status_code, one.text) for one in map(client.get, paths)]

    assert asked() == [(200, "ok\n")] * 3
    configure(of(data, "union-2"), min_free_bytes=10**18)
    assert asked() == [(503, "not ok\n"), (200, "ok\n"), (503, "not ok\n")]


def test_an_intake_of_the_servers_own_is_one_of_those_that_must_be_well(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    data = make_data(tmp_path / "data", identity)
    (data / "groups").mkdir()
    make_data(of(data, "tenants"), HybridIdentity.generate())
    with GroupServer(data) as server, httpx.Client(base_url=server.root, timeout=30) as client:
        one, together = client.get("/g/tenants/healthz"), client.get("/healthz")
    assert (together.status_code, together.text) == (200, "ok\n")
    assert {**together.headers, "date": ""} == {**one.headers, "date": ""}
    configure(data, min_free_bytes=10**18)
    with GroupServer(data) as server, httpx.Client(base_url=server.root, timeout=30) as client:
        assert client.get("/healthz").status_code == 503


def test_a_page_after_sending_stands_in_the_group(server: GroupServer) -> None:
    with server.group("union-2") as client:
        page = read_page(client, f"{server.root}/g/union-2/")
        fields = [(name, (None, value)) for name, values in TYPED.items() for value in values]
        answer = client.post(page.address, files=[*fields, ("_stamp", (None, page.stamp))])
        assert answer.headers["location"].startswith("/g/union-2/en/sent?sealed_by=server&")
        wrong = client.post(
            page.address, files=[("_stamp", (None, page.stamp))], headers={"sec-fetch-mode": "navigate"}
        )
        assert wrong.headers["location"].startswith("/g/union-2/en/report/?")
        assert client.get("/en").headers["location"] == "/g/union-2/en/"
        assert client.get("/").headers["location"] == "/g/union-2/en/"


def test_a_group_that_is_full_or_flooded_leaves_the_other_alone(data: Path) -> None:
    configure(of(data, "tenants"), max_reports=2, free_per_minute=1)
    with GroupServer(data) as server, server.group("tenants") as full, server.group("union-2") as other:
        tenants, union = (read(of(data, name)).recipients for name in NAMES)
        statuses = [full.post("/sealed", content=sealed_body(tenants), headers=OCTETS) for _ in range(4)]
        assert statuses[0].status_code == 201
        assert statuses[-1].status_code == 428
        assert int(full.get("/challenge").text.split(".")[1]) > 0
        quiet = other.get("/challenge").text
        assert int(quiet.split(".")[1]) == 0
        for _ in range(4):
            assert other.post("/sealed", content=sealed_body(union), headers=OCTETS).status_code == 201


def test_each_group_has_bundles_and_keys_of_its_own(server: GroupServer, tmp_path: Path) -> None:
    for name, reports in zip(NAMES, (1, 3), strict=True):
        for _ in range(reports):
            hand_in(server, name)
    (tmp_path / "tenants").mkdir()
    (tmp_path / "union-2").mkdir()
    for name, said in zip(NAMES, ("1 report", "3 reports"), strict=True):
        done = run("export", "--data", of(server.data, name), "--out", tmp_path / name)
        assert done.stdout.endswith(f"witnessbox-000001: {said}\n"), done.stderr
    assert len({read_key(of(server.data, name)).seed for name in NAMES}) == 2
    shards = b"".join(snapshot(tmp_path / "tenants").values())
    assert not [one for one in stored(of(server.data, "union-2")) if one.hex().encode() in shards]


def test_what_one_group_says_to_a_code_another_does_not(data: Path) -> None:
    put(of(data, "tenants"), box_for(of(data, "tenants"), SAID, bits=0))
    with GroupServer(data) as server, server.group("tenants") as one, server.group("union-2") as other:
        assert len(one.get("/box").json()) == 1
        assert one.get("/box/0/0").status_code == 200
        assert other.get("/box").json() == []
        assert other.get("/box/0/0").status_code in (404, 409)


def test_whoever_asks_for_a_group_that_is_not_there_learns_nothing(server: GroupServer) -> None:
    with httpx.Client(base_url=server.root, timeout=30) as client:
        answers = [
            client.get(path)
            for path in ("/", "/g/", "/g/nobody/", "/g/nobody/en/", "/groups/tenants/", "/en/")
        ]
        answers.append(client.get("/g/tenants../en/"))
        # Names that are nearly one that is there.
        answers += [client.get(path) for path in ("/g/Tenants/en/", "/g/tenants%0A", "/g/tenants%20/en/")]
        answers.append(client.post("/g/nobody/sealed", content=b"x", headers=OCTETS))
    assert {one.status_code for one in answers} == {404}
    assert {one.content for one in answers} == {b"not found\n"}
    assert all("default-src 'none'" in one.headers["content-security-policy"] for one in answers)
    assert {one.headers["cache-control"] for one in answers} == {"no-store"}


@pytest.mark.parametrize(
    "path",
    [
        "/g/tenants/../union-2/en/",
        "/g/tenants/..%2funion-2/en/",
        "/g/tenants/%2e%2e/union-2/en/",
        "/g/tenants/g/union-2/en/",
        "/g/tenants//g/union-2/en/",
        "/g/tenants/static/..%2f..%2funion-2/en/",
        "/g/tenants%2f..%2funion-2%2fen%2f",
    ],
)
def test_no_way_leads_from_one_group_into_another(server: GroupServer, path: str) -> None:
    # As it stands, because a client would shorten it.
    with socket.create_connection(("127.0.0.1", urlsplit(server.root).port), timeout=30) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"union-2" not in answer


def test_nothing_that_one_group_gave_out_is_good_at_another(server: GroupServer) -> None:
    fields = [(name, (None, value)) for name, values in TYPED.items() for value in values]
    with server.group("tenants") as one, server.group("union-2") as other:
        page = read_page(one, f"{server.root}/g/tenants/")
        typed = [*fields, ("_stamp", (None, page.stamp))]
        assert other.post("/en/report/", files=typed).status_code == 428
        sent = one.post("/en/report/", files=typed)
        assert sent.status_code == 303
        # The number under which one group shows a code once is as good as any other number here.
        address = sent.headers["location"].removeprefix("/g/tenants")
        wrong = f"{address[:-8]}{'0' * 8}"
        assert other.get(address).text == other.get(wrong).text
    assert stored(of(server.data, "union-2")) == {}
    assert len(stored(of(server.data, "tenants"))) == 1


def test_nobody_else_of_the_machine_can_list_the_groups(tmp_path: Path, identity: HybridIdentity) -> None:
    group, card = tmp_path / "intake" / "groups" / "tenants", tmp_path / "tenants.pub"
    assert run("init", "--data", group, "--desk", write_card(card, identity.recipient)).returncode == 0
    for folder in (group, *list(group.parents)[:2]):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_an_intake_and_groups_stand_beside_each_other(
    data: Path, tmp_path: Path, identity: HybridIdentity
) -> None:
    alone = make_data(tmp_path / "alone", identity)
    for file in alone.iterdir():
        shutil.move(file, data / file.name)
    with GroupServer(data) as server:
        assert server.address == server.root
        assert server.client.get("/en/").status_code == 200
        assert server.client.get("/g/tenants/en/").status_code == 200
        assert server.client.get("/g/tenants").headers["location"] == "/g/tenants/"
        assert server.client.get("/g/nobody/").status_code == 404
        recipients = read(data).recipients
        assert server.post_sealed(sealed_body(recipients)).status_code == 201
    assert len(stored(data)) == 1
    assert stored(of(data, "tenants")) == {}


@pytest.mark.parametrize("name", ["Tenants", "a b", "-a", "a_b", "x" * 41, "é"])
def test_a_group_whose_name_no_address_can_have_is_refused(
    name: str, tmp_path: Path, data: Path, identity: HybridIdentity
) -> None:
    card = data / "groups" / "tenants-desk.pub"
    done = run("init", "--data", of(data, name), "--desk", card)
    assert done.returncode == 1
    assert "cannot stand in an address" in done.stderr
    assert "hint: small letters a to z" in done.stderr
    assert not of(data, name).exists()
    of(data, "tenants").rename(of(data, name))
    refused = run("serve", "--data", data, "--port", "0")
    assert refused.returncode == 1
    assert "cannot stand in an address" in refused.stderr


def test_a_copied_group_is_refused_because_its_bundles_would_be_mixed_up(data: Path) -> None:
    shutil.copytree(of(data, "tenants"), of(data, "copy"))
    refused = run("serve", "--data", data, "--port", "0")
    assert refused.returncode == 1
    assert "signs its bundles with the same key as" in refused.stderr
    assert refused.stderr.count("\n") == 2


def test_commands_on_a_server_of_groups_ask_which_group(data: Path, tmp_path: Path) -> None:
    for command in (["status"], ["export", "--out", tmp_path / "stick"]):
        refused = run(*command, "--data", data)
        assert refused.returncode == 1
        assert "holds groups alone" in refused.stderr
        assert "hint: name one: --data" in refused.stderr
    shutil.rmtree(data / "groups")
    (data / "groups").mkdir()
    refused = run("serve", "--data", data, "--port", "0")
    assert refused.returncode == 1
    assert "groups is empty" in refused.stderr


def test_every_groups_address_is_told_when_the_server_is_ready(data: Path) -> None:
    configure(of(data, "tenants"), **PATIENT)
    with GroupServer(data) as server:
        assert server.process.stdout
        second = server.process.stdout.readline().decode()
        assert server.address.endswith("/g/tenants")
        assert second == f"taking reports at {server.root}/g/union-2/\n"
