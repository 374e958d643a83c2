"""Clients that ask a server at a steady rate."""

import http.client
import threading
import time

RATE, CLIENTS = 200, 8


class Load:
    """So many requests a second over kept connections, whatever happens; what failed, and how."""

    def __init__(self, port, host="127.0.0.1", path="/api/gaf/products", rate=RATE, clients=CLIENTS, enter=lambda: None):
        """`enter` is called first in each client's thread; a rate of 0: as fast as the answers come."""
        self.host, self.port, self.path, self.enter = host, port, path, enter
        self.stopped, self.answered, self.failed, self.pause = threading.Event(), 0, [], clients / rate if rate else 0
        self.threads = [threading.Thread(target=self.ask, args=(n,)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        self.enter()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        due = time.monotonic() + number / len(self.threads) * self.pause
        while not self.stopped.is_set():
            time.sleep(max(0, due - time.monotonic()))
            due += self.pause
            try:
                connection.request("GET", self.path)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.answered += 1
                else:
                    self.failed.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
        connection.close()

    def end(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
