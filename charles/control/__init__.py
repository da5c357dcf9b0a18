"""A program's link to the others: status, configuration, commands and members."""
