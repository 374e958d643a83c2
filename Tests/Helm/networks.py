"""Who may talk to whom, read from rendered NetworkPolicies as a cluster's network reads them."""

from dataclasses import dataclass, field

from chart import NAMESPACE, RELEASE, find, of_kind, pods
from house_rules import covers

# Ports that only Prometheus asks.
METRICS = (9187, 3903)
NGINX_CONFIGURATION = f"{RELEASE}-cryptogaf-nginx"


@dataclass(frozen=True)
class Group:
    """Pods that are made alike."""
    name: str
    labels: tuple
    ports: tuple
    spec: dict = field(compare=False, hash=False, default_factory=dict)


def groups(objects):
    """The pods of the release, and those that CloudNativePG makes for it."""
    found = []
    for one, labels, spec in pods(objects):
        ports = {port["containerPort"] for container in spec["containers"] for port in container.get("ports", [])}
        found.append(Group(f"{one['kind']} {one.name}", tuple(sorted(labels.items())), tuple(sorted(ports)), spec))
    for one in of_kind(objects, "Cluster"):
        found.append(Group(str(one), (("cnpg.io/cluster", one.name),), (5432, 8000, METRICS[0])))
    for one in of_kind(objects, "Pooler"):
        found.append(Group(str(one), (("cnpg.io/poolerName", one.name),), (5432,)))
    return found


def policies(objects, group, direction):
    """The policies that restrict a group's traffic in a direction, Ingress or Egress."""
    return [one for one in of_kind(objects, "NetworkPolicy")
            if direction in one["spec"]["policyTypes"] and covers(one["spec"]["podSelector"].get("matchLabels", {}), dict(group.labels))]


def allows(objects, source, target, port):
    """Whether both ends let a TCP connection between two groups of the namespace pass."""
    return (_passes(policies(objects, source, "Egress"), "egress", "to", target, port)
            and _passes(policies(objects, target, "Ingress"), "ingress", "from", source, port))


def _passes(restricting, direction, peers, other, port):
    if not restricting:
        return True
    for policy in restricting:
        for rule in policy["spec"].get(direction) or []:
            numbers = [entry["port"] for entry in rule.get("ports", []) if entry["protocol"] == "TCP"]
            if port in numbers and (not rule.get(peers) or any(_is(peer, other) for peer in rule[peers])):
                return True
    return False


def _is(peer, group):
    """Addresses are none of ours to know: a rule for addresses is for what lies outside."""
    if "podSelector" not in peer and "namespaceSelector" not in peer:
        return False
    space = peer.get("namespaceSelector", {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}).get("matchLabels", {})
    return covers(space, {"kubernetes.io/metadata.name": NAMESPACE}) and covers(peer.get("podSelector", {}).get("matchLabels", {}), dict(group.labels))


def behind(objects, host, port):
    """(group, its port) behind a Service of the release or of CloudNativePG; None for a host outside."""
    every = groups(objects)
    for one in of_kind(objects, "Service"):
        if one.name == host:
            target = next(entry for entry in one["spec"]["ports"] if entry["port"] == port)["targetPort"]
            group = next(group for group in every if group.spec and "Job" not in group.name and covers(one["spec"]["selector"], dict(group.labels)))
            number = next(entry["containerPort"] for container in group.spec["containers"] for entry in container.get("ports", [])
                          if entry["name"] == target)
            return group, number
    for one in of_kind(objects, "Cluster"):
        if host in [f"{one.name}-{service}" for service in ("rw", "ro", "r")]:
            return next(group for group in every if group.name == str(one)), port
    for one in of_kind(objects, "Pooler"):
        if host == one.name:
            return next(group for group in every if group.name == str(one)), port
    return None


def wanted(objects):
    """{(source, target, port)} that the pods' own settings lead to, and (source, host, port) of what lies outside."""
    inside, outside = set(), set()
    for group in groups(objects):
        for host, port in _places(objects, group):
            found = behind(objects, host, port)
            if found:
                inside.add((group, *found))
            elif host != "127.0.0.1":
                outside.add((group, host, port))
    clusters = {group.name: group for group in groups(objects)}
    for one in of_kind(objects, "Pooler"):
        inside.add((clusters[str(one)], clusters[f"Cluster {one['spec']['cluster']['name']}"], 5432))
    for one in of_kind(objects, "Cluster"):
        # Standbys stream from the primary, and instances ask each other how they are.
        inside |= {(clusters[str(one)], clusters[str(one)], port) for port in (5432, 8000)}
    return inside, outside


def _places(objects, group):
    """Hosts and ports that a group's variables and configuration name."""
    for container in group.spec.get("initContainers", []) + group.spec.get("containers", []):
        own = {variable["name"]: variable.get("value") for variable in container.get("env", [])}
        if "POSTGRES_HOST" in own:
            yield own["POSTGRES_HOST"], int(own["POSTGRES_PORT"])
        if "DATA_SOURCE_URI" in own:
            host, _, port = own["DATA_SOURCE_URI"].partition("/")[0].partition(":")
            yield host, int(port)
        if "HOST" in own:
            yield own["HOST"], int(own["PORT"])
        if container.get("command", [])[:2] == ["cryptogaf", "collect"]:
            url = find(objects, "ConfigMap", f"{RELEASE}-cryptogaf-environment")["data"]["COINBASE_URL"]
            host, _, port = url.split("://")[1].partition(":")
            yield host, int(port)
        if container.get("command", [""])[0] == "nginx":
            text = find(objects, "ConfigMap", NGINX_CONFIGURATION)["data"]["nginx.conf"]
            for line in text.splitlines():
                words = line.split()
                if words[:1] == ["server"] and words[1] != "{":
                    host, _, port = words[1].rstrip(";").partition(":")
                    yield host, int(port)
