"""The upscalers that come with this package, one record each; what `restoration.builtin` is for denoisers."""

from __future__ import annotations

from restoration.method import Agreement, Method, Setup, TrainedFor, later

_SPAN_PAPER = "Wan et al., Swift parameter-free attention network for efficient super-resolution, 2311.12770"
_RDN_PAPER = "Zhang, Tian, Kong, Zhong and Fu, Residual dense network for image super-resolution, CVPR 2018"
_RRDN_PAPER = "Wang et al., ESRGAN: enhanced super-resolution generative adversarial networks, 1809.00219"
_WAIFU2X_PAPER = "nagadomi, waifu2x; after Dong, Loy, He and Tang, Super-resolution by deep networks, 1501.00092"


def _upscaler(
    name: str,
    module: str,
    summary: str,
    *,
    checkpoint: str,
    paper: str,
    title: str = "",
    scale: int = 2,
    trained_for: TrainedFor = "unsaid",
) -> Method:
    """An upscaler of colour images with published weights, from one of this package's modules."""
    return Method(
        name=name,
        task="upscale",
        build=later(f"restoration.{module}:build"),
        network=later(f"restoration.{module}:network"),
        summary=summary,
        title=title,
        options={"checkpoint": checkpoint, "runtime": "auto", "precision": "", "tile": 0},
        channels=(3,),
        scales=(scale,),
        dtypes=("float32", "bfloat16", "float16"),
        macs_per_pixel=later(f"restoration.{module}:macs_per_pixel"),
        algorithms=later(f"restoration.{module}:algorithms"),
        parameters=later(f"restoration.{module}:parameters"),
        same_as=Agreement(name, 1e-5, {"runtime": "plain"}),
        weights=later("restoration.weights:named_by"),
        trained_for=trained_for,
        lacking=later("restoration.runtimes.choice:lacking"),
        paper=paper,
        licence="weights: MIT",
    )


def _separable_macs(taps: int, setup: Setup) -> float:
    """Separable enlargement: `taps` along x for each output pixel, along y for one in `scale` of them."""
    return taps * (1 + 1 / setup.scale)


UPSCALERS: tuple[Method, ...] = (
    Method(
        name="rdn",
        task="upscale",
        build=later("restoration.rdn:build_paper"),
        network=later("restoration.rdn:paper_network"),
        summary="RDN of the paper's size with random weights: cost and time only",
        title="RDN",
        options={
            "blocks": 16,
            "layers": 8,
            "growth": 64,
            "features": 64,
            "runtime": "auto",
            "precision": "",
            "tile": 0,
        },
        channels=(3,),
        scales=(2, 3, 4),
        dtypes=("float32", "bfloat16", "float16"),
        macs_per_pixel=later("restoration.rdn:macs_per_pixel"),
        algorithms=later("restoration.rdn:algorithms"),
        parameters=later("restoration.rdn:parameters"),
        same_as=Agreement("rdn", 1e-5, {"runtime": "plain"}),
        random_weights=True,
        lacking=later("restoration.runtimes.choice:lacking"),
        paper=_RDN_PAPER,
    ),
    _upscaler(
        "rdn-psnr-small",
        "rdn",
        "RDN of 10 blocks and 3 layers, 8-bit quantised weights",
        title="RDN psnr-small",
        checkpoint="psnr-small-x2",
        trained_for="psnr",
        paper=_RDN_PAPER,
    ),
    _upscaler(
        "waifu2x",
        "waifu2x",
        "waifu2x's upconv_7 for photographs, seven layers",
        checkpoint="waifu2x-photo-x2",
        trained_for="psnr",
        paper=_WAIFU2X_PAPER,
    ),
    _upscaler(
        "rdn-slim",
        "rdn",
        "RDN of 2 blocks and 1 layer of 4 maps",
        title="RDN slim",
        checkpoint="slim-x4",
        scale=4,
        paper=_RDN_PAPER,
    ),
    _upscaler(
        "rdn-medium",
        "rdn",
        "RDN of 10 blocks and 1 layer",
        title="RDN medium",
        checkpoint="medium-x4",
        scale=4,
        paper=_RDN_PAPER,
    ),
    _upscaler(
        "rrdn-thick",
        "rrdn",
        "RRDN of 10 blocks of 3 dense ones, 64 maps between them",
        title="RRDN thick",
        checkpoint="thick-x4",
        scale=4,
        paper=_RRDN_PAPER,
    ),
    _upscaler(
        "rrdn-gans",
        "rrdn",
        "RRDN of 10 blocks of 3 dense ones, 32 maps between them, 8-bit quantised weights",
        title="RRDN gans",
        checkpoint="gans-x4",
        scale=4,
        trained_for="looks",
        paper=_RRDN_PAPER,
    ),
    Method(
        name="span",
        task="upscale",
        build=later("restoration.span:build"),
        summary="SPAN of the size of the NTIRE 2026 baseline with random weights: cost and time only",
        title="SPAN",
        options={"features": 28, "runtime": "plain", "precision": ""},
        channels=(3,),
        scales=(4,),
        dtypes=("float32", "bfloat16", "float16"),
        macs_per_pixel=later("restoration.span:macs_per_pixel"),
        algorithms=later("restoration.span:algorithms"),
        parameters=later("restoration.span:parameters"),
        same_as=Agreement("span", 1e-5, {"runtime": "plain"}),
        lacking=later("restoration.runtimes.choice:lacking"),
        random_weights=True,
        paper=_SPAN_PAPER,
    ),
    Method(
        name="bicubic",
        task="upscale",
        build=later("restoration.baselines:bicubic"),
        summary="bicubic enlargement, as MATLAB's imresize",
        scales=(2, 3, 4),
        macs_per_pixel=lambda setup: _separable_macs(4, setup),
        paper="Keys, Cubic convolution interpolation for digital image processing, 10.1109/TASSP.1981.1163711",
    ),
    Method(
        name="lanczos",
        task="upscale",
        build=later("restoration.baselines:lanczos"),
        summary="Lanczos enlargement, three lobes",
        title="Lanczos",
        scales=(2, 3, 4),
        macs_per_pixel=lambda setup: _separable_macs(6, setup),
        paper="Duchon, Lanczos filtering in one and two dimensions, Journal of Applied Meteorology 1979",
    ),
    Method(
        name="nearest",
        task="upscale",
        build=later("restoration.baselines:nearest"),
        summary="every pixel repeated",
        scales=(2, 3, 4),
        macs_per_pixel=lambda _: 0.0,
    ),
)
"""Every built-in upscaler, in the order in which tables list them."""
