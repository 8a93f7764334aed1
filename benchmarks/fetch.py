"""CPU time of the fetch room per page: a loopback server in another process, kept connections, gzip pages.

    python -m benchmarks.fetch [--pages 3000] [--at-once 8] [--kilobytes 40] [--coding gzip|br|zstd|identity]

Prints the client's CPU milliseconds per page, and what merely undoing the content coding costs, for comparison.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import multiprocessing
import random
import sys
import time
from multiprocessing.connection import Connection as Pipe

import brotli

from archiver.fetch import Client, Guard
from archiver.fetch.decode import Decoder

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WORDS = ("council", "bridge", "river", "mayor", "budget", "report", "railway", "court", "museum", "school", "market")


def page(size: int) -> bytes:
    """Make HTML that compresses like a news page: about 4 to 1 under gzip. The same for every run."""
    dice = random.Random(20240305)
    parts: list[str] = []
    length = 0
    while length < size:
        text = " ".join(dice.choice(_WORDS) + str(dice.randint(0, 99)) * dice.randint(0, 1) for _ in range(12))
        parts.append(f'<p class="story__text" data-id="{dice.randint(0, 9999)}">{text}.</p>\n')
        length += len(parts[-1])
    return "".join(parts).encode()


def encode(body: bytes, coding: str) -> bytes:
    """Apply a content coding as servers do."""
    if coding == "gzip":
        return gzip.compress(body, 6)
    if coding == "br":
        return bytes(brotli.compress(body, quality=5))
    return bytes(zstd.compress(body, 3)) if coding == "zstd" else body


class _Server(asyncio.Protocol):
    answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self._transport.write(self.answer)


def serve(answer: bytes, pipe: Pipe) -> None:
    """Answer every request on a free loopback port with the same bytes; sends the port through `pipe`."""

    async def run() -> None:
        _Server.answer = answer
        server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def fetch_all(port: int, pages: int, at_once: int) -> float:
    """Fetch `pages` pages and return the CPU seconds that this process spent."""
    client = Client(Guard(allow=[f"127.0.0.1:{port}"]), max_idle_per_host=at_once)
    left = iter(range(pages))
    headers = (("User-Agent", "newsvault-benchmark/1"), ("Accept", "text/html,*/*;q=0.8"))

    async def worker() -> None:
        for number in left:
            await client.fetch(f"http://127.0.0.1:{port}/news/{number}", headers=headers)

    await client.fetch(f"http://127.0.0.1:{port}/")
    started = time.process_time()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    spent = time.process_time() - started
    await client.close()
    return spent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--kilobytes", type=int, default=40, help="size of a page on the wire, roughly")
    parser.add_argument("--coding", choices=("gzip", "br", "zstd", "identity"), default="gzip")
    options = parser.parse_args()
    body = page(options.kilobytes * 1000 * (1 if options.coding == "identity" else 4))
    coded = encode(body, options.coding)
    fields = (
        f"Content-Type: text/html; charset=utf-8\r\nContent-Encoding: {options.coding}\r\nContent-Length: {len(coded)}"
    )
    more = "".join(f"\r\nX-Cache-{number}: some value of a content network" for number in range(12))
    answer = f"HTTP/1.1 200 OK\r\nServer: benchmark\r\n{fields}{more}\r\n\r\n".encode() + coded

    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(answer, theirs), daemon=True)
    server.start()
    try:
        spent = asyncio.run(fetch_all(ours.recv(), options.pages, options.at_once))
    finally:
        server.terminate()
        server.join()
    started = time.process_time()
    for _ in range(200):
        decoder = Decoder([] if options.coding == "identity" else [options.coding], len(body))
        b"".join([*decoder.feed(coded), *decoder.finish()])
    decoding = (time.process_time() - started) / 200
    print(f"{options.coding}: {len(coded)} bytes on the wire, {len(body)} decoded, {options.pages} pages")
    print(f"client CPU: {spent / options.pages * 1000:.3f} ms per page, of which decoding {decoding * 1000:.3f} ms")


if __name__ == "__main__":
    main()
