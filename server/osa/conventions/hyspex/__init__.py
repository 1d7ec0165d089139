"""Hyperspectral scenes that a catalogue lists below one parent record, and the variants that are
made of each.

What `hyspex-csw-parent` and `hyspex-missing-variants` share: what a variant is and how its child
is called, where a scene's data are, and the way through a list that changes meanwhile. Of these
modules only `parameters` and `recipes` may be imported before `ingest`: the others need the extra
`catalogue`.
"""
