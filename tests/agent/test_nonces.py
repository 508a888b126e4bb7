"""A nonce is good once, for one action, for a while."""

from __future__ import annotations

import time

from agent.nonces import Nonces


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


def test_asking_without_end_voids_the_oldest():
    nonces = Nonces(life_s=60)
    issued = [nonces.issue("a") for _ in range(1000)]
    assert not nonces.spend(issued[0], "a")
    assert nonces.spend(issued[-1], "a")
