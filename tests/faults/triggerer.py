"""One trigger in the triggerer of this process's Airflow version; only `runs` imports this."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from airflow.jobs.triggerer_job_runner import TriggerRunner
from airflow.models.trigger import Trigger

# When a task has changed, a triggerer cancels its trigger once a second until the trigger has ended
# (`update_triggers` in `jobs/triggerer_job_runner.py`). In real seconds, since the calls are real.
CANCEL_AGAIN_SECONDS = 0.05


class Triggerer:
    """Runs one trigger until it has ended or its task has changed, and submits its event.

    It runs inside the context manager `context`, which depends on Airflow's version.
    """

    def __init__(self, trigger_id: int, trigger: Any, context: AbstractContextManager[None]) -> None:
        self.trigger_id = trigger_id
        self._trigger = trigger
        self._context = context
        self._runner = TriggerRunner()
        self._changed = asyncio.Event()
        self._is_cancelled = False

    def run(self) -> None:
        """Act as a triggerer."""
        with self._context:
            asyncio.run(self._run())
        for entry in self._runner.events:
            Trigger.submit_event(self.trigger_id, getattr(entry, "event", None) or entry[1])
        for _, error in self._runner.failed_triggers:
            Trigger.submit_failure(self.trigger_id, error)

    def cancel(self) -> None:
        """Cancel the trigger, since its task no longer waits for it; called from the trigger's event loop."""
        self._changed.set()

    async def settle(self) -> None:
        """Wait here to be cancelled if a cancellation is pending."""
        if self._changed.is_set() and not self._is_cancelled:
            await asyncio.Event().wait()

    async def _run(self) -> None:
        runner = self._runner
        task = asyncio.create_task(runner.run_trigger(self.trigger_id, self._trigger))
        runner.triggers[self.trigger_id] = {"task": task, "name": str(self.trigger_id), "events": 0}
        changed = asyncio.create_task(self._changed.wait())
        await asyncio.wait({task, changed}, return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        while not task.done():
            self._is_cancelled = True
            runner.to_cancel.append(self.trigger_id)
            await runner.cancel_triggers()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_SECONDS)
        await runner.cleanup_finished_triggers()
        await self._finish_background()

    async def _finish_background(self) -> None:
        """Finish the tasks that the trigger left in the event loop, as a triggerer's loop does."""
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(rest)
