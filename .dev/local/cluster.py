"""A private Postgres cluster: its files, its login users, how to start it and talk to it."""

import os
import re
import secrets
import shutil
import subprocess
import time
from pathlib import Path

import account

SUPERUSER = "postgres"
# Login user: the group role that holds its rights.
USERS = {"owner": "cryptogaf_owner", "worker": "cryptogaf_worker", "api": "cryptogaf_api"}
# Images are rows of 100 kB to 3 MB. Each query takes memory for them and frees it, and glibc by its own settings then gives it back to
# the kernel, only to fault it in again page by page for the next one. Kept, up to so many bytes a connection, it costs nothing.
# Source: https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html
KEEP_FREED_MEMORY = {"MALLOC_TRIM_THRESHOLD_": 32 << 20, "MALLOC_MMAP_THRESHOLD_": 32 << 20, "MALLOC_TOP_PAD_": 512 << 10}
# By default Postgres keeps 128 MB of its tables at hand, less than a few months of candles take with their index: loading them, it would
# hand page after page to the kernel and fetch it back. A quarter of the memory is the usual advice; more than 512 MB gains nothing more here.
# Source: https://www.postgresql.org/docs/15/runtime-config-resource.html#GUC-SHARED-BUFFERS
SHARED_BUFFERS = f"{min(os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') >> 22, 512)}MB"


class ClusterError(Exception):
    """What failed and what to do, in one line."""


def installed():
    """Folders of server programs, newest version first."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return sorted(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), reverse=True)


class Cluster:
    """`folder` holds data, passwords and, unless its path is too long for one, the socket."""

    def __init__(self, folder, port):
        self.folder, self.port = Path(folder), port
        self.data = self.folder / "pgdata"
        self.secrets = self.folder / "secrets"
        self.sockets = self.folder / "sockets"

    @property
    def programs(self):
        version = self.data / "PG_VERSION"
        wanted = version.read_text().strip() if version.exists() else None
        for path in installed():
            if wanted in (None, path.parent.name):
                return path
        if wanted:
            raise ClusterError(f"{self.data} was made by Postgres {wanted}, which is not installed: apt-get install postgresql-{wanted}, or make clean")
        raise ClusterError("no Postgres server is installed: .dev/setup")

    def passfile(self, user):
        return self.secrets / f"{user}.pgpass"

    def environment(self, user, database):
        """libpq's variables for one user; the password stays in a file."""
        return {"PGHOST": self.sockets, "PGPORT": self.port, "PGUSER": user, "PGDATABASE": database, "PGPASSFILE": self.passfile(user)}

    def create(self):
        """Makes the cluster if it isn't there. Passwords are drawn here and only here."""
        for folder in (self.folder, self.secrets, self.sockets):
            folder.mkdir(mode=0o700, exist_ok=True)
            account.give(folder)
        for user in (SUPERUSER, *USERS):
            self._draw_password(user)
        if (self.data / "PG_VERSION").exists():
            return
        words = self.secrets / "initdb"
        account.write_secret(words, self.password(SUPERUSER) + "\n")
        # Under another name until it is whole: one that was interrupted must not pass for a cluster.
        unfinished = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [self.programs / "initdb", "-D", unfinished, "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={words}",
                   "--encoding=UTF8", "--locale=C.UTF-8", "--lc-collate=C"]
        self._run(command, "initdb")
        unfinished.rename(self.data)
        words.unlink()

    def password(self, user):
        return self.passfile(user).read_text().strip().rsplit(":", 1)[1]

    def _draw_password(self, user):
        if not self.passfile(user).exists():
            account.write_secret(self.passfile(user), f"*:*:*:{user}:{secrets.token_urlsafe(24)}\n")

    def command(self, *settings):
        """The server in the foreground, on the loopback address and a socket."""
        words = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.sockets}",
                 f"shared_buffers={SHARED_BUFFERS}", *settings]
        memory = [f"{name}={value}" for name, value in KEEP_FREED_MEMORY.items()]
        return ["/usr/bin/env", *memory, str(self.programs / "postgres"), "-D", str(self.data), *(part for word in words for part in ("-c", word))]

    def psql(self, sql, user=SUPERUSER, database="postgres", check=True):
        """Runs SQL that this project wrote itself; answers its text, one row a line."""
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        environment = account.environment(**self.environment(user, database), PGCONNECT_TIMEOUT=5)
        done = subprocess.run(account.prefix() + command, input=sql, env=environment, text=True, capture_output=True, cwd="/")
        if check and done.returncode:
            raise ClusterError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip() if done.returncode == 0 else None

    def wait(self, seconds, alive=lambda: True):
        """Until it takes connections; `alive` says whether it still may."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and alive():
            if self.psql("SELECT 1", check=False) == "1":
                return
            time.sleep(0.1)
        raise ClusterError("Postgres does not take connections")

    def add_users(self):
        """The three group roles, and a login user in each. Passwords are set anew: the files are what counts."""
        sql = ["SET password_encryption = 'scram-sha-256';"]
        for user, group in USERS.items():
            for role, login in ((group, "NOLOGIN"), (user, "LOGIN")):
                sql.append(f"SELECT 'CREATE ROLE {role} {login}' WHERE to_regrole('{role}') IS NULL \\gexec")
            sql.append(f"GRANT {group} TO {user}; ALTER ROLE {user} PASSWORD '{self.password(user)}';")
        self.psql("\n".join(sql))

    def add_database(self, name):
        self.psql(f"SELECT 'CREATE DATABASE {name} OWNER cryptogaf_owner' WHERE NOT EXISTS "
                  f"(SELECT FROM pg_database WHERE datname = '{name}') \\gexec")

    def _run(self, command, what):
        done = subprocess.run(account.prefix() + [str(word) for word in command], env=account.environment(), text=True, capture_output=True, cwd="/")
        if done.returncode:
            raise ClusterError(f"{what}: {(done.stderr or done.stdout).strip()}")
