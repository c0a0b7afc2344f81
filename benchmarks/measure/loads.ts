/** The loads that several questions share. */

const TICK_MS = 2;

/** The answer to one request of a load. */
type Work = (i: number) => Promise<unknown>;

export interface LoadResult {
  readonly perSecond: number;
  readonly count: number;
  /** The longest wait for one answer, milliseconds. */
  readonly longestMs: number;
  /** Answers in each second, without the last one, which may be short. */
  readonly perSecondBySecond: readonly number[];
}

export interface LoadBounds {
  readonly inFlight: number;
  /** It ends after so many, or so long, whichever comes first. */
  readonly count?: number;
  readonly seconds?: number;
}

/** `inFlight` loops, each asking again as soon as it is answered. */
export async function drive(
  { inFlight, count = Infinity, seconds = Infinity }: LoadBounds,
  work: Work,
): Promise<LoadResult> {
  const bySecond: number[] = [];
  let issued = 0;
  let longestMs = 0;
  const beganMs = performance.now();
  const endMs = beganMs + seconds * 1_000;
  let lastMs = beganMs;
  const loop = async () => {
    for (let sentMs = performance.now(); issued < count && sentMs < endMs; sentMs = lastMs) {
      await work(issued++);
      lastMs = performance.now();
      longestMs = Math.max(longestMs, lastMs - sentMs);
      const second = Math.floor((lastMs - beganMs) / 1_000);
      bySecond[second] = (bySecond[second] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const tookMs = lastMs - beganMs;
  const whole = Array.from(bySecond, (answers) => answers ?? 0).slice(0, Math.floor(tookMs / 1_000));
  return { perSecond: (issued / tookMs) * 1_000, count: issued, longestMs, perSecondBySecond: whole };
}

/** Long enough for the compilers of V8, in all processes that take part. */
const WARM: LoadBounds = { inFlight: 500, seconds: 1.5 };

/**
 * Before anything is measured with few requests in flight: those would run for a minute before their code is compiled, and
 * a node that has served a minute is what is asked about.
 */
export async function warmUp(work: Work): Promise<void> {
  await drive(WARM, work);
}

/** Keys `key:0` and so on, each with a value of its own. */
export async function fill(
  store: { set(key: string, value: string): Promise<unknown> },
  count: number,
  valueBytes: number,
  inFlight = 1_000,
): Promise<LoadResult> {
  return drive({ inFlight, count }, (i) => store.set(`key:${i}`, String(i).padEnd(valueBytes, 'x')));
}

export interface RateOptions {
  readonly perSecond: number;
}

/**
 * At a rate, whatever the answers take, until `over` resolves.
 * @returns how long each took, from when it was due, milliseconds.
 * @throws what `over` or a request failed with.
 */
export async function atRate({ perSecond }: RateOptions, work: Work, over: Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  const inHand = new Set<Promise<void>>();
  const beganMs = performance.now();
  let failure: Error | undefined;
  let next = 0;
  const timer = setInterval(() => {
    for (; ; next++) {
      const dueMs = beganMs + (next / perSecond) * 1_000;
      if (dueMs > performance.now()) return;
      const done = work(next).then(
        () => {
          took.push(performance.now() - dueMs);
          inHand.delete(done);
        },
        (error: Error) => {
          failure ??= error;
        },
      );
      inHand.add(done);
    }
  }, TICK_MS);
  try {
    await over;
  } finally {
    clearInterval(timer);
  }
  await Promise.all(inHand);
  if (failure) throw failure;
  return took;
}

/** A value that does not compress to nothing: letters without a pattern. */
export function randomValue(bytes: number): string {
  return Array.from({ length: bytes }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('');
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
