"""One loop for all models: data, losses, schedule, checkpoints, evaluation."""
