"""Rewards steer a policy: a small base model, supervised fine-tuning, RLOO, GRPO, DPO, sampling. No Django here."""
