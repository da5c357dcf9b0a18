"""What must hold after the chaos: every sample against what its tick is, every run's ledger against a recount."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from charles.events import TERMS, Moment, RunLedger, Sample
from tests.chaos.acknowledged import CONTROL, FRAME, Half
from tests.chaos.evidence import Evidence, Place, Raw, Run
from tests.chaos.moments import strange, values
from tests.chaos.recount import SIGNALS, Expected, Past, expected
from tests.chaos.sets import Sets

_EXAMPLES = 3

NO_SAMPLE_TWICE = "no sample twice"
PICTURES = "every picture is the whole picture of its own tick"
LABELS = "every label, speed and purpose is of its own tick"
HISTORIES = "every history is of the 60 ticks before, and of its own run"
SETS = "every set is whole: one tick of each of its bins, in the version of its epoch"
ADDS_UP = "every ledger adds up"
RECOUNTED = "every term of every ledger is what the topics hold"
ACKNOWLEDGED = "every acknowledged half of a tick is in the log, and its tick accounted for"
DEAD_LETTERS = "every unreadable frame is one dead letter"
ODD_RECORDS = "every record of no tick is one dead letter"
OWN_ENDS = "no program ended that was not killed, and had a broker"
PROMISES = (
    NO_SAMPLE_TWICE, PICTURES, LABELS, HISTORIES, SETS, ADDS_UP, RECOUNTED, ACKNOWLEDGED, DEAD_LETTERS, ODD_RECORDS,
    OWN_ENDS,
)  # fmt: skip


@dataclass(slots=True)
class Verdict:
    """What was looked at, and what was found to be wrong. wrong: by promise, some examples and how many there are."""

    runs: int = 0
    samples: int = 0
    sets: Counter[str] = field(default_factory=Counter)
    """By version of the balancing."""
    acknowledged: int = 0
    """Ticks, both halves of them."""
    seen: int = 0
    odd: int = 0
    """Records of no tick."""
    terms: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def passed(self) -> bool:
        return not any(self.wrong.values())

    def demand(self, promise: str, true: bool, otherwise: str) -> None:
        if not true:
            self.wrong[promise].append(otherwise)

    def lines(self) -> Iterable[tuple[str, bool, str]]:
        """Each promise, whether it is kept, and what speaks against it."""
        for promise in PROMISES:
            found = self.wrong.get(promise, [])
            more = f" ... {len(found)} in all" if len(found) > _EXAMPLES else ""
            yield promise, not found, "; ".join(found[:_EXAMPLES]) + more


def judge(evidence: Evidence, samples: Iterable[Sample], acknowledged: Iterable[Half]) -> Verdict:
    verdict = Verdict(runs=len(evidence.raw))
    pasts = {run: Past(run, raw.controls) for run, raw in evidence.raw.items()}
    recount = {run: expected(raw, pasts[run]) for run, raw in evidence.raw.items()}
    sets = Sets(evidence.configs)
    emitted = _judge_samples(verdict, samples, pasts, recount, sets)
    verdict.sets = sets.by_version()
    for broken_set in sets.broken():
        verdict.demand(SETS, False, broken_set)
    _judge_ledgers(verdict, evidence, recount, emitted)
    _judge_acknowledged(verdict, evidence, acknowledged)
    broken = Counter((*run, tick) for run, raw in evidence.raw.items() for tick in raw.broken)
    differ = {moment for moment in broken | evidence.dead_letters if broken[moment] != evidence.dead_letters[moment]}
    for moment in differ:
        verdict.demand(DEAD_LETTERS, False, f"{_told(moment)} has {evidence.dead_letters[moment]}")
    for place, kind in evidence.odd.items():
        letters = evidence.odd_letters[place]
        verdict.demand(ODD_RECORDS, letters == 1, f"{kind}, {_told(place)} has {letters}")
    verdict.odd = len(evidence.odd)
    return verdict


def _judge_samples(
    verdict: Verdict, samples: Iterable[Sample], pasts: dict[Run, Past], recount: dict[Run, Expected], sets: Sets
) -> Counter[Moment]:
    """Every sample, and the sets that they make. Returns how often each tick was emitted."""
    emitted: Counter[Moment] = Counter()
    for sample in samples:
        moment, run = sample.moment, (sample.collector, sample.run)
        emitted[moment] += 1
        verdict.demand(NO_SAMPLE_TWICE, emitted[moment] == 1, _told(moment))
        sets.add(sample)
        if run in pasts and sample.tick in recount[run].whole:
            _judge_one(verdict, sample, pasts[run])
        else:
            verdict.demand(HISTORIES, False, f"{_told(moment)} cannot have a whole one")
    verdict.samples = emitted.total()
    return emitted


def _judge_one(verdict: Verdict, sample: Sample, past: Past) -> None:
    moment = sample.moment
    (picture,) = sample.frames
    problem = strange(picture, moment)
    verdict.demand(PICTURES, problem is None, f"{_told(moment)}: its picture {problem}")
    planted = values(*moment)
    for signal in SIGNALS:
        found, right = getattr(sample, signal), getattr(planted, signal)
        verdict.demand(LABELS, found == right, f"{_told(moment)}: {signal} is {found}, not {right}")
    histories = np.array([getattr(sample, f"history_{signal}") for signal in SIGNALS])
    right_past = past.before(sample.tick)
    if histories.shape != right_past.shape:
        verdict.demand(HISTORIES, False, f"{_told(moment)}: {histories.shape[1]} ticks")
    elif (histories != right_past).any():
        differ = (histories != right_past).any(axis=1)
        wrong = [signal for signal, differs in zip(SIGNALS, differ, strict=True) if differs]
        verdict.demand(HISTORIES, False, f"{_told(moment)}: {', '.join(wrong)}")


def _judge_ledgers(
    verdict: Verdict, evidence: Evidence, recount: dict[Run, Expected], emitted: Counter[Moment]
) -> None:
    emitted_of = _by_run(emitted)
    waiting_of = _by_run(evidence.waiting)
    for run in recount.keys() ^ evidence.ledgers.keys():
        verdict.demand(RECOUNTED, False, f"{_told(run)} is {'in no ledger' if run in recount else 'in no topic'}")
    for run in recount.keys() & evidence.ledgers.keys():
        ledger, right, raw = evidence.ledgers[run], recount[run], evidence.raw[run]
        terms = {term: int(getattr(ledger, term)) for term in TERMS}
        verdict.seen += ledger.seen
        verdict.terms.update(terms)
        verdict.demand(ADDS_UP, ledger.seen == sum(terms.values()), f"{_told(run)}: {ledger.seen} seen, {terms}")
        _recounted(verdict, run, ledger, right, raw, emitted_of[run], waiting_of[run])


def _recounted(
    verdict: Verdict, run: Run, ledger: RunLedger, right: Expected, raw: Raw, emitted: set[int], waiting: set[int]
) -> None:
    """Each term of one run. What is whole is emitted, waits, or is surplus, one of them."""
    counted = {
        "seen": right.seen,
        "missing": right.missing,
        "unmatched": right.unmatched,
        "dead_lettered": right.dead_lettered,
        "warm_up": right.warm_up,
        "emitted": len(emitted),
        "waiting": len(waiting),
        "surplus": len(right.whole - emitted - waiting),
        "repeats": raw.repeats,
        "expired": 0,
    }
    for term, count in counted.items():
        found = getattr(ledger, term)
        verdict.demand(RECOUNTED, found == count, f"{_told(run)}: {term} is {found}, not {count}")
    verdict.demand(RECOUNTED, not emitted & waiting, f"{_told(run)}: {sorted(emitted & waiting)[:3]} emitted, and wait")
    verdict.demand(RECOUNTED, waiting <= right.whole, f"{_told(run)}: {sorted(waiting - right.whole)[:3]} wait")


def _judge_acknowledged(verdict: Verdict, evidence: Evidence, acknowledged: Iterable[Half]) -> None:
    """A tick that is in the log is a term of its run's ledger, by the recount: what is left is that it is there."""
    known: dict[str, set[Moment]] = {FRAME: set(), CONTROL: set()}
    for half, moment in acknowledged:
        known[half].add(moment)
        collector, run, tick = moment
        raw = evidence.raw.get((collector, run), Raw())
        there = tick in (raw.frames if half == FRAME else raw.controls)
        verdict.demand(ACKNOWLEDGED, there, f"{_told(moment)}: its {'frame' if half == FRAME else 'control'} is gone")
        seen = evidence.ledgers[collector, run].seen if (collector, run) in evidence.ledgers else 0
        verdict.demand(ACKNOWLEDGED, tick < seen, f"{_told(moment)} was not seen")
    verdict.acknowledged = len(known[FRAME] & known[CONTROL])


def _by_run(moments: Counter[Moment]) -> defaultdict[Run, set[int]]:
    found: defaultdict[Run, set[int]] = defaultdict(set)
    for collector, run, tick in moments:
        found[collector, run].add(tick)
    return found


def _told(moment: Moment | Run | Place) -> str:
    return " ".join(map(str, moment))
