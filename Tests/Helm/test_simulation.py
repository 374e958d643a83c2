"""The cluster on one machine: what the chart renders, run in the images' trees, a network namespace for each pod; Services, probes and the promotion are
done as kube-proxy, kubelet and CloudNativePG do them."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import namespaces
from chart import CASES, Refusal, find, merged, of_kind, pod_template, render
from bundled import MTAIL, NGINX, account, cluster, wait
from house_rules import covers
from images import VIEWER, assemble, runs_here
from instances import Instance
from kubelet import Kubelet, Pod
from load import RATE, Load
from program import program
from tls import authority

NAME = "gaf-cryptogaf"
DATABASE = f"{NAME}-db"
IMAGE = "/api/gaf/image.png?product=BTC-USD&kind=buy"
# Every sample that the database ever had, and every drawing, with the newest sample in it.
WATCH = """
CREATE TABLE collected (product text, sample bigint, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION note_sample() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO public.collected (product, sample) VALUES (NEW.product, NEW.sample_id); RETURN NULL; END $$;
CREATE TRIGGER note_sample AFTER INSERT ON crypto_gaf.samples FOR EACH ROW EXECUTE FUNCTION note_sample();
CREATE TABLE drawn (product text, sample bigint, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION note_drawing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO public.drawn (product, sample) VALUES (NEW.product, NEW.last_sample_id); RETURN NULL; END $$;
CREATE TRIGGER note_drawing AFTER UPDATE OF orderbook_image ON crypto_gaf.gafs FOR EACH ROW WHEN (NEW.orderbook_image IS NOT NULL)
    EXECUTE FUNCTION note_drawing();
"""


@unittest.skipUnless(program() and NGINX and MTAIL and VIEWER.exists() and cluster.installed(), "the program, nginx, mtail, Swagger UI or Postgres is missing")
@unittest.skipUnless(runs_here() and namespaces.possible(), "namespaces cannot be made here: it takes root, bubblewrap and ip")
class Simulation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="cryptogaf-cluster-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        # Postgres, too, has its files below.
        cls.folder.chmod(0o755)
        account.give(cls.folder)
        cls.network = namespaces.Network()
        cls.addClassCleanup(cls.network.remove)
        cls.proxy = namespaces.Proxy(cls.network)
        cls.addClassCleanup(cls.proxy.end)
        cls.objects, cls.pods = render(CASES["simulation"]), []
        cls.addClassCleanup(lambda: [pod.wait() for pod in cls.pods])
        cls.addClassCleanup(lambda: [pod.stop() for pod in cls.pods])
        cls.client = cls.network.pod("client")
        for name in [*(one.name for one in of_kind(cls.objects, "Service")), f"{DATABASE}-rw", f"{DATABASE}-ro"]:
            cls.network.service(name)
        cls.database()
        trees = {"cryptogaf": assemble(cls, "cryptogaf", program()), "nginx": assemble(cls, "nginx", VIEWER)}
        cls.kubelet = Kubelet(cls.objects, cls.network, trees, cls.folder, {f"{DATABASE}-ca": {"ca.crt": cls.authority}})
        for job in ("migrate", "set-up"):
            cls.pod("Job", job).complete()
        cls.primary.psql(WATCH, "cryptogaf")
        cls.handlers = [cls.up("Deployment", "handlers") for _ in range(3)]
        cls.up("Deployment", "exchange")
        # A Service's name must lead somewhere before nginx starts, and its pods may come later.
        for _ in range(2):
            cls.up("Deployment", "nginx")
        for _ in range(2):
            cls.up("Deployment", "collect")
        for _ in range(3):
            cls.up("CronJob", "calculate")
        wait(lambda: cls.ask(IMAGE) == "200", 120)

    @classmethod
    def database(cls):
        cls.authority, certificate, key = authority(cls.folder, [f"{DATABASE}-rw", f"{DATABASE}-ro"])
        for name, text in (("server.crt", certificate), ("server.key", key)):
            account.write_secret(cls.folder / name, text)
        spec = find(cls.objects, "Cluster", DATABASE)["spec"]
        cls.primary, *cls.standbys = [Instance(cls, cls.network, cls.folder, spec, number) for number in range(1, spec["instances"] + 1)]
        cls.primary.create()
        cls.lead()
        for standby in cls.standbys:
            standby.clone(cls.primary.address, cls.network.services[f"{DATABASE}-rw"])
        cls.lead()
        cls.primary.users(cls.objects, spec)

    @classmethod
    def lead(cls):
        """The Services that the operator keeps: who may write, and who only reads."""
        for kind, instances in (("rw", [cls.primary]), ("ro", cls.standbys)):
            cls.proxy.point(cls.network.services[f"{DATABASE}-{kind}"], 5432, [one.address for one in instances], 5432)

    @classmethod
    def pod(cls, kind, name):
        owner = next(one for one in cls.objects if one["kind"] == kind and re.fullmatch(rf"{NAME}-{name}(-[0-9a-f]{{10}})?", one.name))
        labels, spec = pod_template(owner)
        pod = Pod(cls.kubelet, owner, spec, runs=kind != "Job")
        pod.labels = labels
        return pod

    @classmethod
    def up(cls, kind, name):
        pod = cls.pod(kind, name)
        cls.pods.append(pod)
        pod.ready()
        cls.route()
        return pod

    @classmethod
    def down(cls, pod):
        cls.pods.remove(pod)
        cls.route()
        return pod.end()

    @classmethod
    def route(cls):
        for service in of_kind(cls.objects, "Service"):
            chosen = [pod for pod in cls.pods if covers(service["spec"]["selector"], pod.labels)]
            for port in service["spec"]["ports"]:
                target = chosen[0].port(port["targetPort"]) if chosen else 1
                cls.proxy.point(cls.network.services[service.name], port["port"], [pod.address for pod in chosen], target)

    @classmethod
    def ask(cls, path):
        """The status with which nginx' Service answers."""
        url = f"http://{cls.network.services[NAME]}{path}"
        done = subprocess.run([*cls.network.within("client"), "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url], capture_output=True, text=True)
        return done.stdout

    def load(self, **how):
        load = Load(80, self.network.services[NAME], enter=lambda: self.network.enter("client"), **how)
        self.addCleanup(load.end)
        return load

    def now(self, text):
        return self.primary.psql(text, "cryptogaf")

    def alive(self):
        self.assertEqual([f"{pod.name}: {pod.words()}" for pod in self.pods if not pod.alive()], [])

    def test_handlers_read_from_the_standbys_one_collects_and_three_draw_nothing_twice(self):
        self.alive()
        held = [int(one.psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'gaf_api'")) for one in (self.primary, *self.standbys)]
        self.assertEqual(held[0], 0)
        self.assertGreater(min(held[1:]), 0)
        samples = int(self.now("SELECT count(*) FROM collected"))
        wait(lambda: int(self.now("SELECT count(*) FROM collected")) > samples + 30, 60)
        self.assertEqual(self.now("SELECT count(*) - count(DISTINCT (product, sampled_at)) FROM crypto_gaf.samples"), "0")
        drawn, twice = self.now("SELECT count(*), count(*) - count(DISTINCT (product, sample)) FROM drawn").split("|")
        self.assertEqual(twice, "0")
        self.assertGreater(int(drawn), 5)
        self.assertEqual(self.ask("/api/gaf/image.png?product=ETH-USD&kind=buy"), "200")

    def test_no_request_fails_while_every_handler_is_replaced(self):
        load = self.load()
        started = time.monotonic()
        wait(lambda: load.answered > RATE, 60)
        for old in list(self.handlers):
            # maxSurge 1, maxUnavailable 0: the new one is there before the old one goes.
            self.handlers.append(self.up("Deployment", "handlers"))
            self.handlers.remove(old)
            self.assertEqual(self.down(old), [0])
        before = load.answered
        wait(lambda: load.answered > before + RATE, 60)
        load.end()
        self.assertEqual(load.failed, [])
        print(f"rolling restart of 3 handlers: {load.answered} requests at {load.answered / (time.monotonic() - started):.0f}/s, 0 failed", flush=True)

    def test_the_primary_is_killed_and_the_promoted_standby_goes_on_with_everything(self):
        # What another session sees is acknowledged: with a synchronous standby nothing is seen before one has it.
        ids = "SELECT sample FROM collected"
        seen = self.now(ids).split()
        self.primary.kill()
        gone = time.time()
        # As the operator: whoever received most of the log, so that what one standby acknowledged is there.
        self.standbys.sort(key=lambda one: int(one.psql("SELECT pg_last_wal_receive_lsn() - '0/0'")))
        type(self).primary = self.standbys.pop()
        self.primary.promote()
        self.lead()
        promoted = time.time()
        after = f"FROM collected WHERE at > to_timestamp({promoted})"
        wait(lambda: int(self.now(f"SELECT count(*) {after}")) > 20, 60)
        self.assertEqual(set(seen) - set(self.now(ids).split()), set())
        recovery = float(self.now(f"SELECT extract(epoch FROM min(at)) {after}")) - promoted
        wait(lambda: int(self.now(f"SELECT count(*) FROM drawn WHERE at > to_timestamp({promoted})")) > 5, 60)
        self.assertEqual(self.now("SELECT count(*) - count(DISTINCT (product, sample)) FROM drawn"), "0")
        self.assertEqual(self.now("SELECT count(*) - count(DISTINCT (product, sampled_at)) FROM crypto_gaf.samples"), "0")
        wait(lambda: self.ask("/readyz") == "200" and self.ask(IMAGE) == "200", 60)
        self.alive()
        print(f"primary killed: promoted after {promoted - gone:.1f} s, writes again {recovery:.1f} s after that; 0 of {len(seen)} acknowledged samples lost, "
              "0 images drawn twice", flush=True)

    def test_handlers_are_scaled_from_one_to_three_within_the_budget_of_connections(self):
        figures = []
        for wanted in (1, 3):
            while len(self.handlers) > wanted:
                self.down(self.handlers.pop())
            while len(self.handlers) < wanted:
                self.handlers.append(self.up("Deployment", "handlers"))
            load, started = self.load(rate=0, clients=32, path=IMAGE), time.monotonic()
            wait(lambda: load.answered > 2000, 60)
            seconds = time.monotonic() - started
            held = sum(int(one.psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'gaf_api'")) for one in self.standbys)
            load.end()
            self.assertEqual(load.failed, [])
            self.assertLessEqual(held, wanted * CASES["simulation"]["api"]["threads"])
            figures.append(f"{wanted}: {load.answered / seconds:.0f}/s with {held} connections")
        print(f"handlers {', '.join(figures)}, all of it on {os.cpu_count()} cores; the primary's {self.budget()}", flush=True)

    def budget(self):
        """What the chart reckons, in its own words."""
        with self.assertRaises(Refusal) as refused:
            render(merged("simulation", {"postgres": {"maxConnections": 10}}))
        return re.search(r"connection budget: \d+ needed", str(refused.exception))[0]


if __name__ == "__main__":
    unittest.main()
