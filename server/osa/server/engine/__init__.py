"""The durable engine behind one small door, and the worker that runs what comes through it."""
