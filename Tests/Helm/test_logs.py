"""The example of how logs come to Loki, against the lines that there are. Alloy itself is in no package source, so its language is read here, strictly."""

import json
import re
import subprocess
import unittest
from datetime import datetime

from chart import CASES, CHART, ROOT, pods, rendered
from bundled import NGINX, Folder, account, answers, end, nginx_command, nginx_configuration, wait
from program import program

EXAMPLE = CHART / "files/logs/config.alloy"
TOKEN = re.compile(r'\s+|//[^\n]*|("(?:[^"\\]|\\.)*"|[A-Za-z_][\w.]*|[{}\[\],=])')


class Reader:
    """Blocks and attributes of Alloy's language. Source: https://grafana.com/docs/alloy/latest/get-started/configuration-syntax/syntax/"""

    def __init__(self, text):
        self.tokens, place = [], 0
        while place < len(text):
            found = TOKEN.match(text, place)
            if not found:
                raise ValueError(f"unexpected {text[place:place + 20]!r}")
            place = found.end()
            self.tokens += [found[1]] if found[1] else []

    def take(self, *wanted):
        token = self.tokens.pop(0)
        if wanted and token not in wanted:
            raise ValueError(f"{token}, where {' or '.join(wanted)} should be")
        return token

    def body(self, last="}"):
        """[(name, label, blocks or value)]"""
        found = []
        while self.tokens and self.tokens[0] != last:
            name, label = self.take(), None
            if self.tokens[0] == "=":
                self.take()
                found.append((name, None, self.value()))
                continue
            if self.tokens[0].startswith('"'):
                label = json.loads(self.take())
            self.take("{")
            found.append((name, label, self.body()))
            self.take("}")
        return found

    def value(self):
        token = self.take()
        if token.startswith('"'):
            return json.loads(token)
        if token == "[":
            return self.several("]", self.value)
        if token == "{":
            return dict(self.several("}", lambda: (self.take(), self.take("=") and self.value())))
        return ("reference", token)

    def several(self, last, one):
        found = []
        while self.tokens[0] != last:
            found.append(one())
            if self.tokens[0] != last:
                self.take(",")
        self.take(last)
        return found


def components():
    return {f"{name}.{label}" if label else name: body for name, label, body in Reader(EXAMPLE.read_text()).body(last=None)}


def attributes(body):
    for name, _, value in body:
        if isinstance(value, list) and value and isinstance(value[0], tuple) and len(value[0]) == 3:
            yield from attributes(value)
        else:
            yield name, value


class Example(unittest.TestCase):
    def test_each_part_hands_on_to_one_that_there_is(self):
        there = components()
        used = re.findall(r"\('reference', '([\w.]+)'\)", str(there))
        self.assertEqual(len(used), 4)
        self.assertEqual({name.rsplit(".", 1)[0] for name in used} - set(there), set())
        # All but the last are used by another.
        self.assertEqual(set(there) - {name.rsplit(".", 1)[0] for name in used}, {"loki.source.kubernetes.pods"})

    def test_a_fault_of_syntax_would_be_found(self):
        for broken in ('a "b" { c = }', 'a "b" { c = [1 }', 'a "b" c', 'a { b = "x }'):
            with self.assertRaises((ValueError, IndexError)):
                Reader(broken).body(last=None)

    def test_it_selects_every_pod_of_a_release(self):
        key, value = dict(attributes(components()["discovery.kubernetes.pods"]))["label"].split("=")
        for case in CASES:
            self.assertEqual([str(one) for one, labels, _ in pods(rendered(case)) if labels.get(key) != value], [], case)
        labels = [value[0] for name, value in attributes(components()["discovery.relabel.pods"]) if name == "source_labels"]
        known = {re.sub(r"\W", "_", f"__meta_kubernetes_pod_label_{label}") for _, labels, _ in pods(rendered("minimal")) for label in labels}
        self.assertEqual([label for label in labels if "_label_" in label and label not in known], [])

    @unittest.skipUnless(NGINX and program(), "nginx or the program is missing")
    def test_lines_of_the_program_and_of_nginx_have_what_it_reads(self):
        stages = dict(attributes(components()["loki.process.lines"]))
        self.assertEqual(set(stages["values"]) | {stages["source"]}, set(stages["expressions"]))
        lines = self.of_program() + self.of_nginx()
        self.assertGreater(len(lines), 1)
        for line in lines:
            read = json.loads(line)
            datetime.fromisoformat(read[stages["expressions"]["time"]])
            self.assertRegex(read["event"], r"^[a-z0-9_.]+$")
        self.assertEqual({json.loads(line).get("level") for line in lines}, {"error", None})

    def of_program(self):
        done = subprocess.run([program(), "migrate"], capture_output=True, text=True, env=account.environment(
            POSTGRES_HOST="127.0.0.1", POSTGRES_PORT=1, POSTGRES_USER="u", POSTGRES_DB="d", LOG_FORMAT="json", SQL_DIR=ROOT / "sql"))
        return done.stderr.splitlines()

    def of_nginx(self):
        folder = Folder()
        self.addCleanup(folder.remove)
        path, page = nginx_configuration("minimal", folder)
        web = subprocess.Popen(nginx_command(folder, path, "-g", "daemon off;"), stderr=subprocess.DEVNULL, cwd="/")
        self.addCleanup(end, web)
        wait(lambda: answers(f"http://127.0.0.1:{page}/favicon.svg"), 60, web)
        log = folder.path / "access.log"
        wait(lambda: log.read_text().endswith("\n"), 30, web)
        return log.read_text().splitlines()


if __name__ == "__main__":
    unittest.main()
