"""A program's link to the others: its status, the configuration, the commands, and who is a member."""
