"""The sim-to-sim gate: policy files in C MuJoCo, without JAX and without a line of the training environment.

The observations are rebuilt in NumPy from a file's metadata. Whoever changes what a policy sees in training
and forgets to say so in the file is found out here.
"""
