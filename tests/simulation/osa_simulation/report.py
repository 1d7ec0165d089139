"""Many seeds, and what they have met."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from osa.server.model.machine import TRANSITIONS
from osa_simulation.stage import Stage
from osa_simulation.witness import Violation
from osa_simulation.world import World


@dataclass(kw_only=True)
class Failure:
    seed: int
    what: str


@dataclass(kw_only=True)
class Report:
    seeds: int = 0
    steps: int = 0
    seconds: float = 0.0
    transitions: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.seeds += other.seeds
        self.steps += other.steps
        self.seconds = max(self.seconds, other.seconds)
        self.transitions += other.transitions
        self.refusals += other.refusals
        self.failures += other.failures

    @property
    def unmet(self) -> list[str]:
        """Ways of the lifecycle that no seed has gone."""
        every = {f"{move.name}/{reason}" for move in TRANSITIONS for reason in move.reasons}
        return sorted(every - set(self.transitions))

    def text(self) -> str:
        rate = self.seeds / self.seconds if self.seconds else 0.0
        lines = [
            f"{self.seeds} seeds, {self.steps} steps, {self.seconds:.0f} s, {rate:.1f} seeds/s",
            "transitions:",
            *(f"  {times:>9}  {name}" for name, times in sorted(self.transitions.items())),
            *(f"  {'never':>9}  {name}" for name in self.unmet),
            "refusals:",
            *(f"  {times:>9}  {name}" for name, times in sorted(self.refusals.items())),
            f"violations: {len(self.failures)}",
            *(f"  seed {failure.seed}: {failure.what}" for failure in self.failures),
        ]
        return "\n".join(lines)


def simulate(
    stage: Stage,
    seeds: Iterable[int],
    *,
    seconds: float | None = None,
    most_failures: int = 1,
    told: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Run these seeds, until the time is over or so many have failed."""
    report = Report()
    began = time.perf_counter()
    for seed in seeds:
        world = World(stage, seed)
        try:
            world.run()
        except (Exception, Violation) as exc:  # noqa: BLE001 - whatever it is, the seed has found it
            report.failures.append(Failure(seed=seed, what=f"{type(exc).__name__}: {exc}"))
        finally:
            stage.scheduler.close()
        report.seeds += 1
        report.steps += world.steps
        report.transitions += world.witness.transitions
        report.refusals += world.refusals
        report.seconds = time.perf_counter() - began
        told(report)
        if len(report.failures) >= most_failures:
            break
        if seconds is not None and report.seconds >= seconds:
            break
    return report


def trace(stage: Stage, seed: int) -> tuple[list[str], BaseException | None]:
    """What happens under a seed, line by line, and what it violates."""
    world = World(stage, seed, trace=True)
    failure: BaseException | None = None
    try:
        world.run()
    except (Exception, Violation) as exc:  # noqa: BLE001 - it is told
        failure = exc
    finally:
        stage.scheduler.close()
    return world.trace or [], failure
