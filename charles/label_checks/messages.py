"""The messages of the verdicts, for whoever recorded the data."""

from __future__ import annotations

from charles.label_checks.axis_judge import PEDALS, STEERING, JudgedAxis, Verdict
from charles.label_checks.run_data import FindingKind
from charles.pacing import HZ


def words(axis: JudgedAxis, verdict: Verdict, usual: int) -> tuple[str, float]:
    """One line, and the figure behind it. usual: the lag at which the motion answers where all is well."""
    other = PEDALS if axis is STEERING else STEERING
    if verdict.kind is FindingKind.SHIFTED:
        return _shifted(axis, verdict, usual)
    if verdict.kind is FindingKind.SWAPPED:
        text = (
            f"the {axis.motion} answers the {other.name} ({verdict.sure:.0f} standard errors) and not the "
            f"{axis.name}: the axes are swapped; swap them back"
        )
        return text, verdict.sure
    if verdict.kind is axis.inverted:
        change = "" if axis is STEERING else " change"
        text = (
            f"the {axis.motion}{change} is opposite to the {axis.name} (correlation {verdict.correlation:.2f}, "
            f"{verdict.sure:.0f} standard errors): one of the two has the wrong sign; change {_sign(axis)}"
        )
        return text, verdict.correlation
    text = (
        f"the {axis.motion} does not follow the {axis.name} (correlation {verdict.correlation:.2f}, "
        f"{verdict.sure:.1f} standard errors at the best lag): these labels are not what drove the car; drop this span"
    )
    return text, verdict.correlation


def _shifted(axis: JudgedAxis, verdict: Verdict, usual: int) -> tuple[str, float]:
    late = usual - verdict.lag
    ticks = abs(late)
    when, way = ("late", "back") if late > 0 else ("early", "ahead")
    text = (
        f"the labels of the {axis.name} are about {ticks} ticks ({1000 * ticks / HZ:.0f} ms) too {when}: the "
        f"{axis.motion} answers at lag {verdict.lag} ({verdict.sure:.0f} standard errors), not at {usual}; move them "
        f"{way} by that many ticks"
    )
    return text, float(late)


def _sign(axis: JudgedAxis) -> str:
    if axis is STEERING:
        return "it, so that left is negative in both"
    return "it, so that acceleration makes faster and braking slower"
