"""Training from recordings, without a broker: the balancer and the trainer, as they are, fed from files.

    charles train --recording DIR

This is the one place where two of the programs' folders meet: running.py asks for a module of each by its name, as the
command line does. They still do not know each other: what goes from the one to the other is samples (samples.py).
"""
