#!/usr/bin/env python3
"""Makes modes/: one small file per way in which a picture can be stored, and modes.safetensors
with what Pillow 13.0.0 and HF's CLIP processor make of it, u8 [height, width, 3]:
upright, converted to RGB and, if its transparency is one colour, composited on white.

Needs pillow==13.0.0, numpy and safetensors. Run it in this folder."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps
from safetensors.numpy import save_file

assert PIL.__version__ == "13.0.0"
warnings.simplefilter("ignore")  # Pillow's, about palettes with several alphas
HERE = Path(__file__).parent
OUT = HERE / "modes"
random = np.random.default_rng(7)
HEIGHT, WIDTH = 9, 13


# ---- PNG by hand: Pillow cannot write most of these -------------------------------------

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pack_rows(samples, depth):
    rows = b""
    for row in samples:
        values = row.reshape(-1)
        if depth == 16:
            data = values.astype(">u2").tobytes()
        else:
            bits = "".join(format(int(value), f"0{depth}b") for value in values)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        rows += b"\0" + data
    return rows


def png(samples, depth, colour, interlaced=False, palette=None, trns=None, before=(), after=()):
    samples = samples.reshape(*samples.shape[:2], -1)
    height, width = samples.shape[:2]
    if interlaced:
        passes = (samples[y::dy, x::dx] for x, y, dx, dy in ADAM7)
        raw = b"".join(pack_rows(part, depth) for part in passes if part.size)
    else:
        raw = pack_rows(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    out += b"".join(chunk(name, data) for name, data in before)
    if palette is not None:
        out += chunk(b"PLTE", palette.astype("u1").tobytes())
    if trns is not None:
        out += chunk(b"tRNS", trns)
    out += chunk(b"IDAT", zlib.compress(raw, 9))
    out += b"".join(chunk(name, data) for name, data in after)
    return out + chunk(b"IEND", b"")


def exif(orientation, kind=3):
    value = struct.pack("<HH", orientation, 0) if kind == 3 else struct.pack("<I", orientation)
    return b"II*\0" + struct.pack("<IHHHI", 8, 1, 0x112, kind, 1) + value + b"\0\0\0\0"


def png_files():
    for depth in (1, 2, 4, 8, 16):
        grey = random.integers(0, 1 << depth, (HEIGHT, WIDTH))
        grey[0, :4] = 0
        if depth == 16:
            grey[1, ::2] >>= 8  # 16-bit grey is clipped at 255: give it something to keep
        yield f"grey{depth}", png(grey, depth, GREY)
        yield f"grey{depth}_interlaced", png(grey, depth, GREY, interlaced=True)
        yield f"grey{depth}_key", png(grey, depth, GREY, trns=struct.pack(">H", int(grey[3, 4])))
        yield f"grey{depth}_key_zero", png(grey, depth, GREY, trns=b"\0\0")
    for depth in (8, 16):
        rgb = random.integers(0, 1 << depth, (HEIGHT, WIDTH, 3))
        rgb[2] = rgb[0, 0]
        yield f"rgb{depth}", png(rgb, depth, RGB)
        yield f"rgb{depth}_interlaced", png(rgb, depth, RGB, interlaced=True)
        key = struct.pack(">HHH", *(int(sample) for sample in rgb[0, 0]))
        yield f"rgb{depth}_key", png(rgb, depth, RGB, trns=key)
        yield f"la{depth}", png(random.integers(0, 1 << depth, (HEIGHT, WIDTH, 2)), depth, GREY_ALPHA)
        yield f"rgba{depth}", png(random.integers(0, 1 << depth, (HEIGHT, WIDTH, 4)), depth, RGBA)
    for depth in (1, 2, 4, 8):
        count = 1 << depth
        indices = random.integers(0, count, (HEIGHT, WIDTH))
        palette = random.integers(0, 256, (count, 3))
        palette[-1] = palette[1]  # two entries of one colour: the key takes both
        for name, trns in {"": None, "_key": b"\xff\0", "_opaque": b"\xff\xff", "_two": b"\0\0", "_alphas": b"\0\x80"}.items():
            yield f"palette{depth}{name}", png(indices, depth, PALETTE, palette=palette, trns=trns)
        yield f"palette{depth}_short", png(indices, depth, PALETTE, palette=palette[: count // 2])
    rgb = random.integers(0, 256, (HEIGHT, WIDTH, 3))
    ancillary = [
        (b"gAMA", struct.pack(">I", 45455)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        (b"iCCP", b"profile\0\0" + zlib.compress(b"no profile")),
        (b"sBIT", b"\5\5\5"),
        (b"bKGD", struct.pack(">HHH", 1, 2, 3)),
    ]
    yield "rgb8_ancillary", png(rgb, 8, RGB, before=ancillary)
    yield "exif_before_6", png(rgb, 8, RGB, before=[(b"eXIf", exif(6))])
    yield "exif_after_8", png(rgb, 8, RGB, after=[(b"eXIf", exif(8))])
    yield "exif_long_3", png(rgb, 8, RGB, before=[(b"eXIf", exif(3, kind=4))])
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="5"/>'
    yield "xmp_5", png(rgb, 8, RGB, before=[(b"iTXt", xmp)])
    yield "xmp_5_exif_1", png(rgb, 8, RGB, before=[(b"iTXt", xmp), (b"eXIf", exif(1))])
    profile = b"\nexif\n%8d\n" % 32 + (b"Exif\0\0" + exif(7)).hex().encode()
    yield "raw_profile_7", png(rgb, 8, RGB, before=[(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile))])
    frame = struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
    second = struct.pack(">IIIIIHHBB", 1, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
    yield "animated", png(
        rgb, 8, RGB,
        before=[(b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", frame)],
        after=[(b"fcTL", second), (b"fdAT", struct.pack(">I", 2) + zlib.compress(pack_rows(255 - rgb, 8)))],
    )


# ---- GIF by hand ------------------------------------------------------------------------


def lzw(indices, bits):
    """Codes of one index each, cleared before the table would widen them."""
    clear, end, width = 1 << bits, (1 << bits) + 1, bits + 1
    codes = []
    for at, index in enumerate(indices):
        if at % (clear - 2) == 0:
            codes.append(clear)
        codes.append(int(index))
    stream = "".join(format(code, f"0{width}b")[::-1] for code in [*codes, end])
    stream += "0" * (-len(stream) % 8)
    data = bytes(int(stream[i : i + 8][::-1], 2) for i in range(0, len(stream), 8))
    blocks = (data[i : i + 255] for i in range(0, len(data), 255))
    return bytes([bits]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def gif(screen, place, size, indices, bits, palette=None, local=None, transparent=None):
    def flags(colours):
        return 0 if colours is None else 0x80 | (len(colours) // 3 - 1).bit_length() - 1

    out = b"GIF89a" + struct.pack("<HHBBB", *screen, flags(palette), 0, 0) + (palette or b"")
    if transparent is not None:
        out += b"!\xf9\x04\x01\0\0" + bytes([transparent, 0])
    out += b"," + struct.pack("<HHHHB", *place, *size, flags(local)) + (local or b"")
    return out + lzw(indices, bits) + b";"


def gif_files():
    screen, whole = (20, 16), (0, 0)
    colours = random.integers(0, 256, 48).astype("u1").tobytes()
    few = random.integers(0, 256, 24).astype("u1").tobytes()
    ramp = bytes(grey for grey in range(16) for _ in range(3))
    full = random.integers(0, 16, 320)
    part = random.integers(0, 16, 80)
    yield "whole", gif(screen, whole, screen, full, 4, colours)
    yield "whole_key", gif(screen, whole, screen, full, 4, colours, transparent=9)
    yield "local", gif(screen, whole, screen, full % 8, 3, colours, local=few)
    yield "short_palette_key", gif(screen, whole, screen, full, 4, few, transparent=9)
    yield "no_palette_key", gif(screen, whole, screen, full, 4, transparent=3)
    yield "ramp", gif(screen, whole, screen, full, 4, ramp)
    yield "local_ramp", gif(screen, whole, screen, full, 4, colours, local=ramp)
    yield "offset", gif(screen, (3, 4), (10, 8), part, 4, colours)
    yield "offset_key", gif(screen, (3, 4), (10, 8), part, 4, colours, transparent=9)
    yield "offset_local_key", gif(screen, (3, 4), (10, 8), part % 8, 3, colours, local=few, transparent=2)
    yield "overhanging", gif(screen, (15, 12), (10, 8), part, 4, colours)


# ---- what Pillow writes -----------------------------------------------------------------


def saved(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


# What becomes of the intervals between restart markers: their numbers in the order of the file.
RESTARTS = {
    "lost_1": [*range(5), *range(6, 24)],
    "lost_2": [*range(5), *range(7, 24)],
    "lost_3": [*range(5), *range(8, 24)],
    "lost_twice": [*range(3), *range(5, 11), *range(13, 24)],
    "old_1": [*range(7), 6, *range(7, 24)],
    "old_2": [*range(9), 7, 8, *range(9, 24)],
    "none_after_6": [*range(7)],
    "short": [*range(5), -5, *range(6, 24)],
}


def damaged_restarts(data, order):
    """The intervals of a JPEG's only scan in another order, each behind its own marker. A
    negative number is an interval whose second half is cut off."""
    start = data.index(b"\xff\xda")
    start += 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    scan, end = data[start:-2], data[-2:]
    intervals = [b""]
    at = 0
    while at < len(scan):
        if scan[at] == 0xFF and 0xD0 <= scan[at + 1] <= 0xD7:
            intervals.append(scan[at : at + 2])
            at += 2
        else:
            intervals[-1] += scan[at : at + 1]
            at += 1
    assert len(intervals) == 24
    out = b""
    for number in order:
        interval = intervals[abs(number)]
        out += interval if number >= 0 else interval[: 2 + (len(interval) - 2) // 2]
    return data[:start] + out + end


def with_orientation(orientation):
    tags = Image.Exif()
    tags[0x112] = orientation
    return tags


def lossy_files():
    photo = Image.open(HERE / "images/01_landscape_640x427.png").crop((180, 90, 500, 300))
    small = photo.resize((37, 27))
    for subsampling in (0, 1, 2):
        for progressive in (False, True):
            name = "444 422 420".split()[subsampling] + ("_progressive" if progressive else "")
            yield f"{name}.jpg", saved(small, format="JPEG", quality=90, subsampling=subsampling, progressive=progressive)
    yield "restart.jpg", saved(small, format="JPEG", quality=80, restart_marker_blocks=2)
    many = saved(photo.resize((96, 64)), format="JPEG", quality=60, restart_marker_blocks=1)
    for name, damage in RESTARTS.items():
        yield f"restart_{name}.jpg", damaged_restarts(many, damage)
    yield "grey.jpg", saved(small.convert("L"), format="JPEG", quality=85)
    yield "narrow.jpg", saved(photo.resize((3, 37)), format="JPEG", quality=85)
    yield "dot.jpg", saved(photo.resize((1, 1)), format="JPEG", quality=85)
    yield "stored_rgb.jpg", saved(small, format="JPEG", quality=90, keep_rgb=True)
    for orientation in (2, 5, 7, 8):
        tags = with_orientation(orientation)
        yield f"exif_{orientation}.jpg", saved(small.resize((17, 11)), format="JPEG", quality=90, exif=tags)
    cmyk = saved(small.convert("CMYK"), format="JPEG", quality=90)
    at = cmyk.index(b"\xff\xee\0\x0eAdobe")
    yield "cmyk_adobe.jpg", cmyk
    yield "cmyk_plain.jpg", cmyk[:at] + cmyk[at + 16 :]
    yield "ycck.jpg", cmyk[: at + 15] + b"\2" + cmyk[at + 16 :]
    translucent = small.convert("RGBA")
    translucent.putalpha(Image.fromarray(random.integers(0, 256, (27, 37)).astype("u1")))
    flipped = translucent.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    yield "lossy.webp", saved(small, format="WEBP", quality=80)
    yield "lossy_alpha.webp", saved(translucent, format="WEBP", quality=80)
    yield "lossless.webp", saved(small.resize((21, 14)), format="WEBP", lossless=True)
    yield "lossless_alpha.webp", saved(translucent.resize((21, 14)), format="WEBP", lossless=True, exact=True)
    yield "exif_6.webp", saved(small, format="WEBP", quality=60, exif=with_orientation(6))
    yield "animated.webp", saved(translucent, format="WEBP", quality=60, save_all=True, append_images=[flipped])


def as_hf_sees_it(data):
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    image = upright.convert("RGB")
    if "transparency" in image.info:
        translucent = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255))
        image = Image.alpha_composite(white, translucent).convert("RGB")
    return np.array(image)


def main():
    OUT.mkdir(exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    files = {f"{name}.png": data for name, data in png_files()}
    files |= {f"{name}.gif": data for name, data in gif_files()}
    files |= dict(lossy_files())
    expected = {}
    for name, data in files.items():
        (OUT / name).write_bytes(data)
        expected[name] = as_hf_sees_it(data)
    save_file(expected, OUT / "modes.safetensors", metadata={"pillow": PIL.__version__})


if __name__ == "__main__":
    main()
