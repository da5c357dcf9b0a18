from charles.supervisor.backoff import STABLE_S, Backoff


def test_the_pause_grows_to_a_limit_and_is_short_again_after_a_stable_run() -> None:
    delay = Backoff()
    assert [delay.next(1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 10, 10, 10]
    assert [delay.next(STABLE_S), delay.next(1)] == [0.5, 1]
