"""Training steps of the same model by open_clip and PyTorch, to be timed beside `cliprobe train`.

    pip install torch open_clip_torch
    python native/benches/train_torch.py models/experiment/contrastive.toml --threads 2 --steps 25
    python native/benches/train_torch.py models/experiment/contrastive.toml --device cuda --precision bf16 --pairs 1024

Takes the shapes of the model, the batch and the optimizer's constants from a recipe. Pictures and
captions are random and stay in memory: only the step itself is timed, as `samples_per_s` of
`log.jsonl` does. open_clip pads every caption to the context; `--length` cuts the context to what
captions need, in favour of PyTorch.
"""

import argparse
import json
import time
import tomllib

import torch
from open_clip.loss import ClipLoss
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg


def build(recipe: dict, length: int) -> CLIP:
    vision, text = recipe["model"]["vision"], recipe["model"]["text"]
    return CLIP(
        recipe["model"]["embedding"],
        CLIPVisionCfg(
            layers=vision["layers"],
            width=vision["width"],
            head_width=vision["width"] // vision["heads"],
            patch_size=vision["patch"],
            image_size=vision["image"],
        ),
        CLIPTextCfg(
            context_length=length,
            vocab_size=text["vocabulary"],
            width=text["width"],
            heads=text["heads"],
            layers=text["layers"],
        ),
        quick_gelu=recipe["model"]["activation"] == "quick_gelu",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--pairs", type=int, help="pairs of a step [default: the recipe's]")
    parser.add_argument("--length", type=int, help="tokens of a caption [default: the recipe's context]")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(0)
    with open(args.recipe, "rb") as file:
        recipe = tomllib.load(file)
    pairs = args.pairs or recipe["batch"]["pairs"]
    length = args.length or recipe["model"]["text"]["context"]
    side = recipe["model"]["vision"]["image"]

    model = build(recipe, length).to(args.device)
    loss_of = ClipLoss()
    given = recipe["optimizer"]
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=given["learning_rate"],
        betas=tuple(given["betas"]),
        eps=given["epsilon"],
        weight_decay=given["weight_decay"],
    )
    pixels = torch.randn(pairs, 3, side, side, device=args.device)
    # Text is pooled at the largest id.
    tokens = torch.randint(1, recipe["model"]["text"]["vocabulary"] - 1, (pairs, length), device=args.device)
    tokens[:, -1] = recipe["model"]["text"]["vocabulary"] - 1
    autocast = torch.autocast(args.device, torch.bfloat16, enabled=args.precision == "bf16")

    rates = []
    for _ in range(args.steps):
        started = time.perf_counter()
        with autocast:
            images, texts, scale = model(pixels, tokens)[:3]
            loss = loss_of(images, texts, scale)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), given["clip_norm"])
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, 4.6052)
        loss.item()  # waits for the device
        rates.append(pairs / (time.perf_counter() - started))
    settled = sorted(rates[len(rates) // 5 :])
    print(
        json.dumps(
            {
                "torch": torch.__version__,
                "device": args.device,
                "precision": args.precision,
                "threads": torch.get_num_threads(),
                "pairs": pairs,
                "length": length,
                "samples_per_s": {
                    "median": round(settled[len(settled) // 2], 1),
                    "best": round(settled[-1], 1),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
