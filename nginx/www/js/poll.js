import { backoff } from "./connection.js";

/**
 * Asks again and again: `every` milliseconds after an answer, later and later after failures, not at all while nobody looks.
 * `work(signal)` does one round; `failed(error, wait)` hears of a failure and of the milliseconds until the next try.
 */
export class Poll {
  #work;
  #failed;
  #every;
  #failures = 0;
  #timer = 0;
  #round = null;

  constructor(work, failed, every) {
    this.#work = work;
    this.#failed = failed;
    this.#every = every;
  }

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop() : this.now()));
    addEventListener("online", () => this.now());
    if (!document.hidden) this.now();
  }

  /** Asks at once; a round under way is given up. */
  now() {
    if (document.hidden) return;
    this.#stop();
    this.#run();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#round?.abort();
    this.#round = null;
  }

  async #run() {
    const round = new AbortController();
    this.#round = round;
    const wait = await this.#attempt(round);
    if (this.#round === round) this.#timer = setTimeout(() => this.#run(), wait);
  }

  async #attempt(round) {
    try {
      await this.#work(round.signal);
      this.#failures = 0;
      return this.#every;
    } catch (error) {
      if (round.signal.aborted) return this.#every;
      this.#failures += 1;
      const wait = backoff(this.#failures, error.retryAfter ?? null, Math.random());
      this.#failed(error, wait);
      return wait;
    }
  }
}
