"""Named chance: the same for the same names, and nobody's business but its owner's."""

from __future__ import annotations

from scenarios.streams import about, poisson, rendezvous, share, stream


def test_a_stream_is_its_name() -> None:
    """Two generators of one name agree, of two names do not; the first numbers are pinned, so that a release cannot change runs unseen."""
    assert stream("1", "H28", "arrivals").random() == stream("1", "H28", "arrivals").random()
    assert stream("1", "H28", "arrivals").random() != stream("1", "H28.01", "arrivals").random()
    assert round(stream("1", "H28", "arrivals").random(), 12) == 0.342604811516
    assert round(share("1", "H28", "topic"), 12) == 0.191723835294


def test_a_newcomer_takes_only_what_it_wins() -> None:
    """With one candidate more, a choice is the old one or the newcomer, and the newcomer gets about its share."""
    old = [f"H28.{number}" for number in range(10, 30)]
    won = 0
    for key in map(str, range(2000)):
        before, after = rendezvous("1", key, old)[0], rendezvous("1", key, [*old, "H28.99"])[0]
        assert after in (before, "H28.99")
        won += after == "H28.99"
    assert 60 <= won <= 135  # 2000 / 21 = 95, five standard deviations either side


def test_rendezvous_does_not_care_for_order() -> None:
    """The choice is a function of the set."""
    names = ["a", "b", "c", "d", "e"]
    assert rendezvous("1", "k", names, 3) == rendezvous("1", "k", reversed(names), 3)


def test_poisson_has_its_mean() -> None:
    """Mean and variance of a few thousand draws are near 3.5, and no draw is needed for a mean of nothing."""
    chance = stream("1", "poisson")
    draws = [poisson(chance, 3.5) for _ in range(4000)]
    mean = sum(draws) / len(draws)
    assert abs(mean - 3.5) < 0.15
    assert abs(sum((draw - mean) ** 2 for draw in draws) / len(draws) - 3.5) < 0.4
    assert poisson(chance, 0.0) == 0


def test_durations_stay_in_their_bounds() -> None:
    """Never below one second, never above twice the mean."""
    chance = stream("1", "about")
    assert all(1 <= about(chance, 60.0) <= 120 for _ in range(500))
    assert about(chance, 0.1) == 1
