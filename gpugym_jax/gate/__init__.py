"""The sim-to-sim gate: policy files in C MuJoCo, without JAX and without a line of the task or its physics.

Of `mdp/`, `physics/`, `ppo/` and `env.py` nothing is used. Shared with training are the robots and how their
models are made (`robots/`), the configuration and its readers, bounds and tables, and what reads policy
files. Observations, motors and clocks are rebuilt in NumPy from a file's metadata. Whoever changes what a
policy sees in training and forgets to say so in the file is found out here.
"""
