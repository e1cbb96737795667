"""Reward models in PyTorch: data, loss, training, evaluation, scoring and serving, without Django."""
