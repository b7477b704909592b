"""Training as it happens on disk: run folders, checkpoints, tracking, the console and the loop."""
