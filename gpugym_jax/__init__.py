"""Train legged robots in JAX: one task, compiled with MuJoCo MJX, on C MuJoCo or on Isaac Gym."""

__version__ = "0.1.0"
