"""What a Service of the cluster does, on one machine."""

import asyncio
import itertools
import json
import socket
import sys
import threading


class Relay:
    """One address for several pods: each new connection goes to the next of those that are in it, and is not tried elsewhere if that fails."""

    def __init__(self):
        self.pods, self.turn, self.under_way = [], itertools.count(), set()

    async def connected(self, reader, writer):
        # The loop itself holds no task.
        task = asyncio.current_task()
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        pods = list(self.pods)
        try:
            other = await asyncio.open_connection(*pods[next(self.turn) % len(pods)], limit=1 << 18)
        except (OSError, ZeroDivisionError):
            writer.close()
            return

        async def pump(source, target):
            try:
                while data := await source.read(1 << 18):
                    target.write(data)
                    await target.drain()
                target.write_eof()
            except OSError:
                # The other side is told at once, however this one went.
                target.close()
        await asyncio.gather(pump(reader, other[1]), pump(other[0], writer))
        for one in (writer, other[1]):
            one.close()


class Service(threading.Thread):
    """A relay on a port of loopback, for pods that are ports there, too."""

    def __init__(self):
        super().__init__(daemon=True)
        self.relay, self.ready = Relay(), threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.start()
        self.ready.wait(30)

    @property
    def pods(self):
        return [port for _, port in self.relay.pods]

    @pods.setter
    def pods(self, ports):
        self.relay.pods = [("127.0.0.1", port) for port in ports]

    def run(self):
        async def serve():
            await asyncio.start_server(self.relay.connected, "127.0.0.1", self.port, limit=1 << 18, backlog=1024)
            self.ready.set()
        self.loop.create_task(serve())
        self.loop.run_forever()

    def end(self):
        async def leave():
            tasks = list(self.relay.under_way)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(leave(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(30)


async def serve_as_told():
    """Lines on standard input say which pods stand behind which address; each is answered when it holds."""
    relays, loop = {}, asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        address = (told["host"], told["port"])
        if address not in relays:
            relays[address] = Relay()
            await asyncio.start_server(relays[address].connected, *address, limit=1 << 18, backlog=4096)
        relays[address].pods = [(pod, told["target"]) for pod in told["pods"]]
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(serve_as_told())
