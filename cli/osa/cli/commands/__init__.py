"""The verbs of `osa`, one module for each noun."""
