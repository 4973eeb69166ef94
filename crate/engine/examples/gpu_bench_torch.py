#!/usr/bin/env python3
"""PyTorch's rows beside those of gpu_bench: `gpu_bench_torch.py HF_DIR [JSON_FILE]`.

The same model, batches and lengths: random pictures, captions of twelve tokens without padding; fp32 with
TF32 off, then fp16. On the first CUDA device, else on the processor. Needs torch and transformers.
"""

import json
import os
import sys
import time

import torch
from transformers import CLIPModel

BATCHES = [int(n) for n in os.environ.get("BATCHES", "1,8,64,256").split(",")]
CAPTION_TOKENS = 12
LEAST_SECONDS = 1.0


def seconds_of(run, device):
    """Mean seconds of a run, after one to warm up."""

    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize()

    run()
    wait()
    start, runs = time.perf_counter(), 0
    while time.perf_counter() - start < LEAST_SECONDS or runs < 3:
        run()
        wait()
        runs += 1
    return (time.perf_counter() - start) / runs


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "processor"
    print(f"PyTorch {torch.__version__} on {name}")
    print(f"{'':>8} {'':>4} {'batch':>6} {'ms':>10} {'each/s':>10}")
    rows = []
    for dtype, short in [(torch.float32, "fp32"), (torch.float16, "fp16")]:
        model = CLIPModel.from_pretrained(sys.argv[1], dtype=dtype).eval().to(device)
        side = model.config.vision_config.image_size
        vocabulary = model.config.text_config.vocab_size
        for kind in ["pictures", "captions"]:
            for batch in BATCHES:
                # From the host and back to it, as gpu_bench measures.
                pixels = torch.rand(batch, 3, side, side, dtype=dtype) * 2 - 1
                ids = torch.randint(0, vocabulary, (batch, CAPTION_TOKENS))

                def run():
                    with torch.inference_mode():
                        if kind == "pictures":
                            found = model.get_image_features(pixel_values=pixels.to(device))
                        else:
                            found = model.get_text_features(input_ids=ids.to(device))
                        getattr(found, "pooler_output", found).float().cpu()

                seconds = seconds_of(run, device)
                print(f"{kind:>8} {short:>4} {batch:>6} {seconds * 1e3:>10.2f} {batch / seconds:>10.1f}")
                rows.append(dict(kind=kind, dtype=short, batch=batch, ms=seconds * 1e3, per_second=batch / seconds))
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w") as file:
            json.dump(dict(torch=torch.__version__, device=name, rows=rows), file, indent=1)


if __name__ == "__main__":
    main()
