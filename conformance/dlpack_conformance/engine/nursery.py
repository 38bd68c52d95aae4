"""The process that imports the two libraries of a pair and forks its runners.

It runs no case itself. Orders come as JSON with file descriptors on a socket, one at a time. It
answers ``ready`` or ``failed`` once, then for each order ``pid`` and, when that runner is gone,
``exit``.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from typing import Any

from dlpack_conformance.engine.keywords import learn, learn_here
from dlpack_conformance.engine.pair import Pair
from dlpack_conformance.engine.process import fold_memory, guard_process, threads
from dlpack_conformance.engine.runner import run_batch
from dlpack_conformance.engine.texts import normal

__all__ = ["MESSAGE_BYTES"]

MESSAGE_BYTES = 1 << 17


def _may_fork(pair: Pair) -> str | None:
    """None where runners may be forked from here, else why they start afresh."""
    for library in (pair.producer, pair.consumer):
        if getattr(library, "start", "fork") == "fresh":
            return f"{library.name} asks for it"
    if sys.platform != "linux":
        return "not Linux"
    return None if threads() == 1 else "importing left a thread behind"


def main(control: socket.socket, spec_fd: int) -> None:
    """Serve orders until the other end closes."""
    guard_process()
    order = json.loads(os.pread(spec_fd, os.fstat(spec_fd).st_size, 0))

    def say(**message: Any) -> None:
        control.send(json.dumps(message).encode())

    try:
        pair = Pair(**order)
    except Exception as error:
        say(failed=normal(f"{type(error).__name__}: {error}"))
        return
    fresh = _may_fork(pair)
    gc.collect()
    gc.disable()
    if fresh is None:
        learn(pair.bound())
        pair.prepare_all()
        gc.freeze()
    say(ready=True, fresh=fresh)
    unreaped, folded = 0, False
    while True:
        text, fds, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 4)
        if unreaped:
            os.waitpid(unreaped, 0)
        if not text:
            return
        order = json.loads(text)
        batch = {
            "indices": [index for run in order["runs"] for index in range(*run)],
            "send_facts": order["send_facts"],
            **dict(zip(("pipe", "journal_fd", "stack_fd", "stderr_fd"), fds, strict=True)),
        }
        if fresh is not None:
            say(pid=os.getpid())
            learn_here(pair.bound())
            gc.freeze()
            run_batch(pair, **batch)
            os._exit(0)
        unreaped = os.fork()
        if unreaped == 0:
            control.close()
            guard_process()
            try:
                run_batch(pair, **batch)
            finally:
                os._exit(0)
        for fd in fds:
            os.close(fd)
        say(pid=unreaped)
        # It stays a zombie until the next order, so that its number means no other process.
        end = os.waitid(os.P_PID, unreaped, os.WEXITED | os.WNOWAIT)
        assert end is not None
        exited = end.si_code == os.CLD_EXITED
        say(exit=end.si_status if exited else -end.si_status)
        if not exited and not folded:
            fold_memory()  # more losses are likely, and each costs two forks
            folded = True


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
