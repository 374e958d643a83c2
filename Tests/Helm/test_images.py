"""The images' file trees, assembled as the Dockerfiles do, and run as containers do: another user, a root that nobody writes."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from chart import ROOT
from images import IMAGES, USER, VIEWER, assemble, inside, runs_here
from program import program
from bundled import MTAIL, NGINX, BundledServer, answers, cluster, end, free_port, nginx_configuration, wait


class Dockerfiles(unittest.TestCase):
    def test_they_end_as_a_user_without_a_shell_and_say_what_they_are(self):
        for path in sorted(IMAGES.glob("*.Dockerfile")):
            # Postgres' own scripts need a shell; the others have none.
            user, base = ("999", "FROM ${POSTGRES_BASE}") if path.stem == "postgres" else (USER, "FROM scratch")
            final = path.read_text().split(base)[1]
            self.assertIn(f"USER {user}:{user}", final, path.name)
            self.assertIn("HEALTHCHECK", final)
            for label in ("title", "description", "version", "revision", "base.name", "base.digest"):
                self.assertIn(f"org.opencontainers.image.{label}=", final)
            for line in re.findall(r"^(?:CMD|ENTRYPOINT|.* CMD) (.*)$", final, re.M):
                self.assertTrue(line.startswith("["), f"{path.name}: {line} would need a shell")
            if path.stem == "postgres":
                self.assertIn("chmod a-s", re.search(r"RUN apt-get.*?\n(?! )", final, re.S)[0])
            else:
                self.assertNotIn("RUN", final)
            # A base is an argument, so that `make image` can name it by digest.
            self.assertEqual(set(re.findall(r"^FROM (\S+)", path.read_text(), re.M)) - {"scratch"}, {
                "cryptogaf.Dockerfile": {"${SWIFT_BASE}", "${SYSTEM_BASE}"}, "nginx.Dockerfile": {"${SYSTEM_BASE}"},
                "postgres.Dockerfile": {"${POSTGRES_BASE}"}}[path.name])
            self.assertTrue(path.with_name(path.name + ".dockerignore").exists())

    def test_what_they_copy_is_there_and_not_ignored(self):
        for path in sorted(IMAGES.glob("*.Dockerfile")):
            allowed = [line[1:] for line in path.with_name(path.name + ".dockerignore").read_text().split() if line.startswith("!")]
            for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", path.read_text(), re.M):
                for source in sources.split():
                    self.assertTrue((ROOT / source).exists(), f"{path.name}: {source}")
                    self.assertIn(source, allowed)


@unittest.skipUnless(program() and NGINX and MTAIL and VIEWER.exists(), "the program, nginx, mtail or Swagger UI is missing")
class Trees(unittest.TestCase):
    def trees(self):
        return {"cryptogaf": assemble(self, "cryptogaf", program()), "nginx": assemble(self, "nginx", VIEWER)}

    def test_nothing_in_them_is_setuid_writable_by_others_or_builds_programs_and_they_are_small(self):
        for name, tree in self.trees().items():
            files = [path for path in tree.rglob("*") if not path.is_symlink()]
            self.assertEqual([path for path in files if path.stat().st_mode & 0o7022], [], name)
            tools = re.compile(r"(cc|gcc|clang|swiftc?|ld|as|make|python3?|perl|bash|apt-get|dpkg|su|sudo|mount)(-[0-9.]+)?$")
            self.assertEqual([path for path in files if path.is_file() and tools.match(path.name)], [], name)
            size = sum(path.stat().st_size for path in files if path.is_file())
            self.assertLessEqual(size, 120_000_000, name)
            print(f"image {name}: {size / 1e6:.1f} MB, {len(files)} files, {Path(program()).parent.name} build", flush=True)

    def test_a_library_that_is_missing_or_a_setuid_bit_would_be_found(self):
        tree = assemble(self, "cryptogaf", program())
        library = next(tree.rglob("libpq.so.5"))
        library.unlink()
        if runs_here():
            done = subprocess.run(inside(tree, "cryptogaf", "--version"), capture_output=True, text=True)
            self.assertIn("libpq.so.5", done.stderr)
        own = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, own)
        shutil.copy(program(), own / "p")
        (own / "p").chmod(0o4755)
        again = assemble(self, "cryptogaf", own / "p")
        self.assertEqual((again / "usr/bin/cryptogaf").stat().st_mode & 0o7777, 0o755)


@unittest.skipUnless(runs_here(), "bubblewrap is not installed, or may not make namespaces here")
@unittest.skipUnless(program() and NGINX and MTAIL and VIEWER.exists() and cluster.installed(), "the program, nginx, mtail, Swagger UI or Postgres is missing")
class RunTrees(BundledServer):
    def test_every_program_finds_its_libraries_in_its_tree(self):
        for name, operand in (("cryptogaf", program()), ("nginx", VIEWER)):
            tree = assemble(self, name, operand)
            for path in sorted((tree / "usr/bin").iterdir()):
                done = subprocess.run(inside(tree, "/lib64/ld-linux-x86-64.so.2", "--list", f"/usr/bin/{path.name}"), capture_output=True, text=True)
                self.assertNotIn("not found", done.stdout + done.stderr, path.name)
        self.assertEqual(subprocess.run(inside(tree, "sh", "-c", ": >/etc/x"), capture_output=True).returncode, 2)

    def test_migrate_serve_probe_and_nginx_run_in_their_trees(self):
        self.start()
        ours, web = assemble(self, "cryptogaf", program()), assemble(self, "nginx", VIEWER)

        def variables(role):
            chosen = ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PW", "PGSSLMODE")
            return {name: self.variables(role)[name] for name in chosen} | {"SQL_DIR": "/usr/share/cryptogaf/sql"}

        def run(role, *words):
            return subprocess.run(inside(ours, "cryptogaf", *words, variables=variables(role)), capture_output=True, text=True)
        self.assertEqual(run("owner", "migrate").returncode, 0)
        self.assertEqual(run("api", "migrate", "--wait", "1m").returncode, 0)
        self.assertEqual(run("worker", "product", "add", "BTC-USD").returncode, 0)
        fastcgi, health = free_port(), free_port()
        serve = subprocess.Popen(inside(ours, "cryptogaf", "serve", "--listen", f"127.0.0.1:{fastcgi}", "--health", f"127.0.0.1:{health}",
                                        variables=variables("api")), stderr=subprocess.DEVNULL)
        self.addCleanup(end, serve)
        wait(lambda: run("api", "probe", "--connect", f"127.0.0.1:{health}", "--path", "/readyz").returncode == 0, 60, serve)
        path, page = nginx_configuration("minimal", self.folder, f"127.0.0.1:{fastcgi}")
        # The places of the image again, which that function replaced by this machine's.
        text = path.read_text().replace(str(ROOT / "nginx"), "/usr/share/cryptogaf/nginx").replace(str(self.folder.path / "access.log"), "/dev/stdout")
        # Of whoever runs the test: in the tree's namespace nobody else's files can be read.
        own = Path(tempfile.mkdtemp(prefix="cryptogaf-image-"))
        self.addCleanup(shutil.rmtree, own, ignore_errors=True)
        state, configuration = own / "state", own / "configuration"
        state.mkdir()
        configuration.mkdir()
        (configuration / "nginx.conf").write_text(text.replace(str(self.folder.path), "/etc/cryptogaf"))
        command = ("nginx", "-p", "/run/nginx", "-c", "/etc/cryptogaf/nginx.conf", "-e", "stderr", "-g", "daemon off;")
        log = open(own / "log", "w+")
        self.addCleanup(log.close)
        process = subprocess.Popen(inside(web, *command, readable=[(configuration, "/etc/cryptogaf")], writable=[(state, "/run/nginx")]), stdout=log, stderr=log)
        self.addCleanup(end, process)
        try:
            wait(lambda: answers(f"http://127.0.0.1:{page}/readyz"), 60, process)
        except AssertionError as error:
            self.fail(f"{error}: {(own / 'log').read_text()[-1000:]}")
        for target in ("/", "/favicon.svg", "/api/gaf/products", "/api/docs/"):
            self.assertTrue(answers(f"http://127.0.0.1:{page}{target}"), target)
        checked = subprocess.run(inside(web, "curl", "-fsS", "-o", "/dev/null", f"http://127.0.0.1:{page}/favicon.svg"), capture_output=True)
        self.assertEqual(checked.returncode, 0)


if __name__ == "__main__":
    unittest.main()
