"""Waiting for something to become true."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
import time
from typing import Any, overload


@overload
async def eventually[T](
    condition: Callable[[], Awaitable[T]], *, within: float = 30.0, every: float = 0.05, what: str = "it"
) -> T: ...
@overload
async def eventually[T](
    condition: Callable[[], T], *, within: float = 30.0, every: float = 0.05, what: str = "it"
) -> T: ...
async def eventually(
    condition: Callable[[], Any], *, within: float = 30.0, every: float = 0.05, what: str = "it"
) -> Any:
    """Return what a condition is, or what it returns if it is asynchronous, once that is true in the sense of Python.

    `within` and `every` are in seconds. Raises TimeoutError, which tells what the condition was last.
    """
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what} did not happen within {within:g} s: {answer!r}")
        await asyncio.sleep(every)
