"""A nonce is good once, for one action, for a while."""

from __future__ import annotations

import time

import pytest

from agent.actions.nonces import Nonces


def test_once_and_for_its_own_action():
    nonces = Nonces(life_s=60)
    nonce = nonces.issue("a")
    assert nonces.spend(nonce, "a")
    assert not nonces.spend(nonce, "a")
    other = nonces.issue("a")
    assert not nonces.spend(other, "b")
    assert not nonces.spend(other, "a")
    assert not nonces.spend("", "")


def test_for_a_while():
    nonces = Nonces(life_s=0.01)
    nonce = nonces.issue("a")
    time.sleep(0.05)
    assert not nonces.spend(nonce, "a")


def test_it_cannot_be_guessed():
    """256 bits, as base64 without padding."""
    issued = {Nonces(life_s=60).issue("a") for _ in range(100)}
    assert len(issued) == 100
    assert {len(nonce) for nonce in issued} == {43}


def test_one_that_was_never_given_is_good_for_nothing():
    assert not Nonces(life_s=60).spend("invented", "a")


@pytest.mark.parametrize(("asked", "first_is_good"), [(256, True), (257, False)])
def test_so_many_are_open_and_the_oldest_goes_first(asked: int, first_is_good: bool):
    nonces = Nonces(life_s=60)
    issued = [nonces.issue("a") for _ in range(asked)]
    assert nonces.spend(issued[0], "a") is first_is_good
    assert nonces.spend(issued[1], "a")


def test_asking_without_end_voids_the_oldest():
    nonces = Nonces(life_s=60)
    issued = [nonces.issue("a") for _ in range(1000)]
    assert not nonces.spend(issued[0], "a")
    assert nonces.spend(issued[-1], "a")
