from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dag_factory.sandbox.processes.child import (
    TAIL_LINES,
    Child,
    ChildFailedError,
    Command,
    run_to_end,
    running,
    stop_all,
    tail,
    wait_until,
)

pytestmark = pytest.mark.slow

# A child with troublesome descendants; each process appends its pid to the file in its argument.
FAMILY = """
import os, signal, subprocess, sys, time

def note():
    with open(sys.argv[1], "a") as pids:
        print(os.getpid(), file=pids, flush=True)

def grandchild(deaf):
    if os.fork() == 0:
        os.setsid()
        if deaf:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            note()
            time.sleep(600)
        note()
        time.sleep(0.5 if deaf else 600)  # the deaf one's parent leaves an orphan
        os._exit(0)

note()
grandchild(deaf=False)
grandchild(deaf=True)
print("ready", flush=True)
time.sleep(600)
"""
FAMILY_SIZE = 5


@pytest.fixture
def pids(tmp_path):
    """Return the file in which the family records its pids; kill processes that a failed test leaves."""
    path = tmp_path / "pids"
    path.touch()
    yield path
    for process in alive(path):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def alive(pids: Path) -> list[psutil.Process]:
    found = []
    for pid in pids.read_text().split():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            if str(pids) in process.cmdline():
                found.append(process)
    return found


def eventually(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def is_complete(pids: Path) -> bool:
    return len(pids.read_text().split()) == FAMILY_SIZE


def python(source: str, *arguments: object, log: Path, grace_seconds: float = 1.0) -> Command:
    return Command(
        name="child",
        argv=(sys.executable, "-c", source, *map(str, arguments)),
        environment=os.environ,
        log=log,
        grace_seconds=grace_seconds,
    )


def family(pids: Path) -> Command:
    return python(FAMILY, pids, log=pids.with_name("child.log"))


def test_stop_ends_the_child_and_all_its_descendants(pids):
    child = Child(family(pids))
    assert eventually(lambda: is_complete(pids))
    child.stop()
    assert alive(pids) == []


def test_orphans_are_terminated_too(pids):
    child = Child(family(pids))
    assert eventually(lambda: is_complete(pids))
    time.sleep(1)  # by now the deaf grandchild has lost its parent
    assert len(alive(pids)) == FAMILY_SIZE - 1
    child.stop()
    assert alive(pids) == []


def test_descendants_of_a_child_that_dies_are_terminated(pids):
    source = FAMILY.replace('print("ready", flush=True)\ntime.sleep(600)', "time.sleep(0.3)\nsys.exit(7)")
    child = Child(python(source, pids, log=pids.with_name("child.log")))
    assert eventually(lambda: child.exit_status() is not None)
    assert child.stop() == 7
    assert alive(pids) == []


def test_a_child_that_ends_on_sigterm_can_write_its_log(tmp_path):
    source = """if True:
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye")))
        print("up", flush=True)
        time.sleep(600)
    """
    log = tmp_path / "log"
    child = Child(python(source, log=log, grace_seconds=10))
    assert eventually(lambda: log.read_text() == "up\n")
    started = time.monotonic()
    assert child.stop() == 0
    assert time.monotonic() - started < 5
    assert log.read_text() == "up\nbye\n"


def test_a_child_that_is_killed_has_the_status_of_the_shell(tmp_path):
    child = Child(python("import os\nos.kill(os.getpid(), 9)", log=tmp_path / "log"))
    assert eventually(lambda: child.exit_status() is not None)
    assert child.stop() == 137


def divide_when(ready) -> float:
    assert ready()
    return 1 / 0


def test_leaving_the_block_by_an_exception_ends_all(pids):
    with pytest.raises(ZeroDivisionError), running([family(pids)]):
        divide_when(lambda: eventually(lambda: is_complete(pids)))
    assert alive(pids) == []


def test_a_command_that_cannot_start_ends_the_ones_before_it(pids):
    broken = Command(name="broken", argv=("x",), environment={"a": "\0"}, log=pids.with_name("log"))
    with pytest.raises(ValueError, match="null"), running([family(pids), broken]):
        pytest.fail("the block must not be entered")
    assert eventually(lambda: alive(pids) == [])


def test_a_program_that_does_not_exist_is_reported(tmp_path):
    command = Command(name="nobody", argv=("/nonexistent",), environment=os.environ, log=tmp_path / "log")
    with pytest.raises(ChildFailedError, match=r"nobody ended with exit status 1; .*(?s:.)*/nonexistent"):
        run_to_end(command, timeout_seconds=20)


def test_waiting_ends_when_a_child_dies_and_shows_its_last_lines(tmp_path):
    source = "import sys\nfor n in range(100): print('line', n)\nsys.exit(3)"
    with (
        running([python(source, log=tmp_path / "log")]) as children,
        pytest.raises(ChildFailedError) as caught,
    ):
        wait_until(lambda: False, children, timeout_seconds=20)
    first, *rest = str(caught.value).splitlines()
    assert first == f"child ended with exit status 3; the end of {tmp_path / 'log'}:"
    assert [line.strip() for line in rest] == [f"line {number}" for number in range(85, 100)]


def test_waiting_has_a_deadline():
    assert wait_until(lambda: False, [], timeout_seconds=0.3) is False
    assert wait_until(lambda: True, [], timeout_seconds=0) is True


def test_a_command_that_does_not_end_in_time_is_stopped(pids):
    with pytest.raises(ChildFailedError, match="child did not end within 2 s"):
        run_to_end(family(pids), timeout_seconds=2)
    assert is_complete(pids)
    assert alive(pids) == []


def test_stopping_twice_does_no_harm(pids):
    child = Child(family(pids))
    stop_all([child])
    stop_all([child])
    assert alive(pids) == []


def test_the_tail_survives_bytes_that_are_not_text(tmp_path):
    (tmp_path / "log").write_bytes(b"a\n" * TAIL_LINES + b"b\xff\nc\n")
    assert tail(tmp_path / "log") == ["a"] * (TAIL_LINES - 2) + ["b\N{REPLACEMENT CHARACTER}", "c"]


OWNER = """
import pathlib, sys, time
from dag_factory.sandbox.processes.child import Command, running, termination_as_exit
import os
log, pids, family = sys.argv[1:]
command = Command(name="child", argv=(sys.executable, "-c", family, pids), environment=os.environ,
                  log=pathlib.Path(log), grace_seconds=1.0)
with termination_as_exit(), running([command]):
    print("started", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("moment", ["at once", "later"])
@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_nothing_outlives_its_owner(pids, tmp_path, number, status, moment):
    log = tmp_path / "child.log"
    argv = [sys.executable, "-c", OWNER, str(log), str(pids), FAMILY]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        assert moment == "at once" or eventually(lambda: is_complete(pids))
        owner.send_signal(number)
        assert owner.wait(30) == status
    # A killed owner cannot wait: the supervisor ends the family a little later.
    assert eventually(lambda: leftovers(pids) == [], seconds=10)
    if number != signal.SIGKILL:
        assert "Traceback" not in log.read_text()


def leftovers(pids: Path) -> list[psutil.Process]:
    """Return supervisors, too: all processes with the path in their command line."""
    return [item for item in psutil.process_iter(["cmdline"]) if str(pids) in (item.info["cmdline"] or ())]
