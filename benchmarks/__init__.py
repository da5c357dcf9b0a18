"""How fast the pipeline is, beside yardsticks that do the same work bare: `charles bench`, `make bench`."""
