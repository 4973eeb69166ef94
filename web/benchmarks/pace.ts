/** How fast a run goes and how long it will take, from the time that was spent computing. */

export class Pace {
  #milliseconds = 0;
  #done = 0;

  constructor(private readonly items: number) {}

  /** Takes note of a step: how long it took, and what share of all is done after it. */
  stepped(milliseconds: number, share: number): void {
    this.#milliseconds += milliseconds;
    this.#done = share;
  }

  /** Items a second; `null` before anything is known. */
  get itemsPerSecond(): number | null {
    if (this.#milliseconds === 0 || this.#done === 0) return null;
    return (this.#done * this.items * 1000) / this.#milliseconds;
  }

  /** Milliseconds of computing that are left; `null` before anything is known. */
  get left(): number | null {
    if (this.#done === 0) return null;
    return (this.#milliseconds / this.#done) * (1 - this.#done);
  }
}

/** “12 s”, “3 min”, “1 h 20 min”: no finer than such a forecast is good for. */
export function formatLeft(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
