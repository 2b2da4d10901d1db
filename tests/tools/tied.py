"""Runs the main function of a Python module, until its standard input ends: it dies with whoever started it."""

import importlib
import os
import signal
import sys
import threading
import time

# How long it has to end by itself.
GRACE = 3


def end_with_starter() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_starter, daemon=True).start()
    module = importlib.import_module(sys.argv.pop(1))
    sys.exit(module.main())
