"""The scoring server: requests of four dialects, batched together, answered by models that can change meanwhile."""
