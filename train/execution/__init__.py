"""Executing runs: in this process, in a worker process, or on a GPU lent by ZeroGPU."""
