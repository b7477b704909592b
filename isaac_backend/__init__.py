"""Isaac Gym behind the five verbs of `gpugym_jax.types.Physics`, in a process and a Python of its own."""
