"""Everything that speaks to a cluster: clients, events, schemas, transactions, topics, access rights, dead letters."""
