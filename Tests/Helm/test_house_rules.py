"""Every object of every file in ci/ keeps the house rules; and each rule finds what breaks it."""

import unittest

import house_rules
from chart import CASES, find, of_kind, pods, rendered


class HouseRules(unittest.TestCase):
    def test_every_object_keeps_every_rule(self):
        for case in CASES:
            for rule in house_rules.ALL:
                with self.subTest(case, rule=rule.__name__):
                    self.assertEqual(list(rule(rendered(case))), [])


def spoiled(change):
    """The minimal case with its handlers' pod changed."""
    objects = rendered("minimal")
    spec = find(objects, "Deployment", "gaf-cryptogaf-handlers")["spec"]["template"]["spec"]
    change(spec, spec["containers"][0])
    return objects


class Spoiled(unittest.TestCase):
    def finds(self, rule, words, change):
        self.assertRegex("\n".join(rule(spoiled(change))), words)

    def test_a_pod_that_is_not_restricted(self):
        rule = house_rules.restricted
        self.finds(rule, "may run as root", lambda spec, _: spec["securityContext"].pop("runAsNonRoot"))
        self.finds(rule, "no seccomp", lambda spec, _: spec["securityContext"].pop("seccompProfile"))
        self.finds(rule, "mounts a token", lambda spec, _: spec.pop("automountServiceAccountToken"))
        self.finds(rule, "hostNetwork", lambda spec, _: spec.update(hostNetwork=True))
        self.finds(rule, "forbidden kind", lambda spec, _: spec.update(volumes=[{"name": "root", "hostPath": {"path": "/"}}]))
        self.finds(rule, "may gain privileges", lambda _, one: one["securityContext"].pop("allowPrivilegeEscalation"))
        self.finds(rule, "keeps capabilities", lambda _, one: one["securityContext"].pop("capabilities"))
        self.finds(rule, "write its root", lambda _, one: one["securityContext"].pop("readOnlyRootFilesystem"))

    def test_a_server_without_probes(self):
        self.finds(house_rules.probed, "without readinessProbe", lambda _, one: one.pop("readinessProbe"))

    def test_a_container_without_bounds(self):
        self.finds(house_rules.bounded, "no limits.memory", lambda _, one: one["resources"].pop("limits"))
        self.finds(house_rules.bounded, "emptyDir cache has no bound", lambda spec, _: spec.update(volumes=[{"name": "cache", "emptyDir": {}}]))

    def test_an_image_without_a_version(self):
        for image in ("cryptogaf", "cryptogaf:latest", "registry:5000/cryptogaf"):
            self.finds(house_rules.pinned, "has no version", lambda _, one, image=image: one.update(image=image))

    def test_a_secret_in_plain_sight(self):
        self.finds(house_rules.discreet, "POSTGRES_PW in plain sight", lambda _, one: one["env"].append({"name": "POSTGRES_PW", "value": "x"}))
        self.finds(house_rules.discreet, "among its arguments", lambda _, one: one["command"].append("--password=x"))

    def test_a_reference_to_nothing(self):
        self.finds(house_rules.matched, "ConfigMap nowhere", lambda _, one: one["envFrom"].append({"configMapRef": {"name": "nowhere"}}))
        self.finds(house_rules.matched, "mounts nothing", lambda _, one: one.update(volumeMounts=[{"name": "nothing", "mountPath": "/x"}]))
        self.finds(house_rules.matched, "there is no port fastcgi", lambda _, one: one.pop("ports"))

    def test_a_selector_that_selects_nothing(self):
        objects = rendered("minimal")
        find(objects, "Service", "gaf-cryptogaf-handlers")["spec"]["selector"]["app.kubernetes.io/component"] = "handler"
        self.assertIn("selects 0 kinds of pods", "\n".join(house_rules.matched(objects)))

    def test_a_monitor_of_nothing(self):
        objects = rendered("cnpg")
        find(objects, "ServiceMonitor", "gaf-cryptogaf-nginx")["spec"]["endpoints"][0]["port"] = "metrics"
        find(objects, "PodMonitor", "gaf-cryptogaf-postgres")["spec"]["selector"]["matchLabels"] = {"cnpg.io/cluster": "other"}
        found = "\n".join(house_rules.matched(objects))
        self.assertIn("no Service has the port metrics", found)
        self.assertIn("no pod has the port metrics", found)

    def test_a_name_that_is_too_long(self):
        objects = rendered("minimal")
        of_kind(objects, "CronJob")[0]["metadata"]["name"] = "a" * 53
        self.assertIn("longer than 52", "\n".join(house_rules.named(objects)))

    def test_the_rules_look_at_every_kind_that_makes_pods(self):
        kinds = {one["kind"] for case in CASES for one, _, _ in pods(rendered(case))}
        self.assertEqual(kinds, {"Deployment", "StatefulSet", "CronJob", "Job", "Pod"})


if __name__ == "__main__":
    unittest.main()
