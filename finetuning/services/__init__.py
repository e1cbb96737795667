"""What happens to policies: they are made, fine-tuned, and let answer."""
