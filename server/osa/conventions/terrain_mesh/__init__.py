"""Terrain as quantized-mesh 1.0 tiles, the format of 3-D globes, made from a raster of heights.

https://github.com/CesiumGS/quantized-mesh is the specification. Importing this package loads no
heavy library.
"""
