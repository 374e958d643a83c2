"""Network policies let through exactly the connections that the pods' own settings lead to."""

import unittest

import networks
from chart import CASES, find, of_kind, rendered


def surplus(objects):
    """Connections inside the release that are let through and that nobody makes."""
    inside, _ = networks.wanted(objects)
    every = networks.groups(objects)
    ports = {port for group in every for port in group.ports}
    return sorted(f"{source.name} → {target.name}:{port}" for source in every for target in every for port in ports - set(networks.METRICS)
                  if networks.allows(objects, source, target, port) and (source, target, port) not in inside)


def missing(objects):
    inside, outside = networks.wanted(objects)
    for source, target, port in sorted(inside, key=lambda one: (one[0].name, one[1].name, one[2])):
        if not networks.allows(objects, source, target, port):
            yield f"{source.name} → {target.name}:{port}"
    for source, host, port in outside:
        rules = [rule for policy in networks.policies(objects, source, "Egress") for rule in policy["spec"].get("egress", [])]
        if not any(port in [entry["port"] for entry in rule["ports"]] for rule in rules):
            yield f"{source.name} → {host}:{port}"


class Networks(unittest.TestCase):
    def test_whatever_the_pods_connect_to_is_let_through(self):
        for case in CASES:
            with self.subTest(case):
                self.assertEqual(list(missing(rendered(case))), [])

    def test_nothing_else_is(self):
        for case in CASES:
            with self.subTest(case):
                self.assertEqual(surplus(rendered(case)), [])

    def test_every_pod_is_restricted_in_both_directions(self):
        for case in CASES:
            objects = rendered(case)
            for group in networks.groups(objects):
                for direction in ("Ingress", "Egress"):
                    self.assertTrue(networks.policies(objects, group, direction), f"{case}: {group.name}: {direction}")

    def test_every_policy_is_there_for_some_pod_and_some_peer(self):
        for case in CASES:
            objects = rendered(case)
            every = networks.groups(objects)
            for policy in of_kind(objects, "NetworkPolicy"):
                self.assertTrue(any(policy in networks.policies(objects, group, "Ingress") for group in every), f"{case}: {policy}")
                for direction, peers in (("ingress", "from"), ("egress", "to")):
                    for rule in policy["spec"].get(direction) or []:
                        for peer in rule.get(peers, []):
                            labels = peer.get("podSelector", {}).get("matchLabels", {})
                            if "app.kubernetes.io/instance" in labels:
                                self.assertTrue(any(networks.covers(labels, dict(group.labels)) for group in every), f"{case}: {policy}: {labels}")

    def test_only_what_needs_the_world_reaches_addresses(self):
        # Everybody reaches a database that lies outside.
        for case in set(CASES) - {"external", "predecessor"}:
            for policy in of_kind(rendered(case), "NetworkPolicy"):
                part = policy["metadata"]["labels"].get("app.kubernetes.io/component", "")
                addresses = [rule for rule in policy["spec"].get("egress", []) for peer in rule["to"] if "ipBlock" in peer]
                if addresses and not part.startswith(("job-ingest", "job-fill-gaps")):
                    self.assertIn(part, ("collect", "postgres", "pooler"), f"{case}: {policy}")

    def test_clients_and_scrapers_that_are_named_are_the_only_ones(self):
        policy = find(rendered("locked-down"), "NetworkPolicy", "gaf-cryptogaf-nginx")
        self.assertEqual([len(rule["from"]) for rule in policy["spec"]["ingress"]], [1, 1])
        policy = find(rendered("minimal"), "NetworkPolicy", "gaf-cryptogaf-nginx")
        self.assertNotIn("from", policy["spec"]["ingress"][0])

    def test_a_job_reaches_what_it_says_it_needs(self):
        objects = rendered("external")
        for policy in of_kind(objects, "NetworkPolicy"):
            if policy["metadata"]["labels"].get("app.kubernetes.io/component") == "job-calculate":
                self.assertEqual([entry["port"] for rule in policy["spec"]["egress"] for entry in rule["ports"]], [53, 53, 6432])

    def test_a_connection_that_is_not_let_through_is_found(self):
        objects = rendered("bundled")
        objects.remove(find(objects, "NetworkPolicy", "gaf-cryptogaf-collect"))
        self.assertIn("Deployment gaf-cryptogaf-collect → Deployment gaf-cryptogaf-nginx:4201", list(missing(objects)))

    def test_a_connection_too_many_is_found(self):
        objects = rendered("bundled")
        for name in ("nginx", "postgres"):
            policy = find(objects, "NetworkPolicy", f"gaf-cryptogaf-{name}")
            (policy["spec"]["egress"] if name == "nginx" else policy["spec"]["ingress"]).append({"ports": [{"protocol": "TCP", "port": 5432}]})
        self.assertIn("Deployment gaf-cryptogaf-nginx → StatefulSet gaf-cryptogaf-db:5432", surplus(objects))


if __name__ == "__main__":
    unittest.main()
