/** An application as one that uses the package from npm: what it does, the test asks for by name. */

import {
  CliprobeError,
  DisposedError,
  LoadError,
  load,
  RequestError,
  type Model,
  type Progress,
} from "cliprobe";

const blob = async (url: string): Promise<Blob> => (await fetch(url)).blob();

/** What was thrown: its kind, and its sentence. */
async function thrown(work: () => Promise<unknown>): Promise<[kind: string, message: string]> {
  try {
    await work();
    return ["nothing", ""];
  } catch (error) {
    const kinds = { DisposedError, LoadError, RequestError, CliprobeError };
    const kind = Object.entries(kinds).find(([, type]) => error instanceof type)?.[0];
    return [kind ?? (error as Error).name, (error as Error).message];
  }
}

const consumer = {
  /** A model by its name on a hub, kept nowhere. */
  async byName(name: string, captions: string[], images: string[]) {
    const model = await load(name, { type: "F32", cache: false, engine: "cpu" });
    const texts = await model.encodeText(captions);
    const files = await Promise.all(images.map(blob));
    const pictures = await model.encodeImage(files);
    const [first] = files;
    if (first === undefined) throw new Error("There are no images.");
    const canvas = document.createElement("canvas");
    const bitmap = await createImageBitmap(first);
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("There is no canvas.");
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const ofPixels = await model.encodeImage(pixels);
    const ranking = await model.score(first, captions);
    model.dispose();
    return {
      textShape: texts.shape,
      texts: [...texts.data],
      truncated: texts.truncated,
      imageShape: pictures.shape,
      images: [...pictures.data],
      ofPixels: [...ofPixels.data],
      ranking,
      engine: model.info.engine,
    };
  },

  /** A GGUF file by its address, kept in the browser. */
  async byAddress(address: string, captions: string[]) {
    const stages: Progress["stage"][] = [];
    const model = await load(new URL(address), {
      engine: "cpu",
      onProgress: ({ stage }) => {
        if (stages.at(-1) !== stage) stages.push(stage);
      },
    });
    const texts = await model.encodeText(captions);
    model.dispose();
    return { stages, texts: [...texts.data], sha256: model.info.sha256 };
  },

  async more(address: string, image: string) {
    const bytes = await (await fetch(address)).arrayBuffer();
    const model = await load(bytes, { engine: "cpu" });
    const file = await blob(image);
    const edits = await model.edits("a red dog chases a small cat", { seed: 1 });
    const candidates = ["animal", "a dog", "a red dog", "a red dog on snow", "vehicle"];
    const hierarchy = await model.hierarchy({
      image: file,
      candidates,
      truth: candidates.slice(0, 4),
      levels: 10,
    });
    return {
      edits,
      radii: hierarchy.texts.map(({ radius }) => radius),
      angles: hierarchy.edges.map(({ angle }) => angle),
      steps: hierarchy.traversal?.steps.length,
      score: hierarchy.traversal?.score,
      imageRadius: hierarchy.image?.radius,
      failures: await failures(model, address),
    };
  },
};

async function failures(model: Model, address: string) {
  const late = new AbortController();
  const many = Array.from({ length: 4000 }, (_, index) => `a red dog ${index}`);
  const running = thrown(() => model.encodeText(many, { signal: late.signal }));
  const queued = thrown(() => model.encodeText(many, { signal: late.signal }));
  const after = model.encodeText(["a dog"]);
  setTimeout(() => {
    late.abort();
  }, 50);
  const found: Record<string, [string, string]> = {
    running: await running,
    queued: await queued,
    image: await thrown(() => model.encodeImage(new Blob(["no image"]))),
    name: await thrown(() => load("not a name")),
    file: await thrown(() => load(new Blob(["no model"]))),
    aborted: await thrown(() => load(address, { signal: AbortSignal.abort() })),
  };
  const [rows] = (await after).shape;
  found["after"] = [String(rows), ""];
  const pending = thrown(() => model.encodeText(many));
  model.dispose();
  found["pending"] = await pending;
  found["disposed"] = await thrown(() => model.encodeText(["a dog"]));
  return found;
}

declare global {
  interface Window {
    consumer: typeof consumer;
  }
}
window.consumer = consumer;
