"""What a Service of the cluster does, on one machine."""

import asyncio
import itertools
import threading

from bundled import free_port


class Service(threading.Thread):
    """One address for several pods: each new connection goes to the next of those that are in it, and is not tried elsewhere if that fails."""

    def __init__(self):
        super().__init__(daemon=True)
        self.port, self.pods, self.turn = free_port(), [], itertools.count()
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.start()
        self.ready.wait(30)

    def run(self):
        async def serve():
            await asyncio.start_server(self.relay, "127.0.0.1", self.port, backlog=1024)
            self.ready.set()
        self.loop.create_task(serve())
        self.loop.run_forever()

    def end(self):
        self.loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self.loop)])
        self.loop.call_soon_threadsafe(self.loop.call_soon, self.loop.stop)
        self.join(30)

    async def relay(self, reader, writer):
        pods = list(self.pods)
        try:
            other = await asyncio.open_connection("127.0.0.1", pods[next(self.turn) % len(pods)])
        except (OSError, ZeroDivisionError):
            writer.close()
            return

        async def pump(source, target):
            try:
                while data := await source.read(1 << 16):
                    target.write(data)
                    await target.drain()
                target.write_eof()
            except OSError:
                pass
        await asyncio.gather(pump(reader, other[1]), pump(other[0], writer))
        for one in (writer, other[1]):
            one.close()
