"""The life cycle of every long job: queued, claimed, supervised, finished. No torch, and no other app."""
