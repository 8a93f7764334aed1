"""Kept connections are few, short-lived and given back last in, first out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from archiver.fetch.connection import Connection
from archiver.fetch.pool import Pool
from tests.wire import RawServer, Talk, raw_server

HERE = ("http", "news.example", 80)
THERE = ("http", "other.example", 80)


def with_connections(count: int, work: Callable[[list[Connection]], Awaitable[None]]) -> None:
    async def run(server: RawServer) -> None:
        loop = asyncio.get_running_loop()
        made = []
        for _ in range(count):
            _, connection = await loop.create_connection(lambda: Connection(server.url()), server.host, server.port)
            made.append(connection)
        await work(made)
        for connection in made:
            connection.abort()
        await asyncio.wait([connection.gone for connection in made])

    with raw_server(Talk.wait_for_close) as server:
        asyncio.run(run(server))


def test_the_connection_used_last_is_taken_first() -> None:
    async def work(made: list[Connection]) -> None:
        pool = Pool(2)
        pool.give(HERE, made[0])
        pool.give(HERE, made[1])
        assert [pool.take(HERE), pool.take(HERE), pool.take(HERE)] == [made[1], made[0], None]

    with_connections(2, work)


def test_a_connection_serves_only_its_own_server() -> None:
    async def work(made: list[Connection]) -> None:
        pool = Pool(2)
        pool.give(HERE, made[0])
        assert pool.take(THERE) is None
        assert pool.take(HERE) is made[0]

    with_connections(1, work)


def test_no_more_than_the_number_wanted_is_kept_per_server() -> None:
    async def work(made: list[Connection]) -> None:
        pool = Pool(1)
        pool.give(HERE, made[0])
        pool.give(HERE, made[1])
        pool.give(THERE, made[2])
        assert [connection.closed for connection in made] == [False, True, False]
        pool.clear()
        assert all(connection.closed for connection in made)

    with_connections(3, work)


def test_a_closed_connection_is_neither_kept_nor_given_out() -> None:
    async def work(made: list[Connection]) -> None:
        pool = Pool(2)
        made[0].abort()
        pool.give(HERE, made[0])
        pool.give(HERE, made[1])
        made[1].abort()
        assert pool.take(HERE) is None

    with_connections(2, work)


def test_an_idle_connection_is_closed_after_its_time() -> None:
    async def work(made: list[Connection]) -> None:
        pool = Pool(2, keep_seconds=0.02)
        pool.give(HERE, made[0])
        await asyncio.wait_for(made[0].gone, 5)
        assert pool.take(HERE) is None

    with_connections(1, work)
