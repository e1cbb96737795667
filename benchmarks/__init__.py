"""Plumbline beside its peers, measured in one run. `make bench` runs all; results lie in `benchmarks/results/`."""
