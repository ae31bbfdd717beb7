"""The settlement service: streams in, a worker that goes on, health, metrics, logs, reconciliation."""
