/** A real browser, for the tests of the status page: the Chromium of the system, without a window. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The program of the browser. Undefined if there is none. */
export const CHROMIUM = [process.env.HEADWATER_CHROMIUM, ...PLACES].find((place) => place && existsSync(place));

export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
