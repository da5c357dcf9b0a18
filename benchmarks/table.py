"""THE table of benchmarks: one row each, with what it is measured against and the aim."""

from __future__ import annotations

from benchmarks.harness import Aim, Benchmark, Better

_OF_A_DRIVE: dict[str, tuple[str, Better]] = {
    "rarest": ("% ticks", "more"),
    "crash": ("m each", "more"),
    "speed": ("m/s", "more"),
}
_RARE = {f"{game} {figure}": unit for game in ("city", "carracing") for figure, unit in _OF_A_DRIVE.items()}

# fmt: off
BENCHMARKS = (
    Benchmark("publish",    "MB/s",      "more", Aim("ratio", 0.6),       "a collector's Sender",          "Kafka's ProducerPerformance, pictures of the same sizes"),
    Benchmark("balance",    "ticks/s",   "more", Aim("ratio", 0.7),       "the balancer",                  "a bare transactional loop: the same reads, as many bytes of samples written", beside={"CPU": ("us/tick", "less"), "emitted": ("share", "more")}),
    Benchmark("record",     "MB/s",      "more", Aim("ratio", 0.6),       "the recorder, into files",      "Kafka's ConsumerPerformance on the same log"),
    Benchmark("restart",    "s",         "less", Aim("ours", 5.0),        "a killed balancer is back",     "none: from the kill to the first sample, 2,000 others wait"),
    Benchmark("takeover",   "s",         "less", Aim("ours", 10.0),       "another balancer goes on",      "none: the same, but nobody starts the killed one again"),
    Benchmark("refill",     "MB/s",      "more", Aim("ratio", 0.6),       "the trainer's refill",          "a bare consume(500)"),
    Benchmark("batches",    "samples/s", "more", Aim("ratio", 1.0),       "the trainer's batches",         "tf.data: decode_jpeg, batch, prefetch"),
    Benchmark("offline",    "samples/s", "more", Aim("ratio", 1.5, ("", "raw")), "a recording to batches",        "the same recording, replayed through a broker to the trainer's batches"),
    Benchmark("checkpoint", "s",         "less", Aim("ratio", 3.0),       "226 MB, published to followed", "the file copied and loaded"),
    Benchmark("replay",     "MB/s",      "more", Aim("ratio", 0.6),       "charles replay --speed max",    "Kafka's ProducerPerformance, pictures of the same sizes"),
    Benchmark("player",     "ms",        "less", Aim("ours", 3.0, ("p95",)), "the player's work in a tick",   "bare inference at the same 30 Hz"),
    Benchmark("city",       "frames/s",  "more", Aim("ours", 150.0),      "the city, seen and driven",     "Gymnasium's CarRacing-v3 with pictures of that size"),
    Benchmark("rare",       "sets",      "more", Aim("ratio", 1.2, ("city steering",)), "seeking what starves, 10 min", "disturbed by chance", beside=_RARE),
)
# fmt: on
