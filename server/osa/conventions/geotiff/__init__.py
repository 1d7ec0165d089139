"""GeoTIFF as the conventions write it: cloud-optimized or plain, strip by strip, in flat memory.

Importing this package loads no heavy library.
"""
