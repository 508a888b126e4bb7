"""Programs that measure the product: chaos, benchmarks, mutation, accuracy, invariants."""
