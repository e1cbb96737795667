"""Fine-tuning: rewards become policies, and policies new responses to be judged."""
