from .catalog import get as get, names as names
from .dct.denoise import dct_denoise as dct_denoise
from .degradation import (
    add_gaussian_noise as add_gaussian_noise,
    bicubic_resize as bicubic_resize,
    decimate as decimate,
)
from .degradations import Degradation as Degradation
from .ffdnet import load_ffdnet as load_ffdnet
from .kernel_estimation import estimate_kernel as estimate_kernel
from .method import Method as Method, Restore as Restore, Setup as Setup
from .metrics import Metric as Metric
from .quality import (
    luma as luma,
    psnr as psnr,
    quantize as quantize,
    residual_std as residual_std,
    ssim as ssim,
)
from .rdn import load_rdn as load_rdn
from .thresholding import (
    hard_threshold as hard_threshold,
    smooth_hard_threshold as smooth_hard_threshold,
    soft_threshold as soft_threshold,
)
