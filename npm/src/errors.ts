/** What can go wrong. Each message is one sentence for a person. */

/** The base of all errors of this package. */
export class CliprobeError extends Error {
  override name = "CliprobeError";
}

/** The model cannot be had, or is none that can be read. */
export class LoadError extends CliprobeError {
  override name = "LoadError";
}

/** The model could not do what was asked, such as to decode an image. It can be asked again. */
export class RequestError extends CliprobeError {
  override name = "RequestError";
}

/** The worker died, and all that it was asked with it. Load the model again. */
export class WorkerError extends CliprobeError {
  override name = "WorkerError";
}

/** The model was disposed of before it answered. */
export class DisposedError extends CliprobeError {
  override name = "DisposedError";
}
