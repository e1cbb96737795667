"""One module a stage: train, evaluate, score, promote."""
