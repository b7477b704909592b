"""Values from outside: YAML as text, text as the types that are wanted, and one line for what is wrong."""
