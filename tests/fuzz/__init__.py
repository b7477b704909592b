"""Files from outside, damaged by a seeded fuzzer, and what the commands make of them."""
