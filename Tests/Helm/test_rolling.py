"""Handlers replaced one by one under load, as a rolling update does it: the chart's commands and probes, real nginx and Postgres; the Service is ours."""

import subprocess
import time
import unittest

from chart import RELEASE, find, pod_template, rendered
from bundled import NGINX, BundledServer, answers, cluster, end, free_port, nginx_command, nginx_configuration, wait
from load import RATE, Load
from program import program
from service import Service


@unittest.skipUnless(NGINX, "nginx is not installed")
@unittest.skipUnless(program() and cluster.installed(), "the program or Postgres is missing")
class RollingUpdate(BundledServer):
    def test_no_request_fails_while_every_handler_is_replaced(self):
        self.start()
        migrate = subprocess.run([program(), "migrate"], env=self.variables("owner"), capture_output=True, text=True)
        self.assertEqual(migrate.returncode, 0, migrate.stderr)
        service = Service()
        self.addCleanup(service.end)
        pods = [self.pod() for _ in range(3)]
        service.pods = [port for _, port in pods]
        path, page = nginx_configuration("minimal", self.folder, f"127.0.0.1:{service.port}")
        # One address makes all requests here.
        path.write_text(path.read_text().replace("default 1;\n", "default 0;\n", 1))
        web = subprocess.Popen(nginx_command(self.folder, path, "-g", "daemon off;"), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, web)
        wait(lambda: answers(f"http://127.0.0.1:{page}/readyz"), 60, web)
        load = Load(page)
        self.addCleanup(load.end)
        started = time.monotonic()
        wait(lambda: load.answered > RATE, 60)
        for process, port in pods:
            # maxSurge 1, maxUnavailable 0: the new one is there before the old one goes.
            _, new = self.pod()
            service.pods = [other for other in service.pods if other != port] + [new]
            # preStop: whoever was given the old address still comes. Then SIGTERM, which finishes what is in hand.
            time.sleep(1)
            process.terminate()
            self.assertEqual(process.wait(30), 0)
        before = load.answered
        wait(lambda: load.answered > before + RATE, 60)
        load.end()
        self.assertEqual(load.failed, [])
        print(f"rolling update: {load.answered} requests answered at {load.answered / (time.monotonic() - started):.0f}/s, 0 failed", flush=True)

    def pod(self):
        """A handler as the chart runs it, once its startup probe succeeds: (process, port)."""
        _, spec = pod_template(find(rendered("minimal"), "Deployment", f"{RELEASE}-cryptogaf-handlers"))
        container = spec["containers"][0]
        port, health = free_port(), free_port()

        def here(words):
            places = {"0.0.0.0:9000": f"127.0.0.1:{port}", "127.0.0.1:9001": f"127.0.0.1:{health}"}
            return [program(), *(places.get(word, word) for word in words[1:])]
        process = subprocess.Popen(here(container["command"]), env=self.variables("api"), stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(lambda: process.poll() is None and process.terminate())
        probe = here(container["startupProbe"]["exec"]["command"])
        wait(lambda: subprocess.run(probe, env={}, stderr=subprocess.DEVNULL).returncode == 0, 60, process)
        return process, port


if __name__ == "__main__":
    unittest.main()
