/**
 * The types of transactions, which the compiler checks: `npm run types` does so here, and the test of the package with
 * each compiler of a consumer. Nothing runs this file.
 */
import type {
  Client,
  HeadwaterError,
  Transaction,
  TransactionOperation,
  TransactionResult,
} from '../../src/client/index.js';

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Uses a value, so that the linter does not ask for it. */
declare function use(value: unknown): void;
declare function same<A, B>(isSame: Same<A, B>): void;

export async function lists(db: Client): Promise<void> {
  const { replies } = await db.transact({
    operations: [
      { kind: 'get', key: 'a' },
      { kind: 'increment', key: 'n', by: 1n },
      { kind: 'delete', keys: ['b', 'c'] },
    ],
  });
  same<typeof replies.length, 3>(true);
  same<(typeof replies)[0]['value'], string | undefined>(true);
  same<(typeof replies)[1]['kind'], 'increment'>(true);
  same<(typeof replies)[1]['value'], number>(true);
  same<(typeof replies)[2]['deleted'], number>(true);
  // @ts-expect-error: three operations have three replies.
  use(replies[3]);
  // @ts-expect-error: the reply to a delete has no value.
  use(replies[2].value);

  const {
    committed,
    replies: [get, set],
    failedCondition,
  } = await db.transact({
    conditions: [{ key: 'a', test: 'absent' }],
    operations: [
      { kind: 'get', key: 'a' },
      { kind: 'set', key: 'a', value: '1', returnOld: true },
    ],
  });
  same<typeof committed, boolean>(true);
  same<typeof failedCondition, number | undefined>(true);
  // @ts-expect-error: there is no reply if a condition did not hold.
  use(get.value);
  same<NonNullable<typeof get>['value'], string | undefined>(true);
  same<NonNullable<typeof set>['applied'], boolean>(true);

  const result = await db.buffers.transact({
    conditions: [{ key: 'a', test: 'version', version: 7 }],
    operations: [{ kind: 'getDelete', key: 'a' }],
  });
  if (result.committed) same<(typeof result.replies)[0]['value'], Buffer | undefined>(true);
  else same<typeof result.failedCondition, number>(true);
  // @ts-expect-error: the result may not be committed.
  use(result.replies[0].value);

  const kept = await db.transact({ operations: [{ kind: 'get', key: 'a' }], onRefusal: 'keep' });
  // @ts-expect-error: the reply may be an error.
  use(kept.replies[0]?.value);
  if (kept.committed) same<(typeof kept.replies)[0]['kind'], 'get' | 'error'>(true);
  const stepwise = await db.transaction().get('a').incr('n').commit({ onRefusal: 'keep' });
  same<(typeof stepwise.results)[1], number | HeadwaterError>(true);

  // @ts-expect-error: no operation has this kind.
  await db.transact({ operations: [{ kind: 'sett', key: 'a', value: '1' }] });
  // @ts-expect-error: a set needs a value.
  await db.transact({ operations: [{ kind: 'set', key: 'a' }] });
  // @ts-expect-error: a transaction holds no other transaction.
  await db.transact({ operations: [{ kind: 'transact', conditions: [], operations: [] }] });
}

/** A list that is made while the program runs has replies of every kind. */
export async function listsOfAnyLength(db: Client, made: TransactionOperation[]): Promise<void> {
  const { replies } = await db.transact({ operations: made });
  for (const reply of replies) if (reply.kind === 'get') same<typeof reply.value, string | undefined>(true);
  const transaction: Transaction = { conditions: [], operations: made };
  const result: TransactionResult = await db.transact(transaction);
  if (!result.committed) same<typeof result.failedCondition, number>(true);
}

export async function builders(db: Client): Promise<void> {
  const {
    committed,
    results: [set, sum, value, deleted],
  } = await db.transaction().set('a', '1').incr('n').get('a').del('b', 'c').commit();
  same<typeof committed, true>(true);
  same<typeof set.oldValue, string | undefined>(true);
  same<typeof sum, number>(true);
  same<typeof value, string | undefined>(true);
  same<typeof deleted, number>(true);

  const conditional = await db.transaction().if('lock', 'absent').set('lock', 'me').ttl('lock').commit();
  if (conditional.committed) same<(typeof conditional.results)[1]['ttlMs'], number | undefined>(true);
  else same<typeof conditional.failedCondition, number>(true);
  // @ts-expect-error: the result may not be committed.
  use(conditional.results[1].ttlMs);

  const bytes = await db.buffers.transaction().get('a').mget(['b']).commit();
  same<(typeof bytes.results)[0], Buffer | undefined>(true);
  same<(typeof bytes.results)[1], Array<Buffer | undefined>>(true);
  // @ts-expect-error: two steps have two results.
  use(bytes.results[2]);
  // @ts-expect-error: no such test.
  db.transaction().if('a', 'missing');
  // @ts-expect-error: a condition has one test.
  db.transaction().if('a', { version: 1, value: '1' });
}

/** Sums are numbers, unless a bigint is asked for. */
export async function sums(db: Client, bigint: boolean): Promise<void> {
  const one = await db.incr('n');
  same<typeof one, number>(true);
  const large = await db.incr('n', 1, { bigint: true });
  same<typeof large, bigint>(true);
  const either = await db.incr('n', 1n, { bigint });
  same<typeof either, number | bigint>(true);
  const { results } = await db.transaction().incr('n').incr('n', 2, { bigint: true }).commit();
  same<(typeof results)[0], number>(true);
  same<(typeof results)[1], bigint>(true);
  const { replies } = await db.transact({
    operations: [
      { kind: 'increment', key: 'n' },
      { kind: 'increment', key: 'n', by: 1, bigint: true },
      { kind: 'increment', key: 'n', by: 1n, bigint },
    ],
  });
  same<(typeof replies)[0]['value'], number>(true);
  same<(typeof replies)[1]['value'], bigint>(true);
  same<(typeof replies)[2]['value'], number | bigint>(true);
}
