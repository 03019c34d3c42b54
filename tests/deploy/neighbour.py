"""A PostgreSQL on the machine at the other end of the cable, set up as deploy/SCALE.md says."""

import subprocess
from contextlib import closing
from pathlib import Path

from psycopg import sql

from tests.cluster import NOBODY, Cluster, programs
from tests.deploy.tree import Machine, call

NAME, ADDRESS, PORT = "db.example.org", "10.99.0.77", 5432
ROLE, DATABASE = "intake", "witnessbox"
# With all that a file of passwords must write in another way.
PASSWORD = r"one:two\three four's"
GRANTS = ("GRANT pg_checkpoint TO intake", "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO intake")


class Neighbour(Cluster):
    """Takes only who comes by TLS with the password."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.port = PORT
        self._machine = machine
        self.certificate = self.data / "server.crt"
        key = self.data / "server.key"
        self._certify(key)
        hosts = "local all all trust\n" + f"hostssl {DATABASE} {ROLE} 10.99.0.0/24 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(hosts)
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"ssl = on\nssl_cert_file = '{self.certificate}'\nssl_key_file = '{key}'\n")

    def _certify(self, key: Path) -> None:
        """A certificate for its name, signed by itself."""
        line = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        line += ["-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        call(*line, "-keyout", key, "-out", self.certificate)
        call("chown", NOBODY, key, self.certificate)

    def start(self) -> None:
        """Returns when it answers."""
        place = ["-k", self.folder, "-c", f"listen_addresses={ADDRESS}", "-c", f"port={PORT}"]
        # Each of these becomes the next, so that the process is PostgreSQL's own.
        nobody = ["setpriv", f"--reuid={NOBODY}", "--regid=nogroup", "--clear-groups", "--"]
        line = [*self._machine.neighbour, *nobody, programs() / "postgres", "-D", self.data, *place]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                line, stdout=log, stderr=log, cwd=self.folder, env=self._options["env"]
            )
        self._until_it_answers(self._process)

    def prepare(self) -> None:
        """The role and the database, by the commands of the guide."""
        with closing(self.connect("postgres")) as connection:
            connection.execute(sql.SQL("CREATE ROLE intake LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
            connection.execute("CREATE DATABASE witnessbox OWNER intake")
        with closing(self.connect(DATABASE)) as connection:
            for grant in GRANTS:
                connection.execute(grant.encode())
