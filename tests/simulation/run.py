"""Simulate: `python tests/simulation/run.py --seconds 120`.

--seeds N          that many seeds, from --first
--seconds S        as many as fit
--jobs J           in so many processes
--seed N --trace   one, with all that happens in it: the same each time, on each machine
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from osa_simulation.report import Report, simulate, trace
from osa_simulation.stage import Stage


def _job(first: int, stride: int, seeds: int | None, seconds: float | None, most: int) -> Report:
    numbers = itertools.count(first, stride)
    last = [time.monotonic()]

    def told(report: Report) -> None:
        if time.monotonic() - last[0] > 60:
            last[0] = time.monotonic()
            print(report.text().splitlines()[0], flush=True)  # noqa: T201

    with Stage() as stage:
        wanted = numbers if seeds is None else itertools.islice(numbers, seeds)
        return simulate(stage, wanted, seconds=seconds, most_failures=most, told=told)


def _one(seed: int) -> int:
    with Stage() as stage:
        lines, failure = trace(stage, seed)
    print("\n".join(lines))  # noqa: T201
    if failure is None:
        return 0
    traceback.print_exception(failure)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--failures", type=int, default=1, help="stop after so many")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--trace", action="store_true", help="with --seed: show what happens")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed)
    if options.seeds is None and options.seconds is None:
        parser.error("--seeds, --seconds or --seed")
    jobs = options.jobs
    share = None if options.seeds is None else -(-options.seeds // jobs)
    rest = (jobs, share, options.seconds, options.failures)
    if jobs == 1:
        report = _job(options.first, *rest)
    else:
        report = Report()
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            work = [(options.first + number, *rest) for number in range(jobs)]
            for part in pool.starmap(_job, work):
                report.add(part)
    print(report.text())  # noqa: T201
    if report.failures:
        print(  # noqa: T201
            f"python tests/simulation/run.py --seed {report.failures[0].seed} --trace"
        )
    return 1 if report.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
