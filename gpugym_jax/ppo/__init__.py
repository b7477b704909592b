"""Proximal policy optimisation: rollouts under the env's scan, losses as formulas, one update."""
