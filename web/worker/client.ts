/** The page's channel to its worker. */

import type { LoadProgress } from "../wasm/cliprobe.js";
import { Channel, type ChannelPort } from "./channel";
import type { Requests } from "./protocol";

export { Crashed, Refused } from "./channel";

/** What a client needs of a worker; a `Worker` is one. */
export type WorkerPort = ChannelPort<LoadProgress>;

export class Client extends Channel<Requests, LoadProgress> {}
