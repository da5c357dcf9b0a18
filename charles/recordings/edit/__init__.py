"""New recordings made from others: cut, drop, merge."""
