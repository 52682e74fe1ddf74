"""Benchmarks: what the product costs, measured on the real cluster, with a baseline in the same run where there is one."""
