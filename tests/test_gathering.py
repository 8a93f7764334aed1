"""Who comes at about the same time goes on together, and nobody answers for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from archiver.crawl.gathering import MOST, Gathering


class Doing:
    """Notes the groups it was called with; a negative number is one that breaks."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    async def __call__(self, group: Sequence[int]) -> None:
        self.groups.append(list(group))
        if min(group) < 0:
            raise ValueError(min(group))


def test_who_may_not_wait_goes_alone() -> None:
    doing = Doing()

    async def alone() -> None:
        await Gathering(doing, may_wait=lambda: False).join(1)

    asyncio.run(asyncio.wait_for(alone(), 5))
    assert doing.groups == [[1]]


def test_those_who_come_in_the_meantime_go_together() -> None:
    doing, coming = Doing(), [3]

    async def three() -> None:
        gathering = Gathering(doing, may_wait=lambda: coming[0] > 0)

        async def come(one: int) -> None:
            coming[0] -= 1
            await gathering.join(one)

        await asyncio.gather(come(1), come(2), come(3))

    asyncio.run(three())
    assert doing.groups == [[1, 2, 3]]


def test_nobody_waits_for_long_for_those_who_do_not_come() -> None:
    doing = Doing()

    async def waits() -> None:
        await Gathering(doing, may_wait=lambda: True).join(1)

    asyncio.run(asyncio.wait_for(waits(), 5))
    assert doing.groups == [[1]]


def test_a_group_has_a_bound() -> None:
    doing = Doing()

    async def many() -> None:
        gathering = Gathering(doing, may_wait=lambda: True)
        await asyncio.gather(*(gathering.join(one) for one in range(MOST + 1)))

    asyncio.run(many())
    assert [len(group) for group in doing.groups] == [MOST, 1]


def test_what_breaks_is_told_to_whoever_brought_it() -> None:
    doing = Doing()

    async def one_breaks() -> list[BaseException | None]:
        gathering = Gathering(doing, may_wait=lambda: True)
        return await asyncio.gather(*map(gathering.join, (1, -2, 3)), return_exceptions=True)

    first, second, third = asyncio.run(one_breaks())
    assert (first, third) == (None, None)
    with pytest.raises(ValueError, match="-2"):
        raise second or AssertionError
    assert doing.groups[0] == [1, -2, 3]
    assert sorted(doing.groups[1:]) == [[-2], [1], [3]]


def test_who_has_gone_is_missed_by_nobody() -> None:
    doing = Doing()

    async def one_goes() -> None:
        gathering = Gathering(doing, may_wait=lambda: True)
        gone, stays = (asyncio.ensure_future(gathering.join(one)) for one in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        await stays

    asyncio.run(one_goes())
    assert doing.groups == [[1, 2]]
