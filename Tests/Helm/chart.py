"""The chart rendered by Helm's own engine, as values in, objects out."""

import contextlib
import copy
import os
from functools import lru_cache
from pathlib import Path

import helm_python as helm
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/cryptogaf"
CASES = {path.name.removesuffix("-values.yaml"): yaml.safe_load(path.read_text()) for path in sorted((CHART / "ci").glob("*-values.yaml"))}
RELEASE, NAMESPACE = "gaf", "markets"


class Refusal(Exception):
    """What Helm says to values that it does not take."""


@contextlib.contextmanager
def quiet():
    """Helm announces on standard error every symbolic link that it follows; ours are meant."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@lru_cache
def chart():
    with quiet():
        return helm.Chart.load(str(CHART))


def render(values, **options):
    """Every object, checked first against the schema of values, as an installation does."""
    options = {"name": RELEASE, "namespace": NAMESPACE} | options
    try:
        chart().validate_schema(values)
        texts = chart().render(values, **options)
    except helm.HelmError as error:
        raise Refusal(str(error)) from None
    return objects(texts)


def objects(texts):
    """The objects in what templates made; notes are none."""
    manifests = [text for template, text in texts.items() if template.endswith(".yaml")]
    return [Object(document) for text in manifests for document in yaml.load_all(text, yaml.CSafeLoader) if document]


class Object(dict):
    """A rendered object."""

    @property
    def name(self):
        return self["metadata"]["name"]

    @property
    def annotations(self):
        return self["metadata"].get("annotations") or {}

    def __str__(self):
        return f"{self['kind']} {self.name}"


@lru_cache
def _rendered(case):
    return render(CASES[case])


def rendered(case):
    """The objects of one file in ci/; a copy, so that a test may spoil it."""
    return copy.deepcopy(_rendered(case))


def merged(case, change):
    """The values of a file in ci/ with some changed: dictionaries are merged, everything else is replaced."""
    def merge(old, new):
        if not (isinstance(old, dict) and isinstance(new, dict)):
            return new
        return old | {key: merge(old.get(key), value) for key, value in new.items()}
    return merge(CASES[case], change)


def of_kind(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def pod_template(one):
    """(labels, pod spec) of whatever makes pods; None of what makes none."""
    match one["kind"]:
        case "Pod":
            return one["metadata"].get("labels", {}), one["spec"]
        case "Deployment" | "StatefulSet" | "Job" | "DaemonSet":
            template = one["spec"]["template"]
        case "CronJob":
            template = one["spec"]["jobTemplate"]["spec"]["template"]
        case _:
            return None
    return template["metadata"].get("labels", {}), template["spec"]


def pods(objects):
    """(object, labels, pod spec) of everything that makes pods."""
    return [(one, *found) for one in objects if (found := pod_template(one))]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def find(objects, kind, name):
    return next(one for one in objects if one["kind"] == kind and one.name == name)
