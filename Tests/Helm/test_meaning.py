"""What the values lead to, where a reader of the templates could be mistaken."""

import base64
import shutil
import tempfile
import unittest
from pathlib import Path

import helm_python as helm
import yaml

from chart import CASES, CHART, NAMESPACE, RELEASE, Refusal, containers, find, merged, of_kind, pod_template, quiet, render, rendered
from test_rendering import VERSIONS, faults


def variables(objects, kind, name):
    """Variables by name of the first container, those of the shared ConfigMap among them; a secret's as (secret, key)."""
    container = pod_template(find(objects, kind, f"{RELEASE}-cryptogaf-{name}"))[1]["containers"][0]
    found = {}
    for source in container.get("envFrom", []):
        found |= find(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
    for one in container.get("env", []):
        reference = one.get("valueFrom", {}).get("secretKeyRef")
        found[one["name"]] = (reference["name"], reference["key"]) if reference else one["value"]
    return found


def only(objects, kind, start):
    return next(one for one in objects if one["kind"] == kind and one.name.startswith(f"{RELEASE}-cryptogaf-{start}"))


class Database(unittest.TestCase):
    def test_each_program_is_the_user_that_its_work_needs(self):
        objects = rendered("bundled")
        users = {name: variables(objects, kind, name)["POSTGRES_USER"] for kind, name in
                 [("Deployment", "handlers"), ("Deployment", "collect"), ("CronJob", "calculate")]}
        users["migrate"] = next(one["value"] for one in containers(pod_template(only(objects, "Job", "migrate"))[1])[0]["env"] if one["name"] == "POSTGRES_USER")
        self.assertEqual(users, {"handlers": "gaf_api", "collect": "gaf_worker", "calculate": "gaf_worker", "migrate": "gaf_owner"})

    def test_cnpg_handlers_go_through_the_pooler_and_nobody_else_does(self):
        objects = rendered("cnpg")
        self.assertEqual(variables(objects, "Deployment", "handlers")["POSTGRES_HOST"], "gaf-cryptogaf-db-pooler")
        self.assertEqual(only(objects, "Pooler", "db")["spec"]["type"], "ro")
        self.assertEqual(variables(objects, "Deployment", "handlers")["POSTGRES_POOLED"], "true")
        for kind, name in [("Deployment", "collect"), ("CronJob", "calculate")]:
            self.assertEqual(variables(objects, kind, name)["POSTGRES_HOST"], "gaf-cryptogaf-db-rw")
            self.assertNotIn("POSTGRES_POOLED", variables(objects, kind, name))

    def test_cnpg_handlers_may_read_from_standbys_that_vacuum_then_respects(self):
        objects = render(merged("cnpg", {"postgres": {"pooler": {"enabled": False}}}))
        self.assertEqual(variables(objects, "Deployment", "handlers")["POSTGRES_HOST"], "gaf-cryptogaf-db-ro")
        settings = only(objects, "Cluster", "db")["spec"]["postgresql"]
        self.assertEqual(settings["parameters"]["hot_standby_feedback"], "on")
        self.assertNotIn("hot_standby_feedback", only(rendered("cnpg-in-tree"), "Cluster", "db")["spec"]["postgresql"]["parameters"])

    def test_cnpg_writes_are_on_a_standby_but_images_do_not_wait(self):
        objects = rendered("cnpg")
        self.assertEqual(only(objects, "Cluster", "db")["spec"]["postgresql"]["synchronous"], {"method": "any", "number": 1, "dataDurability": "required"})
        self.assertEqual(variables(objects, "CronJob", "calculate")["PGOPTIONS"], "-c synchronous_commit=local")
        self.assertNotIn("PGOPTIONS", variables(objects, "Deployment", "collect"))

    def test_cnpg_archives_within_15_minutes_and_backs_up_at_two(self):
        for case, method in (("cnpg", "plugin"), ("cnpg-in-tree", "barmanObjectStore")):
            objects = rendered(case)
            cluster, backup = only(objects, "Cluster", "db")["spec"], only(objects, "ScheduledBackup", "db")["spec"]
            self.assertEqual(cluster["postgresql"]["parameters"]["archive_timeout"], "15min")
            self.assertEqual((backup["schedule"], backup["method"]), ("0 0 2 * * *", method))
        self.assertEqual(rendered("cnpg") and only(rendered("cnpg"), "Cluster", "db")["spec"]["plugins"][0]["parameters"],
                         {"barmanObjectName": only(rendered("cnpg"), "ObjectStore", "db").name})

    def test_postgres_keeps_a_quarter_of_its_memory_for_pages_unless_it_is_told_otherwise(self):
        def bundled(change):
            settings = find(render(merged("minimal", {"postgres": {"bundled": change}})), "ConfigMap", f"{RELEASE}-cryptogaf-db")["data"]["settings.conf"]
            return [line for line in settings.splitlines() if "shared_buffers" in line]

        self.assertEqual(bundled({}), ["shared_buffers = '256MB'"])
        for limit, wanted in (("1.5Gi", "384MB"), ("512Mi", "128MB"), ("32Mi", "16MB")):
            self.assertEqual(bundled({"resources": {"limits": {"memory": limit}}}), [f"shared_buffers = '{wanted}'"])
        for resources in ({"limits": {"memory": "1G"}}, {"limits": {"memory": 2_000_000_000}}, {"limits": None}, None):
            self.assertEqual(bundled({"resources": resources}), [])
        self.assertEqual(bundled({"parameters": {"shared_buffers": "300MB"}}), ["shared_buffers = '300MB'"])
        parameters = {case: only(rendered(case), "Cluster", "db")["spec"]["postgresql"]["parameters"] for case in ("cnpg", "cnpg-in-tree")}
        self.assertEqual([parameters[case]["shared_buffers"] for case in ("cnpg", "cnpg-in-tree")], ["1GB", "512MB"])

    def test_cnpg_begins_with_another_clusters_backups_if_asked_to(self):
        for case, place in (("cnpg", "plugin"), ("cnpg-in-tree", "barmanObjectStore")):
            change = {"postgres": {"cnpg": {"recovery": {"from": "old-cryptogaf-db", "to": "2026-01-31 12:00:00+00"}}}}
            objects = render(merged(case, change))
            spec = only(objects, "Cluster", "db")["spec"]
            self.assertEqual(spec["bootstrap"], {"recovery": {
                "source": "old-cryptogaf-db", "database": "cryptogaf", "owner": "gaf_owner", "secret": {"name": "gaf-cryptogaf-postgres-owner"},
                "recoveryTarget": {"targetTime": "2026-01-31 12:00:00+00"}}})
            other = spec["externalClusters"][0]
            self.assertEqual((other["name"], (other[place].get("parameters") or other[place])["serverName"]), ("old-cryptogaf-db", "old-cryptogaf-db"))
            for version in VERSIONS:
                self.assertEqual([fault for one in objects if (fault := faults(one, version))], [])
            own = only(objects, "Cluster", "db").name
            for refused, words in (({"from": own}, "is this cluster itself"), ({"from": "old", "to": "yesterday"}, "to")):
                with self.assertRaisesRegex(Refusal, words):
                    render(merged(case, {"postgres": {"cnpg": {"recovery": refused}}}))

    def test_certificates_are_checked_where_there_are_any(self):
        cnpg, external = rendered("cnpg"), rendered("external")
        self.assertEqual(variables(cnpg, "Deployment", "collect")["PGSSLMODE"], "verify-full")
        self.assertEqual(variables(external, "Deployment", "collect")["PGSSLROOTCERT"], "/etc/postgres-ca/ca.crt")
        for objects, secret, key in ((cnpg, "gaf-cryptogaf-db-ca", "ca.crt"), (external, "gaf-db-ca", "root.crt")):
            volume = pod_template(find(objects, "Deployment", "gaf-cryptogaf-collect"))[1]["volumes"][0]["secret"]
            # Not the authority's key beside it.
            self.assertEqual((volume["secretName"], volume["items"]), (secret, [{"key": key, "path": "ca.crt"}]))
        self.assertEqual(variables(rendered("predecessor"), "Deployment", "collect")["PGSSLROOTCERT"], "/etc/ssl/certs/ca-certificates.crt")
        names = only(cnpg, "Cluster", "db")["spec"]["certificates"]["serverAltDNSNames"]
        self.assertIn(variables(cnpg, "Deployment", "handlers")["POSTGRES_HOST"], names)

    def test_external_handlers_read_from_the_replica(self):
        objects = rendered("external")
        found = variables(objects, "Deployment", "handlers")
        self.assertEqual((found["POSTGRES_HOST"], found["POSTGRES_PORT"], found["POSTGRES_PW"]), ("db-ro.example.com", "6432", ("gaf-api", "pw")))
        self.assertEqual(variables(objects, "CronJob", "calculate")["POSTGRES_HOST"], "db.example.com")


class Secrets(unittest.TestCase):
    def test_passwords_are_drawn_and_never_the_same(self):
        first, second = ({one.name: one["data"]["password"] for one in of_kind(render(CASES["minimal"]), "Secret")} for _ in range(2))
        self.assertEqual(set(first), {f"gaf-cryptogaf-postgres-{role}" for role in ("owner", "worker", "api")})
        self.assertEqual(len(set(first.values()) | set(second.values())), 6)
        for password in first.values():
            self.assertEqual(len(base64.b64decode(password)), 32)

    def test_brought_secrets_are_used_and_none_is_made(self):
        objects = rendered("locked-down")
        self.assertEqual(of_kind(objects, "Secret"), [])
        self.assertEqual(variables(objects, "Deployment", "collect")["POSTGRES_PW"], ("gaf-worker", "password"))
        self.assertEqual(of_kind(rendered("external"), "Secret"), [])


class Migration(unittest.TestCase):
    def name(self, values, folder=CHART, **options):
        with quiet():
            with helm.Chart.load(str(folder)) as chart:
                texts = chart.render(values, name=RELEASE, namespace=NAMESPACE, **options)
        return yaml.safe_load(texts["cryptogaf/templates/migrate.yaml"])["metadata"]["name"]

    def test_the_job_has_another_name_when_the_schema_or_its_pod_changes(self):
        before = self.name(CASES["minimal"])
        self.assertEqual(self.name(CASES["minimal"] | {"collect": {"sleepInterval": 2}}), before)
        self.assertNotEqual(self.name(CASES["minimal"] | {"image": {"tag": "1.2.4"}}), before)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "cryptogaf"
            shutil.copytree(CHART, copy)
            self.assertEqual(self.name(CASES["minimal"], copy), before)
            (copy / "files/sql/migrations/9999_more.sql").write_text("SELECT 1;\n")
            self.assertNotEqual(self.name(CASES["minimal"], copy), before)

    def test_it_is_a_hook_only_where_the_database_is_there_before(self):
        for case in CASES:
            job = only(rendered(case), "Job", "migrate")
            self.assertEqual("helm.sh/hook" in job.annotations, case in ("external", "predecessor"), case)
            if job.annotations:
                # Nothing of the release is there yet.
                spec = pod_template(job)[1]
                self.assertEqual(spec["serviceAccountName"], "default")
                self.assertFalse([one for container in containers(spec) for one in container.get("envFrom", [])])


class Predecessor(unittest.TestCase):
    def test_its_values_mean_what_they_meant(self):
        objects = rendered("predecessor")
        found = variables(objects, "Deployment", "collect")
        self.assertEqual(
            {name: found[name] for name in ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PW", "SLEEP_INTERVAL", "HTTP_TIMEOUT",
                                            "COINBASE_URL")},
            {"POSTGRES_HOST": "postgres.example.com", "POSTGRES_PORT": "5433", "POSTGRES_DB": "gaf", "POSTGRES_USER": "gaf",
             "POSTGRES_PW": ("gaf-postgres", "password"), "SLEEP_INTERVAL": "0.25", "HTTP_TIMEOUT": "10", "COINBASE_URL": "http://coinbase-local:4201"})
        collect = pod_template(find(objects, "Deployment", "gaf-cryptogaf-collect"))[1]
        self.assertEqual(collect["containers"][0]["image"], "registry.example.com/crypto-gaf:1.0.7")
        self.assertEqual(collect["imagePullSecrets"], [{"name": "registry"}])
        steps = [container["command"] for container in containers(pod_template(only(objects, "Job", "set-up"))[1])][1:]
        self.assertEqual(steps, [["cryptogaf", "product", "add", "BTC-USD", "--or-set", "--max-size", "600"],
                                 ["cryptogaf", "product", "add", "ETH-USD", "--or-set"]])
        draw = pod_template(find(objects, "CronJob", "gaf-cryptogaf-calculate"))[1]["containers"][0]["command"]
        self.assertEqual(draw[draw.index("--sleep") + 1], "0.5")


class SetUp(unittest.TestCase):
    def test_no_venue_is_asked_for_markets_by_a_pod_that_could_reach_none(self):
        objects = rendered("bundled")
        steps = [container["command"] for container in containers(pod_template(only(objects, "Job", "set-up"))[1])]
        tracked = [command for command in steps if command[1] == "symbols"]
        self.assertEqual([command[3:5] for command in tracked], [["binance:BTC-USDT", "--no-check"], ["kraken:BTC-USD", "--no-check"]])
        policy = find(objects, "NetworkPolicy", "gaf-cryptogaf-set-up")
        self.assertNotIn("ipBlock", str(policy["spec"]["egress"]))


    def test_a_product_of_another_venue_does_not_keep_an_upgrade_of_its_release_from_the_others(self):
        values = merged("bundled", {"products": [{"name": "kraken:BTC-USD", "depth": 5}, {"name": "coinbase:BTC-USD"}]})
        objects = render(values, is_install=False, is_upgrade=True)
        steps = [container["command"] for container in containers(pod_template(only(objects, "Job", "set-up"))[1])][1:]
        self.assertEqual([step[1:4] for step in steps],
                         [["product", "add", "coinbase:BTC-USD"], ["symbols", "track", "binance:BTC-USDT"], ["symbols", "track", "kraken:BTC-USD"],
                          ["product", "add", "kraken:BTC-USD"]])
        self.assertEqual(steps[-1][4:], ["--or-set", "--depth", "5"])


class Jobs(unittest.TestCase):
    def test_overrides_change_one_job_and_suspend_all(self):
        change = {"suspend": True, "schedule": "*/5 * * * *", "deadline": 300, "resources": {"cpu": "2"}, "arguments": ["calculate", "--once"]}
        objects = render(merged("minimal", {"jobs": {"overrides": {"calculate": change}}}))
        job = find(objects, "CronJob", "gaf-cryptogaf-calculate")["spec"]
        container = job["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual((job["suspend"], job["schedule"], job["jobTemplate"]["spec"]["activeDeadlineSeconds"], container["command"]),
                         (True, "*/5 * * * *", 300, ["cryptogaf", "calculate", "--once"]))
        self.assertEqual(container["resources"]["requests"], {"cpu": 2, "memory": "128Mi"})
        suspended = of_kind(render(merged("bundled", {"jobs": {"suspend": True}})), "CronJob")
        self.assertEqual({one["spec"]["suspend"] for one in suspended}, {True})

    def test_calculate_can_be_left_out(self):
        names = [one.name for one in of_kind(render(merged("minimal", {"calculate": {"enabled": False}})), "CronJob")]
        self.assertNotIn("gaf-cryptogaf-calculate", names)


class Entrance(unittest.TestCase):
    def test_an_ingress_has_every_host_and_its_certificate(self):
        spec = of_kind(rendered("ingress"), "Ingress")[0]["spec"]
        self.assertEqual([rule["host"] for rule in spec["rules"]], ["gaf.example.com", "www.gaf.example.com"])
        self.assertEqual(spec["tls"], [{"secretName": "gaf-cryptogaf-tls", "hosts": ["gaf.example.com", "www.gaf.example.com"]}])
        self.assertEqual(spec["ingressClassName"], "haproxy")

    def test_handlers_drain_before_they_stop_and_leave_time_for_it(self):
        for name in ("nginx", "handlers"):
            spec = pod_template(find(rendered("minimal"), "Deployment", f"gaf-cryptogaf-{name}"))[1]
            pause = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            # The longest answer nginx waits for is 30 s.
            self.assertGreaterEqual(spec["terminationGracePeriodSeconds"] - pause, 30)

    def test_the_service_has_the_page_and_the_predecessors_port(self):
        ports = {port["name"]: port["port"] for port in find(rendered("predecessor"), "Service", "gaf-cryptogaf")["spec"]["ports"]}
        self.assertEqual(ports, {"http": 80, "api": 4202})


if __name__ == "__main__":
    unittest.main()
