"""The conventions every report states: how each number was made."""

from __future__ import annotations

CONVENTIONS: tuple[tuple[str, str], ...] = (
    (
        "Noise",
        (
            "White Gaussian noise; sigma on the 8-bit scale (sigma_255), the images being in 0 to 1. Seeded, one seed "
            "per image, drawn anew for no "
            "method: all methods of one image and sigma get the same noisy pixels. Not clipped. Sigma is given to the "
            "method, not estimated."
        ),
    ),
    (
        "Scoring of denoisers",
        (
            "PSNR with peak 1 over all pixels and channels of the restored image as it comes, neither clipped nor "
            "rounded; "
            "no border removed; the mean over images is the mean of per-image PSNR. SSIM with a Gaussian window of 11 "
            "pixels and deviation 1.5."
        ),
    ),
    (
        "Scoring of upscalers",
        (
            "The restored image is clipped and rounded to 8 bits (rounded, never truncated). PSNR and SSIM of the luma "
            "as MATLAB's rgb2ycbcr makes it (studio range, BT.601, 65.738, 129.057 and 25.064 over 256), "
            "scale pixels removed at each border unless the case says more. Studio-range luma reads 1.32 dB higher "
            "than "
            "full-range."
        ),
    ),
    (
        "Low resolution",
        (
            "The reference is cropped to a multiple of the scale, never resized. MATLAB's antialiased bicubic unless "
            "the "
            "degradation says "
            "otherwise, stored as 8 bits. Plain decimation also moves the grid by half a high-resolution pixel: it is "
            "scored as it comes and registered."
        ),
    ),
    (
        "DCT",
        (
            "Orthonormal N × N basis, blocks inside the image only (no padding), DC kept, each pixel the mean of the "
            "candidates it truly got; "
            "the threshold is ratio × sigma, a coefficient is kept when its magnitude is larger."
        ),
    ),
    (
        "Cost",
        (
            "Multiply-adds per output pixel, one multiply-add counted as one operation; FLOPs are twice that. Closed "
            "form: convolutions and "
            "transforms only, biases, batch norm, activations and borders left out; what another counter adds is named "
            "as its residue."
        ),
    ),
    (
        "Time",
        (
            "Wall time of one warm call in inference mode, inputs in memory, transfers left out; device, threads and "
            "dtype stand in the table. "
            "On CUDA the device is synchronised and events are used. Median with the 95 % interval from order "
            "statistics."
        ),
    ),
    (
        "Intervals",
        (
            "95 % throughout: Student's for means over images, order statistics for medians, seeded bootstrap over "
            "rounds for paired ratios, "
            "and within images (each image's own level removed) where methods are drawn beside each other."
        ),
    ),
    (
        "Weights",
        (
            "Source, SHA-256 and licence are listed below. Random weights are said to be random, and give no quality "
            "figure."
        ),
    ),
)
