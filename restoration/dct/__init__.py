"""The DCT denoiser: the dense reference, faster engines of the same output, learnt thresholds."""
