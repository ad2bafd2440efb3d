"""make soak: the Go tests over and over, under load, with few processors and with many.

    env.sh python soak.py [ROUNDS]

GOMAXPROCS is 1, 2 and 16 in turn. Every other round has the race detector and leaves out what is long. Tests run in another
order each time, and a process on each core keeps it busy all the while. A test that depends on the speed of the machine,
on its cores or on the order of the tests fails sooner or later. Exit status 1 if any did.
"""

import multiprocessing
import os
import signal
import sys
import time

import gotest

ROUNDS = 10
PROCESSORS = (1, 2, 16)
RACE = ["-race", "-short", "-gcflags=github.com/gomlx/...=-d=checkptr=0"]  # GoMLX computes pointers that it does not follow


def burn():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    while True:
        pass


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    start, passed, failed = time.time(), 0, 0
    load = [multiprocessing.Process(target=burn, daemon=True) for _ in range(os.cpu_count())]
    for process in load:
        process.start()
    try:
        for i in range(rounds):
            race, processors = i % 2 == 1, PROCESSORS[i % len(PROCESSORS)]
            name = f"round {i + 1} of {rounds}, GOMAXPROCS={processors}{', -race' if race else ''}"
            arguments = ["-count=1", "-shuffle=on", f"-exec=env GOMAXPROCS={processors}", *(RACE if race else []), "./..."]
            good, bad = gotest.tests(name, arguments, WFLOW_XLA_PLUGIN="")
            passed, failed = passed + good, failed + bad
    finally:
        for process in load:
            process.kill()
    print(f"\n{rounds} rounds under load, {time.time() - start:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    gotest.end_with(main)
