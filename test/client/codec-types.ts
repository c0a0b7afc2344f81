/**
 * The types of clients with a codec, which the compiler checks: `npm run types` does so here, and the test of the
 * package with each compiler of a consumer. Nothing runs this file.
 */
import { Client, type ClientOptions, type Codec, type Commands, json } from '../../src/client/index.js';

interface User {
  readonly name: string;
}

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(isSame: Same<A, B>): void;

const ann: User = { name: 'Ann' };

export async function users(address: string, options: ClientOptions): Promise<void> {
  const db = await Client.connect<User>(address, { ...options, codec: json });
  same<typeof db, Client<User, User>>(true);
  await db.set('ann', ann);
  // @ts-expect-error: a value is a user.
  await db.set('ann', 'Ann');
  same<Awaited<ReturnType<typeof db.get>>, User | undefined>(true);
  for await (const { key, value } of db.scan()) {
    same<typeof key, string>(true);
    same<typeof value, User>(true);
  }
  for await (const { value } of db.scan({ keysOnly: true })) same<typeof value, undefined>(true);
  for await (const item of db.watch()) if (item.kind === 'put') same<typeof item.value, User>(true);
  for await (const item of db.subscribe()) {
    if (item.kind !== 'message') continue;
    same<typeof item.data, User>(true);
    same<typeof item.channel, string>(true);
  }
  await db.publish('users', ann);
  // @ts-expect-error: a message is a user.
  await db.publish('users', 'Ann');
  const range: string = await db.getRange('ann', 0, 1);
  await db.append('ann', range);
  const { replies } = await db.transact({
    operations: [
      { kind: 'set', key: 'ann', value: ann, returnOld: true },
      { kind: 'getRange', key: 'ann', start: 0, end: 1 },
    ],
  });
  same<(typeof replies)[0]['oldValue'], User | undefined>(true);
  same<(typeof replies)[1]['value'], string>(true);
  // @ts-expect-error: a value is a user.
  await db.transact({ operations: [{ kind: 'set', key: 'ann', value: 'Ann' }] });
  const { results } = await db.transaction().set('ann', ann).get('ann').commit();
  same<(typeof results)[1], User | undefined>(true);
  // @ts-expect-error: a value is a user.
  db.transaction().if('ann', { value: 'Ann' });
  const raw: Commands<Buffer> = db.buffers;
  same<Awaited<ReturnType<typeof raw.get>>, Buffer | undefined>(true);
}

export async function others(address: string, numbers: Codec<number>): Promise<void> {
  const any = await Client.connect(address, { codec: json });
  same<Awaited<ReturnType<typeof any.get>>, unknown>(true);
  await any.set('k', [1, ann]);
  const counted = await Client.connect(address, { codec: numbers });
  same<Awaited<ReturnType<typeof counted.get>>, number | undefined>(true);
  const text: Client = await Client.connect(address, { timeoutMs: 1_000 });
  same<Awaited<ReturnType<typeof text.get>>, string | undefined>(true);
  await text.set('k', new Uint8Array(1));
  // @ts-expect-error: without a codec, a value is text or bytes.
  await text.set('k', ann);
}
