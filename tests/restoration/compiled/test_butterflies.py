"""The fast transforms are the orthonormal DCT-II and its inverse, at every order."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.compiled.butterflies import forward, gains, inverse
from restoration.dct.basis import dct_matrix

ORDERS = range(1, 33)


@pytest.mark.parametrize("order", ORDERS)
def test_forward_times_its_gains_is_the_orthonormal_transform(order: int) -> None:
    samples = np.random.default_rng(order).standard_normal((order, 3))
    scaled = np.stack(forward(list(samples))) * np.array(gains(order))[:, None]
    np.testing.assert_allclose(scaled, dct_matrix(order).numpy() @ samples, atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_inverse_gives_the_samples_back_times_the_order(order: int) -> None:
    samples = np.random.default_rng(order).standard_normal((order, 3))
    np.testing.assert_allclose(np.stack(inverse(forward(list(samples)))), order * samples, atol=1e-11)


@pytest.mark.parametrize(("order", "steps"), [(4, 8 + 10), (8, 28 + 34), (16, 100 + 114)])
def test_there_and_back_takes_few_instructions(order: int, steps: int) -> None:
    Counted.steps = 0
    inverse(forward([Counted() for _ in range(order)]))
    assert Counted.steps <= steps


class Counted:
    """A value that counts the instructions it takes; a product that is added to something is one with the sum."""

    steps = 0

    def __add__(self, other: Counted) -> Counted:
        Counted.steps += not isinstance(other, Product)
        return Counted()

    def __sub__(self, _: Counted) -> Counted:
        Counted.steps += 1
        return Counted()

    def __mul__(self, _: float) -> Counted:
        Counted.steps += 1
        return Product()


class Product(Counted):
    """What a multiplication gives."""
