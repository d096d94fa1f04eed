"""The output times of a scenario."""

from __future__ import annotations

from .schema import Scenario


def output_times(scenario: Scenario) -> tuple[float, ...]:
    """Ascending, after the start: every so often, at given times, where numbers are expected or outcomes read, and at the end."""
    t, o = scenario.time, scenario.output
    every = o.every or (None if o.at else (t.end - t.start) / 10.0)
    wanted = {float(x) for x in o.at} | {float(e.at) for e in scenario.expect} | {t.end}
    wanted |= {float(outcome.at) for outcome in scenario.outcomes.values() if outcome.series and not isinstance(outcome.at, str)}
    if every:
        count = int((t.end - t.start) / every * (1.0 + 1e-12))
        wanted |= {t.start + k * every for k in range(1, count + 1)}
    tiny = 1e-9 * (t.end - t.start)
    outputs: list[float] = []
    for x in sorted(wanted):
        if t.start + tiny < x <= t.end + tiny and (not outputs or x - outputs[-1] > tiny):
            outputs.append(min(x, t.end))
    return tuple(outputs)
