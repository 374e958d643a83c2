"""Alerts: what Prometheus' own tool says of them, and whether a person finds what to do."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from chart import CHART, NAMESPACE, ROOT, merged, of_kind, render, rendered

RULES = sorted((CHART / "files/prometheus").glob("*.yaml"))
PROMTOOL = shutil.which("promtool")


def metrics():
    """Names that /metrics has, from the sources that write them."""
    source = "\n".join(path.read_text() for path in (ROOT / "Sources/API").glob("*Metrics*.swift"))
    names = {f"cryptogaf_{name}" for name in re.findall(r'family\("([a-z_]+)"', source)} | set(re.findall(r'"(cryptogaf_[a-z_]+)"', source))
    counted = (CHART / "files/mtail/http.mtail").read_text()
    names |= set(re.findall(r"(?m)^counter (\w+)", counted))
    return names | {f"{name}_{part}" for name in re.findall(r"(?m)^histogram (\w+)", counted) for part in ("bucket", "sum", "count")}


def alerts():
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"] if "alert" in rule]


class Alerts(unittest.TestCase):
    @unittest.skipUnless(PROMTOOL, "promtool is not installed")
    def test_prometheus_takes_the_rules(self):
        done = subprocess.run([PROMTOOL, "check", "rules", *RULES], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)

    @unittest.skipUnless(PROMTOOL, "promtool is not installed")
    def test_they_fire_and_stay_silent_when_they_should(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in [*RULES, Path(__file__).parent / "rules-test.yaml"]:
                shutil.copy(path, folder)
            done = subprocess.run([PROMTOOL, "test", "rules", f"{folder}/rules-test.yaml"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)

    def test_disks_are_those_of_the_namespace_whatever_they_are_called(self):
        values = merged("minimal", {"fullnameOverride": "gaf", "monitoring": {"rules": {"enabled": True}}})
        rules = of_kind(render(values), "PrometheusRule")[0]["spec"]["groups"]
        full = [rule["expr"] for group in rules for rule in group["rules"] if rule.get("alert") == "CryptoGAFDiskFull"]
        self.assertEqual(len(full), 1)
        self.assertIn(f'kubelet_volume_stats_available_bytes{{namespace="{NAMESPACE}"}}', full[0])

    def test_every_alert_is_tested_both_ways(self):
        cases = yaml.safe_load((Path(__file__).parent / "rules-test.yaml").read_text())["tests"]
        asked = [one for case in cases for one in case["alert_rule_test"]]
        for alert in alerts():
            fires = {bool(one.get("exp_alerts")) for one in asked if one["alertname"] == alert["alert"]}
            self.assertEqual(fires, {True, False}, alert["alert"])

    def test_every_alert_tells_what_to_do(self):
        readme = (CHART / "README.md").read_text()
        for alert in alerts():
            self.assertRegex(readme, rf"(?m)^### {alert['alert']}\n\n\S")
            self.assertEqual(set(alert["annotations"]), {"summary", "description"}, alert["alert"])
            self.assertIn(alert["labels"]["severity"], ("critical", "warning"))
        for name in re.findall(r"(?m)^### (CryptoGAF\w+)", readme):
            self.assertIn(name, [alert["alert"] for alert in alerts()])

    def test_alerts_and_dashboards_ask_for_metrics_that_there_are(self):
        known = metrics()
        self.assertGreater(len(known), 8)
        for text in [alert["expr"] for alert in alerts()] + [path.read_text() for path in (CHART / "files/dashboards").glob("*.json")]:
            self.assertEqual(set(re.findall(r"\bcryptogaf_[a-z_]+", text)) - known, set())

    def test_every_job_that_records_itself_is_late_at_some_time(self):
        late = next(alert["expr"] for alert in alerts() if alert["alert"] == "CryptoGAFJobLate")
        patterns = re.compile("|".join(re.findall(r'job=~?"([^"]+)"', late)))
        for path in (ROOT / "cronjobs").glob("*.yaml"):
            if yaml.safe_load(path.read_text())["arguments"][0] == "job":
                self.assertTrue(patterns.fullmatch(path.stem), path.stem)

    def test_what_runbooks_name_is_there(self):
        readme = (CHART / "README.md").read_text()
        for name in re.findall(r"\bcryptogaf_[a-z_]+", readme):
            self.assertIn(name, metrics())
        missing = [report for report in re.findall(r"sql/reports/\w+\.sql", readme) if not (ROOT / report).exists()]
        if missing:
            self.skipTest(f"there is not yet: {', '.join(missing)}")

    def test_the_chart_hands_them_on_with_its_namespace_and_otherwise_unchanged(self):
        made = of_kind(rendered("cnpg"), "PrometheusRule")
        files = [path.read_text().replace('namespace=~".+"', f'namespace="{NAMESPACE}"') for path in RULES]
        self.assertEqual([one["spec"] for one in made], [yaml.safe_load(text) for text in files])
        boards = [one for one in of_kind(rendered("cnpg"), "ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]]
        self.assertEqual([json.loads(text) for one in boards for text in one["data"].values()],
                         [json.loads(path.read_text()) for path in sorted((CHART / "files/dashboards").glob("*.json"))])


if __name__ == "__main__":
    unittest.main()
