"""Vector code that is generated for numba: butterflies, lanes, strips of the DCT, Winograd's convolutions."""
