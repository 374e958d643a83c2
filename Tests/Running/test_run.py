"""`make run` as its user meets it: what it prints, what it survives, and that it leaves nothing behind."""

import os
import signal
import socket
import unittest

from stack_case import PATIENCE, StackCase


class RunTests(StackCase):
    def test_it_starts_draws_prints_one_address_and_stops_without_a_trace(self):
        run = self.start(SLEEP_INTERVAL="0.4")  # Slow enough to be seen counting.
        self.started_up(run)
        self.assertIn("collecting ", self.output())
        self.assertEqual(self.output().count("http://"), 1)
        self.assertGreater(len(self.processes()), 6)
        self.assertTrue(any(product["size"] >= 21 for product in self.products()))
        self.assertEqual({product["source"].split()[0] for product in self.products()}, {"SYNTHETIC"})

        second = self.command()
        self.assertEqual(second.returncode, 1)
        self.assertEqual(second.stdout.strip(), f"make run is already running here (process {run.pid}): {self.url()}")

        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(PATIENCE), 0, self.output())
        self.assertEqual(self.processes(), {})
        for secret in (self.folder / "run/secrets").iterdir():
            self.assertEqual(secret.stat().st_mode & 0o777, 0o600, secret)

        # The data is still there: the next start has images at once.
        size = (self.folder / "run/pgdata").stat().st_ino
        again = self.start(SLEEP_INTERVAL="3600")
        self.started_up(again)
        self.assertTrue(any(product["size"] >= 21 for product in self.products()))
        self.assertEqual((self.folder / "run/pgdata").stat().st_ino, size)

    def test_what_is_killed_comes_back_and_draws_on(self):
        run = self.start()
        self.started_up(run)
        names = ("postgres", "exchange", "serve", "nginx", "collect", "cron")
        before = self.eventually(lambda: (found := self.status()).keys() >= set(names) and found, "all processes")
        for name in names:
            os.kill(before[name], signal.SIGKILL)
        after = self.eventually(lambda: (found := self.status()).keys() >= set(names) and found, "all processes again")
        self.assertEqual({name for name in names if after[name] == before[name]}, set())
        self.eventually(lambda: self.answers(), "an answer")
        version = self.newest()
        self.assertEqual(self.command("--job", "calculate").returncode, 0)
        self.eventually(lambda: self.newest() > version, "a new drawing")

    def test_a_folder_of_recorded_files_is_replayed(self):
        capture = self.folder / "kraken"
        capture.mkdir(mode=0o755)
        (capture / "KRAKEN.ws.1").write_text("".join(
            f'1000.{n:02}: [1,{{"as":[["100.{50 + n}","1","1"]],"bs":[["100.00","2","1"]]}},"book-10","XBT/EUR"]\n' for n in range(0, 100, 7)))
        (capture / "KRAKEN.ws.2").write_text('1000.3: [2,[["100.50","0.5","1","b","m",""]],"trade","XBT/EUR"]\n')
        self.started_up(self.start(CAPTURE=str(capture), MARKET="auto"))
        self.assertIn("replay market", self.output())
        self.assertEqual({(product["product"], product["source"].split()[0]) for product in self.products()}, {("BTC-EUR", "REPLAY")})

    def test_nothing_outlives_a_killed_supervisor_or_a_killed_run(self):
        run = self.start()
        self.started_up(run)
        os.kill(int((self.folder / "run/supervisord.pid").read_text()), signal.SIGKILL)
        self.assertEqual(run.wait(PATIENCE), 1)
        self.assertIn("the supervisor ended", self.output())
        self.assertEqual(self.processes(), {})

        run = self.start()
        self.started_up(run)
        run.kill()
        run.wait()
        self.eventually(lambda: not self.processes(), "the end of all processes")

    def test_a_taken_port_and_wrong_settings_are_told_in_a_line_each(self):
        with socket.create_server(("127.0.0.1", int(self.ports["OLD_API_PORT"]))):
            told = self.command()
        port = int(self.ports["OLD_API_PORT"])
        self.assertEqual((told.returncode, told.stdout.strip()), (1, f"make run: port {port} is in use; choose another: make run OLD_API_PORT={port + 1}"))
        told = self.command(PORT="80x", MARKET="calm", CAPTURE="/nowhere")
        self.assertEqual(told.returncode, 1)
        self.assertEqual(told.stdout.splitlines(), [
            "make run: PORT is 80x; it must be a number from 1 to 65535", "MARKET is calm; it can be auto, live or synthetic",
            "CAPTURE is /nowhere, which is neither a file nor a folder that can be read"])
        self.assertEqual(self.processes(), {})

    def test_what_the_programs_would_refuse_is_told_before_anything_starts_or_is_made(self):
        told = self.command(RAW_DAYS="soon", KRAKEN_URL="nowhere", MARKET="auto")
        self.assertEqual(told.returncode, 1)
        self.assertEqual(told.stdout.count("\n"), 1, told.stdout)
        self.assertRegex(told.stdout, r'^make run: the environment is not usable: .*KRAKEN_URL .*RAW_DAYS .*\(is "soon"\)\n$')
        self.assertEqual(self.processes(), {})
        self.assertEqual([path.name for path in (self.folder / "run").iterdir()], ["lock"])


if __name__ == "__main__":
    unittest.main()
