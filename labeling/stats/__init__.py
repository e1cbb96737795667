"""Statistics about judgments: pure functions without Django."""
