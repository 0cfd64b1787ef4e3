"""accounts/throttle.py: counted once for all processes, raced for real, with a control that goes wrong without the guard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import RequestFactory
from django.utils import timezone

from accounts.models import Tally
from accounts.throttle import KEPT, Limit, TooOften, client_address, forget_old_tallies

pytestmark = pytest.mark.django_db

LIMIT = Limit("tries", times=5, seconds=600)
RACERS = 16


def tries(how_many: int, limit: Limit = LIMIT, value: str = "ada") -> int:
    """How many of so many tries pass."""
    return sum(passes(limit, value) for _unused in range(how_many))


def passes(limit: Limit = LIMIT, value: str = "ada") -> bool:
    try:
        limit.count(value)
    except TooOften:
        return False
    return True


def let_it_end(*, ago: timedelta = timedelta(0)) -> None:
    Tally.objects.update(ends_at=timezone.now() - ago)


def test_it_lets_so_many_pass_and_no_more():
    assert tries(8) == 5
    assert tries(8, value="eve") == 5
    assert tries(8, limit=Limit("other", times=2, seconds=600)) == 2


def test_it_begins_anew_when_the_time_is_over():
    tries(8)
    let_it_end()
    assert tries(8) == 5
    assert Tally.objects.count() == 1


def test_it_says_when_to_come_back():
    tries(5)
    with pytest.raises(TooOften) as refused:
        LIMIT.count("ada")
    assert 590 < refused.value.seconds <= 600


def test_it_takes_a_good_try_back():
    tries(5)
    LIMIT.take_back("ada")
    assert tries(3) == 1
    for _unused in range(9):
        LIMIT.take_back("ada")
    assert tries(8) == 5  # never below nothing


def test_it_writes_nothing_once_the_limit_is_reached(django_assert_num_queries):
    tries(5)
    with django_assert_num_queries(1):
        assert not passes()


def test_it_keeps_no_address():
    LIMIT.count("198.51.100.7")
    assert "198.51.100.7" not in str(Tally.objects.values().get())


# -- Races


def at_the_start() -> None:
    """Nobody has tried yet: racing tries all want to make the row."""


def after_some_tries() -> None:
    tries(2)


def after_the_end() -> None:
    tries(8)
    let_it_end()


@pytest.mark.parametrize(("before", "left"), [(at_the_start, 5), (after_some_tries, 3), (after_the_end, 5)])
def test_it_lets_no_more_pass_when_all_try_at_once(race, before, left):
    before()
    outcomes = race(*[passes] * RACERS)
    assert outcomes.count(True) == left
    assert outcomes.count(False) == RACERS - left
    assert Tally.objects.get().times == 5


def test_it_would_let_more_pass_by_looking_first(race):
    """The control: read the number, write one more."""
    tries(4)
    both_looked = Barrier(2)

    def look_then_count() -> bool:
        tally = Tally.objects.get()
        both_looked.wait(10)
        if tally.times >= LIMIT.times:
            return False
        tally.times += 1
        tally.save()
        return True

    assert race(look_then_count, look_then_count) == [True, True]
    assert Tally.objects.get().times == 5  # and it does not even know


# -- Whose try it is


def address(*, peer: str = "192.0.2.1", **headers: str) -> str:
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


FORGED = {"X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7", "Forwarded": "for=198.51.100.7"}


def test_it_ignores_what_a_stranger_says_about_itself(settings):
    settings.TRUSTED_PROXY = False
    assert address(**FORGED) == "192.0.2.1"


def test_it_believes_only_the_address_that_its_own_proxy_added(settings):
    settings.TRUSTED_PROXY = True
    assert address(**{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}) == "203.0.113.9"
    assert address(**{"X-Real-IP": "198.51.100.7", "Forwarded": "for=198.51.100.7"}) == "192.0.2.1"


@pytest.mark.parametrize("garbage", ["", ",", "unknown", "x" * 9000, "1.2.3", "1.2.3.4.5", "999.1.1.1", "::1::", "[", "é"])
def test_it_gives_no_name_of_their_own_to_those_who_send_garbage(settings, garbage):
    settings.TRUSTED_PROXY = True
    assert address(**{"X-Forwarded-For": garbage}) == "192.0.2.1"


def test_it_gives_no_second_name_to_one_address(settings):
    """Some proxies add a port; there are many ways to write one address."""
    settings.TRUSTED_PROXY = True
    same: Callable[..., set[str]] = lambda *spellings: {address(**{"X-Forwarded-For": text}) for text in spellings}  # noqa: E731
    assert same("203.0.113.9", " 203.0.113.9 ", "203.0.113.9:50123", "::ffff:203.0.113.9") == {"203.0.113.9"}
    assert len(same("2001:db8:1:2::1", "2001:DB8:1:2:ffff:0:0:1", "[2001:db8:1:2::9]:443", "2001:db8:1:2::1%eth0")) == 1
    assert len(same("2001:db8:1:2::1", "2001:db8:1:3::1")) == 2


# -- Cleaning up


@pytest.mark.django_db(transaction=True)
def test_the_worker_deletes_what_is_of_no_use_any_more(client):
    LIMIT.count("ada")
    let_it_end(ago=KEPT * 2)
    LIMIT.count("eve")
    client.session.save()
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=1))
    call_command("worker", "--once")
    assert Tally.objects.count() == 1
    assert "old" not in {session.session_key for session in Session.objects.all()}


def test_it_keeps_what_just_ended():
    LIMIT.count("ada")
    let_it_end(ago=KEPT / 2)
    assert forget_old_tallies() == 0
