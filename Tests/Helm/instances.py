"""Postgres as CloudNativePG runs it for the chart's Cluster: a primary and standbys that stream from whoever is it, certificates, users; and a
promotion."""

import base64
import contextlib
import os
import signal
import subprocess
from pathlib import Path

from chart import find
from bundled import account, cluster, wait


class Instance:
    """One Postgres in a namespace of its own."""

    def __init__(self, test, network, folder, spec, number):
        self.network, self.folder, self.number = network, Path(folder), number
        self.space = f"db-{number}"
        self.address = network.pod(self.space)
        self.data = self.folder / f"data-{number}"
        self.programs = cluster.installed()[0]
        self.sockets = self.folder / f"sockets-{number}"
        self.sockets.mkdir()
        account.give(self.sockets)
        standbys = spec["postgresql"]["synchronous"]
        self.settings = {"listen_addresses": "*", "port": "5432", "unix_socket_directories": str(self.sockets), "fsync": "off", "ssl": "on",
                         "ssl_cert_file": str(self.folder / "server.crt"), "ssl_key_file": str(self.folder / "server.key"),
                         "synchronous_standby_names": f"{standbys['method'].upper()} {standbys['number']} (*)"} | spec["postgresql"]["parameters"]
        self.process, self.log = None, open(self.folder / f"db-{number}.log", "w")
        test.addClassCleanup(self.log.close)
        test.addClassCleanup(self.kill)

    def run(self, *words):
        done = subprocess.run(self.network.within(self.space) + account.prefix() + [str(self.programs / words[0]), *map(str, words[1:])],
                              capture_output=True, text=True, cwd="/", env=account.environment())
        if done.returncode:
            raise AssertionError(done.stderr)

    def create(self):
        self.run("initdb", "-D", self.data, "-U", "postgres", "--auth-local=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync")
        (self.data / "pg_hba.conf").write_text("local all all trust\nhostssl replication postgres 10.77.0.0/16 trust\nhostssl all all all scram-sha-256\n")
        self.start()

    def clone(self, primary, leader):
        """A standby that follows whoever is behind the address `leader`."""
        self.run("pg_basebackup", "-D", self.data, "-d", f"host={primary} user=postgres sslmode=require", "-X", "stream", "-c", "fast", "--no-sync")
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.write(f"primary_conninfo = 'host={leader} user=postgres sslmode=require application_name=db-{self.number}'\n")
        (self.data / "standby.signal").touch()
        account.give(self.data / "standby.signal")
        self.start()

    def start(self):
        words = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(self.network.within(self.space) + account.prefix() + [str(self.programs / "postgres"), "-D", str(self.data), *words],
                                        stdout=self.log, stderr=self.log, env=account.environment(), cwd="/")
        wait(lambda: self.psql("SELECT 1", check=False) == "1", 60, self.process)

    def psql(self, text, database="postgres", check=True):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=text, capture_output=True, text=True, env=account.environment(
            PGHOST=self.sockets, PGUSER="postgres", PGDATABASE=database))
        if check and done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip() if done.returncode == 0 else None

    def users(self, objects, spec):
        """What the operator makes of bootstrap and managed roles."""
        def login(name, secret):
            password = base64.b64decode(find(objects, "Secret", secret)["data"]["password"]).decode()
            return f"CREATE ROLE {name} LOGIN PASSWORD '{password}';"
        first = spec["bootstrap"]["initdb"]
        self.psql(login(first["owner"], first["secret"]["name"]))
        self.psql(f"CREATE DATABASE {first['database']} OWNER {first['owner']};")
        self.psql(";\n".join(first["postInitSQL"]) + ";")
        for role in spec["managed"]["roles"]:
            self.psql(login(role["name"], role["passwordSecret"]["name"]) + f"GRANT {', '.join(role['inRoles'])} TO {role['name']};")

    def kill(self):
        """Without a word, as a node that is gone."""
        if self.process and self.process.poll() is None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            self.process.kill()
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            self.process.wait(30)

    def promote(self):
        self.run("pg_ctl", "-D", self.data, "-w", "promote")
