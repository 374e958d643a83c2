"""Helm takes the chart, and Kubernetes takes what it makes of it."""

import json
import re
import tempfile
import time
import unittest
from functools import lru_cache
from pathlib import Path

import helm_python as helm
import jsonschema
import yaml
from kubernetes_validate.utils import schema_contents
from referencing import Registry, Resource

from chart import CASES, CHART, NAMESPACE, RELEASE, Refusal, find, merged, objects, of_kind, quiet, render, rendered

SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "schemas").glob("*.json"))}
# The oldest that the chart says it runs on, and the newest that the schemas know.
VERSIONS = ["1.30", "1.37"]


@lru_cache
def validator(api_version, kind, version):
    """As kubernetes-validate makes it, which reads the megabytes of definitions anew for every object."""
    if kind in SCHEMAS and api_version == SCHEMAS[kind]["properties"]["apiVersion"]["const"]:
        return jsonschema.Draft202012Validator(SCHEMAS[kind])
    folder = f"kubernetes-json-schema/v{version}.0-local-strict"
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    schema = schema_contents(f"{folder}/{kind.lower()}-{group}.json", version)
    return jsonschema.Draft202012Validator(schema, registry=definitions(version))


@lru_cache
def definitions(version):
    schema = schema_contents(f"kubernetes-json-schema/v{version}.0-local-strict/_definitions.json", version)
    return (Resource.from_contents(schema) @ Registry()).crawl()


def faults(one, version):
    """What is wrong with an object, of Kubernetes or of an operator."""
    found = validator(one["apiVersion"], one["kind"], version).iter_errors(one)
    return "; ".join(f"{one}: {'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found) or None


class Rendering(unittest.TestCase):
    def test_lint_finds_nothing_in_strict_mode(self):
        for case, values in CASES.items():
            with self.subTest(case), quiet():
                report = helm.lint(str(CHART), values, strict=True, kube_version=f"v{VERSIONS[0]}.0")
            # Severity 1 is information, such as the lack of an icon.
            self.assertEqual([message for message in report["messages"] if message["severity"] > 1], [])
            self.assertEqual(report["errors"], [])

    def test_objects_are_what_two_versions_of_kubernetes_and_the_operators_expect(self):
        started = time.monotonic()
        for case in CASES:
            for version in VERSIONS:
                with self.subTest(case, version=version):
                    self.assertEqual([fault for one in rendered(case) if (fault := faults(one, version))], [])
        print(f"rendered and validated {len(CASES)} files of values for {len(VERSIONS)} versions in {time.monotonic() - started:.1f} s")

    def test_every_kind_with_a_schema_of_ours_is_rendered_somewhere(self):
        kinds = {one["kind"] for case in CASES for one in rendered(case)}
        self.assertEqual(set(SCHEMAS) - kinds, set())

    def test_rendering_twice_gives_the_same_but_for_drawn_passwords(self):
        for case, values in CASES.items():
            first, second = ([one for one in render(values) if one["kind"] != "Secret"] for _ in range(2))
            self.assertEqual(first, second, case)

    def test_a_long_release_name_still_makes_names_that_fit(self):
        for one in render(CASES["cnpg"], name="a-release-with-a-name-as-long-as-helm-takes-it-to-b53"):
            self.assertLessEqual(len(one.name), 52, str(one))

    def test_two_releases_share_no_name_and_no_pod(self):
        one, other = (render(CASES["cnpg"], name=name) for name in ("one", "other"))
        shared = {(o["kind"], o.name) for o in one} & {(o["kind"], o.name) for o in other}
        self.assertEqual(shared, set())

    def test_a_packed_chart_renders_the_same_and_fits_into_a_release(self):
        with tempfile.TemporaryDirectory() as folder, quiet():
            packed = Path(helm.package(str(CHART), destination=folder))
            # Helm keeps the chart in a Secret, in base64, which holds at most 1 MiB.
            self.assertLess(packed.stat().st_size * 4 / 3, 500_000)
            with helm.Chart.load(str(packed)) as there:
                texts = there.render(CASES["external"], name=RELEASE, namespace=NAMESPACE)
        self.assertEqual({(one["kind"], one.name) for one in objects(texts)}, {(one["kind"], one.name) for one in rendered("external")})

    def test_the_schema_of_values_knows_exactly_the_values_there_are(self):
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        schema = json.loads((CHART / "values.schema.json").read_text())
        self.assertEqual(list(differences(values, schema, schema["$defs"])), [])


def differences(value, schema, definitions, path=""):
    """Values that the schema does not name, names without a value, and objects that take any name."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    if schema.get("type") != "object" or not isinstance(value, dict) or "properties" not in schema:
        return
    if schema.get("additionalProperties") is not False:
        yield f"{path or 'the values'} may hold anything"
    # What has a default of {} is named by its users, key by key.
    if value or not path:
        for key in sorted(set(value) ^ set(schema["properties"])):
            if path.endswith(("resources", "affinity")):
                continue
            yield f"{path}.{key} stands only in {'values.yaml' if key in value else 'the schema'}"
    for key in set(value) & set(schema["properties"]):
        yield from differences(value[key], schema["properties"][key], definitions, f"{path}.{key}".lstrip("."))


class Validation(unittest.TestCase):
    """The checks above can fail."""

    def test_a_misspelt_field_of_kubernetes_is_found(self):
        one = of_kind(rendered("minimal"), "Deployment")[0]
        one["spec"]["template"]["spec"]["terminationGraceSeconds"] = 3
        self.assertIn("terminationGraceSeconds", faults(one, VERSIONS[0]) or "")

    def test_a_field_that_an_older_version_lacks_is_found(self):
        one = find(rendered("minimal"), "Deployment", "gaf-cryptogaf-handlers")
        one["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["stopSignal"] = "SIGQUIT"
        self.assertIsNotNone(faults(one, "1.30"))
        self.assertIsNone(faults(one, "1.37"))

    def test_faults_in_what_operators_take_are_found(self):
        objects = rendered("cnpg") + rendered("gateway")
        for kind, spoil in {
            "Cluster": lambda spec: spec["postgresql"]["parameters"].update(archive_command="cp"),
            "ScheduledBackup": lambda spec: spec.update(schedule="0 2 * * *"),
            "Pooler": lambda spec: spec["pgbouncer"].update(poolMode="statement"),
            "ObjectStore": lambda spec: spec["configuration"].update(retentionPolicy="30d"),
            "HTTPRoute": lambda spec: spec["rules"][0]["backendRefs"][0].update(port="http"),
            "ServiceMonitor": lambda spec: spec["endpoints"][0].update(interval="often"),
            "PodMonitor": lambda spec: spec.update(endpoints=[]),
            "PrometheusRule": lambda spec: spec["groups"][0]["rules"][0].update(severity="critical"),
            "AlertmanagerConfig": lambda spec: spec["route"].update(group_by=["alertname"]),
        }.items():
            with self.subTest(kind):
                one = of_kind(objects, kind)[0]
                self.assertIsNone(faults(one, VERSIONS[0]))
                spoil(one["spec"])
                self.assertIsNotNone(faults(one, VERSIONS[0]))


class Refusals(unittest.TestCase):
    """Values that contradict themselves or are misspelt are refused, with words that help."""

    def refuses(self, words, change, case="minimal"):
        with self.assertRaises(Refusal) as caught:
            render(merged(case, change))
        self.assertRegex(str(caught.exception), words)

    def test_misspelt_values(self):
        for change in ({"replicaCount": 2}, {"api": {"replicas": 2}}, {"postgres": {"cnpg": {"instance": 3}}}, {"products": [{"nane": "BTC-USD"}]},
                       {"jobs": {"overrides": {"calculate": {"deadlin": 3}}}}, {"monitoring": {"rules": {"enable": True}}}):
            with self.subTest(change):
                self.refuses("[Aa]dditional propert|not allowed", change)

    def test_values_of_the_wrong_kind(self):
        for change in ({"api": {"threads": "many"}}, {"postgres": {"mode": "mysql"}}, {"image": {"digest": "sha256:abc"}}, {"api": {"threads": 0}},
                       {"nginx": {"trustedProxies": ["10.0.0.1"]}}, {"environment": {"log level": "info"}}):
            with self.subTest(change):
                self.refuses("want integer|must be one of|does not match pattern|minimum", change)

    def test_a_job_that_does_not_exist(self):
        self.refuses("jobs.overrides.calculat: there is no such job; there are .*calculate", {"jobs": {"overrides": {"calculat": {}}}})

    def test_more_connections_than_the_server_takes(self):
        self.refuses(r"connection budget: \d+ needed, postgres.maxConnections is 200: handlers \(10 pods and one more in an update\) × 32",
                     {"api": {"replicaCount": 10, "threads": 32}})
        render(merged("minimal", {"api": {"replicaCount": 10, "threads": 32}, "postgres": {"maxConnections": 500}}))

    def test_the_budget_counts_what_autoscaling_may_reach(self):
        self.refuses("connection budget", {"api": {"autoscaling": {"enabled": True, "maxReplicas": 20}}})

    def test_the_budget_counts_jobs_that_meet(self):
        draw = {"jobs": {"overrides": {"calculate": {"arguments": ["calculate", "--for", "75s", "--jobs", "60"]}}}}
        self.refuses("job calculate = 120", merged("minimal", draw) | {"api": {"replicaCount": 4}})

    def test_the_budget_counts_workers_of_a_job(self):
        load = {"jobs": {"overrides": {"transform": {"arguments": ["job", "transform", "--jobs", "16"]}}}, "postgres": {"maxConnections": 100}}
        self.refuses("job transform = 34", load, "bundled")

    def test_a_pooler_takes_the_handlers_off_the_budget(self):
        render(merged("cnpg", {"api": {"autoscaling": {"maxReplicas": 40}}}))
        self.refuses("connection budget of the replica: pooler 2 × 100", {"postgres": {"pooler": {"poolSize": 100}}}, "cnpg")

    def test_passwords_in_the_values(self):
        self.refuses("existingSecret", {"postgresql": {"auth": {"password": "hunter2"}}})
        self.refuses("looks like a secret", {"environment": {"COINBASE_API_KEY": "k"}})
        self.refuses("looks like a secret", {"collect": {"env": [{"name": "POSTGRES_PW", "value": "hunter2"}]}})

    def test_the_tag_latest(self):
        self.refuses("latest", {"image": {"tag": "latest"}})

    def test_an_external_database_without_a_host_or_a_password(self):
        self.refuses("postgres.external.host", {"postgres": {"mode": "external", "auth": {
            role: {"existingSecret": "there"} for role in ("owner", "worker", "api")}}})
        self.refuses("postgres.auth.api.existingSecret", {"postgres": {"auth": {"api": {"existingSecret": ""}}}}, "external")

    def test_a_product_that_nobody_can_collect(self):
        for place in ({"products": [{"name": "kraken:BTC-USD"}]}, {"api": {"products": [{"name": "kraken:BTC-USD"}]}}):
            self.refuses("products: collect cannot read the venue of kraken:BTC-USD; it reads coinbase-local, coinbase$", place)
        render(merged("minimal", {"products": [{"name": "coinbase:BTC-USD"}, {"name": "coinbase-local:BTC-USD"}, {"name": "BTC-USD"}]}))

    def test_what_cannot_be_together(self):
        self.refuses("bundled database has no replica", {"api": {"readReplica": True}})
        self.refuses("2 instances cannot have 2 synchronous", {"postgres": {"mode": "cnpg", "cnpg": {"instances": 2, "synchronousStandbys": 2}}})
        self.refuses("destinationPath", {"postgres": {"mode": "cnpg", "cnpg": {"backup": {"enabled": True}}}})
        self.refuses("must be three users", {"postgresql": {"auth": {"username": "gaf"}}})
        self.refuses("must be three users", {"postgres": {"mode": "cnpg", "auth": {"api": {"username": "gaf_worker"}}}})
        render(merged("minimal", {"postgresql": {"auth": {"username": "gaf", "existingSecret": "gaf"}}}))
        self.refuses("has no Barman", {"postgres": {"cnpg": {"imageName": "ghcr.io/cloudnative-pg/postgresql:15.14-minimal-bookworm"}}}, "cnpg-in-tree")
        self.refuses("gateway.parentRefs", {"gateway": {"enabled": True}})
        self.refuses("lake.mode", {"symbols": [{"name": "binance:BTC-USDT"}]})
        self.refuses("lake.s3.bucket", {"lake": {"mode": "s3"}})
        self.refuses("postgres.pooler.host", {"postgres": {"pooler": {"enabled": True}}})
        self.refuses("minReplicas", {"api": {"autoscaling": {"enabled": True, "minReplicas": 4, "maxReplicas": 2}}})


if __name__ == "__main__":
    unittest.main()
