"""Virtual time: events in order, programs that wait in it (greenlets), and an asyncio event loop.

Nothing here sleeps, and there are no threads: a waiting program switches to the timeline, which runs whatever
is due next. So a worker in a blocking call, a triggerer and a person act concurrently, in a deterministic
order.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Awaitable, Callable
from typing import Any

import greenlet


class Event:
    """A scheduled call; it does nothing once cancelled."""

    __slots__ = ("_arguments", "_call", "is_cancelled")

    def __init__(self, call: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self._call = call
        self._arguments = arguments
        self.is_cancelled = False

    def cancel(self) -> None:
        """Never make the call."""
        self.is_cancelled = True

    def run(self) -> None:
        """Make the call, unless it was cancelled."""
        if not self.is_cancelled:
            self._call(*self._arguments)


class Timeline:
    """The clock and the scheduled calls, in seconds since the history began."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Event]] = []
        self._count = 0

    def at(self, time: float, call: Callable[..., object], *arguments: object) -> Event:
        """Schedule a call. A time in the past means next; calls at the same time keep their order."""
        self._count += 1
        event = Event(call, arguments)
        heapq.heappush(self._due, (max(time, self.now), self._count, event))
        return event

    def after(self, delay: float, call: Callable[..., object], *arguments: object) -> Event:
        """Schedule a call some seconds from now."""
        return self.at(self.now + delay, call, *arguments)

    def run(self, until: float, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Run what is due until a time, or until `is_over()`. Return whether it is over."""
        while not is_over():
            if not self._due or self._due[0][0] > until:
                self.now = max(self.now, until)
                return False
            time, _, event = heapq.heappop(self._due)
            if not event.is_cancelled:
                self.now = time
                event.run()
        return True


class Dead(greenlet.GreenletExit):
    """Unwinds a killed program, which has no further effects."""


class Wait:
    """Something that a program waits for. The first call of `finish` sets its value or exception."""

    __slots__ = ("_error", "_value", "_waiter", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self._value: object = None
        self._error: BaseException | None = None
        self._waiter: Callable[[], None] | None = None

    def finish(self, value: object = None, error: BaseException | None = None) -> None:
        """Set the result and resume the program."""
        if self.is_done:
            return
        self.is_done = True
        self._value, self._error = value, error
        if self._waiter is not None:
            self._waiter()

    def when_done(self, waiter: Callable[[], None]) -> None:
        """Call the waiter when it is finished."""
        self._waiter = waiter

    def result(self) -> Any:
        """Return the value, or raise the exception."""
        if self._error is not None:
            raise self._error
        return self._value


class Program:
    """Blocking code in virtual time. `ended` is called when it finishes, unless it was killed.

    `outcome` is what the code returned, `error` the exception that it raised.
    """

    def __init__(self, timeline: Timeline, main: Callable[[], object], ended: Callable[[], None]) -> None:
        self.timeline = timeline
        self.is_dead = False
        self.is_over = False
        self.outcome: object = None
        self.error: BaseException | None = None
        self._main = main
        self._ended = ended
        self._signals: list[Callable[[], None]] = []
        self._greenlet = greenlet.greenlet(self._run)

    def start(self) -> None:
        """Run until it waits for the first time."""
        if not self.is_dead:
            self._greenlet.switch()

    def wait(self, seconds: float) -> None:
        """Wait in virtual time; only the program itself calls it."""
        wait = Wait()
        event = self.timeline.after(max(seconds, 0.0), wait.finish)
        try:
            self.wait_for(wait)
        finally:
            event.cancel()

    def wait_for(self, wait: Wait) -> Any:
        """Wait until something is done, handling signals meanwhile, and return its result."""
        wait.when_done(self._go_on)
        self.check_alive()
        while not wait.is_done:
            if self._signals:
                self._signals.pop(0)()
                continue
            self._greenlet.parent.switch()
            self.check_alive()
        return wait.result()

    def check_alive(self) -> None:
        """Stop here if it was killed; called before each effect."""
        if self.is_dead:
            raise Dead

    def signal(self, handler: Callable[[], None]) -> None:
        """Run a handler during the program's current wait, like a signal handler."""
        if not (self.is_over or self.is_dead):
            self._signals.append(handler)
            self._go_on()

    def kill(self) -> None:
        """Kill it at its current point."""
        if self.is_over or self.is_dead:
            return
        self.is_dead = True
        if greenlet.getcurrent() is self._greenlet:
            raise Dead
        if self._greenlet:  # has begun, and waits
            self._greenlet.throw(Dead)

    def _go_on(self) -> None:
        # A program may be woken while it waits for something else; its loop checks what it waits for.
        if not self.is_over and not self.is_dead and greenlet.getcurrent() is not self._greenlet:
            self.timeline.after(0.0, self._switch)

    def _switch(self) -> None:
        if not self.is_over and not self.is_dead:
            self._greenlet.switch()

    def _run(self) -> None:
        try:
            self.outcome = self._main()
        except Dead:
            return
        except BaseException as error:  # noqa: BLE001 (the checker inspects any exception)
            self.error = error
        if not self.is_dead:
            self.is_over = True
            self._ended()


class Loop(asyncio.AbstractEventLoop):
    """An event loop on a timeline, for the triggers of one triggerer. A killed loop runs nothing more."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.is_dead = False
        self.errors: list[BaseException] = []
        # What all coroutines of one process share.
        self.tokens: Any = None
        self._unwinding: list[asyncio.Handle] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def kill(self) -> None:
        """Kill it: its tasks unwind without further effects (`check_alive`)."""
        self.is_dead = True
        for task in [task for task in self._tasks if not task.done()]:
            task.cancel()
        for _ in range(1000):
            if not self._unwinding:
                break
            self._run(self._unwinding.pop(0))

    def check_alive(self) -> None:
        """Stop a coroutine here if the loop was killed; called before each effect."""
        if self.is_dead:
            raise asyncio.CancelledError

    async def result_of(self, wait: Wait) -> Any:
        """Wait for something that the timeline finishes."""
        self.check_alive()
        future = self.create_future()
        wait.when_done(lambda: None if future.done() else future.set_result(None))
        if not wait.is_done:
            await future
        self.check_alive()
        return wait.result()

    def time(self) -> float:
        return self.timeline.now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, **options)
        self._tasks.append(task)
        return task

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if self.is_dead:
            self._unwinding.append(handle)
        else:
            self.timeline.after(0.0, self._run, handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if not self.is_dead:
            self.timeline.at(when, self._run, handle)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass  # its event checks whether it is cancelled

    def run_in_executor(self, executor: object, func: Any, *args: Any) -> Awaitable[Any]:  # noqa: ARG002
        """Make the call immediately, since there are no threads."""
        future = self.create_future()
        asyncio._set_running_loop(None)
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (the caller handles it)
            future.set_exception(error)
        finally:
            asyncio._set_running_loop(self)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Record unhandled exceptions."""
        if not self.is_dead and isinstance(error := context.get("exception"), BaseException):
            self.errors.append(error)

    def _run(self, handle: asyncio.Handle) -> None:
        # A killed loop only runs callbacks that unwind its tasks.
        if handle.cancelled():
            return
        asyncio._set_running_loop(self)
        try:
            handle._run()
        finally:
            asyncio._set_running_loop(None)


ACTOR: contextvars.ContextVar[Any] = contextvars.ContextVar("actor")
