"""The Isaac Gym backend. Not in this version: `--backend=isaacgym` says so, see README.md."""
