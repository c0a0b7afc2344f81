/** The figures of the node itself, in groups. */
import { element, setText } from './dom.js';
import { duration, grouped, plural, rate, room, size } from './figures.js';

/** @typedef {import('../picture.ts').Picture} Picture */

/**
 * The rows of each card. An empty text hides the row.
 * @type {ReadonlyArray<readonly [title: string, rows: ReadonlyArray<readonly [label: string, text: (picture: Picture) => string]>]>}
 */
const CARDS = [
  [
    'Writes',
    [
      ['last minute', ({ log }) => `${rate(log.commandsPerSecond)} commands/s`],
      ['in bytes', ({ log }) => `${size(log.bytesPerSecond)}/s`],
      ['offset', ({ log }) => grouped(log.offset)],
      ['durable', ({ log }) => `${behind(log.offset - log.durableOffset)}, fsync ${log.fsync}`],
      ['keys', ({ log }) => (log.keys === null ? '' : `about ${grouped(log.keys)}`)],
      ['waits for the disk', ({ log }) => (log.writeWaitMs > 0 ? duration(log.writeWaitMs) : '')],
    ],
  ],
  [
    'Log and checkpoint',
    [
      ['log', ({ log }) => `${size(log.bytes)}, from offset ${grouped(log.firstOffset)}`],
      ['is kept', ({ log }) => retention(log)],
      ['checkpoint', ({ log }) => behind(log.offset - log.checkpointOffset)],
      ['made', ({ log, atMs }) => made(log, atMs)],
      ['writes in memory', ({ log }) => size(log.overlayBytes)],
    ],
  ],
  [
    'Headroom',
    [
      ['if one goes away', ({ room: { headroomBytes, headroomMs } }) => room(headroomBytes, headroomMs)],
      [
        'least',
        ({ room: { nearest, nearestBytes, nearestMs } }) =>
          nearest === '' ? '' : `${room(nearestBytes, nearestMs)}: ${nearest}`,
      ],
      ['disk', ({ room: { diskFreeBytes } }) => (diskFreeBytes === null ? 'unknown' : `${size(diskFreeBytes)} free`)],
      [
        'writes need',
        ({ room: { diskFreeMinBytes } }) => (diskFreeMinBytes === 0 ? '' : `${size(diskFreeMinBytes)} free`),
      ],
      [
        'archive',
        ({ room: { archive } }) => (archive ? `lacks ${archive.ageMs > 0 ? duration(archive.ageMs) : 'nothing'}` : ''),
      ],
    ],
  ],
  [
    'Clients and process',
    [
      ['gRPC', ({ clients }) => plural(clients.grpc, 'connection')],
      ['Redis', ({ clients }) => plural(clients.redis, 'connection')],
      ['at most', ({ clients: { max } }) => (max === null ? '' : plural(max, 'client'))],
      ['refused', ({ clients: { refused } }) => (refused === 0 ? '' : grouped(refused))],
      [
        'streams',
        ({ clients }) => `${plural(clients.subscribers, 'subscriber')}, ${plural(clients.watchers, 'watcher')}`,
      ],
      ['memory', ({ node }) => size(node.memoryBytes)],
      ['event loop', ({ node }) => `p99 ${node.eventLoopP99Ms.toFixed(1)} ms late`],
    ],
  ],
];

/** @param {number} commands */
function behind(commands) {
  return commands <= 0 ? 'everything' : `all but ${plural(commands, 'command')}`;
}

/** @param {Picture['log']} log */
function retention({ retentionBytes, retentionMs }) {
  const bounds = [retentionBytes > 0 && size(retentionBytes), retentionMs > 0 && duration(retentionMs)].filter(Boolean);
  return bounds.length === 0 ? 'for ever' : `up to ${bounds.join(' and ')}`;
}

/**
 * @param {Picture['log']} log
 * @param {number} nowMs
 */
function made({ checkpointMs, checkpointTookMs, isCheckpointing }, nowMs) {
  if (isCheckpointing) return 'now';
  if (checkpointMs === null || checkpointTookMs === null) return 'not since the start';
  return `${duration(Math.max(0, nowMs - checkpointMs))} ago, in ${duration(checkpointTookMs)}`;
}

export class CardsView {
  /** @type {Array<{ row: HTMLElement, value: HTMLElement, text: (picture: Picture) => string }>} */
  #rows = [];

  /** @param {HTMLElement} target */
  constructor(target) {
    target.replaceChildren(
      ...CARDS.map(([title, rows]) => {
        const list = element('dl');
        for (const [label, text] of rows) {
          const value = element('dd');
          const row = element('div', {}, element('dt', {}, label), value);
          list.append(row);
          this.#rows.push({ row, value, text });
        }
        return element('div', { class: 'card' }, element('h3', {}, title), list);
      }),
    );
  }

  /** @param {Picture} picture */
  show(picture) {
    for (const { row, value, text } of this.#rows) {
      const shown = text(picture);
      row.hidden = shown === '';
      setText(value, shown);
    }
  }
}
