"""What every rendered object must keep to. A rule takes objects and yields complaints."""

import re

from chart import containers, of_kind, pods

SECRET = re.compile(r"PASSWORD|PASSWD|_PW$|SECRET|TOKEN|API_?KEY|ACCESS_KEY|CREDENTIAL", re.I)


def restricted(objects):
    """Pod Security's profile `restricted`, and a root file system that nobody writes.
    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    for one, _, spec in pods(objects):
        pod = spec.get("securityContext", {})
        if pod.get("runAsNonRoot") is not True or not pod.get("runAsUser"):
            yield f"{one}: may run as root"
        if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{one}: has no seccomp profile"
        for shared in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(shared):
                yield f"{one}: uses {shared}"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{one}: mounts a token"
        for volume in spec.get("volumes", []):
            # Of those that the profile restricted allows. Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
            if not set(volume) - {"name"} <= {"configMap", "secret", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}:
                yield f"{one}: volume {volume['name']} is of a forbidden kind"
        for container in containers(spec):
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
                yield f"{one}: {container['name']} may gain privileges"
            if own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{one}: {container['name']} keeps capabilities"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"{one}: {container['name']} may write its root file system"


def probed(objects):
    """What listens says whether it lives and is ready."""
    for one, _, spec in pods(objects):
        for container in spec["containers"]:
            if container.get("ports"):
                for probe in ("livenessProbe", "readinessProbe"):
                    if probe not in container:
                        yield f"{one}: {container['name']} listens without {probe}"


def bounded(objects):
    """Every container asks for CPU and memory, and has a limit of memory."""
    for one, _, spec in pods(objects):
        for container in containers(spec):
            resources = container.get("resources", {})
            for kind, amount in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
                if amount not in resources.get(kind, {}):
                    yield f"{one}: {container['name']} has no {kind}.{amount}"
        for volume in spec.get("volumes", []):
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{one}: emptyDir {volume['name']} has no bound"


def pinned(objects):
    """Every image names a version."""
    for one, _, spec in pods(objects):
        for container in containers(spec):
            image = container["image"]
            last = image.rsplit("/", 1)[-1]
            if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
                yield f"{one}: the image {image} has no version"


def discreet(objects):
    """No secret stands where everybody may read it."""
    for one, _, spec in pods(objects):
        for container in containers(spec):
            for variable in container.get("env", []):
                if SECRET.search(variable["name"]) and "value" in variable:
                    yield f"{one}: {container['name']} has {variable['name']} in plain sight"
            for word in container.get("command", []) + container.get("args", []):
                if re.search(r"--?(password|token|secret)[= ]", word, re.I):
                    yield f"{one}: {container['name']} has a secret among its arguments"
    for one in of_kind(objects, "ConfigMap"):
        for key in one.get("data", {}):
            if SECRET.search(key):
                yield f"{one}: {key} belongs into a Secret"


def named(objects):
    """Names and labels that Kubernetes takes: 63 characters, and 52 where it appends to them."""
    seen = set()
    for one in objects:
        limit = 52 if one["kind"] in ("CronJob", "StatefulSet") else 50 if one["kind"] == "Cluster" else 63
        if not re.fullmatch(rf"[a-z0-9]([-a-z0-9]{{0,{limit - 2}}}[a-z0-9])?", one.name):
            yield f"{one}: the name is not one, or longer than {limit} characters"
        identity = (one["kind"], one.name)
        if identity in seen:
            yield f"{one}: stands twice"
        seen.add(identity)
        for key, value in one["metadata"].get("labels", {}).items():
            if not re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", value):
                yield f"{one}: label {key} has the value {value!r}"


def matched(objects):
    """Selectors select pods, named ports are there, and what is referred to exists."""
    made = pods(objects)
    names = {(one["kind"], one.name) for one in objects}
    for one in of_kind(objects, "Deployment", "StatefulSet"):
        if not covers(one["spec"]["selector"]["matchLabels"], one["spec"]["template"]["metadata"]["labels"]):
            yield f"{one}: selects other pods than it makes"
    for one in of_kind(objects, "Service", "PodDisruptionBudget"):
        selector = one["spec"]["selector"]
        chosen = [spec for owner, labels, spec in made if covers(selector.get("matchLabels", selector), labels) and owner["kind"] != "Pod"]
        if len(chosen) != 1:
            yield f"{one}: selects {len(chosen)} kinds of pods"
        ports = {port["name"] for spec in chosen for container in spec["containers"] for port in container.get("ports", [])}
        for port in one["spec"].get("ports", []):
            if port["targetPort"] not in ports:
                yield f"{one}: there is no port {port['targetPort']}"
    for one in of_kind(objects, "HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in names:
            yield f"{one}: scales what is not there"
        if any("replicas" in other["spec"] for other in objects if other.name == target["name"] and other["kind"] == target["kind"]):
            yield f"{one}: the number of pods is fixed at the same time"
    yield from _references(objects, names)
    yield from _monitors(objects)


def _monitors(objects):
    for one in of_kind(objects, "ServiceMonitor"):
        services = [s for s in of_kind(objects, "Service") if covers(one["spec"]["selector"]["matchLabels"], s["metadata"]["labels"])]
        for endpoint in one["spec"]["endpoints"]:
            if not any(port["name"] == endpoint["port"] for service in services for port in service["spec"]["ports"]):
                yield f"{one}: no Service has the port {endpoint['port']}"
    for one in of_kind(objects, "PodMonitor"):
        selector = one["spec"]["selector"]["matchLabels"]
        made = [spec for _, labels, spec in pods(objects) if covers(selector, labels)]
        ports = {port.get("name") for spec in made for container in spec["containers"] for port in container.get("ports", [])}
        if any(selector == {"cnpg.io/cluster": cluster.name} for cluster in of_kind(objects, "Cluster")):
            ports = {"metrics"}
        for endpoint in one["spec"]["podMetricsEndpoints"]:
            if endpoint["port"] not in ports:
                yield f"{one}: no pod has the port {endpoint['port']}"


def _references(objects, names):
    for one, _, spec in pods(objects):
        wanted = [("ServiceAccount", spec["serviceAccountName"])] if spec["serviceAccountName"] != "default" else []
        for volume in spec.get("volumes", []):
            wanted += [("ConfigMap", volume["configMap"]["name"])] if "configMap" in volume else []
        for container in containers(spec):
            wanted += [("ConfigMap", source["configMapRef"]["name"]) for source in container.get("envFrom", [])]
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            there = {volume["name"] for volume in spec.get("volumes", [])}
            there |= {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])}
            for mount in sorted(mounts - there):
                yield f"{one}: {container['name']} mounts {mount}, which is no volume of the pod"
        for reference in wanted:
            if reference not in names:
                yield f"{one}: refers to {' '.join(reference)}, which is not there"
    for one in of_kind(objects, "Ingress"):
        for rule in one["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                if ("Service", path["backend"]["service"]["name"]) not in names:
                    yield f"{one}: leads to a Service that is not there"
    for one in of_kind(objects, "HTTPRoute"):
        for rule in one["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                service = next((s for s in of_kind(objects, "Service") if s.name == backend["name"]), None)
                if not service or backend["port"] not in [port["port"] for port in service["spec"]["ports"]]:
                    yield f"{one}: leads to a port that is not there"


def covers(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


ALL = [restricted, probed, bounded, pinned, discreet, named, matched]
