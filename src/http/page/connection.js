/**
 * The stream of pictures. The browser connects again by itself if the connection breaks. If the node refuses it, this
 * asks again later, and says why.
 */

/** The pause before the node is asked again after a refusal. */
const REFUSED_MS = 5_000;

/** The time without news after which the page says that it is stale. */
const STALE_MS = 3_500;

/** @type {Readonly<Record<number, string>>} */
const REFUSALS = {
  401: 'The node wants a user and its secret. Load the page again',
  403: 'Your user may not see this page',
  503: 'Too many status pages of this node are open. Close one',
};

/**
 * @typedef {object} Listener
 * @property {(picture: import('../picture.ts').Picture) => void} picture
 * @property {(tone: import('../picture.ts').Tone, words: string) => void} state
 */

export class Connection {
  #listener;
  /** @type {EventSource | undefined} */
  #source;
  #heardMs = performance.now();
  #isPaused = false;
  #isLate = false;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    setInterval(() => this.#look(), 1_000);
    this.#open();
  }

  /** @param {boolean} isPaused */
  pause(isPaused) {
    this.#isPaused = isPaused;
    if (isPaused) {
      this.#source?.close();
      this.#source = undefined;
      this.#listener.state('watch', 'Paused');
    } else {
      this.#heardMs = performance.now();
      this.#open();
    }
  }

  #open() {
    if (this.#isPaused) return;
    this.#source?.close();
    const source = new EventSource('/events');
    this.#source = source;
    source.addEventListener('message', (event) => {
      this.#heard(false);
      this.#listener.picture(JSON.parse(event.data));
      this.#listener.state('good', 'Live');
    });
    source.addEventListener('late', () => this.#heard(true));
    source.addEventListener('opening', () => {
      this.#heard(false);
      this.#listener.state('watch', 'The node opens its data');
    });
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED && source === this.#source) void this.#refused();
    });
  }

  /** @param {boolean} isLate */
  #heard(isLate) {
    this.#isLate = isLate;
    if (!isLate) this.#heardMs = performance.now();
  }

  async #refused() {
    const status = await fetch('/events', { method: 'HEAD' }).then(
      (answer) => answer.status,
      () => 0,
    );
    this.#listener.state('bad', REFUSALS[status] ?? 'No connection to the node');
    setTimeout(() => this.#open(), REFUSED_MS);
  }

  #look() {
    if (this.#isPaused || this.#source?.readyState === EventSource.CLOSED) return;
    const ms = performance.now() - this.#heardMs;
    if (ms < STALE_MS) return;
    const why = this.#isLate ? 'The node lives, and has not gathered its state' : 'No news from the node';
    this.#listener.state('bad', `${why} for ${Math.round(ms / 1_000)} s`);
  }
}
