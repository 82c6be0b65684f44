"""numba functions over contiguous arrays, nothing else. Each has a naive twin in tests/kernels."""
